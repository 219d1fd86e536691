package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/reg"
)

// neonInt8Block is what the micro-kernels of the int8 product read on arm64.
var neonInt8Block = &block{"neonInt8", "is the parameter block of the int8 product's micro-kernels.", []field{
	{"a", "[8]unsafe.Pointer", "quantized rows", 64},
	{"c", "[8]unsafe.Pointer", "rows of the panel's columns in C", 64},
	{"groups", num, "groups of 4 elements of k", 0},
	{"b", ptr, "the panel", 0},
	{"rowScale", ptr, "scale of each row", 0},
	{"colScale", ptr, "scale of the panel's columns", 0},
	{"bias", ptr, "bias of the panel's columns, or nil", 0},
	{"lo", f32, "", 0},
	{"hi", f32, "", 0},
}}

// neonInt8Rows lists how many rows the micro-kernels take: SDOT needs one sum
// for each row and vector, the form without it two.
func neonInt8Rows(dot bool) []int {
	if dot {
		return []int{8, 4, 2, 1}
	}
	return []int{4, 2, 1}
}

func neonInt8Name(dot bool) string {
	if dot {
		return "int8Dot"
	}
	return "int8Long"
}

// genNEONInt8 writes the int8 product and the quantization of its rows.
func genNEONInt8(g *gen) {
	for _, dot := range []bool{true, false} {
		for nv := neonVectors; nv >= 1; nv-- {
			for _, rows := range neonInt8Rows(dot) {
				g.function(neonISA, fmt.Sprintf("%s%dx%dNEON", neonInt8Name(dot), rows, 4*nv), "t *neonInt8", "",
					fmt.Sprintf("computes a tile of %d rows and a panel of %d columns.", rows, 4*nv))
				k := &neonInt8{gen: g, dot: dot, rows: rows, nv: nv}
				k.write()
				g.end()
			}
		}
	}
	g.function(neonISA, "quantizeNEON", "dst *byte, a *float32, n int, scale float32", "",
		"writes round(a[i]*scale), limited to [-127, 127]; n is a multiple of 4 and not 0.")
	dst, a, n := g.arg("dst"), g.arg("a"), g.arg("n")
	scale := g.floatArg("scale")
	g.place("again")
	q := g.minInt(g.maxInt(g.toInt(g.mul(access{g: g}.load(a), scale)), -127), 127)
	q = g.arm.one(g.vec(), neonXtn8, g.arm.one(g.vec(), neonXtn16, q))
	g.arm.step(nil, []v{q, dst}, "FMOVS F%d, (R%d)", q, dst)
	g.addInto(dst, 4)
	g.addInto(a, 16)
	g.addInto(n, -4)
	g.arm.jump("again", []v{n}, "CBNZ R%d, %s", n, "again")
	g.end()
}

// neonInt8 writes one micro-kernel. SDOT adds products of four bytes to a lane.
// Without it SMULL multiplies bytes to 16 bits, which hold 128*127, and SADALP adds
// neighbours to lanes of 32 bits; a column then has two, in a sum of the first two
// columns of a vector or in one of the others.
type neonInt8 struct {
	*gen
	dot      bool
	rows, nv int

	a    []reg.Register // moving pointers
	b    reg.Register
	sums [][]v // of a row: a sum for each vector, or two
}

func (k *neonInt8) write() {
	t := k.arg("t")
	for r := range k.rows {
		k.a = append(k.a, k.field(t, neonInt8Block, "a", r))
		var s []v
		for range k.nv {
			s = append(s, k.c(0))
			if !k.dot {
				s = append(s, k.c(0))
			}
		}
		k.sums = append(k.sums, s)
	}
	k.b = k.field(t, neonInt8Block, "b", 0)
	left := k.field(t, neonInt8Block, "groups", 0)

	k.place("four")
	k.jumpIfLess(left, 4, "rest")
	var x []v
	for _, a := range k.a {
		d := k.vec()
		x = append(x, k.arm.step(d, []v{a}, "VLD1.P 16(R%d), [V%d.B16]", a, d))
	}
	for u := range 4 {
		k.group(x, u)
	}
	k.addInto(left, -4)
	k.jump("four")

	k.place("rest")
	k.jumpIfZero(left, "summed")
	x = nil
	for _, a := range k.a {
		d := k.vec()
		x = append(x, k.arm.step(d, []v{a}, "FMOVS (R%d), F%d", a, d))
		k.addInto(a, 4)
	}
	k.group(x, 0)
	k.addInto(left, -1)
	k.jump("rest")

	k.place("summed")
	k.finish(t)
}

// group multiplies lane u of the rows in x with the next group of the panel.
func (k *neonInt8) group(x []v, u int) {
	var w []v
	for range k.nv {
		d := k.vec()
		w = append(w, k.arm.step(d, []v{k.b}, "VLD1.P 16(R%d), [V%d.B16]", k.b, d))
	}
	for r, s := range k.sums {
		if k.dot {
			for i, w := range w {
				k.arm.into(s[i], neonSdot(u), w, x[r])
			}
			continue
		}
		four := k.vec()
		k.arm.step(four, []v{x[r]}, "VDUP V%d.S[%d], V%d.S4", x[r], u, four)
		for i, w := range w {
			k.arm.add(s[2*i], neonSadalp, k.arm.two(k.vec(), neonSmull, w, four))
			k.arm.add(s[2*i+1], neonSadalp, k.arm.two(k.vec(), neonSmull2, w, four))
		}
	}
}

// finish takes the sums, as float32, through the scales: Keras divides by the
// product of both.
func (k *neonInt8) finish(t reg.Register) {
	lo, hi := k.floatField(t, neonInt8Block, "lo"), k.floatField(t, neonInt8Block, "hi")
	rowScale, colScale := k.field(t, neonInt8Block, "rowScale", 0), k.field(t, neonInt8Block, "colScale", 0)
	bias := k.field(t, neonInt8Block, "bias", 0)
	for r, s := range k.sums {
		scale := k.vec()
		k.arm.step(scale, []v{rowScale}, "FMOVS %d(R%d), F%d", 4*r, rowScale, scale)
		k.arm.step(scale, []v{scale}, "VDUP V%d.S[0], V%d.S4", scale, scale)
		c := k.field(t, neonInt8Block, "c", r)
		for i := range k.nv {
			at := access{g: k.gen, disp: 16 * i}
			sum := s[i]
			if !k.dot {
				sum = k.arm.two(k.vec(), neonAddp, s[2*i], s[2*i+1])
			}
			y := k.div(k.toFloat(sum), k.mul(at.load(colScale), scale))
			k.ifNot(bias, func() { k.sumInto(y, at.load(bias)) })
			at.store(k.min(k.max(y, lo), hi), c)
		}
	}
}
