package graph

import (
	"slices"
	"testing"

	"github.com/hornml/horn/tensor"
)

// TestUnpackTernary takes digits out of bytes as keras.quantizers.unpack_ternary does, of the last axis and of the first.
func TestUnpackTernary(t *testing.T) {
	// pack_ternary([1, -1, 0, 1, 1, -1]) is 2+0*3+1*9+2*27+2*81 and 0+1*3+1*9+1*27+1*81.
	bytes := []int64{227, 120}
	for axis, shape := range [][]int{{2, 1}, {1, 2}} {
		b := NewBuilder()
		y := b.UnpackTernary(b.Input(tensor.Uint8, shape...), axis, 6)
		out := NewBuf(tensor.Int8, 6)
		if err := Eval(y.Node, []Buf{{I: bytes}}, []Buf{out}); err != nil || !slices.Equal(out.I, []int64{1, -1, 0, 1, 1, -1}) {
			t.Errorf("axis %d: %v, %v", axis, out.I, err)
		}
	}
}
