package main

import "github.com/mmcloughlin/avo/reg"

// genRecurrent writes the steps of recurrent layers after their products, for
// one row of the batch.
func genRecurrent(g *gen) {
	for _, i := range g.levels {
		g.function(i, "lstm"+i.name, "h, c, z *float32, units int", "",
			"turns the gates i, f, c, o in z, units elements each, and the carry c into the new c and h.")
		h, c, z, n := g.arg("h"), g.arg("c"), g.arg("z"), g.arg("units")
		gates := g.gates(z, n, 4)
		off := g.zeroReg()
		g.loopAt(n, off, func(at access) {
			// c = f*c + i*g
			carry := g.mul(g.sigmoid(at.load(gates[1])), at.load(c))
			in := g.sigmoid(at.load(gates[0]))
			g.fmaInto(carry, g.tanh(at.load(gates[2])), in)
			at.store(carry, c)
			out := g.tanh(carry)
			at.store(g.mul(g.sigmoid(at.load(gates[3])), out), h)
		})
		g.end()

		g.function(i, "gru"+i.name, "h, prev, x, r *float32, units int", "",
			"turns the gates z, r, h of the input in x and of the state in r, units elements each, and the old state into the new one.")
		h, prev, x, r, n := g.arg("h"), g.arg("prev"), g.arg("x"), g.arg("r"), g.arg("units")
		xs, rs := g.gates(x, n, 3), g.gates(r, n, 3)
		off = g.zeroReg()
		g.loopAt(n, off, func(at access) {
			reset := g.sigmoid(g.add(at.load(xs[1]), at.load(rs[1])))
			new := g.tanh(g.fma(reset, at.load(rs[2]), at.load(xs[2])))
			keep := g.sigmoid(g.add(at.load(xs[0]), at.load(rs[0])))
			// z*prev + (1-z)*new
			y := g.mul(keep, at.load(prev))
			g.fmaInto(y, new, g.sub(g.c(1), keep))
			at.store(y, h)
		})
		g.end()
	}
}

// gates gives pointers to count consecutive vectors of n elements.
func (g *gen) gates(first, n reg.Register, count int) []reg.Register {
	list := []reg.Register{first}
	for range count - 1 {
		p := g.GP64()
		g.advance(list[len(list)-1], n, p)
		list = append(list, p)
	}
	return list
}
