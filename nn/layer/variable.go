package layer

import (
	"fmt"
	"slices"
	"sync"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// Variable is a tensor of a layer that a model saves: a weight, a moving average, a quantization scale.
type Variable struct {
	Name        string // as the layer calls it, such as "kernel"
	Path        string // as model.Layer("...") would find it, such as "dense_1/kernel"
	Shape       []int
	DType       tensor.DType
	Trainable   bool // freezing a layer does not change it
	Initializer Initializer
	Regularizer *Object // what training adds to the loss for it; nil for nothing
	Constraint  *Object // what training applies to it after each step; nil for nothing
	// FileKey replaces the number under which the variable stands in a weights file, where Keras gives it a name.
	FileKey string

	notSaved      bool
	createdFrozen bool // not trainable from the start: behind the others in a weights file

	param *graph.Param // made when the first graph reads the variable

	mu    sync.Mutex
	value tensor.Any
}

// NewVariable returns a variable that holds t, which belongs to no layer.
func NewVariable(name, path string, t tensor.Any) *Variable {
	return &Variable{Name: name, Path: path, Shape: t.Shape(), DType: t.DType(), value: t}
}

// Untracked reports whether Keras 3 does not list the variable among its layer's weights: the weights of tf_idf, which lookups keep
// to themselves. It counts them nowhere and saves them under their name alone.
func (v *Variable) Untracked() bool { return v.FileKey != "" }

// Value returns the variable's elements, made by its initializer if it has none yet. They must not be changed in place;
// Assign replaces them.
func (v *Variable) Value() (tensor.Any, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.value == nil {
		if v.Initializer == nil {
			return nil, fmt.Errorf("variable %s has no value: the model's weights were not loaded", v.Path)
		}
		t, err := v.Initializer.Make(v.Shape, v.DType)
		if err != nil {
			return nil, fmt.Errorf("variable %s: %w", v.Path, err)
		}
		v.value = t
	}
	return v.value, nil
}

// HasValue reports whether the variable holds elements, without making any.
func (v *Variable) HasValue() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.value != nil
}

// Tensor returns the elements as float32, converted if they are of another type.
func (v *Variable) Tensor() (*tensor.Tensor, error) {
	t, err := v.Value()
	if err != nil {
		return nil, err
	}
	return tensor.ToFloat32(t)
}

// Assign gives the variable the elements of t, which it takes over. Shape and dtype must be the variable's. Predictions
// that are under way may still use the old ones.
func (v *Variable) Assign(t tensor.Any) error {
	if isNothing(t) {
		return fmt.Errorf("variable %s: a tensor of shape %s is expected, not nil", v.Path, tensor.FormatShape(v.Shape))
	}
	if !slices.Equal(t.Shape(), v.Shape) {
		return fmt.Errorf("variable %s has shape %s, not %s", v.Path, tensor.FormatShape(v.Shape), tensor.FormatShape(t.Shape()))
	}
	if t.DType() != v.DType {
		return fmt.Errorf("variable %s is %s, not %s", v.Path, v.DType, t.DType())
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.value = t
	if v.param != nil {
		v.param.Changed()
	}
	return nil
}

// Clear makes the variable's elements zeros, which take no memory until they are asked for.
func (v *Variable) Clear() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.value, v.Initializer = nil, zeros{}
	if v.param != nil {
		v.param.Changed()
	}
}

// Size returns the number of elements.
//
//go:noinline
func (v *Variable) Size() int {
	n, _ := tensor.SizeOf(v.Shape) // checked when the variable was made
	return n
}

// Param returns the variable as a parameter of graphs.
func (v *Variable) Param() *graph.Param {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.param == nil {
		v.param = graph.NewParam(v.Path, v.DType, v.Shape, v.load, v.store)
	}
	return v.param
}

// load returns the present elements.
func (v *Variable) load() (graph.Buf, error) {
	t, err := v.Value()
	if err != nil {
		return graph.Buf{}, err
	}
	return graph.BufOf(t), nil
}

// store takes over what a run made of the variable.
func (v *Variable) store(buf graph.Buf) error {
	t := tensor.NewAny(v.DType, v.Shape...)
	buf.CopyTo(t)
	return v.Assign(t)
}

// zeros is the initializer of variables that are cleared.
type zeros struct{}

func (zeros) Make(shape []int, d tensor.DType) (tensor.Any, error) {
	return tensor.NewAny(d, shape...), nil
}

// Initializer makes the first elements of a variable (keras.initializers).
type Initializer interface {
	// Make returns new elements of the given shape and type.
	Make(shape []int, d tensor.DType) (tensor.Any, error)
}
