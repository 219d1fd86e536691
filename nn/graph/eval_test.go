package graph_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	. "github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// array is a tensor of any type, its elements in C order: numbers, bools as 0 and 1, or texts.
type array struct {
	d     tensor.DType
	shape []int
	data  []float64
	text  []string
}

func floats(shape []int, data ...float64) array {
	return array{d: tensor.Float32, shape: shape, data: data}
}
func ints(shape []int, data ...float64) array {
	return array{d: tensor.Int32, shape: shape, data: data}
}
func bools(shape []int, data ...float64) array {
	return array{d: tensor.Bool, shape: shape, data: data}
}
func texts(shape []int, text ...string) array {
	return array{d: tensor.String, shape: shape, text: text}
}

// of is an array of another type.
func (a array) of(d tensor.DType) array {
	a.d = d
	return a
}

func (a array) buf() Buf {
	buf := NewBuf(a.d, Product(a.shape))
	for i, v := range a.data {
		switch ClassOf(a.d) {
		case ClassF:
			buf.F[i] = float32(v)
		case ClassD:
			buf.D[i] = v
		case ClassB:
			buf.B[i] = v != 0
		default:
			buf.I[i] = int64(v)
		}
	}
	copy(buf.S, a.text)
	return buf
}

// arrayOf is a value with its elements.
func arrayOf(v *Value, buf Buf) array {
	a := array{d: v.DType, shape: v.Shape, text: buf.S}
	if buf.S == nil {
		for i := range buf.Len() {
			a.data = append(a.data, buf.Float64(i))
		}
	}
	return a
}

func (a array) String() string {
	if a.text != nil {
		return fmt.Sprintf("%s%s%q", a.d, tensor.FormatShape(a.shape), a.text)
	}
	return fmt.Sprintf("%s%s%v", a.d, tensor.FormatShape(a.shape), a.data)
}

// same reports whether two arrays agree: exactly with a tolerance of 0, for which NaN is NaN.
func (a array) same(b array, tolerance float64) bool {
	if a.d != b.d || !slices.Equal(a.shape, b.shape) || len(a.data) != len(b.data) || !slices.Equal(a.text, b.text) {
		return false
	}
	for i, x := range a.data {
		y := b.data[i]
		if x != y && !(math.Abs(x-y) <= tolerance*max(1, math.Abs(y))) && !(math.IsNaN(x) && math.IsNaN(y)) {
			return false
		}
	}
	return true
}

// compute interprets a graph over inputs. It is verified, and so is its copy.
func compute(t *testing.T, in []array, build func(b *Builder, x []*Value) []*Value) []array {
	t.Helper()
	b := NewBuilder()
	var run Run
	var xs []*Value
	for _, a := range in {
		xs = append(xs, b.Input(a.d, a.shape...))
		run.Inputs = append(run.Inputs, a.buf())
	}
	b.Graph.Outputs = build(b, xs)
	for _, g := range []*Graph{b.Graph, b.Graph.Clone()} {
		if err := Verify(g); err != nil {
			t.Fatal(err)
		}
	}
	bufs, err := Interpret(b.Graph, run)
	if err != nil {
		t.Fatal(err)
	}
	var out []array
	for i, v := range b.Graph.Outputs {
		out = append(out, arrayOf(v, bufs[i]))
	}
	return out
}

// is compares the one output of a graph with what it should be.
func is(t *testing.T, name string, tolerance float64, want array, in []array, build func(b *Builder, x []*Value) *Value) {
	t.Helper()
	got := compute(t, in, func(b *Builder, x []*Value) []*Value { return one(build(b, x)) })[0]
	if !got.same(want, tolerance) {
		t.Errorf("%s: %v, not %v", name, got, want)
	}
}

// problem is what a builder says of a misuse, "" if it takes it.
func problem(f func(b *Builder)) (text string) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Error:
			text = r.Error()
		default:
			panic(r)
		}
	}()
	f(NewBuilder())
	return ""
}

// random returns an array of small numbers, of which some are equal.
func random(r *rand.Rand, d tensor.DType, shape ...int) array {
	a := array{d: d, shape: shape}
	for range Product(shape) {
		switch v := r.NormFloat64(); {
		case d == tensor.String:
			a.text = append(a.text, string(rune('a'+r.IntN(9))))
		case d == tensor.Bool:
			a.data = append(a.data, float64(r.IntN(2)))
		case d.IsInt():
			a.data = append(a.data, float64(r.IntN(9)))
		case r.IntN(4) == 0:
			a.data = append(a.data, math.Round(v))
		default:
			a.data = append(a.data, float64(float32(v)))
		}
	}
	return a
}

// classes has a type of each storage class.
var classes = []tensor.DType{tensor.Float32, tensor.Float64, tensor.Int32, tensor.Bool, tensor.String}

// index is the place of element i of a shape along each axis.
func index(shape []int, i int) []int {
	at := make([]int, len(shape))
	for k := len(shape) - 1; k >= 0; k-- {
		at[k] = i % shape[k]
		i /= shape[k]
	}
	return at
}

// at returns element `at` of an array as an array of no axes.
func (a array) at(at ...int) array {
	i := 0
	for k, j := range at {
		i = i*a.shape[k] + j
	}
	if a.text != nil {
		return texts(nil, a.text[i])
	}
	return array{d: a.d, data: a.data[i : i+1]}
}

// each makes an array of a shape, element by element.
func each(d tensor.DType, shape []int, element func(at []int) array) array {
	out := array{d: d, shape: shape}
	for i := range Product(shape) {
		e := element(index(shape, i))
		out.data, out.text = append(out.data, e.data...), append(out.text, e.text...)
	}
	return out
}
