package nn

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/hornml/horn/nn/exec"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/pyjson"
	"github.com/hornml/horn/tensor"
)

// Model is a Keras model, Sequential or Functional: a graph of layers with inputs and outputs. It may stand inside
// another model. Predicting is safe for many goroutines at once; changing a model (SetTrainable, Assign, SetThreads) is
// not.
type Model struct {
	Base
	sequential bool
	layers     []Layer
	nodes      [][]*node // calls by layer; Functional only
	inputs     any       // a structure of *ref; Functional only
	outputs    any
	inputShape []int // build_input_shape; Sequential only
	inputSpecs []Spec
	outputSpec []Spec

	mu      sync.Mutex
	plans   *planCache
	cache   *exec.Cache
	threads int
	session *Session

	// Compile is the compile state as the file has it (compile_config), nil if the model is not compiled.
	Compile *pyjson.Object
	// Optimizer holds the variables of the optimizer as the file has them; see OptimizerVariables.
	Optimizer []*VariableGroup
	// Origin says where the model was loaded from; its zero value stands for a model made in Go.
	Origin Origin
}

// Origin is what a saved model's container says about its writer.
type Origin struct {
	KerasVersion string // "3.15.1"
	Backend      string // of whole-model HDF5 files, such as "tensorflow"
	Format       string // "keras", "directory" or "h5"
}

// Spec describes an input or output of a model.
type Spec struct {
	Name  string
	Shape []int // with the batch; -1 for dimensions that may vary, nil where nothing is known
	DType tensor.DType
}

func init() {
	RegisterClass(Class{Module: "keras.src.models.functional", Name: "Functional"}, func() Layer { return newModel(false) },
		"keras.Model", "keras.models.Model", "keras.Functional", "keras.models.Functional")
	RegisterClass(Class{Module: "keras", Name: "Sequential"}, func() Layer { return newModel(true) }, "keras.models.Sequential")
}

func newModel(sequential bool) *Model {
	m := &Model{sequential: sequential, cache: exec.NewCache()}
	m.plans = newPlanCache()
	m.NoAutocast = !sequential
	return m
}

// IsSequential reports whether the model is a keras.Sequential.
func (m *Model) IsSequential() bool { return m.sequential }

// Config implements Layer.
func (m *Model) Config(c *Config) {
	if !c.Reading() {
		return
	}
	if !m.sequential {
		m.functionalConfig(c)
		return
	}
	if v, ok := c.Value("build_input_shape"); ok && v != nil {
		if shape, problem := parseShape(v); problem == "" {
			m.inputShape = shape
		}
	}
	c.Layers("layers", &m.layers)
	names := map[string]bool{}
	for _, l := range m.layers {
		if names[l.Name()] {
			c.Errorf("layers", "the name %q is used by two layers", l.Name())
		}
		names[l.Name()] = true
	}
}

// Children implements Container.
func (m *Model) Children() []Child {
	var list []Layer
	for _, l := range m.layers {
		switch l.(type) {
		case *op:
			continue
		case *InputLayer:
			if m.sequential {
				continue
			}
		}
		list = append(list, l)
	}
	return []Child{{Attr: "layers", List: list}}
}

// Layers returns the model's layers in the order of the file, without the keras.ops nodes among them.
func (m *Model) Layers() []Layer {
	var out []Layer
	for _, l := range m.layers {
		if _, ok := l.(*op); !ok {
			out = append(out, l)
		}
	}
	return out
}

// Operations returns the layers and the keras.ops nodes in the order of the file.
func (m *Model) Operations() []Layer { return m.layers }

// Layer returns the layer of the given name, nil if there is none. Layers of a model inside are found by a path such as
// "encoder/dense_1".
func (m *Model) Layer(name string) Layer {
	for _, l := range m.layers {
		if l.Name() == name {
			return l
		}
	}
	first, rest, ok := strings.Cut(name, "/")
	if !ok {
		return nil
	}
	if inner, ok := m.Layer(first).(*Model); ok {
		return inner.Layer(rest)
	}
	return nil
}

// Call implements Layer: a model inside a model.
func (m *Model) Call(c *Call) any {
	if m.sequential {
		x := c.first()
		for _, l := range m.layers {
			if in, ok := l.(*InputLayer); ok {
				if v, ok := x.(*graph.Value); ok {
					x = m.adapt(c, in, v)
				}
				continue
			}
			x = c.Run(l, x)
		}
		return x
	}
	given := m.match(c, c.first())
	i := 0
	walkTree(m.inputs, func(leaf any) {
		if r, ok := leaf.(*ref); ok && given[i] != nil {
			given[i] = m.adapt(c, m.layers[r.layer].(*InputLayer), given[i])
		}
		i++
	})
	return m.run(c, given)
}

// match brings the argument of a call into the flat order of the model's inputs: by key where the model takes a dict,
// else by position.
func (m *Model) match(c *Call, v any) []*graph.Value {
	want := 0
	walkTree(m.inputs, func(any) { want++ })
	if dict, ok := v.(map[string]any); ok {
		if _, isDict := m.inputs.(map[string]any); !isDict { // by the names of the inputs
			out := make([]*graph.Value, 0, want)
			walkTree(m.inputs, func(leaf any) {
				x, _ := dict[m.layers[leaf.(*ref).layer].Name()].(*graph.Value)
				out = append(out, x)
			})
			return out
		}
		out := make([]*graph.Value, 0, want)
		spec := m.inputs.(map[string]any)
		for _, k := range sortedKeys(spec) {
			part := Flatten(dict[k])
			n := 0
			walkTree(spec[k], func(any) { n++ })
			if len(part) != n {
				if m.optionalInput(spec[k]) && len(part) == 0 {
					out = append(out, nil)
					continue
				}
				c.Fail("the input %q is missing", k)
			}
			out = append(out, part...)
		}
		return out
	}
	var flat []*graph.Value
	walkTree(v, func(leaf any) {
		x, _ := leaf.(*graph.Value)
		flat = append(flat, x)
	})
	if len(flat) != want {
		c.Fail("the model takes %d inputs, not %d", want, len(flat))
	}
	return flat
}

func (m *Model) optionalInput(leaf any) bool {
	r, ok := leaf.(*ref)
	if !ok {
		return false
	}
	in, ok := m.layers[r.layer].(*InputLayer)
	return ok && in.Optional
}

// adapt brings a value to the type and rank of an input, as Functional does.
func (m *Model) adapt(c *Call, in *InputLayer, x *graph.Value) *graph.Value {
	mask := x.Mask
	if in.DType != tensor.Invalid && x.DType != in.DType && (x.DType == tensor.String) == (in.DType == tensor.String) {
		x = c.Cast(x, in.DType)
	}
	if in.BatchShape != nil {
		switch want := len(in.BatchShape); {
		case x.Rank() == want+1 && x.Shape[want] == 1:
			x = c.Squeeze(x, -1)
		case x.Rank() == want-1 && in.BatchShape[want-1] == 1:
			x = c.ExpandDims(x, -1)
		case x.Rank() != want:
			c.Fail("the input %q has shape %s; it must be %s", in.name, tensor.FormatShape(x.Shape), tensor.FormatShape(in.BatchShape))
		}
		for i, d := range in.BatchShape {
			if d >= 0 && i > 0 && d != x.Shape[i] {
				c.Fail("the input %q has shape %s; it must be %s", in.name, tensor.FormatShape(x.Shape), tensor.FormatShape(in.BatchShape))
			}
		}
	}
	return x.WithMask(mask)
}

// inputLayers returns the model's inputs in flat order; for an unbuilt Sequential there may be none.
func (m *Model) inputLayers() []*InputLayer {
	var out []*InputLayer
	if m.sequential {
		if len(m.layers) > 0 {
			switch first := m.layers[0].(type) {
			case *InputLayer:
				return []*InputLayer{first}
			case *Model:
				return first.inputLayers()
			}
		}
		if m.inputShape != nil {
			return []*InputLayer{{Base: Base{name: "input"}, BatchShape: append([]int{-1}, m.inputShape[min(1, len(m.inputShape)):]...), DType: tensor.Float32}}
		}
		return nil
	}
	walkTree(m.inputs, func(leaf any) {
		if r, ok := leaf.(*ref); ok {
			if in, ok := m.layers[r.layer].(*InputLayer); ok {
				out = append(out, in)
			}
		}
	})
	return out
}

// Inputs describes what the model takes, in the order of Predict's arguments.
func (m *Model) Inputs() []Spec { return m.inputSpecs }

// Outputs describes what the model gives, in the order of its results.
func (m *Model) Outputs() []Spec { return m.outputSpec }

// outputNames names the outputs: by their keys where the model returns a dict, else by the layers that make them.
func (m *Model) outputNames(n int) []string {
	var names []string
	if m.sequential {
		if len(m.layers) > 0 {
			names = []string{m.layers[len(m.layers)-1].Name()}
		}
	} else if dict, ok := m.outputs.(map[string]any); ok {
		for _, k := range sortedKeys(dict) {
			if _, leaf := dict[k].(*ref); leaf {
				names = append(names, k)
				continue
			}
			walkTree(dict[k], func(l any) { names = append(names, fmt.Sprintf("%s_%d", k, len(names))) })
		}
	} else {
		walkTree(m.outputs, func(leaf any) {
			if r, ok := leaf.(*ref); ok {
				names = append(names, m.layers[r.layer].Name())
			}
		})
	}
	for len(names) < n {
		names = append(names, fmt.Sprintf("output_%d", len(names)))
	}
	seen := map[string]int{}
	for i, name := range names {
		seen[name]++
		if k := seen[name]; k > 1 {
			names[i] = fmt.Sprintf("%s_%d", name, k-1)
		}
	}
	return names
}

// errMeasure says that a trace has not come to its end: the graph's one output is a number to be found first, for
// tracer.measured.
var errMeasure = errors.New("nn: a number of the input data is needed")

// trace writes the whole model into a new graph.
func (m *Model) trace(t *tracer, inputs func(b *graph.Builder) []*graph.Value) (g *graph.Graph, outs []*graph.Value, err error) {
	b := graph.NewBuilder()
	t.builder, t.root = b, b
	defer func() {
		if r := recover(); r != nil {
			if u, ok := r.(*measuring); ok {
				b.Graph.Outputs, b.Graph.Updates = []*graph.Value{u.v}, nil
				g, outs, err = b.Graph, nil, errMeasure
				return
			}
			e, ok := located(r, m.name, "").(*graph.Error)
			if !ok {
				panic(r)
			}
			g, outs, err = nil, nil, e
		}
	}()
	values := inputs(b)
	list := make([]any, len(values))
	for i, v := range values {
		if v != nil {
			list[i] = v
		}
	}
	c := &Call{Builder: b, tracer: t, layer: m, Args: []any{list}}
	if len(list) == 1 {
		c.Args = list
	}
	var out any
	if m.sequential {
		out = m.Call(c)
	} else {
		i := -1
		walkTree(m.inputs, func(leaf any) {
			if i++; i < len(values) && values[i] != nil {
				values[i] = m.adapt(c, m.layers[leaf.(*ref).layer].(*InputLayer), values[i])
			}
		})
		out = m.run(c, values)
	}
	b.Graph.Outputs = Flatten(out)
	return b.Graph, b.Graph.Outputs, nil
}
