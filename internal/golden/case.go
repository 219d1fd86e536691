package golden

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/npy"
)

// Case is a model with inputs and Keras's answers.
type Case struct {
	Name   string // the path below the directory, without its ending
	Model  string // the path of X.keras
	Golden string // the path of X.npz
}

// Find returns the cases below a directory, sorted by name.
func Find(dir string) ([]Case, error) {
	var cases []Case
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		stem, ok := strings.CutSuffix(path, ".keras")
		if !ok {
			return nil
		}
		if info, err := os.Stat(stem + ".npz"); err != nil || !info.Mode().IsRegular() {
			return nil
		}
		name, err := filepath.Rel(dir, stem)
		if err != nil {
			return err
		}
		cases = append(cases, Case{filepath.ToSlash(name), path, stem + ".npz"})
		return nil
	})
	sort.Slice(cases, func(i, j int) bool { return cases[i].Name < cases[j].Name })
	return cases, err
}

// Result is the outcome of a case, in the form that "horn verify --json" prints.
type Result struct {
	Name       string  `json:"name"`
	Status     string  `json:"status"` // "pass", "fail" or "error"
	MaxError   float64 `json:"max_error"`
	KerasError float64 `json:"keras_error"`
	Message    string  `json:"message"`
	Err        error   `json:"-"`
}

// Runner computes a model's outputs.
type Runner func(m *nn.Model, inputs []tensor.Any) ([]tensor.Any, error)

// Compiled runs a model as users do, through its compiled plan.
func Compiled(m *nn.Model, inputs []tensor.Any) ([]tensor.Any, error) { return m.PredictAll(inputs...) }

// Interpreted runs a model op by op with the reference evaluations, without any optimization.
func Interpreted(m *nn.Model, inputs []tensor.Any) ([]tensor.Any, error) {
	g, err := m.Graph(inputs...)
	if err != nil {
		return nil, err
	}
	run := graph.Run{States: map[*graph.Param]graph.StateValue{}}
	for _, t := range inputs {
		if t != nil {
			run.Inputs = append(run.Inputs, graph.BufOf(t))
		}
	}
	bufs, err := graph.Interpret(g, run)
	if err != nil {
		return nil, err
	}
	outputs := make([]tensor.Any, len(bufs))
	for i, v := range g.Outputs {
		outputs[i] = tensor.NewAny(v.DType, v.Shape...)
		bufs[i].CopyTo(outputs[i])
	}
	return outputs, nil
}

// Run loads a case's model and compares its answers with Keras's.
func (c Case) Run(run Runner, opts ...kerasfile.Option) Result {
	r := Result{Name: c.Name, Status: "pass"}
	if err := c.run(run, &r, opts); err != nil {
		r.Status, r.Message, r.Err = "error", err.Error(), err
	}
	return r
}

// Load loads a case's model and inputs.
func (c Case) Load(opts ...kerasfile.Option) (*nn.Model, []tensor.Any, error) {
	m, err := kerasfile.Load(c.Model, append(opts, kerasfile.WithCompile(false))...)
	if err != nil {
		return nil, nil, err
	}
	a, err := npy.OpenArchive(c.Golden)
	if err != nil {
		return nil, nil, err
	}
	defer a.Close()
	inputs, err := a.Numbered("input_")
	return m, inputs, err
}

func (c Case) run(run Runner, r *Result, opts []kerasfile.Option) error {
	m, inputs, err := c.Load(opts...)
	if err != nil {
		return err
	}
	a, err := npy.OpenArchive(c.Golden)
	if err != nil {
		return err
	}
	defer a.Close()
	outputs, err := a.Numbered("output_")
	if err != nil {
		return err
	}
	if len(outputs) == 0 {
		return errors.New("the golden has no output_0")
	}
	ours, err := run(m, inputs)
	if err != nil {
		return err
	}
	if len(ours) != len(outputs) {
		r.Status, r.Message = "fail", fmt.Sprintf("%d outputs, Keras has %d", len(ours), len(outputs))
		return nil
	}
	half := HalfPolicy(m)
	for i, t := range ours {
		var truth tensor.Any
		if name := fmt.Sprintf("truth_%d", i); a.Has(name) {
			if truth, err = a.Read(name); err != nil {
				return err
			}
		}
		cmp := Compare(t, outputs[i], truth, half)
		r.MaxError, r.KerasError = math.Max(r.MaxError, cmp.MaxError), math.Max(r.KerasError, cmp.KerasError)
		if cmp.Problem != "" {
			r.Status, r.Message = "fail", fmt.Sprintf("output %d: %s", i, cmp.Problem)
		}
	}
	return nil
}

// HalfPolicy returns the 16-bit type in which some layer of the model computes, Invalid if none does.
func HalfPolicy(m *nn.Model) tensor.DType {
	half := tensor.Invalid
	layer.Each(m, func(l layer.Layer) {
		if d := l.Policy().Compute; d.IsHalf() && half != tensor.BFloat16 {
			half = d
		}
	})
	return half
}
