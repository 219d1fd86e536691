package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/tensor"
)

func (a *app) predict() *cobra.Command {
	var p predictCommand
	cmd := &cobra.Command{
		Use:   "predict MODEL INPUT...",
		Short: "Run a model on arrays, tables, text or pictures",
		Long: `Runs a model and shows its outputs.

INPUT is read by its ending: .npy; .npz (arrays by input name, else input_0, input_1, ...); .csv (with or without a header
row); .json (nested lists, or an object by input name); .png, .jpg, .gif (values 0..255); - reads JSON from standard input.
One file may hold all inputs, or there is one file for each input in the model's order. Several pictures make one batch. A
single example needs no batch dimension and is answered without one.

--layer shows what a layer gives instead of the model's outputs: embeddings, features. "encoder/dense_1" is a layer of a model inside.`,
		Example: "  horn predict digits.keras digit_7.png\n  horn predict wine.keras wine_test.csv --output answers.csv\n" +
			"  echo '[[1, 2, 3, 4]]' | horn predict model.keras - --json",
		Args: arguments(2, -1, "MODEL and one or more INPUT files"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p.topSet = cmd.Flags().Changed("top")
			return p.run(a, args[0], args[1:])
		},
	}
	p.register(cmd)
	cmd.Flags().StringVar(&p.output, "output", "", "write the outputs to `FILE` (.npy, .npz, .csv or .json) instead")
	cmd.Flags().IntVar(&p.top, "top", 3, "how many classes to show of each example")
	cmd.Flags().IntVar(&p.batch, "batch", 32, "examples in one call")
	cmd.Flags().BoolVar(&p.json, "json", false, `print {"outputs": {"NAME": nested lists}}`)
	p.pixels.register(cmd)
	cmd.Flags().StringArrayVar(&p.layers, "layer", nil, "show the outputs of the layer `NAME` instead of the model's; may be given again")
	return cmd
}

type predictCommand struct {
	modelFlags
	output     string
	top, batch int
	topSet     bool
	json       bool
	pixels     pixelFlags
	layers     []string
}

func (p *predictCommand) run(a *app, model string, files []string) error {
	switch {
	case p.top < 1:
		return fmt.Errorf("--top %d: a positive number is expected", p.top)
	case p.batch < 1:
		return fmt.Errorf("--batch %d: a positive number is expected", p.batch)
	case p.topSet && (p.json || p.output != ""):
		return fmt.Errorf("--top is for the readable output; --json and --output give all values")
	}
	if err := p.check(); err != nil {
		return err
	}
	if err := p.pixels.check(); err != nil {
		return err
	}
	if p.output != "" {
		if err := checkOutputName(p.output); err != nil {
			return err
		}
	}
	for _, f := range files {
		if err := checkInputName(f); err != nil {
			return err
		}
	}
	m, err := a.load(model, p.modelFlags)
	if err != nil {
		return err
	}
	if len(p.layers) > 0 {
		if m, err = m.Submodel(p.layers...); err != nil {
			return fail(model, err)
		}
	}
	r := a.newInputReader(m, &p.memory)
	r.pixels = p.pixels
	in, err := r.read(files)
	if err != nil {
		return err
	}
	if flag := p.pixels.given(); flag != "" && !r.pictures {
		return fmt.Errorf("%s is for pictures; there are none among the inputs", flag)
	}
	r.noteScale(m, model)
	outputs, err := a.compute(m, in, p.batch)
	if err != nil {
		return fail(model, err)
	}
	answer := &answer{single: in.single, labels: in.labels}
	for i, t := range outputs {
		name := fmt.Sprintf("output_%d", i)
		if specs := m.Outputs(); i < len(specs) {
			name = specs[i].Name
		}
		if in.single && t.Rank() > 0 && t.Shape()[0] == 1 {
			t = tensor.Reshape(t, t.Shape()[1:]...)
		}
		answer.names, answer.outputs = append(answer.names, name), append(answer.outputs, t)
	}
	if p.output != "" {
		if err := answer.write(a, p.output, append([]string{model}, files...)); err != nil {
			return err
		}
	}
	if p.json {
		return answer.printJSON(a.out)
	}
	if p.output == "" {
		answer.printText(a.out, p.top)
	}
	return nil
}

// compute runs the model in batches and puts their outputs together.
func (a *app) compute(m *nn.Model, in *inputs, batch int) ([]tensor.Any, error) {
	n := in.examples()
	if n <= batch {
		return m.PredictContext(a.context, nn.CallOptions{BatchSize: batch}, in.arrays...)
	}
	bar := a.progress(n, "predicting")
	defer bar.Close()
	return m.PredictContext(a.context, nn.CallOptions{BatchSize: batch, Progress: func(examples int) { _ = bar.Set(examples) }}, in.arrays...)
}
