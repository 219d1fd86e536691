package graph

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/hornml/horn/tensor"
)

// Budget bounds what the writing of one graph may take: numbers in a file are sizes of what is asked for, and nothing is made
// because of a number before the budget was asked.
type Budget struct {
	MaxValues int   // in the graph, the bodies of its loops included
	MaxBytes  int64 // of constants and tables

	values int
	bytes  int64
}

// DefaultMaxBytes is the memory that a graph may take where nobody says otherwise: 8 GiB, 1 GiB on 32-bit machines.
const DefaultMaxBytes = 1 << (30 + 3*(bits.UintSize/64))

// maxValues bounds models that unroll without end.
const maxValues = 1_000_000

// NewBudget returns a budget of the given memory; 0 stands for DefaultMaxBytes.
func NewBudget(maxBytes int64) *Budget {
	if maxBytes <= 0 {
		maxBytes = DefaultMaxBytes
	}
	return &Budget{MaxValues: maxValues, MaxBytes: maxBytes}
}

// ErrTooLarge is what errors of models that need more memory than they may have wrap.
var ErrTooLarge = errors.New("the model needs more memory for these inputs than the limit allows")

// FailTooLarge ends the tracing with an error that wraps ErrTooLarge.
func (b *Builder) FailTooLarge(format string, args ...any) {
	panic(&Error{Msg: fmt.Sprintf(format, args...), Err: ErrTooLarge})
}

// nodes takes n values from the budget.
func (b *Budget) nodes(n int) {
	if b == nil {
		return
	}
	if n > b.MaxValues-b.values {
		panic(&Error{Msg: fmt.Sprintf("the graph has more than %d values", b.MaxValues), Err: ErrTooLarge})
	}
	b.values += n
}

// Room fails unless the graph may have n more values: for what makes lists of them.
func (b *Builder) Room(n int) {
	if b.Budget != nil && n > b.Budget.MaxValues-b.Budget.values {
		b.FailTooLarge("the graph would have more than %d values", b.Budget.MaxValues)
	}
}

// Reserve takes the memory of an array from the budget, before it is made; it fails where that much is not left. Arrays of
// unknown lengths take nothing.
func (b *Builder) Reserve(d tensor.DType, shape ...int) {
	size, ok := sizeOf(shape)
	if !ok {
		b.FailTooLarge("an array %s%s is too large", d, tensor.FormatShape(shape))
	}
	if size <= 0 || b.Budget == nil {
		return
	}
	each := elementBytes(d)
	if int64(size) > (b.Budget.MaxBytes-b.Budget.bytes)/each {
		b.FailTooLarge("an array %s%s exceeds the memory limit of %d MiB", d, tensor.FormatShape(shape), b.Budget.MaxBytes>>20)
	}
	b.Budget.bytes += int64(size) * each
}

// Table returns a constant whose elements fill works out; they are made only in a graph that will be run, once the budget
// allows them. Lengths may be unknown.
func (b *Builder) Table(d tensor.DType, shape []int, fill func(buf Buf)) *Value {
	if !AllKnown(shape...) {
		return b.Opaque(d, shape)
	}
	b.Reserve(d, shape...)
	if b.Unknowns {
		return b.Emit1(Const{unmade{}, d, shape})
	}
	buf := NewBuf(d, product(shape))
	fill(buf)
	buf.Finish(d)
	return b.Emit1(Const{&memory{buf: buf, key: hashBuf(buf, d)}, d, shape})
}

// Places is a Table of int64, of numbers that fill works out one after the other: mostly indices.
func (b *Builder) Places(shape []int, fill func(at []int64)) *Value {
	return b.Table(tensor.Int64, shape, func(buf Buf) { fill(buf.I) })
}

// Weights is a Table of a float type, with elements that are worked out in float64.
func (b *Builder) Weights(d tensor.DType, shape []int, fill func(w []float64)) *Value {
	return b.Table(d, shape, func(buf Buf) {
		if buf.D != nil {
			fill(buf.D)
			return
		}
		w := make([]float64, len(buf.F))
		fill(w)
		for i, v := range w {
			buf.F[i] = float32(v)
		}
	})
}

// unmade is the source of tables in graphs that are never run.
type unmade struct{}

func (unmade) Key() string       { return "" }
func (unmade) Buf() (Buf, error) { return Buf{}, errNoRun }

// elementBytes is the memory of an element in storage form.
func elementBytes(d tensor.DType) int64 {
	switch ClassOf(d) {
	case ClassF:
		return 4
	case ClassB:
		return 1
	case ClassS:
		return 16
	}
	return 8
}
