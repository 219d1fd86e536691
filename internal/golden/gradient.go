package golden

import (
	"errors"
	"fmt"
	"slices"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/graph/grad"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Gradients is a graph whose outputs are the gradients of the sum of all float outputs of a model, with respect to its float
// inputs and its float variables.
type Gradients struct {
	Graph     *graph.Graph
	Inputs    []*graph.Value // for each input its gradient, nil where none flows
	Variables []*graph.Value // for each of the given variables, too
}

// GradientsOf traces a model for the given inputs and writes the gradients of its outputs.
func GradientsOf(m *nn.Model, inputs []tensor.Any, variables []*layer.Variable) (r Gradients, err error) {
	g, err := m.Graph(inputs...)
	if err != nil {
		return r, err
	}
	defer func() {
		if failed, ok := recover().(*graph.Error); ok {
			err = failed
		} else if failed != nil {
			panic(failed)
		}
	}()
	b := &graph.Builder{Graph: g}
	params := make([]*graph.Param, len(variables))
	for i, v := range variables {
		params[i] = v.Param()
	}
	of, values := grad.Params(b, g.Outputs, make([]*graph.Value, len(g.Outputs)), params, g.Inputs...)
	r = Gradients{Graph: g, Inputs: make([]*graph.Value, len(inputs)), Variables: of}
	next := 0
	for i, t := range inputs {
		if t != nil {
			r.Inputs[i] = values[next]
			next++
		}
	}
	g.Outputs, g.Updates = nil, nil
	for _, d := range slices.Concat(r.Inputs, r.Variables) {
		if d != nil {
			g.Outputs = append(g.Outputs, d)
		}
	}
	if len(g.Outputs) == 0 {
		return r, ErrNoGradient
	}
	return r, nil
}

// ErrNoGradient is returned for a model through which no gradient flows.
var ErrNoGradient = errors.New("no gradient flows through the model")

// Interpret computes the gradients and returns them as tensors; those of nil are zeros, of what they are gradients of.
func (r Gradients) Interpret(inputs []tensor.Any, variables []*layer.Variable) (ofInputs, ofVariables []tensor.Any, err error) {
	run := graph.Run{States: map[*graph.Param]graph.StateValue{}}
	for _, t := range inputs {
		if t != nil {
			run.Inputs = append(run.Inputs, graph.BufOf(t))
		}
	}
	bufs, err := graph.Interpret(r.Graph, run)
	if err != nil {
		return nil, nil, err
	}
	take := func(d *graph.Value, like tensor.DType, shape []int) tensor.Any {
		t := tensor.NewAny(like, shape...)
		if d != nil {
			bufs[0].CopyTo(t)
			bufs = bufs[1:]
		}
		return t
	}
	for i, d := range r.Inputs {
		if inputs[i] == nil {
			ofInputs = append(ofInputs, nil)
			continue
		}
		ofInputs = append(ofInputs, take(d, inputs[i].DType(), inputs[i].Shape()))
	}
	for i, d := range r.Variables {
		ofVariables = append(ofVariables, take(d, variables[i].DType, variables[i].Shape))
	}
	return ofInputs, ofVariables, nil
}

// CompareGradients compares the gradients of a case with those in a file that conformance/live/gradients.py wrote. It
// returns what differs, "" if nothing does.
func (c Case) CompareGradients(a Archive) string {
	m, inputs, err := c.Load()
	if err != nil {
		return err.Error()
	}
	variables := m.Variables()
	ofInputs, ofVariables := make([]tensor.Any, len(inputs)), make([]tensor.Any, len(variables))
	switch r, err := GradientsOf(m, inputs, variables); {
	case errors.Is(err, ErrNoGradient):
		for i, t := range inputs {
			ofInputs[i] = tensor.NewAny(t.DType(), t.Shape()...)
		}
		for i, v := range variables {
			ofVariables[i] = tensor.NewAny(v.DType, v.Shape...)
		}
	case err != nil:
		return err.Error()
	default:
		if ofInputs, ofVariables, err = r.Interpret(inputs, variables); err != nil {
			return err.Error()
		}
	}
	half := HalfPolicy(m)
	compare := func(name string, ours tensor.Any) string {
		if !a.Has(name) {
			return fmt.Sprintf("%s: Keras has none", name)
		}
		theirs, err := a.Read(name)
		if err != nil {
			return err.Error()
		}
		var truth tensor.Any
		if a.Has("true_" + name) {
			if truth, err = a.Read("true_" + name); err != nil {
				return err.Error()
			}
		}
		if cmp := Compare(ours, theirs, truth, half); cmp.Problem != "" {
			return fmt.Sprintf("%s: %s", name, cmp.Problem)
		}
		return ""
	}
	for i, t := range ofInputs {
		if t != nil && t.DType().IsFloat() {
			if problem := compare(fmt.Sprintf("input_%d", i), t); problem != "" {
				return problem
			}
		}
	}
	next := 0
	for i, v := range variables {
		if v.DType.IsFloat() {
			if problem := compare(fmt.Sprintf("weight_%d", next), ofVariables[i]); problem != "" {
				return fmt.Sprintf("%s (%s)", problem, v.Path)
			}
			next++
		}
	}
	if name := fmt.Sprintf("weight_%d", next); a.Has(name) {
		return name + " is Keras's alone"
	}
	return ""
}

// Archive is a file of named tensors, as npy.Archive is.
type Archive interface {
	Has(name string) bool
	Read(name string) (tensor.Any, error)
}
