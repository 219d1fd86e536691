package graph

import (
	"fmt"
	"math"

	"github.com/hornml/horn/tensor"
)

// MaxRank is the largest number of axes of a value.
const MaxRank = 16

// Class says in which field of a [Buf] values of a dtype are stored.
type Class uint8

// The storage classes. float16 and bfloat16 values are stored as float32 that the type can hold; every integer type is
// stored as int64, wrapped to its range.
const (
	ClassF Class = iota // float32, float16, bfloat16
	ClassD              // float64
	ClassI              // integers
	ClassB              // bool
	ClassS              // string
	NumClasses
)

// ClassOf returns the storage class of a dtype.
//
//go:noinline
func ClassOf(d tensor.DType) Class {
	switch {
	case d == tensor.Float64:
		return ClassD
	case d.IsFloat():
		return ClassF
	case d == tensor.Bool:
		return ClassB
	case d == tensor.String:
		return ClassS
	}
	return ClassI
}

// Buf is the storage of one value in C order; just the field of its dtype's class is set.
type Buf struct {
	F []float32
	D []float64
	I []int64
	B []bool
	S []string
}

// NewBuf returns zeroed storage for n elements of dtype d.
//
//go:noinline
func NewBuf(d tensor.DType, n int) Buf {
	switch ClassOf(d) {
	case ClassF:
		return Buf{F: make([]float32, n)}
	case ClassD:
		return Buf{D: make([]float64, n)}
	case ClassB:
		return Buf{B: make([]bool, n)}
	case ClassS:
		return Buf{S: make([]string, n)}
	}
	return Buf{I: make([]int64, n)}
}

// BufOf returns the storage form of t: its own memory where the forms agree and t is contiguous, else a converted copy.
func BufOf(t tensor.Any) Buf {
	switch t := t.(type) {
	case *tensor.Of[float32]:
		return Buf{F: t.Data()}
	case *tensor.Of[float64]:
		return Buf{D: t.Data()}
	case *tensor.Of[int64]:
		return Buf{I: t.Data()}
	case *tensor.Of[bool]:
		return Buf{B: t.Data()}
	case *tensor.Of[string]:
		return Buf{S: t.Data()}
	}
	b := NewBuf(t.DType(), t.Len())
	b.SetFrom(t)
	return b
}

// SetFrom copies the elements of t, whose dtype must be of b's class, into b.
func (b Buf) SetFrom(t tensor.Any) {
	switch x := t.(type) {
	case *tensor.Of[bool]:
		copy(b.B, x.Data())
	case *tensor.Of[string]:
		copy(b.S, x.Data())
	default: // numbers: nothing fails
		switch ClassOf(t.DType()) {
		case ClassF:
			_ = t.Float32s(b.F)
		case ClassD:
			_ = t.Float64s(b.D)
		default:
			_ = t.Int64s(b.I)
		}
	}
}

// CopyTo copies b's elements into t, whose dtype must be of b's class; t must be contiguous.
func (b Buf) CopyTo(t tensor.Any) {
	switch x := t.(type) {
	case *tensor.Of[bool]:
		copy(x.Data(), b.B)
	case *tensor.Of[string]:
		copy(x.Data(), b.S)
	default: // numbers: nothing fails
		switch ClassOf(t.DType()) {
		case ClassF:
			_ = t.SetFloat32s(b.F)
		case ClassD:
			_ = t.SetFloat64s(b.D)
		default:
			_ = t.SetInt64s(b.I)
		}
	}
}

// Class returns the class of the values that b holds.
func (b Buf) Class() Class {
	switch {
	case b.D != nil:
		return ClassD
	case b.I != nil:
		return ClassI
	case b.B != nil:
		return ClassB
	case b.S != nil:
		return ClassS
	}
	return ClassF
}

// Len returns the number of elements.
func (b Buf) Len() int { return max(len(b.F), len(b.D), len(b.I), len(b.B), len(b.S)) }

// Copy copies src into b; both have the same class and length.
func (b Buf) Copy(src Buf) {
	copy(b.F, src.F)
	copy(b.D, src.D)
	copy(b.I, src.I)
	copy(b.B, src.B)
	copy(b.S, src.S)
}

// Finish brings values that an op computed in its class's storage into the range of dtype d: it rounds 16-bit floats and
// wraps integers.
func (b Buf) Finish(d tensor.DType) {
	switch d {
	case tensor.Float16, tensor.BFloat16:
		RoundHalf(b.F, d)
	case tensor.Int8:
		wrap(b.I, func(v int64) int64 { return int64(int8(v)) })
	case tensor.Int16:
		wrap(b.I, func(v int64) int64 { return int64(int16(v)) })
	case tensor.Int32:
		wrap(b.I, func(v int64) int64 { return int64(int32(v)) })
	case tensor.Uint8:
		wrap(b.I, func(v int64) int64 { return int64(uint8(v)) })
	case tensor.Uint16:
		wrap(b.I, func(v int64) int64 { return int64(uint16(v)) })
	case tensor.Uint32:
		wrap(b.I, func(v int64) int64 { return int64(uint32(v)) })
	}
}

// RoundHalf rounds every element of x to the nearest value that d can hold, which is Float16 or BFloat16.
func RoundHalf(x []float32, d tensor.DType) {
	if d == tensor.BFloat16 {
		for i, v := range x {
			x[i] = tensor.BHalfFrom(v).Float32()
		}
		return
	}
	for i, v := range x {
		x[i] = tensor.HalfFrom(v).Float32()
	}
}

func wrap(x []int64, f func(int64) int64) {
	for i, v := range x {
		x[i] = f(v)
	}
}

// Value is one tensor of the graph: an output of a node. Its lengths are numbers, or [Unknown] in a graph that only tells
// shapes. A mask travels with it as in Keras (_keras_mask); it is nil where there is none.
type Value struct {
	Node  *Node
	Index int // which output of Node
	Shape []int
	DType tensor.DType
	Mask  *Value
}

// Rank returns the number of axes.
//
//go:noinline
func (v *Value) Rank() int { return len(v.Shape) }

// Size returns the number of elements, Unknown where a length is (and none is 0).
//
//go:noinline
func (v *Value) Size() int {
	n, _ := sizeOf(v.Shape) // checked when the value was made
	return n
}

// String describes the value in error messages.
func (v *Value) String() string { return fmt.Sprintf("%s%s", v.DType, tensor.FormatShape(v.Shape)) }

// WithMask returns v as another handle that carries mask (nil for none); both stand for the same output.
func (v *Value) WithMask(mask *Value) *Value {
	c := *v
	c.Mask = mask
	return &c
}

// Same reports whether two handles stand for the same output of the same node.
func (v *Value) Same(o *Value) bool { return o != nil && v.Node == o.Node && v.Index == o.Index }

// Node is one application of an op.
type Node struct {
	ID    int
	Op    Op
	In    []*Value
	Out   []*Value
	Label string // the layer that wrote the node, for profiles and errors
}

// SetOut declares the next output of a node; shape rules call it once for each.
func (n *Node) SetOut(d tensor.DType, shape ...int) {
	if len(shape) > MaxRank {
		panic(&Error{Msg: fmt.Sprintf("%s: a tensor of rank %d; at most %d axes are supported", n.Op.Name(), len(shape), MaxRank)})
	}
	if _, ok := sizeOf(shape); !ok {
		panic(&Error{Msg: fmt.Sprintf("%s: a result of impossible shape %s", n.Op.Name(), tensor.FormatShape(shape))})
	}
	shape = append([]int(nil), shape...)
	for i, d := range shape {
		if d < 0 {
			shape[i] = Unknown
		}
	}
	n.Out = append(n.Out, &Value{Node: n, Index: len(n.Out), Shape: shape, DType: d})
}

// maxElements bounds one value, so that sizes in bytes fit an int; a plan has a limit for the memory of all.
const maxElements = math.MaxInt / 16

// Source is where the elements of a constant come from: a variable of the model or a value that a layer worked out.
type Source interface {
	// Key identifies the elements: two sources of one key hold the same, so that work on them (packing) is shared.
	Key() string
	// Buf returns the elements in storage form; the caller must not change them.
	Buf() (Buf, error)
}

// Error is what goes wrong while a graph is built.
type Error struct {
	Where string // the layer, once it is known
	Msg   string
	Err   error // what kind of error it is, such as ErrTooLarge; nil mostly
}

func (e *Error) Error() string {
	if e.Where == "" {
		return e.Msg
	}
	return e.Where + ": " + e.Msg
}

// Unwrap gives the kind.
func (e *Error) Unwrap() error { return e.Err }
