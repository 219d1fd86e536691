package nn

import (
	"context"
	"fmt"
	"slices"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/nn/internal/tree"
	"github.com/hornml/horn/tensor"
)

// CallOptions are the arguments of a call of a model that have defaults; the zero value is Model.predict's.
type CallOptions struct {
	// BatchSize is the number of examples that are computed at a time (batch_size): 32 by default, or all of them if Training is
	// not Inference. A model that takes batches of one size only gets those.
	BatchSize int
	// Training is Inference for what Model.predict does, AsCalled for model(x), InTraining for model(x, training=True).
	Training Training
	// Progress, if set, is called after each batch with the number of examples so far.
	Progress func(examples int)
}

// own is the model's own session, for callers that ask for none.
func (m *Model) own() *Session {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.session == nil {
		m.session = m.NewSession()
	}
	return m.session
}

// ResetStates forgets what the model's stateful layers remember from earlier Predict calls.
func (m *Model) ResetStates() { m.own().Reset() }

// Predict runs the model on one tensor for each input, in the order of Inputs, and returns its output (Model.predict): in
// batches of 32 examples, so that any number of them takes bounded memory. Models with several outputs, or with one that is not
// float32, have [Model.PredictAll].
func (m *Model) Predict(inputs ...tensor.Any) (*tensor.Tensor, error) {
	outputs, err := m.PredictAll(inputs...)
	if err != nil {
		return nil, err
	}
	if len(outputs) != 1 {
		return nil, fmt.Errorf("the model has %d outputs: use PredictAll or PredictMap", len(outputs))
	}
	t, ok := outputs[0].(*tensor.Tensor)
	if !ok {
		return nil, fmt.Errorf("the model's output is %s, not float32: use PredictAll", outputs[0].DType())
	}
	return t, nil
}

// PredictAll runs the model on one tensor for each input, in the order of Inputs, and returns its outputs in the order of
// Outputs, in batches as Predict. The results own their memory.
func (m *Model) PredictAll(inputs ...tensor.Any) ([]tensor.Any, error) {
	return m.PredictContext(context.Background(), CallOptions{}, inputs...)
}

// PredictContext is PredictAll with options. Once ctx is done it ends between two steps of the computation, with ctx's cause.
func (m *Model) PredictContext(ctx context.Context, o CallOptions, inputs ...tensor.Any) ([]tensor.Any, error) {
	return m.predict(ctx, nil, o, inputs)
}

// PredictInto runs the model on one batch (Model.predict_on_batch) and writes into tensors of the caller's, which must have the
// outputs' types and shapes and be contiguous. After the first call for given shapes it allocates nothing.
func (m *Model) PredictInto(outputs []tensor.Any, inputs ...tensor.Any) error {
	_, err := m.runBatch(run{ctx: context.Background()}, outputs, inputs)
	return err
}

// PredictMap runs the model on tensors by the names of its inputs and returns its outputs by name.
func (m *Model) PredictMap(inputs map[string]tensor.Any) (map[string]tensor.Any, error) {
	list, err := m.InputList(inputs)
	if err != nil {
		return nil, err
	}
	outs, err := m.PredictAll(list...)
	if err != nil {
		return nil, err
	}
	names := m.Outputs()
	result := make(map[string]tensor.Any, len(outs))
	for i, t := range outs {
		result[names[i].Name] = t
	}
	return result, nil
}

// InputList brings tensors by the names of the model's inputs, or by their keys where it takes a dict, into the order of Inputs;
// an optional input that is left out is nil.
func (m *Model) InputList(inputs map[string]tensor.Any) ([]tensor.Any, error) {
	specs := m.inputLayers()
	if len(specs) == 0 {
		return nil, fmt.Errorf("the model has not been built and has no names for its inputs: use PredictAll")
	}
	keys := m.inputKeys()
	list := make([]tensor.Any, len(specs))
	used := 0
	for i, in := range specs {
		for _, name := range []string{in.Name(), keys[i]} {
			if t, ok := inputs[name]; ok && list[i] == nil {
				list[i] = t
				used++
			}
		}
	}
	if used == len(inputs) {
		return list, nil
	}
	var names []string
	for _, in := range specs {
		names = append(names, in.Name())
	}
	for name := range inputs {
		if !slices.Contains(names, name) && !slices.Contains(keys, name) {
			return nil, fmt.Errorf("the model has no input %q; it has %s", naming.Short(name), naming.Quoted(names))
		}
	}
	return list, nil
}

// inputKeys are the keys of the inputs where the model takes a dict, "" otherwise.
func (m *Model) inputKeys() []string {
	n := len(m.inputLayers())
	keys := make([]string, n)
	if dict, ok := m.inputs.(map[string]any); ok {
		i := 0
		for _, k := range tree.Keys(dict) {
			tree.Walk(dict[k], func(any) {
				if _, leaf := dict[k].(*ref); leaf && i < n {
					keys[i] = k
				}
				i++
			})
		}
	}
	return keys
}
