package graph

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/hornml/horn/internal/digest"
	"github.com/hornml/horn/tensor"
)

// Graph is a list of nodes in an order in which they can be computed, with its inputs and outputs.
type Graph struct {
	Nodes   []*Node
	Inputs  []*Value
	Outputs []*Value
	Updates []Update // what parameters become when a run ends
}

// Builder writes nodes into a graph. A misuse ends in a panic with *Error, which the tracer turns into an error: shape
// rules and layers stay free of error plumbing.
type Builder struct {
	Graph    *Graph
	Label    string // written on each new node
	Unknowns bool   // lengths may be unknown: the graph only tells shapes and will not be run
	// Budget bounds what is written; builders of loops share that of the graph around them.
	Budget *Budget
}

// NewBuilder returns a builder of an empty graph, with the usual budget.
func NewBuilder() *Builder { return &Builder{Graph: new(Graph), Budget: NewBudget(0)} }

// Fail ends the tracing with an error.
//
//go:noinline
func (b *Builder) Fail(format string, args ...any) {
	panic(&Error{Msg: fmt.Sprintf(format, args...)})
}

// Emit appends a node of op and returns its outputs.
func (b *Builder) Emit(op Op, in ...*Value) []*Value {
	for i, v := range in {
		if v == nil {
			b.Fail("%s: input %d is missing", op.Name(), i)
		}
	}
	n := newNode(op, b.Label, b.Unknowns, in)
	b.Budget.nodes(max(len(n.Out), 1))
	n.ID = len(b.Graph.Nodes)
	b.Graph.Nodes = append(b.Graph.Nodes, n)
	return n.Out
}

// NewNode makes a node that is not yet part of a graph, with its outputs. It panics with *Error where the inputs do not fit, or
// an output has an unknown length.
//
//go:noinline
func NewNode(op Op, label string, in ...*Value) *Node { return newNode(op, label, false, in) }

func newNode(op Op, label string, unknowns bool, in []*Value) *Node {
	n := &Node{Op: op, In: in, Label: label}
	op.Infer(n)
	if !unknowns {
		for _, v := range n.Out {
			if !AllKnown(v.Shape...) {
				panic(&Error{Msg: fmt.Sprintf("%s: a result of impossible shape %s", op.Name(), tensor.FormatShape(v.Shape))})
			}
		}
	}
	return n
}

// Emit1 is Emit for ops of one output.
//
//go:noinline
func (b *Builder) Emit1(op Op, in ...*Value) *Value { return b.Emit(op, in...)[0] }

// Input is a value that each run is given.
type Input struct {
	DType tensor.DType
	Shape []int
}

// Name implements Op.
func (Input) Name() string { return "input" }

// Infer implements Op.
func (op Input) Infer(n *Node) { n.SetOut(op.DType, op.Shape...) }

// Eval implements Op: an input has its value from elsewhere.
func (Input) Eval(*Node, []Buf, []Buf) error { return errOutside }

// Impure implements the face of that name.
func (Input) Impure() {}

var errOutside = errors.New("the value comes from outside of the graph")

// Const is a value whose elements are known when the graph is compiled.
type Const struct {
	Source Source
	DType  tensor.DType
	Shape  []int
}

// Name implements Op.
func (Const) Name() string { return "const" }

// Infer implements Op.
func (op Const) Infer(n *Node) { n.SetOut(op.DType, op.Shape...) }

// Eval implements Op.
func (op Const) Eval(_ *Node, _, out []Buf) error {
	buf, err := op.Source.Buf()
	if err != nil {
		return err
	}
	out[0].Copy(buf)
	return nil
}

// SourceOf returns where the elements of a constant come from, nil for other values.
func SourceOf(v *Value) Source {
	if c, ok := v.Node.Op.(Const); ok {
		return c.Source
	}
	return nil
}

// Input appends a value that each run is given.
func (b *Builder) Input(d tensor.DType, shape ...int) *Value {
	v := b.Emit1(Input{d, shape})
	b.Graph.Inputs = append(b.Graph.Inputs, v)
	return v
}

// Constant returns a value whose elements come from src when the graph is compiled.
func (b *Builder) Constant(src Source, d tensor.DType, shape ...int) *Value {
	b.Reserve(d, shape...)
	return b.Emit1(Const{src, d, shape})
}

// memory is a Source over elements that a layer worked out; its key is their hash, or, for long ones, their address.
type memory struct {
	buf Buf
	key string
}

func (m *memory) Key() string       { return m.key }
func (m *memory) Buf() (Buf, error) { return m.buf, nil }

// Const returns a constant of t's elements.
func (b *Builder) Const(t tensor.Any) *Value {
	return b.ConstBuf(BufOf(t), t.DType(), t.Shape()...)
}

// ConstBuf returns a constant over storage that nobody changes any more.
func (b *Builder) ConstBuf(buf Buf, d tensor.DType, shape ...int) *Value {
	buf.Finish(d)
	return b.Constant(&memory{buf: buf, key: hashBuf(buf, d)}, d, shape...)
}

func hashBuf(buf Buf, d tensor.DType) string {
	var h digest.Hash
	var word [8]byte
	put := func(v uint64) {
		binary.LittleEndian.PutUint64(word[:], v)
		_, _ = h.Write(word[:])
	}
	put(uint64(d))
	for _, v := range buf.F {
		put(uint64(math.Float32bits(v)))
	}
	for _, v := range buf.D {
		put(math.Float64bits(v))
	}
	for _, v := range buf.I {
		put(uint64(v))
	}
	for _, v := range buf.B {
		if v {
			put(1)
		} else {
			put(0)
		}
	}
	for _, v := range buf.S {
		put(uint64(len(v)))
		_, _ = h.Write([]byte(v))
	}
	sum := h.Sum()
	return "m" + string(sum[:])
}

// Scalar returns a rank-0 constant of dtype d.
func (b *Builder) Scalar(d tensor.DType, v float64) *Value {
	buf := NewBuf(d, 1)
	switch ClassOf(d) {
	case ClassF:
		buf.F[0] = float32(v)
	case ClassD:
		buf.D[0] = v
	case ClassB:
		buf.B[0] = v != 0
	case ClassI:
		buf.I[0] = int64(v)
	default:
		b.Fail("a number cannot be a string")
	}
	return b.ConstBuf(buf, d)
}

// Int returns a rank-0 constant of an integer dtype, exact for every int64.
//
//go:noinline
func (b *Builder) Int(d tensor.DType, v int64) *Value { return b.ConstBuf(Buf{I: []int64{v}}, d) }

// Floats returns a vector constant of dtype d (float32 or another float type).
func (b *Builder) Floats(d tensor.DType, values ...float64) *Value {
	buf := NewBuf(d, len(values))
	for i, v := range values {
		if ClassOf(d) == ClassD {
			buf.D[i] = v
		} else {
			buf.F[i] = float32(v)
		}
	}
	return b.ConstBuf(buf, d, len(values))
}

// Ints returns a vector constant of an integer dtype.
func (b *Builder) Ints(d tensor.DType, values ...int) *Value {
	buf := NewBuf(d, len(values))
	for i, v := range values {
		buf.I[i] = int64(v)
	}
	return b.ConstBuf(buf, d, len(values))
}

// Full returns a value of the given shape that is v everywhere.
func (b *Builder) Full(d tensor.DType, v float64, shape ...int) *Value {
	return b.BroadcastTo(b.Scalar(d, v), shape...)
}
