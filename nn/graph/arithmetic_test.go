package graph_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	. "github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

var inf, nan = math.Inf(1), math.NaN()

// list is a vector.
func list(d tensor.DType, data ...float64) array {
	return array{d: d, shape: []int{len(data)}, data: data}
}

// TestPairs checks functions of two numbers where they are special: zeros, infinities, the ends of a type.
func TestPairs(t *testing.T) {
	f, d, i32, i8, u8, l := tensor.Float32, tensor.Float64, tensor.Int32, tensor.Int8, tensor.Uint8, tensor.Bool
	for _, c := range []struct {
		op         *Binary
		x, y, want array
	}{
		{Add, list(f, 1, inf, inf), list(f, 2, 1, -inf), list(f, 3, inf, nan)},
		{Add, list(i8, 127, -128), list(i8, 1, -1), list(i8, -128, 127)},
		{Add, list(u8, 255, 7), list(u8, 1, 1), list(u8, 0, 8)},
		{Add, list(l, 0, 0, 1, 1), list(l, 0, 1, 0, 1), list(l, 0, 1, 1, 1)},
		{Sub, list(u8, 0), list(u8, 1), list(u8, 255)},
		{Sub, list(i32, math.MinInt32), list(i32, 1), list(i32, math.MaxInt32)},
		{Mul, list(i8, 16, -16), list(i8, 16, 9), list(i8, 0, 112)},
		{Mul, list(l, 0, 0, 1, 1), list(l, 0, 1, 0, 1), list(l, 0, 0, 0, 1)},
		{Mul, list(f, 0, 1e30), list(f, inf, 1e30), list(f, nan, inf)},
		{Div, list(f, 1, -1, 0, 6), list(f, 0, 0, 0, 4), list(f, inf, -inf, nan, 1.5)},
		{Max, list(f, 1, nan, 2, inf), list(f, 3, 2, nan, nan), list(f, 3, nan, nan, nan)},
		{Min, list(f, 1, nan, 2, -inf), list(f, 3, 2, nan, nan), list(f, 1, nan, nan, nan)},
		{Max, list(i32, -3, 5), list(i32, -4, 6), list(i32, -3, 6)},
		{Min, list(l, 0, 0, 1, 1), list(l, 0, 1, 0, 1), list(l, 0, 0, 0, 1)},
		{Pow, list(f, 2, -2, 0, 0, 2), list(f, 3, 3, 0, -1, 0.5), list(f, 8, -8, 1, inf, float64(float32(math.Sqrt2)))},
		{Pow, list(i32, 3, -2, 1, -1, -1, 2, 0), list(i32, 4, 3, -5, -5, -4, -1, 0), list(i32, 81, -8, 1, -1, 1, 0, 1)},
		{FloorDiv, list(d, 7, -7, 7, -7, 1, 5, -5), list(d, 2, 2, -2, -2, 0.1, inf, inf), list(d, 3, -4, -4, 3, 9, 0, -1)},
		{FloorDiv, list(i32, 7, -7, 7, -7, 3), list(i32, 2, 2, -2, -2, 0), list(i32, 3, -4, -4, 3, 0)},
		{Mod, list(d, 7, -7, 7, -7, 6, 5.5), list(d, 3, 3, -3, -3, 3, 2), list(d, 1, 2, -2, -1, 0, 1.5)},
		{Mod, list(i32, 7, -7, 7, -7, 6, 3), list(i32, 3, 3, -3, -3, 3, 0), list(i32, 1, 2, -2, -1, 0, 0)},
		{Fmod, list(d, 7, -7, 7, -7), list(d, 3, 3, -3, -3), list(d, 1, -1, 1, -1)},
		{Fmod, list(i32, 7, -7, 7, 1), list(i32, 3, 3, -3, 0), list(i32, 1, -1, 1, 0)},
		{Hypot, list(d, 3, inf, 1e300), list(d, 4, nan, 0), list(d, 5, inf, 1e300)},
		{Atan2, list(d, 0, 1, -1), list(d, -1, 0, 0), list(d, math.Pi, math.Pi/2, -math.Pi/2)},
		{BitAnd, list(i8, 12, -1), list(i8, 10, 5), list(i8, 8, 5)},
		{BitOr, list(i8, 12, -128), list(i8, 10, 5), list(i8, 14, -123)},
		{BitXor, list(l, 0, 0, 1, 1), list(l, 0, 1, 0, 1), list(l, 0, 1, 1, 0)},
		{BitXor, list(u8, 12), list(u8, 10), list(u8, 6)},
		{LShift, list(i32, 1, 3, 1), list(i32, 4, 31, 64), list(i32, 16, math.MinInt32, 0)},
		{RShift, list(i32, 16, -16, 16, -1), list(i32, 2, 2, 70, 70), list(i32, 4, -4, 0, -1)},
		{LogicalAnd, list(l, 0, 0, 1, 1), list(l, 0, 1, 0, 1), list(l, 0, 0, 0, 1)},
		{LogicalOr, list(l, 0, 0, 1, 1), list(l, 0, 1, 0, 1), list(l, 0, 1, 1, 1)},
		{LogicalXor, list(l, 0, 0, 1, 1), list(l, 0, 1, 0, 1), list(l, 0, 1, 1, 0)},
	} {
		is(t, c.op.Name+" of "+c.x.d.String(), 0, c.want, []array{c.x, c.y},
			func(b *Builder, v []*Value) *Value { return b.Binary(c.op, v[0], v[1]) })
	}
}

// TestComparisons asks all questions about numbers, texts and bools; NaN is different from everything.
func TestComparisons(t *testing.T) {
	ops := []*Comparison{Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual}
	for _, c := range []struct {
		x, y array
		want [6][]float64 // of the questions in that order
	}{
		{list(tensor.Float32, 1, 2, 3, nan, nan, inf), list(tensor.Float32, 2, 2, 2, 1, nan, inf), [6][]float64{
			{0, 1, 0, 0, 0, 1}, {1, 0, 1, 1, 1, 0}, {1, 0, 0, 0, 0, 0}, {1, 1, 0, 0, 0, 1}, {0, 0, 1, 0, 0, 0}, {0, 1, 1, 0, 0, 1}}},
		{list(tensor.Uint8, 1, 2, 255), list(tensor.Uint8, 2, 2, 0), [6][]float64{{0, 1, 0}, {1, 0, 1}, {1, 0, 0}, {1, 1, 0},
			{0, 0, 1}, {0, 1, 1}}},
		{list(tensor.Bool, 0, 1, 1), list(tensor.Bool, 1, 1, 0), [6][]float64{{0, 1, 0}, {1, 0, 1}, {1, 0, 0}, {1, 1, 0}, {0, 0, 1},
			{0, 1, 1}}},
		{texts([]int{3}, "a", "b", "b"), texts([]int{3}, "b", "b", "aa"), [6][]float64{{0, 1, 0}, {1, 0, 1}, {1, 0, 0}, {1, 1, 0},
			{0, 0, 1}, {0, 1, 1}}},
		{list(tensor.Float64, 0, math.Copysign(0, -1)), list(tensor.Float64, math.Copysign(0, -1), 1), [6][]float64{
			{1, 0}, {0, 1}, {0, 1}, {1, 1}, {0, 0}, {1, 0}}},
	} {
		for i, op := range ops {
			is(t, op.Name+" of "+c.x.d.String(), 0, list(tensor.Bool, c.want[i]...), []array{c.x, c.y},
				func(b *Builder, v []*Value) *Value { return b.Compare(op, v[0], v[1]) })
		}
	}
}

// TestFunctions checks functions of one number where they are special.
func TestFunctions(t *testing.T) {
	d, i32 := tensor.Float64, tensor.Int32
	negative := math.Copysign(0, -1)
	for _, c := range []struct {
		op      *Unary
		p       Params
		x, want array
	}{
		{Neg, Params{}, list(d, 1, inf, nan), list(d, -1, -inf, nan)},
		{Neg, Params{}, list(tensor.Int8, -128), list(tensor.Int8, -128)},
		{Abs, Params{}, list(i32, -5, 5), list(i32, 5, 5)},
		{Sign, Params{}, list(d, -3, negative, 0, 2, nan), list(d, -1, negative, 0, 1, nan)},
		{Sign, Params{}, list(i32, -3, 0, 2), list(i32, -1, 0, 1)},
		{Square, Params{}, list(tensor.Int8, 12), list(tensor.Int8, -112)},
		{Recip, Params{}, list(d, 4, 0, negative), list(d, 0.25, inf, -inf)},
		{Sqrt, Params{}, list(d, 4, -1, inf), list(d, 2, nan, inf)},
		{Rsqrt, Params{}, list(d, 4, 0, -1), list(d, 0.5, inf, nan)},
		{Log, Params{}, list(d, 1, 0, -1), list(d, 0, -inf, nan)},
		{Exp, Params{}, list(d, 0, -inf, 1000), list(d, 1, 0, inf)},
		{Floor, Params{}, list(d, 1.5, -1.5, inf), list(d, 1, -2, inf)},
		{Ceil, Params{}, list(d, 1.5, -1.5), list(d, 2, -1)},
		{Trunc, Params{}, list(d, 1.5, -1.5), list(d, 1, -1)},
		{Round, Params{}, list(d, 0.5, 1.5, 2.5, -0.5, -1.5), list(d, 0, 2, 2, negative, -2)},
		{Round, Params{}, list(i32, 5), list(i32, 5)},
		{Sigmoid, Params{}, list(d, 0, 1000, -1000), list(d, 0.5, 1, 0)},
		{Relu, Params{}, list(d, -1, negative, 2, nan), list(d, 0, 0, 2, nan)},
		{Relu, Params{}, list(i32, -1, 2), list(i32, 0, 2)},
		{Softplus, Params{}, list(d, 1000, -1000, 0), list(d, 1000, 0, math.Ln2)},
		{Softsign, Params{}, list(d, 1, -3), list(d, 0.5, -0.75)},
		{Elu, Params{A: 2}, list(d, 3, -inf), list(d, 3, -2)},
		{LeakyRelu, Params{A: 0.25}, list(d, 3, -4, 0), list(d, 3, -1, 0)},
		{Clip, Params{A: -1, B: 1}, list(d, -3, 0.5, 3, nan), list(d, -1, 0.5, 1, nan)},
		{Affine, Params{A: 2, B: -1}, list(d, 3, inf), list(d, 5, inf)},
		{Gelu, Params{}, list(d, 0, 100, -100), list(d, 0, 100, 0)},
		{GeluTanh, Params{}, list(d, 0, 100, -100), list(d, 0, 100, 0)},
		{Silu, Params{}, list(d, 0, 1000, -1000), list(d, 0, 1000, 0)},
		{Erfinv, Params{}, list(d, 0, 1, -1, 2), list(d, 0, inf, -inf, nan)},
		{BitwiseNot, Params{}, list(tensor.Uint8, 0, 170), list(tensor.Uint8, 255, 85)},
		{BitwiseNot, Params{}, list(i32, 0, -1), list(i32, -1, 0)},
		{RoundE4M3, Params{}, list(d, 448, 449, 465, -500, 0.001, 17, 19, 0, nan), list(d, 448, 448, nan, nan, 0.001953125, 16, 20, 0, nan)},
	} {
		is(t, c.op.Name+" of "+c.x.d.String(), 1e-15, c.want, []array{c.x},
			func(b *Builder, v []*Value) *Value { return b.UnaryP(c.op, c.p, v[0]) })
	}
	is(t, "clip of integers", 0, list(i32, -1, 0, 2), []array{list(i32, -5, 0, 9)},
		func(b *Builder, x []*Value) *Value { return b.Clip(x[0], -1, 2) })
	is(t, "add and multiply numbers", 0, list(d, 5, 9), []array{list(d, 1, 3)},
		func(b *Builder, x []*Value) *Value { return b.AddS(b.MulS(x[0], 2), 3) })
}

// TestTests asks questions about single elements of every class.
func TestTests(t *testing.T) {
	x := list(tensor.Float32, 1, -1, inf, -inf, nan, math.Copysign(0, -1))
	i, l := list(tensor.Int32, 1, -1), list(tensor.Bool, 0, 1)
	for _, c := range []struct {
		f                     *Predicate
		floats, ints, logical []float64
	}{
		{IsNaN, []float64{0, 0, 0, 0, 1, 0}, []float64{0, 0}, []float64{0, 0}},
		{IsInf, []float64{0, 0, 1, 1, 0, 0}, []float64{0, 0}, []float64{0, 0}},
		{IsPosInf, []float64{0, 0, 1, 0, 0, 0}, []float64{0, 0}, []float64{0, 0}},
		{IsNegInf, []float64{0, 0, 0, 1, 0, 0}, []float64{0, 0}, []float64{0, 0}},
		{IsFinite, []float64{1, 1, 0, 0, 0, 1}, []float64{1, 1}, []float64{1, 1}},
		{Signbit, []float64{0, 1, 0, 1, -1, 1}, []float64{0, 1}, []float64{0, 0}},
		{LogicalNot, nil, nil, []float64{1, 0}},
	} {
		for _, p := range []struct {
			x    array
			want []float64
		}{{x, c.floats}, {x.of(tensor.Float64), c.floats}, {i, c.ints}, {l, c.logical}} {
			if p.want == nil {
				if text := problem(func(b *Builder) { b.Test(c.f, b.Input(p.x.d, 1)) }); !strings.Contains(text,
					"is not defined for "+p.x.d.String()) {
					t.Errorf("%s of %s: %q", c.f.Name, p.x.d, text)
				}
				continue
			}
			got := compute(t, []array{p.x}, func(b *Builder, v []*Value) []*Value { return one(b.Test(c.f, v[0])) })[0]
			for k, want := range p.want {
				if want >= 0 && got.data[k] != want { // the sign of NaN is nobody's business
					t.Errorf("%s of %v: %v, not %v", c.f.Name, p.x, got.data, p.want)
				}
			}
		}
	}
}

// TestCasts converts between all types: towards zero, wrapping, rounding to 16 bits.
func TestCasts(t *testing.T) {
	f, d := tensor.Float32, tensor.Float64
	for _, c := range []struct{ x, want array }{
		{list(f, 1.9, -1.9, 0), list(tensor.Int32, 1, -1, 0)},
		{list(d, 300, -1, 128), list(tensor.Uint8, 44, 255, 128)},
		{list(d, 300, -129), list(tensor.Int8, 44, 127)},
		{list(tensor.Int32, 70000, -1), list(tensor.Int16, 4464, -1)},
		{list(tensor.Int32, -1), list(tensor.Uint16, 65535)},
		{list(tensor.Int32, -1), list(tensor.Uint32, math.MaxUint32)},
		{list(d, 0, 0.5, nan, math.Copysign(0, -1)), list(tensor.Bool, 0, 1, 1, 0)},
		{list(tensor.Int32, 0, 7), list(tensor.Bool, 0, 1)},
		{list(tensor.Bool, 0, 1), list(f, 0, 1)},
		{list(tensor.Bool, 0, 1), list(tensor.Int8, 0, 1)},
		{list(d, 1.0/3), list(f, float64(float32(1.0/3)))},
		{list(f, 2049, 65520, 1e-8), list(tensor.Float16, 2048, inf, 0)},
		{list(f, 257, 3.4e38), list(tensor.BFloat16, 256, inf)},
		{list(d, 1e300), list(f, inf)},
		{list(d, 1e30, -1e30), list(tensor.Int64, math.MaxInt64, math.MinInt64)},
	} {
		is(t, c.x.d.String()+" to "+c.want.d.String(), 0, c.want, []array{c.x},
			func(b *Builder, x []*Value) *Value { return b.Cast(x[0], c.want.d) })
	}
	for _, pair := range [][2]tensor.DType{{tensor.String, f}, {f, tensor.String}} {
		text := problem(func(b *Builder) { b.Cast(b.Input(pair[0], 1), pair[1]) })
		if want := "cast: " + pair[0].String() + " cannot become " + pair[1].String(); text != want {
			t.Errorf("%q, not %q", text, want)
		}
	}
}

// TestBroadcasting compares pairs and choices of random shapes that broadcast with what they are element by element.
func TestBroadcasting(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	for i := range 300 {
		shape := shapeOf(r, r.IntN(5))
		partial := func(d tensor.DType) array {
			own := append([]int(nil), shape[r.IntN(len(shape)+1):]...)
			for k := range own {
				if r.IntN(3) == 0 {
					own[k] = 1
				}
			}
			return random(r, d, own...)
		}
		d := classes[i%3]
		x, y, c := partial(d), partial(d), partial(tensor.Bool)
		full := random(r, d, shape...) // so that the result has that shape
		pick := func(a array, at []int) array {
			at = at[len(at)-len(a.shape):]
			own := make([]int, len(at))
			for k := range own {
				own[k] = at[k] % a.shape[k]
			}
			return a.at(own...)
		}
		want := each(d, shape, func(at []int) array {
			v := pick(x, at).data[0]*pick(y, at).data[0] - pick(full, at).data[0]
			if d == tensor.Float32 {
				v = float64(float32(float64(float32(pick(x, at).data[0]*pick(y, at).data[0])) - pick(full, at).data[0]))
			}
			return array{data: []float64{v}}
		})
		is(t, "x*y - z", 0, want, []array{x, y, full}, func(b *Builder, v []*Value) *Value { return b.Sub(b.Mul(v[0], v[1]), v[2]) })
		d = classes[i%len(classes)]
		x, y = random(r, d, shape...), partial(d)
		want = each(d, shape, func(at []int) array {
			if pick(c, at).data[0] != 0 {
				return pick(y, at)
			}
			return pick(x, at)
		})
		is(t, "where", 0, want, []array{c, y, x}, func(b *Builder, v []*Value) *Value { return b.Where(v[0], v[1], v[2]) })
	}
}

// TestHalves rounds each result of 16-bit floats.
func TestHalves(t *testing.T) {
	for d, want := range map[tensor.DType]float64{tensor.Float16: 2048, tensor.BFloat16: 2048} {
		is(t, d.String(), 0, list(d, want), []array{list(d, 2048), list(d, 1)},
			func(b *Builder, x []*Value) *Value { return b.Add(x[0], x[1]) })
	}
	is(t, "float16", 0, list(tensor.Float16, 0.333251953125), []array{list(tensor.Float16, 3)},
		func(b *Builder, x []*Value) *Value { return b.Unary(Recip, x[0]) })
	is(t, "bfloat16", 0, list(tensor.BFloat16, 0.333984375), []array{list(tensor.BFloat16, 3)},
		func(b *Builder, x []*Value) *Value { return b.Unary(Recip, x[0]) })
}

// TestTypesThatDoNotFit refuses what is not defined for a type, with both in the message.
func TestTypesThatDoNotFit(t *testing.T) {
	input := func(b *Builder, d tensor.DType) *Value { return b.Input(d, 2) }
	for want, f := range map[string]func(b *Builder){
		"divide is not defined for int32":            func(b *Builder) { b.Div(input(b, tensor.Int32), input(b, tensor.Int32)) },
		"subtract is not defined for bool":           func(b *Builder) { b.Sub(input(b, tensor.Bool), input(b, tensor.Bool)) },
		"bitwise_and is not defined for float32":     func(b *Builder) { b.Binary(BitAnd, input(b, tensor.Float32), input(b, tensor.Float32)) },
		"add is not defined for string":              func(b *Builder) { b.Add(input(b, tensor.String), input(b, tensor.String)) },
		"add: operands of types float32 and float64": func(b *Builder) { b.Add(input(b, tensor.Float32), input(b, tensor.Float64)) },
		"less: operands of types bool and int32":     func(b *Builder) { b.Compare(Less, input(b, tensor.Bool), input(b, tensor.Int32)) },
		"exp is not defined for int32":               func(b *Builder) { b.Exp(input(b, tensor.Int32)) },
		"neg is not defined for bool":                func(b *Builder) { b.Neg(input(b, tensor.Bool)) },
		"mean is not defined for int32":              func(b *Builder) { b.Mean(input(b, tensor.Int32), 0) },
		"sum is not defined for bool":                func(b *Builder) { b.Sum(input(b, tensor.Bool)) },
		"softmax is not defined for int8":            func(b *Builder) { b.Softmax(input(b, tensor.Int8), 0) },
		"where: a condition of type int32": func(b *Builder) {
			b.Where(input(b, tensor.Int32), input(b, tensor.Bool),
				input(b, tensor.Bool))
		},
		"a number cannot be a string": func(b *Builder) { b.Scalar(tensor.String, 1) },
		"take: indices must be integers, not float32": func(b *Builder) {
			b.Take(input(b, tensor.Float32), input(b, tensor.Float32), 0)
		},
	} {
		if got := problem(f); !strings.HasPrefix(got, want) {
			t.Errorf("%q, not %q", got, want)
		}
	}
}
