package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/npy"
)

func (a *app) evaluate() *cobra.Command {
	var e evaluateCommand
	cmd := &cobra.Command{
		Use:   "evaluate MODEL DATA.npz",
		Short: "Compute a model's loss and metrics on test data",
		Long: `Runs a model on test data and shows the loss and the metrics with which it was compiled, as Keras's model.evaluate does.

DATA.npz has the inputs by their names or as input_0, input_1, ..., the targets by the names of the outputs or as target_0,
target_1, ... ("target", "label" or "y" if there is one output), and, if there are any, sample weights as weight_0, ...
("weight" for all outputs).`,
		Example: "  horn evaluate digits.keras digits_test.npz\n  horn evaluate model.keras test.npz --batch 128 --json",
		Args:    arguments(2, 2, "MODEL and DATA.npz"),
		RunE:    func(_ *cobra.Command, args []string) error { return e.run(a, args[0], args[1]) },
	}
	e.register(cmd)
	cmd.Flags().IntVar(&e.batch, "batch", 32, "examples in one call")
	cmd.Flags().BoolVar(&e.json, "json", false, `print {"examples": N, "scores": {"loss": ..., NAME: number or list}}`)
	return cmd
}

type evaluateCommand struct {
	modelFlags
	batch int
	json  bool
}

func (e *evaluateCommand) run(a *app, path, file string) error {
	switch {
	case e.batch < 1:
		return fmt.Errorf("--batch %d: a positive number is expected", e.batch)
	case ending(file) != ".npz":
		return fmt.Errorf("%s: a .npz with inputs and targets is expected", file)
	}
	if err := e.check(); err != nil {
		return err
	}
	m, err := a.load(path, e.modelFlags, kerasfile.WithCompile(true))
	if err != nil {
		return err
	}
	data, err := readTestData(file, m, e.memory.budget())
	if err != nil {
		return fail(file, err)
	}
	if len(data.unused) > 0 {
		a.note("%s: no input, target or weight of the model: %s", file, listed(data.unused))
	}
	for _, s := range data.oddities(m) {
		a.note("%s: %s", file, s)
	}
	bar := a.progress(data.examples, "evaluating")
	defer bar.Close()
	scores, err := m.EvaluateContext(a.context, data.inputs, data.targets, nn.EvaluateOptions{
		BatchSize:     e.batch,
		SampleWeights: data.weights,
		Progress:      func(samples int) { _ = bar.Set(samples) }, // nothing depends on the bar
	})
	if errors.Is(err, nn.ErrNotCompiled) {
		return failf(path, "%v; compile it in Keras before it is saved", err)
	}
	if err != nil {
		return fail(path, err)
	}
	if e.json {
		return work(printScores(a, data.examples, scores))
	}
	width := 0
	for _, s := range scores {
		width = max(width, len([]rune(printable(s.Name))))
	}
	for _, s := range scores {
		text := make([]string, len(s.Values))
		for i, v := range s.Values {
			text[i] = fmt.Sprintf("%.6g", v)
		}
		fmt.Fprintf(a.out, "%-*s  %s\n", width, printable(s.Name), strings.Join(text, " "))
	}
	return nil
}

// printScores prints the scores as JSON.
func printScores(a *app, examples int, scores []nn.Score) error {
	out := pyjson.NewObject()
	for _, s := range scores {
		if len(s.Values) == 1 {
			out.Set(s.Name, floatValue(s.Value))
			continue
		}
		list := make([]any, len(s.Values))
		for i, v := range s.Values {
			list[i] = floatValue(v)
		}
		out.Set(s.Name, list)
	}
	_, err := a.out.Write(append(pyjson.MarshalIndent(pyjson.NewObject("examples", pyjson.Int(examples), "scores", out)), '\n'))
	return err
}

// testData are the arrays of an archive, by what they are for.
type testData struct {
	inputs, targets, weights []tensor.Any
	unused                   []string
	examples                 int
}

func readTestData(file string, m *nn.Model, b *budget) (*testData, error) {
	z, err := npy.OpenArchive(file)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	d := &testData{}
	used := map[string]bool{}
	find := func(names ...string) (tensor.Any, error) {
		for _, n := range names {
			if z.Has(n) {
				used[n] = true
				h, err := z.Header(n)
				if err != nil {
					return nil, err
				}
				return readAny(z, n, h, b)
			}
		}
		return nil, nil
	}
	ins := ports(m)
	names, err := resolve(z.Names(), ins)
	if err != nil {
		return nil, err
	}
	for i, p := range ins {
		if names[i] == "" {
			d.inputs = append(d.inputs, nil)
			continue
		}
		used[names[i]] = true
		t, err := readEntry(z, names[i], p, b)
		if err != nil {
			return nil, err
		}
		fitted, single, err := p.fit(t)
		if err == nil && single {
			err = fmt.Errorf("the array for the input %q has no batch dimension", p.name)
		}
		if err != nil {
			return nil, err
		}
		if fitted.Rank() > 0 {
			d.examples = fitted.Shape()[0]
		}
		d.inputs = append(d.inputs, fitted)
	}
	outputs := m.Outputs()
	if len(outputs) == 0 { // not built: the only output of a Sequential model
		outputs = []nn.Spec{{Name: "target"}}
	}
	none := true
	for i, o := range outputs {
		names := []string{fmt.Sprintf("target_%d", i), o.Name}
		if len(outputs) == 1 {
			names = append(names, "target", "label", "y")
		}
		t, err := find(names...)
		if err != nil {
			return nil, err
		}
		none = none && t == nil
		d.targets = append(d.targets, t)
	}
	if none {
		return nil, fmt.Errorf("has no targets: an array target_0 is expected; it has %s", listed(z.Names()))
	}
	if t, err := find("weight"); err != nil {
		return nil, err
	} else if t != nil {
		d.weights = []tensor.Any{t}
	}
	for i := range outputs {
		t, err := find(fmt.Sprintf("weight_%d", i))
		if err != nil {
			return nil, err
		}
		if t != nil && len(d.weights) < i {
			return nil, fmt.Errorf("has weight_%d, but not those before it", i)
		}
		if t != nil {
			d.weights = append(d.weights, t)
		}
	}
	for _, n := range z.Names() {
		if !used[n] {
			d.unused = append(d.unused, n)
		}
	}
	return d, nil
}
