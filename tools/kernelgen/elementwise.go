package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// loop writes the loop over a vector of n elements: unroll vectors at a time,
// then one, then the tail with a mask. body gets the byte displacement of its
// vector from the pointers and how to load and store there.
//
// n is counted down; pointers are advanced.
func (g *gen) loop(n reg.Register, pointers []reg.Register, unroll int, body func(at access)) {
	many, one, tail, done := g.label("many"), g.label("one"), g.label("tail"), g.label("done")
	step := func(label, out string, count int) {
		g.Label(label)
		g.CMPQ(n, operand.I32(count*g.lanes))
		g.JL(ref(out))
		for u := range count {
			body(access{g: g, disp: u * g.bytes()})
		}
		for _, p := range pointers {
			g.ADDQ(operand.I32(count*g.bytes()), p)
		}
		g.SUBQ(operand.I32(count*g.lanes), n)
		g.JMP(ref(label))
	}
	if unroll > 1 {
		step(many, one, unroll)
	}
	step(one, tail, 1)
	g.Label(tail)
	g.TESTQ(n, n)
	g.JZ(ref(done))
	body(g.tailAccess(n))
	g.Label(done)
}

// tailAccess sets the mask for the n < lanes elements that are left.
func (g *gen) tailAccess(n reg.Register) access {
	at := access{g: g, tail: true}
	if g.wide() {
		bits := g.GP64()
		g.XORQ(bits, bits)
		g.BTSQ(n, bits)
		g.DECQ(bits)
		at.mask = reg.K1
		g.KMOVW(bits.As32(), at.mask)
		return at
	}
	// The table has eight words of ones, then eight of zeros.
	g.tailMasks = true
	table, at8 := g.GP64(), g.GP64()
	g.LEAQ(operand.NewDataAddr(operand.NewStaticSymbol(tailName), 32), table)
	g.MOVQ(n, at8)
	g.NEGQ(at8)
	at.mask = g.vec()
	g.VMOVUPS(memx(table, at8, 4, 0), at.mask)
	return at
}

// access is how a loop's body reaches its vector.
type access struct {
	g    *gen
	off  reg.Register // added to the pointer, or nil
	disp int
	tail bool
	mask reg.Register
}

// at is the memory of the vector.
func (at access) at(p reg.Register) operand.Mem {
	if at.off != nil {
		return memx(p, at.off, 1, at.disp)
	}
	return mem(p, at.disp)
}

// load loads the vector; lanes beyond the tail are zero.
func (at access) load(p reg.Register) v {
	g := at.g
	d := g.vec()
	m := at.at(p)
	switch {
	case !at.tail:
		g.VMOVUPS(m, d)
	case g.wide():
		g.VMOVUPS_Z(m, at.mask, d)
	default:
		g.VMASKMOVPS(m, at.mask, d)
	}
	return d
}

// store stores the lanes of the vector that exist.
func (at access) store(x v, p reg.Register) {
	g := at.g
	m := at.at(p)
	switch {
	case !at.tail:
		g.VMOVUPS(x, m)
	case g.wide():
		g.VMOVUPS(x, at.mask, m)
	default:
		g.VMASKMOVPS(x, at.mask, m)
	}
}

// keep is x in the lanes that exist and other beyond the tail.
func (at access) keep(x, other v) v {
	g := at.g
	if !at.tail {
		return x
	}
	d := g.vec()
	if g.wide() {
		g.VMOVAPS(other, d)
		g.VMOVAPS(x, at.mask, d)
	} else {
		g.VBLENDVPS(at.mask, x, other, d)
	}
	return d
}

// arg loads an integer or pointer argument.
func (g *gen) arg(name string) reg.Register { return g.Load(g.Param(name), g.GP64()) }

// floatArg loads a float32 argument into all lanes.
func (g *gen) floatArg(name string) v {
	d := g.vec()
	a, err := g.Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	g.VBROADCASTSS(a.Addr, d)
	return d
}

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
	for _, i := range isas {
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
	for _, i := range isas {
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

// rows writes the loop over the rows of a matrix a, each with the same operand
// rows, into dst.
func (g *gen) rows(names []string, unroll int, f func(x v, rows []v) v) {
	dst, a, count, cols := g.arg("dst"), g.arg("a"), g.arg("rows"), g.arg("cols")
	pointers := []reg.Register{dst, a}
	var starts []reg.Register
	for range names {
		starts = append(starts, g.GP64())
	}
	for i, name := range names {
		g.Load(g.Param(name), starts[i])
	}
	var moving []reg.Register
	for range names {
		r := g.GP64()
		moving = append(moving, r)
		pointers = append(pointers, r)
	}
	n := g.GP64()
	g.Label("row")
	for i := range names {
		g.MOVQ(starts[i], moving[i])
	}
	g.MOVQ(cols, n)
	// What the tail of a row leaves to advance: loop moves by whole vectors.
	g.loop(n, pointers, unroll, func(at access) {
		var rows []v
		for _, p := range moving {
			rows = append(rows, at.load(p))
		}
		at.store(f(at.load(a), rows), dst)
	})
	g.LEAQ(memx(dst, n, 4, 0), dst)
	g.LEAQ(memx(a, n, 4, 0), a)
	g.DECQ(count)
	g.JNZ(ref("row"))
}
