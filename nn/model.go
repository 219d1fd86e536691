package nn

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/jit"
	"github.com/hornml/horn/nn/internal/tree"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Model is a Keras model, Sequential or Functional: a graph of layers with inputs and outputs. It may stand inside
// another model. Predicting is safe for many goroutines at once; changing a model (SetTrainable, Assign, SetThreads) is
// not.
type Model struct {
	layer.Base
	sequential bool
	layers     []layer.Layer
	nodes      [][]*node // calls by layer; Functional only
	inputs     any       // a structure of *ref; Functional only
	outputs    any
	// symbols are the calls of the layers as KerasTensors name them, made when they are asked for if the model was loaded; then
	// their shapes are known, too. first is the input of a Sequential.
	symbols      map[layer.Layer][]*layer.SymbolicCall
	symbolsKnown bool
	first        *layer.SymbolicCall
	inputShape   []int                            // build_input_shape; Sequential only
	given        atomic.Pointer[layer.InputLayer] // the input for which a Sequential without any was built, when it was first called
	inputSpecs   []Spec
	outputSpec   []Spec

	mu       sync.Mutex
	plans    *jit.Cache
	threads  int
	maxBytes atomic.Int64 // 0 for graph.DefaultMaxBytes
	session  *Session

	compile  *pyjson.Object  // compile_config
	registry *layer.Registry // of what its compile state names
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

// Training says whether the layers of a model are called as in training; see [layer.Training].
type Training = layer.Training

// The values of Training: training=False, the default; training=None; training=True.
const (
	Inference  = layer.Inference
	AsCalled   = layer.AsCalled
	InTraining = layer.InTraining
)

// Spec describes an input or output of a model.
type Spec struct {
	Name  string
	Shape []int // with the batch; -1 for dimensions that may vary, nil where nothing is known
	DType tensor.DType
}

// Models is the family of the classes of models: Sequential and Functional.
func Models(r *layer.Registry) {
	r.Add(layer.Inputs)
	r.RegisterClass(functionalClass, func() layer.Layer { return newModel(false) },
		"keras.Model", "keras.models.Model", "keras.Functional", "keras.models.Functional")
	r.RegisterClass(sequentialClass, func() layer.Layer { return newModel(true) }, "keras.models.Sequential")
}

var (
	functionalClass = layer.Class{Module: "keras.src.models.functional", Name: "Functional", Registered: "Functional"}
	sequentialClass = layer.Class{Module: "keras", Name: "Sequential"}
)

func newModel(sequential bool) *Model {
	m := &Model{sequential: sequential, plans: jit.NewCache(0)}
	m.NoAutocast = !sequential
	layer.SetNetwork(m, network{m})
	return m
}

// IsSequential reports whether the model is a keras.Sequential.
func (m *Model) IsSequential() bool { return m.sequential }

// Config implements layer.Layer.
func (m *Model) Config(c *layer.Config) {
	if !c.Reading() {
		return
	}
	if !m.sequential {
		m.functionalConfig(c)
		return
	}
	if v, ok := c.Value("build_input_shape"); ok && v != nil {
		if shape, problem := pyjson.Shape(v); problem == "" {
			m.inputShape = shape
		}
	}
	c.Layers("layers", &m.layers)
	names := map[string]layer.Layer{}
	inputs := 0
	for i, l := range m.layers {
		if other := names[l.Name()]; other != nil && other != l {
			c.Errorf("layers", "the name %q is used by two layers", l.Name())
		}
		names[l.Name()] = l
		if _, ok := l.(*layer.InputLayer); ok && (i == 0 || inputs > 0) {
			if inputs++; inputs > 1 {
				c.Errorf(fmt.Sprintf("layers/%d", i), "the model has an InputLayer already, %q, and %q is another: Keras refuses it",
					m.layers[0].Name(), l.Name())
			}
		}
	}
	m.addInput()
}

// Children implements Container.
func (m *Model) Children() []layer.Child {
	var list []layer.Layer
	for _, l := range m.layers {
		_, isInput := l.(*layer.InputLayer)
		if !layer.IsOp(l) && !(isInput && m.sequential) {
			list = append(list, l)
		}
	}
	return []layer.Child{{Attr: "layers", List: list}}
}

// Layers returns the model's layers in the order of the file, without the keras.ops nodes among them.
func (m *Model) Layers() []layer.Layer {
	var out []layer.Layer
	for _, l := range m.layers {
		if !layer.IsOp(l) {
			out = append(out, l)
		}
	}
	return out
}

// CompileConfig returns the compile state as the file has it (Model.get_compile_config), nil if the model is not compiled.
func (m *Model) CompileConfig() *pyjson.Object { return m.compile }

// Registry has what the model and its compile state may name: that with which it was read, or that given to SetCompileConfig.
func (m *Model) Registry() *layer.Registry {
	if m.registry == nil {
		return layer.RegistryOf(m)
	}
	return m.registry
}

// SetCompileConfig gives the model the compile state that a file has; r has the losses and metrics that it may name.
func (m *Model) SetCompileConfig(config *pyjson.Object, r *layer.Registry) {
	m.compile, m.registry = config, r
}

// Operations returns the layers and the keras.ops nodes in the order of the file.
func (m *Model) Operations() []layer.Layer { return m.layers }

// Layer returns the layer of the given name, nil if there is none. Layers of a model inside are found by a path such as
// "encoder/dense_1".
func (m *Model) Layer(name string) layer.Layer {
	if l := m.find(name); l != nil {
		return l
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

// Call implements layer.Layer: a model inside a model.
func (m *Model) Call(c *layer.Call) any {
	if m.sequential {
		x := c.First()
		for i, l := range m.layers {
			if in, ok := l.(*layer.InputLayer); ok {
				if v, ok := x.(*graph.Value); ok {
					x = m.adapt(c, in, v)
				}
				continue
			}
			x = c.RunKw(l, []any{x}, c.InModel(l, nil))
			c.Note(modelCall{m, callID{i, 0}}, x)
		}
		return x
	}
	given := m.match(c, c.First())
	i := 0
	tree.Walk(m.inputs, func(leaf any) {
		if r, ok := leaf.(*ref); ok && given[i] != nil {
			given[i] = m.adapt(c, m.layers[r.layer].(*layer.InputLayer), given[i])
		}
		i++
	})
	return m.run(c, given)
}

// match brings the argument of a call into the flat order of the model's inputs: by key where the model takes a dict,
// else by position.
func (m *Model) match(c *layer.Call, v any) []*graph.Value {
	want := tree.Len(m.inputs)
	if dict, ok := v.(map[string]any); ok {
		if _, isDict := m.inputs.(map[string]any); !isDict { // by the names of the inputs
			out := make([]*graph.Value, 0, want)
			tree.Walk(m.inputs, func(leaf any) {
				x, _ := dict[m.layers[leaf.(*ref).layer].Name()].(*graph.Value)
				out = append(out, x)
			})
			return out
		}
		out := make([]*graph.Value, 0, want)
		spec := m.inputs.(map[string]any)
		for _, k := range tree.Keys(spec) {
			part := tree.Values(dict[k])
			if len(part) != tree.Len(spec[k]) {
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
	tree.Walk(v, func(leaf any) {
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
	in, ok := m.layers[r.layer].(*layer.InputLayer)
	return ok && in.Optional
}

// adapt brings a value to the type and rank of an input, as Functional does.
func (m *Model) adapt(c *layer.Call, in *layer.InputLayer, x *graph.Value) *graph.Value {
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
			c.Fail("the input %q has shape %s; it must be %s", in.Name(), tensor.FormatShape(x.Shape), tensor.FormatShape(in.BatchShape))
		}
		for i, d := range in.BatchShape {
			if d >= 0 && i > 0 && !graph.Fits(d, x.Shape[i]) {
				c.Fail("the input %q has shape %s; it must be %s", in.Name(), tensor.FormatShape(x.Shape), tensor.FormatShape(in.BatchShape))
			}
		}
	}
	return x.WithMask(mask)
}

// inputLayers returns the model's inputs in flat order; for an unbuilt Sequential there may be none.
func (m *Model) inputLayers() []*layer.InputLayer {
	var out []*layer.InputLayer
	if m.sequential {
		if len(m.layers) > 0 {
			switch first := m.layers[0].(type) {
			case *layer.InputLayer:
				return []*layer.InputLayer{first}
			case *Model:
				if ins := first.inputLayers(); ins != nil {
					return ins
				}
			}
		}
		if m.inputShape != nil {
			in := &layer.InputLayer{BatchShape: append([]int{-1}, m.inputShape[min(1, len(m.inputShape)):]...), DType: tensor.Float32}
			layer.SetName(in, "input")
			return []*layer.InputLayer{in}
		}
		if in := m.given.Load(); in != nil {
			return []*layer.InputLayer{in}
		}
		return nil
	}
	tree.Walk(m.inputs, func(leaf any) {
		if r, ok := leaf.(*ref); ok {
			if in, ok := m.layers[r.layer].(*layer.InputLayer); ok {
				out = append(out, in)
			}
		}
	})
	return out
}

// Inputs describes what the model takes, in the order of Predict's arguments. For a Sequential that was built by its first call it
// is what that was given.
func (m *Model) Inputs() []Spec {
	if in := m.given.Load(); in != nil && m.inputSpecs == nil {
		return []Spec{{in.Name(), in.BatchShape, in.DType}}
	}
	return m.inputSpecs
}

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
		for _, k := range tree.Keys(dict) {
			if _, leaf := dict[k].(*ref); leaf {
				names = append(names, k)
				continue
			}
			tree.Walk(dict[k], func(l any) { names = append(names, fmt.Sprintf("%s_%d", k, len(names))) })
		}
	} else {
		tree.Walk(m.outputs, func(leaf any) {
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
