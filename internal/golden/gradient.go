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
	"github.com/hornml/horn/tensor/npy"
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

// gradients computes the gradients of a case with respect to its inputs and its variables, op by op.
func (c Case) gradients(m *nn.Model, inputs []tensor.Any, variables []*layer.Variable) (ofInputs, ofVariables []tensor.Any, err error) {
	r, err := GradientsOf(m, inputs, variables)
	if errors.Is(err, ErrNoGradient) {
		for _, t := range inputs {
			ofInputs = append(ofInputs, tensor.NewAny(t.DType(), t.Shape()...))
		}
		for _, v := range variables {
			ofVariables = append(ofVariables, tensor.NewAny(v.DType, v.Shape...))
		}
		return ofInputs, ofVariables, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return r.Interpret(inputs, variables)
}

// GradientProblem is a gradient that differs from Keras's.
type GradientProblem struct {
	Of      string // input_0 .., or a variable's path
	Problem string
}

// CompareGradients compares the gradients of a case with those of Keras, which are named as conformance/live/gradients.py names
// them: those that Keras computed, or those that it computed in float64 (truth), or both. Of truth alone a result is the nearest.
func (c Case) CompareGradients(theirs, truth *npy.Archive) (problems []GradientProblem, err error) {
	m, inputs, err := c.Load()
	if err != nil {
		return nil, err
	}
	variables := m.Variables()
	ofInputs, ofVariables, err := c.gradients(m, inputs, variables)
	if err != nil {
		return nil, err
	}
	half := HalfPolicy(m)
	compare := func(name, of string, ours tensor.Any) error {
		var reference, keras tensor.Any
		for _, from := range []struct {
			*npy.Archive
			to *tensor.Any
		}{{truth, &reference}, {theirs, &keras}} {
			if from.Archive == nil || !from.Has(name) {
				continue
			}
			if *from.to, err = from.Read(name); err != nil {
				return err
			}
		}
		if keras == nil && reference != nil {
			if keras, err = reference.Convert(ours.DType()); err != nil {
				return err
			}
		}
		if keras == nil {
			problems = append(problems, GradientProblem{of, "Keras has none"})
		} else if cmp := Compare(ours, keras, reference, half); cmp.Problem != "" {
			problems = append(problems, GradientProblem{of, cmp.Problem})
		}
		return nil
	}
	for i, t := range ofInputs {
		if t != nil && t.DType().IsFloat() {
			name := fmt.Sprintf("input_%d", i)
			if err := compare(name, name, t); err != nil {
				return nil, err
			}
		}
	}
	next := 0
	for i, v := range variables {
		if v.DType.IsFloat() {
			if err := compare(fmt.Sprintf("weight_%d", next), v.Path, ofVariables[i]); err != nil {
				return nil, err
			}
			next++
		}
	}
	last := fmt.Sprintf("weight_%d", next)
	if theirs != nil && theirs.Has(last) || theirs == nil && truth.Has(last) {
		problems = append(problems, GradientProblem{last, "it is Keras's alone"})
	}
	return problems, nil
}
