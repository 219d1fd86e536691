package tensor

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
)

// SizeOf returns the number of elements of shape, 1 for a scalar. ok is false where a dimension is negative or the
// product does not fit an int, so that a shape that comes from a file can be checked before it is used.
//
//go:noinline
func SizeOf(shape []int) (size int, ok bool) {
	size = 1
	zero := false
	for _, d := range shape {
		if d < 0 {
			return 0, false
		}
		if d == 0 {
			zero = true
			continue
		}
		hi, lo := bits.Mul64(uint64(size), uint64(d))
		if hi != 0 || lo > math.MaxInt {
			return 0, false
		}
		size = int(lo)
	}
	if zero {
		return 0, true
	}
	return size, true
}

// mustSize is SizeOf for shapes that the program itself made.
func mustSize(shape []int) int {
	n, ok := SizeOf(shape)
	if !ok {
		panic(fmt.Sprintf("tensor: impossible shape %s", FormatShape(shape)))
	}
	return n
}

// rowMajor returns the strides, in elements, of a contiguous array in C order.
//
//go:noinline
func rowMajor(shape []int) []int {
	strides := make([]int, len(shape))
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = step
		step *= shape[i]
	}
	return strides
}

// Broadcast returns the shape that NumPy's broadcasting gives to a and b together. A negative length is one that is not
// known: with 1 it stays so, with another length it must be that one.
func Broadcast(a, b []int) ([]int, error) {
	out := make([]int, max(len(a), len(b)))
	for i := 1; i <= len(out); i++ {
		x, y := 1, 1
		if i <= len(a) {
			x = a[len(a)-i]
		}
		if i <= len(b) {
			y = b[len(b)-i]
		}
		switch {
		case x == y || y == 1 || y < 0 && x != 1:
			out[len(out)-i] = x
		case x == 1 || x < 0:
			out[len(out)-i] = y
		default:
			return nil, fmt.Errorf("shapes %s and %s do not broadcast", FormatShape(a), FormatShape(b))
		}
	}
	return out, nil
}

// FormatShape writes a shape as Python does, "(2, 3)" or "(4,)"; a negative dimension is None.
func FormatShape(shape []int) string {
	parts := make([]string, len(shape))
	for i, d := range shape {
		if d < 0 {
			parts[i] = "None"
		} else {
			parts[i] = fmt.Sprint(d)
		}
	}
	if len(parts) == 1 {
		return "(" + parts[0] + ",)"
	}
	return "(" + strings.Join(parts, ", ") + ")"
}
