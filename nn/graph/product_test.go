package graph_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	. "github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// sumOf evaluates an equation over labelled axes by going through all values of all labels.
func sumOf(d tensor.DType, in []array, labels []string, result string) array {
	sizes := map[byte]int{}
	var all []byte
	for i, l := range labels {
		for k := range len(l) {
			if sizes[l[k]] == 0 {
				all = append(all, l[k])
			}
			sizes[l[k]] = max(sizes[l[k]], in[i].shape[k])
		}
	}
	out := array{d: d}
	for k := range len(result) {
		out.shape = append(out.shape, sizes[result[k]])
	}
	out.data = make([]float64, Product(out.shape))
	lengths := make([]int, len(all))
	for k, l := range all {
		lengths[k] = sizes[l]
	}
	for e := range Product(lengths) {
		place := map[byte]int{}
		for k, j := range index(lengths, e) {
			place[all[k]] = j
		}
		p := 1.0
		for i, l := range labels {
			at := make([]int, len(l))
			for k := range at {
				at[k] = place[l[k]] % in[i].shape[k]
			}
			p *= in[i].at(at...).data[0]
		}
		to := 0
		for k := range len(result) {
			to = to*out.shape[k] + place[result[k]]
		}
		out.data[to] += p
	}
	return out
}

// TestMatMul multiplies matrices with leading axes that broadcast, either side transposed.
func TestMatMul(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	for i := range 200 {
		d := classes[i%3]
		m, k, n := 1+r.IntN(4), 1+r.IntN(5), 1+r.IntN(4)
		batch := shapeOf(r, r.IntN(3))
		lead := func() (shape []int, labels string) {
			from := r.IntN(len(batch) + 1)
			shape = slices.Clone(batch[from:])
			for i := range shape {
				if r.IntN(3) == 0 {
					shape[i] = 1
				}
			}
			return shape, "wxyz"[from:len(batch)]
		}
		left, leftLabels := lead()
		right, rightLabels := lead()
		ta, tb := i&4 != 0, i&8 != 0
		ml, nl := "mk", "kn"
		a, c := append(left, m, k), append(right, k, n)
		if ta {
			ml, a = "km", append(left, k, m)
		}
		if tb {
			nl, c = "nk", append(right, n, k)
		}
		in := []array{random(r, d, a...), random(r, d, c...)}
		labels := []string{leftLabels + ml, rightLabels + nl}
		lengths := leftLabels
		if len(rightLabels) > len(leftLabels) {
			lengths = rightLabels
		}
		want := sumOf(d, in, labels, lengths+"mn")
		is(t, fmt.Sprint("matmul ", labels), 1e-5, want, in, func(b *Builder, v []*Value) *Value { return b.MatMulT(v[0], v[1], ta, tb) })
	}
}

// TestEinsum evaluates equations of all kinds.
func TestEinsum(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 3))
	size := map[byte]int{'a': 2, 'b': 3, 'c': 4, 'd': 2, 'e': 3, 'f': 1}
	for _, equation := range []string{
		"ab,bc->ac", "ab,cb->ca", "abc,cd->abd", "abc,cde->abde", "abcd,aecd->abe", "ab,ab->ab", "ab,ab->a", "ab,ab->", "a,b->ab", "a,b->ba",
		"abc->cab", "abc->b", "abc->", "ab,bc,cd->ad", "ab,bc,cd->dca", "aab->ab", "aab->b", "aaa->a", "aa->", "ab,ba->", "abc,b->ca",
		"af,fb->ab", "abf,abc->abc", "abcd,cd->dab", "abc,abd,ab->cd", "ab , bc -> ac",
	} {
		left, result, _ := strings.Cut(strings.ReplaceAll(equation, " ", ""), "->")
		labels := strings.Split(left, ",")
		for _, d := range []tensor.DType{tensor.Float32, tensor.Float64, tensor.Int32} {
			var in []array
			for _, l := range labels {
				shape := make([]int, len(l))
				for k := range shape {
					shape[k] = size[l[k]]
				}
				in = append(in, random(r, d, shape...))
			}
			is(t, equation, 1e-5, sumOf(d, in, labels, result), in, func(b *Builder, v []*Value) *Value { return b.Einsum(equation, v...) })
		}
	}
	x, y := random(r, tensor.Float64, 2, 3, 4), random(r, tensor.Float64, 4, 2)
	for equation, plain := range map[string]string{
		"...c,cd->...d": "abc,cd->abd", "...c,cd": "abc,cd->abd", "a...,cd->ad": "", "bac,cd": "bac,cd->abd", "...bc,ca->...b": "xbc,ca->xb",
		"c...,...->c...": "",
	} {
		if plain == "" {
			continue
		}
		out := compute(t, []array{x, y}, func(b *Builder, v []*Value) []*Value {
			return []*Value{b.Einsum(equation, v...), b.Einsum(plain, v...)}
		})
		if !out[0].same(out[1], 1e-12) {
			t.Errorf("%s: %v, not %v", equation, out[0], out[1])
		}
	}
	is(t, "dots that broadcast", 1e-6, floats([]int{2, 1}, 3, 7), []array{floats([]int{2, 1, 2}, 1, 2, 3, 4), floats([]int{2}, 1, 1)},
		func(b *Builder, v []*Value) *Value { return b.Einsum("...i,i->...", v...) })
	i8 := tensor.Int8
	is(t, "bytes give whole numbers", 0, ints([]int{1, 1}, 2*127*127), []array{ints([]int{1, 2}, 127, 127).of(i8), ints([]int{2, 1},
		127, 127).of(i8)},
		func(b *Builder, v []*Value) *Value { return b.Einsum("ab,bc->ac", v...) })
	is(t, "a sum of bytes", 0, ints(nil, 254), []array{ints([]int{2}, 127, 127).of(i8)},
		func(b *Builder, v []*Value) *Value { return b.Einsum("a->", v...) })
}

// TestEinsumProblems says what is wrong with an equation.
func TestEinsumProblems(t *testing.T) {
	for equation, want := range map[string]string{
		"ab,bc": "has 2 operands, not 1", "abc->a": `"abc" does not label the axes of float32(2, 3)`,
		"a1->a":  `has a "1" where a letter is expected`,
		"ab->ac": "names an axis that no operand has, or twice", "ab->aa": "names an axis that no operand has, or twice",
		"aa->a": "the axes called \"a\" have the lengths 2 and 3", "abc...->a": "more labels than axes",
	} {
		if text := problem(func(b *Builder) { b.Einsum(equation, b.Input(tensor.Float32, 2, 3)) }); !strings.Contains(text, want) {
			t.Errorf("%s: %q, not %q", equation, text, want)
		}
	}
}

// TestProductsThatDoNotFit names both operands.
func TestProductsThatDoNotFit(t *testing.T) {
	f := tensor.Float32
	for want, build := range map[string]func(b *Builder){
		"matmul: the inner sizes 3 and 4 of float32(2, 3) and float32(4, 5), or their leading axes, do not fit": func(b *Builder) {
			b.MatMul(b.Input(f, 2, 3), b.Input(f, 4, 5))
		},
		"matmul: the inner sizes 3 and 3 of float32(2, 2, 3) and float32(3, 3, 5), or their leading axes, do not fit": func(b *Builder) {
			b.MatMul(b.Input(f, 2, 2, 3), b.Input(f, 3, 3, 5))
		},
		"matmul: float32(3,) and float32(3, 3) cannot be multiplied": func(b *Builder) { b.MatMul(b.Input(f, 3), b.Input(f, 3, 3)) },
		"matmul: float32(3, 3) and float64(3, 3) cannot be multiplied": func(b *Builder) {
			b.MatMul(b.Input(f, 3, 3), b.Input(tensor.Float64, 3, 3))
		},
		"an input float32(2, 3) does not fit a kernel float32(4, 5): its last axis must be 4": func(b *Builder) {
			b.Dense(b.Input(f, 2, 3), b.Input(f, 4, 5))
		},
		"matmul_int8: float32(3, 3) and int8(3, 3) are not both int8": func(b *Builder) {
			b.MatMulInt8(b.Input(f, 3, 3), b.Input(tensor.Int8, 3, 3))
		},
		"dense_int8: the input float32(2, 3), the matrix int8(3, 4) and its scale float32(3,) do not fit": func(b *Builder) {
			b.DenseInt8(b.Input(f, 2, 3), b.Input(tensor.Int8, 3, 4), b.Input(f, 3), 1e-7)
		},
		"unpack_int4: axis 0 of int8(2, 3) does not hold 5 numbers": func(b *Builder) { b.UnpackInt4(b.Input(tensor.Int8, 2, 3), 0, 5, true) },
	} {
		if got := problem(build); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

// TestDense multiplies the last axis over all leading ones.
func TestDense(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for _, lead := range []string{"", "a", "ab", "abc"} {
		shape := []int{2, 3, 4}[:len(lead)]
		in := []array{random(r, tensor.Float32, append(slices.Clone(shape), 5)...), random(r, tensor.Float32, 5, 2)}
		is(t, "dense", 1e-5, sumOf(tensor.Float32, in, []string{lead + "k", "kn"}, lead+"n"), in,
			func(b *Builder, v []*Value) *Value { return b.Dense(v[0], v[1]) })
	}
}

// TestQuantized checks the arithmetic of int8 layers on numbers that can be followed by hand.
func TestQuantized(t *testing.T) {
	i8 := tensor.Int8
	// The row's largest magnitude 2 becomes 127: the row is 127, -64 (63.5 is rounded to even), 0.
	x := floats([]int{1, 3}, 2, -1, 0)
	w := ints([]int{3, 2}, 1, 0, 1, 2, 9, 9).of(i8)
	is(t, "dense int8", 1e-6, floats([]int{1, 2}, (127-64)/63.5, -128/(63.5*4)), []array{x, w, floats([]int{2}, 1, 4)},
		func(b *Builder, v []*Value) *Value { return b.DenseInt8(v[0], v[1], v[2], 0) })
	is(t, "a row of zeros", 0, floats([]int{1, 2}, 0, 0), []array{floats([]int{1, 3}, 0, 0, 0), w, floats([]int{2}, 1, 4)},
		func(b *Builder, v []*Value) *Value { return b.DenseInt8(v[0], v[1], v[2], 1e-7) })
	packed := ints([]int{2, 2}, 0x21, -1, 0x0f, -128).of(i8) // low half first
	for _, c := range []struct {
		axis, size int
		signed     bool
		want       array
	}{
		{0, 4, true, ints([]int{4, 2}, 1, -1, 2, -1, -1, 0, 0, -8).of(i8)},
		{0, 3, true, ints([]int{3, 2}, 1, -1, 2, -1, -1, 0).of(i8)},
		{1, 4, false, ints([]int{2, 4}, 1, 2, 15, 15, 15, 0, 0, 8).of(tensor.Uint8)},
	} {
		is(t, "int4", 0, c.want, []array{packed}, func(b *Builder, v []*Value) *Value { return b.UnpackInt4(v[0], c.axis, c.size, c.signed) })
	}
}
