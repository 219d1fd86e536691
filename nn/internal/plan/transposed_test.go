package plan

import "github.com/hornml/horn/nn/graph"

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
