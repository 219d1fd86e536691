package exec

import (
	"fmt"
	"testing"

	"github.com/hornml/horn/nn/graph"
)

// transposedConvs are transposed convolutions of one to three axes with kernels shorter than, as long as and longer than
// the strides, and paddings with which the lengths of the phases come out even or do not.
func init() {
	cases["transposed convolutions"] = func(f *fixture) []*value {
		var outs []*value
		add := func(x, k *value, a graph.Conv) {
			outs = append(outs, f.Relu(f.Add(f.Conv(x, k, a), f.w(k.Shape[k.Rank()-1]))))
		}
		for s := 2; s <= 4; s++ {
			for k := 1; k <= 7; k++ {
				for lo := 0; lo < k+s; lo += 1 + k/3 {
					a := graph.Conv{InputDilation: []int{s, 2}, PadLo: []int{lo, 1}, PadHi: []int{k, 1}}
					add(f.in(2, 6, 5, 4), f.w(k, 2, 4, 6), a)
				}
				hi := k + s - 2 // "same" and "valid"
				add(f.in(1, 9, 8), f.w(k, 8, 4), graph.Conv{InputDilation: []int{s}, PadLo: []int{k - 1}, PadHi: []int{hi}})
				add(f.in(1, 9, 8), f.w(k, 8, 4), graph.Conv{InputDilation: []int{s}, PadLo: []int{k / 2}, PadHi: []int{s - 1 + k - 1 - k/2}})
			}
		}
		cube := graph.Conv{InputDilation: []int{2, 2, 2}, PadLo: []int{1, 1, 1}, PadHi: []int{1, 1, 1}}
		add(f.in(1, 3, 4, 5, 16), f.w(2, 2, 2, 16, 8), cube)
		cube.PadHi = []int{2, 2, 2}
		add(f.in(1, 3, 4, 5, 8), f.w(3, 3, 3, 8, 8), cube)
		add(f.in(2, 7, 7, 8), f.w(4, 4, 4, 12), graph.Conv{InputDilation: []int{2, 2}, PadLo: []int{2, 2}, PadHi: []int{2, 2}, Groups: 2})
		add(f.in(2, 7, 7, 32), f.w(2, 2, 32, 24), graph.Conv{InputDilation: []int{2, 2}, PadLo: []int{1, 1}, PadHi: []int{1, 1}})
		return outs
	}
}

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
		f := build("dense")
		pad := c.kernel - 1 - (c.kernel-c.stride)/2 // "same"
		a := graph.Conv{InputDilation: []int{c.stride, c.stride}, PadLo: []int{pad, pad}, PadHi: []int{pad, pad}}
		y := f.Conv(f.in(1, 3, 3, 2), f.w(c.kernel, c.kernel, 2, 2), a)
		if nodes := phases(y.Node, y.Node.Op.(graph.Conv)); (nodes != nil) != c.want {
			t.Errorf("strides of %d, a kernel of %d: %d nodes", c.stride, c.kernel, len(nodes))
		}
	}
}
