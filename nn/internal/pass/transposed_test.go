package pass

import (
	"fmt"
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// Every output of a transposed convolution is in exactly one phase, and reads what the definition says.
func TestPhases(t *testing.T) {
	for _, c := range []struct{ s, kernel, in, lo, hi int }{
		{2, 2, 5, 1, 1}, {2, 3, 5, 1, 2}, {2, 3, 5, 2, 1}, {2, 4, 5, 2, 2}, {3, 5, 4, 3, 3}, {4, 4, 6, 3, 3}, {8, 16, 3, 11, 11}, {3, 7, 2, 6, 5},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			out := (c.in-1)*c.s + 1 + c.lo + c.hi - c.kernel + 1
			for o := range out {
				p, ok := phaseOf(o%c.s, c.s, c.kernel, c.in, out, c.lo)
				if !ok {
					t.Fatalf("output %d of %d has no phase", o, out)
				}
				want, got := map[int]int{}, map[int]int{}
				for tap := range c.kernel {
					if at := o + tap - c.lo; at >= 0 && at%c.s == 0 && at/c.s < c.in {
						want[tap] = at / c.s
					}
				}
				for j := range p.taps {
					if at := o/c.s + j - p.lo; at >= 0 && at < c.in {
						got[p.first+c.s*j] = at
					}
				}
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("output %d reads %v, not %v", o, got, want)
				}
			}
		})
	}
}

// A kernel with many taps and long strides must not become thousands of convolutions.
func TestPhasesAreFew(t *testing.T) {
	for _, c := range []struct {
		stride, kernel int
		want           bool
	}{{4, 8, true}, {20, 40, false}, {20, 20, true}} {
		b := graph.NewBuilder()
		pad := c.kernel - 1 - (c.kernel-c.stride)/2 // "same"
		a := graph.Conv{InputDilation: []int{c.stride, c.stride}, PadLo: []int{pad, pad}, PadHi: []int{pad, pad}}
		k := b.Const(tensor.New(c.kernel, c.kernel, 2, 2))
		y := b.Conv(b.Input(tensor.Float32, 1, 3, 3, 2), k, a)
		if nodes := phases(y.Node, y.Node.Op.(graph.Conv)); (nodes != nil) != c.want {
			t.Errorf("strides of %d, a kernel of %d: %d nodes", c.stride, c.kernel, len(nodes))
		}
	}
}
