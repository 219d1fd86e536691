package layer

import (
	"slices"
	"strings"
	"sync"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// Layer is one layer of a model (keras.layers.Layer), a model inside a model, or a keras.ops node. A type becomes one by
// embedding [Base] and having a Config and a Call method; see docs/adding-a-layer.md.
type Layer interface {
	// Config visits the constructor's arguments, to read them from a file or to write them.
	Config(c *Config)
	// Call writes the layer's ops into the graph and returns its output: a *graph.Value, or []any and map[string]any of
	// them. It calls c.Fail where the arguments do not fit.
	Call(c *Call) any

	// What follows is what embedding a Base gives.

	// Name is the layer's name in its model.
	Name() string
	// Class says which class of Keras the layer is of.
	Class() Class
	// Policy returns the dtype policy.
	Policy() Policy
	// Trainable reports whether training changes the layer's trainable variables.
	Trainable() bool
	// SetTrainable freezes (false) or unfreezes the layer and all layers inside it.
	SetTrainable(trainable bool)
	// On calls the layer on tensors of a model that is being built; see [Base.On].
	On(args ...any) *KerasTensor
	// OnKw is On with keyword arguments.
	OnKw(args []any, kwargs Args) []*KerasTensor
	// Variables returns the layer's variables and those of the layers inside it, in the order of creation.
	Variables() []*Variable
	// Variable returns the variable of the given name, such as "kernel" or, inside another layer, "cell/kernel"; nil if
	// there is none.
	Variable(name string) *Variable
	base() *Base
}

// Optional methods of a layer.
type (
	// Builder makes the layer's variables when it is called for the first time; c has the arguments of that call.
	Builder interface{ Build(c *Call) }
	// Masker says which mask the outputs have (Layer.compute_mask); previous is the mask of the first argument, nil or of
	// its structure. Only for layers whose Base.SupportsMasking is set.
	Masker interface {
		ComputeMask(c *Call, previous any) any
	}
	// Container names the layers inside a layer as its attributes in Python, which gives the paths in a weights file.
	Container interface{ Children() []Child }
)

// Child is an attribute of a layer that holds a layer or a list of layers.
type Child struct {
	Attr  string // the name in Python, such as "forward_layer" or "_query_dense"
	Layer Layer
	List  []Layer // instead of Layer
}

// Base is what all layers have in common; a layer's struct embeds it.
type Base struct {
	// SupportsMasking lets the mask of the input travel on to the output (Layer.supports_masking).
	SupportsMasking bool
	// NoAutocast leaves the type of float inputs alone (Layer.autocast=False).
	NoAutocast bool
	// ActivityRegularizer adds to the loss by the layer's output; any layer of Keras may have one.
	ActivityRegularizer *Object

	name      string
	trainable bool
	policy    Policy
	class     Class
	make      func() Layer   // makes another one of the class; nil for a layer of the caller's own made in Go
	record    *pyjson.Object // as the file has it; nil for a layer made in Go
	decoder   *Decoder       // that read it
	variables []*Variable
	self      Layer
	built     bool
	network   Network    // nil for a layer that is none
	rewriting *sync.Once // of its calls in the record, when that is asked for; nil if they are as they should be
	order     uint64     // of construction, for layers made in Go
	automatic bool       // the name was not given
	models    int        // how many models made in Go hold the layer
	holders   int        // how many models and layers made in Go hold it, or how often one does
	input     []int      // of its argument "input_shape" or "input_dim", without the batch; nil for none
	// Output shapes of the calls that the symbolic trace saw; -1 for unknown dimensions.
	outputShapes []any
	outputTypes  [][]tensor.DType // of the same calls, flat
	inputShapes  []any
}

//go:noinline
func (b *Base) base() *Base { return b }

// Name returns the layer's name in its model.
//
//go:noinline
func (b *Base) Name() string { return b.name }

// SetName changes a layer's name; only for one that no model holds yet.
func SetName(l Layer, name string) {
	b := l.base()
	b.name, b.automatic = name, false
}

// Trainable reports whether training changes the layer's trainable variables.
//
//go:noinline
func (b *Base) Trainable() bool { return b.trainable }

// SetTrainable freezes (false) or unfreezes the layer and all layers inside it.
func (b *Base) SetTrainable(t bool) {
	b.trainable = t
	if b.self != nil {
		Each(b.self, func(l Layer) { l.base().trainable = t })
	}
}

// Policy returns the layer's dtype policy.
//
//go:noinline
func (b *Base) Policy() Policy { return b.policy }

// SetPolicy changes the dtype policy; only before the layer is built.
//
//go:noinline
func (b *Base) SetPolicy(p Policy) { b.policy = p }

// ComputeDType is the type in which the layer computes.
//
//go:noinline
func (b *Base) ComputeDType() tensor.DType { return b.policy.Compute }

// Class says which class of Keras the layer is of.
//
//go:noinline
func (b *Base) Class() Class { return b.class }

// FileRecord returns the serialized object from which a layer was read, nil for a layer made in Go. The caller must not
// change it. Record gives the layer as it is now.
func FileRecord(l interface{ base() *Base }) *pyjson.Object { return l.base().record }

// IsBuilt reports whether a layer's variables exist.
func IsBuilt(l Layer) bool { return l.base().built }

// OwnVariables returns a layer's variables without those of the layers inside it, in Keras's order: those created
// trainable first, whatever was frozen since.
func OwnVariables(l Layer) []*Variable { return l.base().own() }

func (b *Base) own() []*Variable {
	var first, last []*Variable
	for _, v := range b.variables {
		if v.createdFrozen {
			last = append(last, v)
		} else {
			first = append(first, v)
		}
	}
	return append(first, last...)
}

// Variables returns the layer's variables and those of the layers inside it.
func (b *Base) Variables() []*Variable {
	out := slices.Clone(b.own())
	if b.self != nil {
		for _, l := range Sublayers(b.self) {
			for _, v := range l.Variables() {
				if !slices.Contains(out, v) {
					out = append(out, v)
				}
			}
		}
	}
	return out
}

// Variable returns the variable of the given name, nil if there is none. Variables of a layer inside have that layer's
// attribute or name before them, as in "cell/kernel".
func (b *Base) Variable(name string) *Variable {
	for _, v := range b.variables {
		if v.Name == name {
			return v
		}
	}
	first, rest, ok := strings.Cut(name, "/")
	if !ok || b.self == nil {
		return nil
	}
	if c, ok := b.self.(Container); ok {
		for _, child := range c.Children() {
			if child.Layer != nil && (child.Attr == first || child.Layer.Name() == first) {
				if v := child.Layer.Variable(rest); v != nil {
					return v
				}
			}
			for _, l := range child.List {
				if l.Name() == first {
					if v := l.Variable(rest); v != nil {
						return v
					}
				}
			}
		}
	}
	return nil
}

// OutputShapes returns the shape of a layer's output in each call of the model, as []int with -1 for unknown dimensions
// or, for several outputs, []any and map[string]any of such.
func OutputShapes(l Layer) []any { return l.base().outputShapes }

// Sublayers returns the layers directly inside a layer, in the order of their creation.
func Sublayers(l Layer) []Layer {
	c, ok := l.(Container)
	if !ok {
		return nil
	}
	var out []Layer
	for _, child := range c.Children() {
		if child.Layer != nil {
			out = append(out, child.Layer)
		}
		out = append(out, child.List...)
	}
	return out
}

// AddWeight makes a variable while a layer is built (Layer.add_weight). Its type is that of the layer's policy unless an
// option says otherwise.
func (c *Call) AddWeight(name string, init Initializer, shape []int, options ...WeightOption) *Variable {
	if axis := slices.IndexFunc(shape, func(d int) bool { return d < 0 && !graph.Negative(d) }); axis >= 0 {
		c.Fail("the variable %q would have the shape %s: the length of the input's axis that gives its axis %d must be known", name,
			tensor.FormatShape(shape), axis)
	}
	if _, ok := tensor.SizeOf(shape); !ok {
		c.Fail("the variable %q would have the impossible shape %s", name, tensor.FormatShape(shape))
	}
	b := c.layer.base()
	v := &Variable{Name: name, Path: c.path + "/" + name, Shape: slices.Clone(shape), DType: b.policy.Variable, Trainable: true,
		Initializer: init}
	for _, o := range options {
		o(v)
	}
	if v.notSaved { // nothing but a number in the config says that it is so large
		c.Reserve(v.DType, v.Shape...)
	}
	v.createdFrozen = !v.Trainable
	b.variables = append(b.variables, v)
	return v
}

// WeightOption changes a variable that AddWeight makes.
type WeightOption func(*Variable)

// NotTrainable marks a variable that training leaves to the layer itself, such as a moving average.
func NotTrainable(v *Variable) { v.Trainable = false }

// OfType gives a variable another type than the policy's.
func OfType(d tensor.DType) WeightOption { return func(v *Variable) { v.DType = d } }

// ShareWeight lists a variable of a layer inside the layer being built as its own too, as Keras does for one that is
// assigned to an attribute of the outer layer.
func (c *Call) ShareWeight(v *Variable) {
	b := c.layer.base()
	b.variables = append(b.variables, v)
}

// NotSaved marks a variable that a weights file does not have, such as the factors of LoRA, which are merged into the
// kernel when a model is saved.
func NotSaved(v *Variable) { v.notSaved = true }

// Var returns a variable as a value of the graph, in the layer's compute type if both are floating-point types.
func (c *Call) Var(v *Variable) *graph.Value {
	x := c.Raw(v)
	b := c.layer.base()
	if v.DType.IsFloat() && b.policy.Compute.IsFloat() && !b.NoAutocast {
		return c.Cast(x, b.policy.Compute)
	}
	return x
}

// Raw returns a variable as a value of the graph, in its own type. A variable that has no value yet gets one when the graph is
// compiled, and takes that from the budget.
func (c *Call) Raw(v *Variable) *graph.Value {
	if !c.trace.Symbolic && !v.HasValue() {
		c.trace.unmade(v)
	}
	return c.Param(v.Param())
}

// AssetLoader is a layer that keeps a part of its state in files of its own: a vocabulary.
type AssetLoader interface {
	// LoadAssets reads the layer's files through open, which returns fs.ErrNotExist for one that is not there. It is
	// called before the layer is built.
	LoadAssets(open func(name string) ([]byte, error)) error
}

// Each calls f for a layer and all layers inside it, each once.
func Each(l Layer, f func(Layer)) {
	seen := map[Layer]bool{}
	var visit func(l Layer)
	visit = func(l Layer) {
		if seen[l] {
			return
		}
		seen[l] = true
		f(l)
		if n := l.base().network; n != nil {
			for _, inner := range n.Operations() {
				visit(inner)
			}
		}
		for _, inner := range Sublayers(l) {
			visit(inner)
		}
	}
	visit(l)
}

// SavedVariable is a variable as a weights file has it.
type SavedVariable struct {
	Key   string // "0", "1", ... or a name
	Shape []int
	DType tensor.DType
}

// SavedReader is a layer whose own variables depend on what the file has for it: quantized kernels that older versions
// packed in another way, statistics that only an adapted layer has. ReadSaved is called before the layer is built, with
// the variables in the order of their keys; a layer without any in the file is called with none.
type SavedReader interface {
	ReadSaved(saved []SavedVariable)
}

// VariableSaver is a layer whose own variables stand in a weights file in another order than that of OwnVariables, or do
// not all stand there.
type VariableSaver interface{ SavedVariables() []*Variable }

// ValueSaver is a layer that writes other values than those of its variables: kernels into which LoRA is merged.
type ValueSaver interface {
	// SavedValue returns what is written for one of SavedVariables.
	SavedValue(v *Variable) (tensor.Any, error)
}

// SavedVariables returns a layer's variables, without those of the layers inside it, as a weights file has them: in the order
// of OwnVariables, if the layer has no other.
func SavedVariables(l Layer) []*Variable {
	if s, ok := l.(VariableSaver); ok {
		if list := s.SavedVariables(); list != nil {
			return list
		}
	}
	return slices.DeleteFunc(l.base().own(), func(v *Variable) bool { return v.notSaved })
}

// AssetSaver is a layer that keeps a part of its state in files of its own: the counterpart of AssetLoader.
type AssetSaver interface {
	// SaveAssets hands the layer's files to write, as LoadAssets will ask for them.
	SaveAssets(write func(name string, data []byte) error) error
}
