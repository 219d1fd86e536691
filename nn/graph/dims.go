package graph

import (
	"errors"
	"fmt"
	"math"
	"math/bits"

	"github.com/hornml/horn/tensor"
)

// Unknown is the length of an axis that nothing fixes while a model is built: that of the batch, mostly, or of a sequence.
// Every negative length means the same; [Node.SetOut] writes this one. It is far from 0, so that the sums, differences and
// quotients that layers make of lengths stay negative without a thought (and its square, by its two bits, does too). Products
// need one: see [Times].
//
// A graph with unknown lengths tells shapes and is never run: settings of its ops may hold unknown lengths too.
const Unknown = -((1<<24 | 1<<6) << (16 * (bits.UintSize / 64)))

// Known reports whether a length is a number.
func Known(d int) bool { return d >= 0 }

// Negative reports whether a length is a negative number that no unknown length led to: a mistake.
func Negative(d int) bool { return d < 0 && d > Unknown>>16 }

// AllKnown reports whether all lengths are numbers.
func AllKnown(dims ...int) bool {
	for _, d := range dims {
		if d < 0 {
			return false
		}
	}
	return true
}

// TooLong stands for a length that no int holds: what [Plus], [Times] and the functions that use them give where a sum or a
// product does not fit. No value can have it, see [Node.SetOut].
const TooLong = math.MaxInt

// Plus adds two lengths; it is TooLong where the sum does not fit an int.
func Plus(a, b int) int {
	if a < 0 || b < 0 {
		return Unknown
	}
	if a > TooLong-b {
		return TooLong
	}
	return a + b
}

// Times multiplies two lengths; 0 times anything is 0. It is TooLong where the product does not fit an int.
//
//go:noinline
func Times(a, b int) int {
	if a == 0 || b == 0 {
		return 0
	}
	if a < 0 || b < 0 {
		return Unknown
	}
	if hi, lo := bits.Mul(uint(a), uint(b)); hi == 0 && lo <= TooLong {
		return int(lo)
	}
	return TooLong
}

// Product multiplies lengths; see [Times].
//
//go:noinline
func Product(dims []int) int {
	p := 1
	for _, d := range dims {
		p = Times(p, d)
	}
	return p
}

// CeilDiv is a length divided by a positive number, rounded up.
func CeilDiv(a, b int) int {
	switch {
	case a < 0:
		return Unknown
	case a == 0:
		return 0
	}
	return (a-1)/b + 1
}

// Share is where part k of n equal parts of a length begins: k*length/n, rounded down. k is n at most.
func Share(k, n, length int) int {
	hi, lo := bits.Mul64(uint64(k), uint64(length))
	quotient, _ := bits.Div64(hi, lo, uint64(n))
	return int(quotient)
}

// ShareEnd is where part k of n equal parts of a length ends, at least: (k+1)*length/n, rounded up.
func ShareEnd(k, n, length int) int { return length - Share(n-1-k, n, length) }

// AtLeast is a length that is no less than least: what max is for numbers, which would make a number of an unknown length.
func AtLeast(d, least int) int {
	if d < 0 {
		return Unknown
	}
	return max(d, least)
}

// Fits reports whether two lengths may be equal: they are, or one is unknown.
//
//go:noinline
func Fits(a, b int) bool { return a == b || a < 0 || b < 0 }

// FitShapes reports whether two shapes may be equal.
//
//go:noinline
func FitShapes(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !Fits(a[i], b[i]) {
			return false
		}
	}
	return true
}

// Meet returns what is known of two lengths that are the same.
func Meet(a, b int) int {
	if a < 0 {
		return b
	}
	return a
}

// sizeOf is tensor.SizeOf for shapes with unknown lengths: the size is Unknown then, unless another length is 0. ok is false
// where the known lengths alone make too many elements.
func sizeOf(shape []int) (size int, ok bool) {
	known := make([]int, 0, MaxRank)
	for _, d := range shape {
		if d >= 0 {
			known = append(known, d)
		}
	}
	size, ok = tensor.SizeOf(known)
	if len(known) < len(shape) && size > 0 {
		return Unknown, ok && size <= maxElements
	}
	return size, ok && size <= maxElements
}

// dim writes a length for messages, as Python would.
//
//go:noinline
func dim(d int) string {
	if d < 0 {
		return "None"
	}
	return fmt.Sprint(d)
}

// Opaque stands, in a graph with unknown lengths, for a result whose making depends on them: only its type and shape are
// told.
type Opaque struct {
	DType tensor.DType
	Shape []int
}

// Name implements Op.
func (Opaque) Name() string { return "opaque" }

// Infer implements Op.
func (op Opaque) Infer(n *Node) { n.SetOut(op.DType, op.Shape...) }

// Eval implements Op.
func (Opaque) Eval(*Node, []Buf, []Buf) error {
	return errNoRun
}

var errNoRun = errors.New("the graph was made for unknown lengths; it cannot be run")

// Opaque returns a value of the given type and shape that is somehow made of others; see [Opaque].
//
//go:noinline
func (b *Builder) Opaque(d tensor.DType, shape []int, from ...*Value) *Value {
	return b.Emit1(Opaque{d, shape}, from...)
}

// Iota returns the vector 0, 1, ... of n elements of an integer type; n may be unknown.
//
//go:noinline
func (b *Builder) Iota(d tensor.DType, n int) *Value {
	return b.Table(d, []int{n}, func(buf Buf) {
		for i := range buf.I {
			buf.I[i] = int64(i)
		}
	})
}
