package main

import "github.com/mmcloughlin/avo/reg"

// unaryFunction is one elementwise function of package kernel.
type unaryFunction struct {
	op     string // the constant of package kernel
	unroll int
	f      func(g *gen, x, alpha, beta v) v
}

var unaryFunctions = []unaryFunction{
	{"Exp", 1, func(g *gen, x, _, _ v) v { return g.exp(x) }},
	{"Expm1", 1, func(g *gen, x, _, _ v) v { return g.withSignOf(g.abs(g.expm1(x)), x) }},
	{"Log", 1, func(g *gen, x, _, _ v) v { return g.log(x) }},
	{"Log1p", 1, func(g *gen, x, _, _ v) v { return g.log1p(x) }},
	{"Tanh", 1, func(g *gen, x, _, _ v) v { return g.tanh(x) }},
	{"Sigmoid", 1, func(g *gen, x, _, _ v) v { return g.sigmoid(x) }},
	{"SiLU", 1, func(g *gen, x, _, _ v) v { return g.mul(x, g.sigmoid(x)) }},
	{"Mish", 1, func(g *gen, x, _, _ v) v { return g.mish(x) }},
	{"GELU", 1, func(g *gen, x, _, _ v) v { return g.gelu(x) }},
	{"GELUTanh", 1, func(g *gen, x, _, _ v) v { return g.geluTanh(x) }},
	{"Erf", 1, func(g *gen, x, _, _ v) v { return g.erf(x) }},
	{"ReLU", 4, func(g *gen, x, _, _ v) v { return g.nonNegative(x) }},
	{"LeakyReLU", 4, func(g *gen, x, alpha, _ v) v { return g.pick(less, x, g.c(0), g.mul(x, alpha), x) }},
	{"ELU", 1, func(g *gen, x, alpha, _ v) v { return g.elu(x, alpha) }},
	{"SELU", 1, func(g *gen, x, _, _ v) v {
		const alpha, scale = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
		y := g.mulC(g.withSignOf(g.abs(g.expm1(g.minC(x, 0))), x), alpha*scale)
		return g.pick(greater, x, g.c(0), g.mulC(x, scale), y)
	}},
	{"Softplus", 1, func(g *gen, x, _, _ v) v { return g.softplus(x) }},
	{"Softsign", 2, func(g *gen, x, _, _ v) v { return g.div(x, g.addC(g.abs(x), 1)) }},
	{"HardSigmoid", 4, func(g *gen, x, _, _ v) v { return g.hardSigmoid(x) }},
	{"HardSiLU", 4, func(g *gen, x, _, _ v) v { return g.mul(x, g.hardSigmoid(x)) }},
	{"Sqrt", 2, func(g *gen, x, _, _ v) v { return g.sqrt(x) }},
	{"Rsqrt", 2, func(g *gen, x, _, _ v) v { return g.div(g.c(1), g.sqrt(x)) }},
	{"Reciprocal", 2, func(g *gen, x, _, _ v) v { return g.div(g.c(1), x) }},
	{"Absolute", 4, func(g *gen, x, _, _ v) v { return g.abs(x) }},
	{"Negative", 4, func(g *gen, x, _, _ v) v { return g.neg(x) }},
	{"Square", 4, func(g *gen, x, _, _ v) v { return g.mul(x, x) }},
	{"Sign", 2, func(g *gen, x, _, _ v) v {
		one := g.withSignOf(g.c(1), x)
		return g.pick(equal, x, g.c(0), x, g.pick(unord, x, x, x, one))
	}},
	{"Floor", 4, func(g *gen, x, _, _ v) v { return g.roundTo(x, down) }},
	{"Ceil", 4, func(g *gen, x, _, _ v) v { return g.roundTo(x, up) }},
	{"Round", 4, func(g *gen, x, _, _ v) v { return g.roundTo(x, nearest) }},
	{"Clip", 4, func(g *gen, x, lo, hi v) v { return g.min(hi, g.max(lo, x)) }},
	{"Affine", 4, func(g *gen, x, scale, shift v) v { return g.fma(x, scale, shift) }},
	{"Sin", 1, func(g *gen, x, _, _ v) v { return g.sin(x) }},
	{"Cos", 1, func(g *gen, x, _, _ v) v { return g.cos(x) }},
}

// genUnary writes dst[i] = f(a[i]).
func genUnary(g *gen) {
	for _, i := range g.levels {
		for _, u := range unaryFunctions {
			g.function(i, "unary"+u.op+i.name, "dst, a *float32, n int, alpha, beta float32", "",
				"is the loop of "+u.op+" over n elements.")
			dst, a, n := g.arg("dst"), g.arg("a"), g.arg("n")
			alpha, beta := g.floatArg("alpha"), g.floatArg("beta")
			g.loop(n, []reg.Register{dst, a}, u.unroll, func(at access) {
				at.store(u.f(g, at.load(a), alpha, beta), dst)
			})
			g.end()
		}
	}
}

// binaryFunction is one elementwise function of two operands.
type binaryFunction struct {
	op          string
	commutative bool
	unroll      int
	f           func(g *gen, a, b v) v
}

var binaryFunctions = []binaryFunction{
	{"Add", true, 4, func(g *gen, a, b v) v { return g.add(a, b) }},
	{"Subtract", false, 4, func(g *gen, a, b v) v { return g.sub(a, b) }},
	{"Multiply", true, 4, func(g *gen, a, b v) v { return g.mul(a, b) }},
	{"Divide", false, 4, func(g *gen, a, b v) v { return g.div(a, b) }},
	{"Maximum", true, 4, func(g *gen, a, b v) v { return g.maxOf(a, b) }},
	{"Minimum", true, 4, func(g *gen, a, b v) v { return g.minOf(a, b) }},
	{"Power", false, 1, func(g *gen, a, b v) v { return g.pow(a, b) }},
}

// genBinary writes the loops of two and three operands, with their forms: two
// vectors, a vector and a scalar, and a row that meets every row of a matrix.
func genBinary(g *gen) {
	for _, i := range g.levels {
		for _, b := range binaryFunctions {
			g.function(i, "binary"+b.op+i.name, "dst, a, b *float32, n int", "", "is op(a[i], b[i]).")
			dst, x, y, n := g.arg("dst"), g.arg("a"), g.arg("b"), g.arg("n")
			g.loop(n, []reg.Register{dst, x, y}, b.unroll, func(at access) {
				at.store(b.f(g, at.load(x), at.load(y)), dst)
			})
			g.end()

			scalar := func(name, doc string, f func(g *gen, x, s v) v) {
				g.function(i, name+b.op+i.name, "dst, a *float32, n int, s float32", "", doc)
				dst, x, n := g.arg("dst"), g.arg("a"), g.arg("n")
				s := g.floatArg("s")
				g.loop(n, []reg.Register{dst, x}, b.unroll, func(at access) {
					at.store(f(g, at.load(x), s), dst)
				})
				g.end()
			}
			row := func(name, doc string, f func(g *gen, x, s v) v) {
				g.function(i, name+b.op+i.name, "dst, a, row *float32, rows, cols int", "", doc)
				g.rows([]string{"row"}, min(b.unroll, 2), func(x v, rows []v) v { return f(g, x, rows[0]) })
				g.end()
			}
			scalar("scalar", "is op(a[i], s).", b.f)
			row("row", "is op(a[r, c], row[c]).", b.f)
			if !b.commutative {
				swapped := func(g *gen, x, s v) v { return b.f(g, s, x) }
				scalar("scalarFirst", "is op(s, a[i]).", swapped)
				row("rowFirst", "is op(row[c], a[r, c]).", swapped)
			}
		}
		g.function(i, "mulAdd"+i.name, "dst, a, b, c *float32, n int", "", "is a[i]*b[i] + c[i].")
		dst, x, y, z, n := g.arg("dst"), g.arg("a"), g.arg("b"), g.arg("c"), g.arg("n")
		g.loop(n, []reg.Register{dst, x, y, z}, 4, func(at access) {
			at.store(g.fma(at.load(x), at.load(y), at.load(z)), dst)
		})
		g.end()
		g.function(i, "mulAddRow"+i.name, "dst, a, scale, shift *float32, rows, cols int", "", "is a[r, c]*scale[c] + shift[c].")
		g.rows([]string{"scale", "shift"}, 2, func(x v, rows []v) v { return g.fma(x, rows[0], rows[1]) })
		g.end()
	}
}
