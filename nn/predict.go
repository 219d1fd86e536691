package nn

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/jit"
	"github.com/hornml/horn/nn/internal/plan"
	"github.com/hornml/horn/nn/internal/tree"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// SetThreads sets how many goroutines a single prediction may use; 0, the default, means all cores.
func (m *Model) SetThreads(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.threads = n
	m.plans.Clear()
}

// SetCacheLimit sets how many bytes the model may keep for later calls: compiled plans, each with the memory of a run, weights
// in the forms that kernels read, constants worked out beforehand. What was used longest ago goes first. 0, the default,
// means 1 GiB (256 MiB on 32-bit machines). The weights themselves do not count.
func (m *Model) SetCacheLimit(bytes int64) { m.plans.SetLimit(bytes) }

// CacheBytes returns how many bytes the model keeps for later calls; see SetCacheLimit.
func (m *Model) CacheBytes() int64 { return m.plans.Bytes() }

// plan returns the compiled plan for inputs of the given shapes and the numbers that were measured on them so far;
// measures says that it finds the next such number (see layer.Call.Measure).
func (m *Model) plan(inputs []tensor.Any, measured []int) (p *plan.Plan, measures bool, err error) {
	var space [256]byte
	key := jit.Key(space[:0], inputs)
	for _, n := range measured {
		key = strconv.AppendInt(append(key, '#'), int64(n), 10)
	}
	e := m.plans.Entry(key)
	e.Lock()
	defer e.Unlock()
	if e.Plan == nil && e.Err == nil {
		traced, err := m.trace(&layer.Trace{Measured: measured}, inputs)
		e.Measures = traced.Measures
		if err == nil {
			m.mu.Lock()
			threads := m.threads
			m.mu.Unlock()
			e.Plan, err = plan.Compile(traced.Graph, plan.Options{Store: m.plans.Store(), Threads: threads})
		}
		e.Err = err
		m.plans.Compiled(e)
	}
	return e.Plan, e.Measures, e.Err
}

// Graph traces the model for inputs of the shapes and types of the given tensors; nil stands for an optional input that
// is left out. Where shapes depend on what is in the inputs (see layer.Call.Measure), the graph is that for these tensors.
func (m *Model) Graph(inputs ...tensor.Any) (*graph.Graph, error) {
	var measured []int
	for {
		traced, err := m.trace(&layer.Trace{Measured: measured}, inputs)
		if err != nil || !traced.Measures {
			return traced.Graph, err
		}
		var run graph.Run
		for _, t := range inputs {
			if t != nil {
				run.Inputs = append(run.Inputs, graph.BufOf(t))
			}
		}
		found, err := graph.Interpret(traced.Graph, run)
		if err != nil {
			return nil, err
		}
		measured = append(measured, jit.Clamp(found[0].I[0]))
	}
}

// trace traces the model for inputs of the given shapes.
func (m *Model) trace(t *layer.Trace, inputs []tensor.Any) (layer.Traced, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.buildFor(inputs); err != nil {
		return layer.Traced{}, err
	}
	specs := m.inputLayers()
	traced, err := t.Run(m, func(b *graph.Builder) []*graph.Value {
		values := make([]*graph.Value, len(inputs))
		for i, t := range inputs {
			if t != nil {
				values[i] = b.Input(t.DType(), t.Shape()...)
			} else if i < len(specs) && !specs[i].Optional {
				b.Fail("the input %q is missing", specs[i].Name())
			}
		}
		return values
	})
	if err == nil && !traced.Measures && len(m.outputSpec) == 0 {
		names := m.outputNames(len(traced.Outputs))
		for i, v := range traced.Outputs {
			m.outputSpec = append(m.outputSpec, Spec{names[i], append([]int{-1}, v.Shape[min(1, len(v.Shape)):]...), v.DType})
		}
	}
	return traced, err
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

// Predict runs the model on one tensor for each input, in the order of Inputs, and returns its output. Models with
// several outputs, or with one that is not float32, have [Model.PredictAll].
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
// Outputs. The results own their memory.
func (m *Model) PredictAll(inputs ...tensor.Any) ([]tensor.Any, error) {
	return m.predict(nil, nil, inputs)
}

// PredictInto is PredictAll into tensors of the caller's, which must have the outputs' types and shapes and be
// contiguous. After the first call for given shapes it allocates nothing.
func (m *Model) PredictInto(outputs []tensor.Any, inputs ...tensor.Any) error {
	_, err := m.predict(nil, outputs, inputs)
	return err
}

// PredictMap runs the model on tensors by the names of its inputs and returns its outputs by name.
func (m *Model) PredictMap(inputs map[string]tensor.Any) (map[string]tensor.Any, error) {
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
	if used != len(inputs) {
		var names []string
		for _, in := range specs {
			names = append(names, in.Name())
		}
		for name := range inputs {
			if !slices.Contains(names, name) && !slices.Contains(keys, name) {
				return nil, fmt.Errorf("the model has no input %q; it has %q", name, names)
			}
		}
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

func (m *Model) predict(s *Session, into []tensor.Any, inputs []tensor.Any) ([]tensor.Any, error) {
	if err := m.checkInputs(inputs); err != nil {
		return nil, err
	}
	var states map[*graph.Param]graph.StateValue
	var held *Session
	defer func() { // outside of the loop: a defer inside of it would allocate
		if held != nil {
			held.mu.Unlock()
		}
	}()
	var measured []int
	for {
		p, measures, err := m.plan(inputs, measured)
		if err != nil {
			return nil, err
		}
		if p.HasStates() && states == nil {
			if s == nil {
				s = m.own()
			}
			s.mu.Lock()
			held = s
			states = s.states
		}
		switch {
		case measures:
			found, err := p.Run(inputs, states)
			if err != nil {
				return nil, err
			}
			measured = append(measured, jit.Measured(found))
		case into != nil:
			return nil, p.RunInto(into, inputs, states)
		default:
			return p.Run(inputs, states)
		}
	}
}

// checkInputs says in the user's words what does not fit; details of layers come later.
func (m *Model) checkInputs(inputs []tensor.Any) error {
	specs := m.inputSpecs
	if len(specs) == 0 {
		if len(inputs) == 0 {
			return fmt.Errorf("the model needs an input")
		}
		return nil
	}
	if len(inputs) != len(specs) {
		return fmt.Errorf("the model has %d inputs %s, %d were given", len(specs), specNames(specs), len(inputs))
	}
	for i, t := range inputs {
		if t == nil {
			continue
		}
		spec := specs[i]
		if (t.DType() == tensor.String) != (spec.DType == tensor.String) {
			return fmt.Errorf("the input %q is %s, it must be %s", spec.Name, t.DType(), spec.DType)
		}
		if spec.DType.IsInt() && t.DType().IsFloat() {
			return fmt.Errorf("the input %q is %s, it must be of an integer type such as %s", spec.Name, t.DType(), spec.DType)
		}
		if !fits(spec.Shape, t.Shape()) {
			return fmt.Errorf("the input %q has shape %s, it must be %s", spec.Name, tensor.FormatShape(t.Shape()), tensor.FormatShape(spec.Shape))
		}
	}
	return nil
}

func specNames(specs []Spec) string {
	names := make([]string, len(specs))
	for i, s := range specs {
		names[i] = s.Name
	}
	return fmt.Sprintf("%q", names)
}

func fits(want, have []int) bool {
	switch {
	case len(have) == len(want)+1 && have[len(want)] == 1:
		have = have[:len(want)]
	case len(have) == len(want)-1 && len(want) > 0 && want[len(want)-1] == 1:
		want = want[:len(have)]
	case len(have) != len(want):
		return false
	}
	for i, d := range want {
		if d >= 0 && d != have[i] {
			return false
		}
	}
	return true
}
