package kernel

import "math"

// What the panics of this package say. They tell of a mistake in the calling
// code; no model file and no input can cause one in a correct caller.
const (
	badLevel   = "kernel: level not available on this machine"
	badLength  = "kernel: slices of different length"
	badShape   = "kernel: shape does not fit the slice"
	badReach   = "kernel: rows or segments reach outside the slice"
	badPack    = "kernel: packed operand does not fit"
	badScratch = "kernel: scratch too small"
	badRange   = "kernel: range outside the operand"
)

func check(ok bool, message string) {
	if !ok {
		panic(message)
	}
}

// area is rows*cols, or a panic if that is more than a slice of float32 can hold.
func area(rows, cols int) int {
	if rows < 0 || cols < 0 || (cols > 0 && rows > math.MaxInt/4/cols) {
		panic(badShape)
	}
	return rows * cols
}
