package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/reg"
)

// neonWindowBlock is what depthwise convolution and pooling read on arm64, pixels
// by pointers: a group of pixels is long work, and so the kernels stay simple.
var neonWindowBlock = &block{"neonWindow", "is the parameter block of the kernels that work on channels.", []field{
	{"src", "[4]unsafe.Pointer", "pixels of the image", 32},
	{"dst", "[4]unsafe.Pointer", "pixels of the result", 32},
	{"residual", "[4]unsafe.Pointer", "the same of the residual", 32},
	{"taps", ptr, "first Seg", 0},
	{"tapCount", num, "number of taps", 0},
	{"w", ptr, "weights, [taps, channels]", 0},
	{"channels", num, "number of channels", 0},
	{"bias", ptr, "bias, or nil", 0},
	{"accumulate", num, "1: add to dst", 0},
	{"adds", num, "1: add the residual", 0},
	{"lo", f32, "", 0},
	{"hi", f32, "", 0},
	{"start", f32, "value of a window without taps (pooling)", 0},
	{"scale", f32, "factor of the sum (pooling)", 0},
}}

// neonWindowPixels lists how many pixels the kernels take at a time.
var neonWindowPixels = []int{4, 1}

// field loads a field of a parameter block, an element of it if it is an array.
func (g *gen) field(t reg.Register, b *block, name string, element int) reg.Register {
	r := g.GP64()
	g.arm.step(r, []v{t}, "MOVD %d(R%d), R%d", b.at(name)+8*element, t, r)
	return r
}

// floatField loads a float32 of a parameter block into all lanes.
func (g *gen) floatField(t reg.Register, b *block, name string) v {
	d := g.vec()
	g.arm.step(d, []v{t}, "FMOVS %d(R%d), F%d", b.at(name), t, d)
	return g.arm.step(d, []v{d}, "VDUP V%d.S[0], V%d.S4", d, d)
}

// intField loads a signed word at an offset from p.
func (g *gen) intField(p reg.Register, offset int) reg.Register {
	r := g.GP64()
	g.arm.step(r, []v{p}, "MOVW %d(R%d), R%d", offset, p, r)
	return r
}

// genNEONWindow writes depthwise convolution and both poolings.
func genNEONWindow(g *gen) {
	for _, pixels := range neonWindowPixels {
		for _, kind := range windowKinds {
			g.function(neonISA, fmt.Sprintf("%s%dNEON", kind, pixels), "t *neonWindow", "", fmt.Sprintf("works on %d pixels.", pixels))
			k := &neonWindow{gen: g, kind: kind, pixels: pixels}
			k.write()
			g.end()
		}
	}
}

// neonWindow writes one kernel: two vectors of channels at a time for all pixels,
// then one, then the tail.
type neonWindow struct {
	*gen
	kind   string
	pixels int

	t      reg.Register
	off    reg.Register // bytes of the channels that are done
	stride reg.Register // bytes of all channels
	src    []reg.Register
}

func (k *neonWindow) write() {
	k.t = k.arg("t")
	n := k.field(k.t, neonWindowBlock, "channels", 0)
	k.stride = k.GP64()
	k.moveReg(n, k.stride)
	k.elementBytes(k.stride)
	for p := range k.pixels {
		k.src = append(k.src, k.field(k.t, neonWindowBlock, "src", p))
	}
	k.off = k.zeroReg()
	for _, count := range []int{2, 1} {
		again, less := k.label("again"), k.label("less")
		k.place(again)
		k.jumpIfLess(n, count*k.lanes, less)
		k.channels(count, access{g: k.gen})
		k.addInto(k.off, count*k.bytes())
		k.addInto(n, -count*k.lanes)
		k.jump(again)
		k.place(less)
	}
	k.tails(n, []reg.Register{k.off}, "done", func(at access) { k.channels(1, at) })
	k.place("done")
}

// channels writes the work on count vectors of channels.
func (k *neonWindow) channels(count int, at access) {
	depthwise := k.kind == "depthwise"
	vector := func(v int) access {
		x := at
		x.disp = v * k.bytes()
		return x
	}
	sums := make([][]v, k.pixels)
	for p := range sums {
		for i := range count {
			start := v(nil)
			switch {
			case p > 0:
				start = k.copy(sums[0][i])
			case depthwise:
				start = k.c(0)
				bias := k.field(k.t, neonWindowBlock, "bias", 0)
				k.ifNot(bias, func() {
					x := vector(i)
					x.off = k.off
					k.assign(x.load(bias), start)
				})
			default:
				start = k.floatField(k.t, neonWindowBlock, "start")
			}
			sums[p] = append(sums[p], start)
		}
	}

	tap, left := k.field(k.t, neonWindowBlock, "taps", 0), k.field(k.t, neonWindowBlock, "tapCount", 0)
	again, summed := k.label("tap"), k.label("summed")
	k.jumpIfZero(left, summed)
	k.place(again)
	from := k.GP64()
	k.advance(k.off, k.intField(tap, 0), from)
	var w []v
	if depthwise {
		at := k.intField(tap, 4)
		k.arm.step(at, []v{at, k.stride}, "MUL R%d, R%d, R%d", k.stride, at, at)
		k.addReg(k.off, at)
		k.addReg(k.field(k.t, neonWindowBlock, "w", 0), at)
		for i := range count {
			w = append(w, vector(i).load(at))
		}
	}
	for p, src := range k.src {
		pixel := k.GP64()
		k.arm.step(pixel, []v{src, from}, "ADD R%d, R%d, R%d", src, from, pixel)
		for i := range count {
			x := vector(i).load(pixel)
			switch k.kind {
			case "depthwise":
				k.fmaInto(sums[p][i], x, w[i])
			case "maxPool":
				k.arm.into(sums[p][i], neonFmax, sums[p][i], x) // NaN if either is
			case "sumPool":
				k.sumInto(sums[p][i], x)
			}
		}
	}
	k.addInto(tap, 12)
	k.countDown(left, again)
	k.place(summed)
	k.store(sums, vector)
}

// store is the epilogue of one block of channels. Without limits Go gives
// infinite ones.
func (k *neonWindow) store(sums [][]v, vector func(i int) access) {
	each := func(f func(p, i int)) {
		for p := range sums {
			for i := range sums[p] {
				f(p, i)
			}
		}
	}
	at := func(i int) access {
		x := vector(i)
		x.off = k.off
		return x
	}
	switch k.kind {
	case "depthwise":
		for _, add := range [][2]string{{"accumulate", "dst"}, {"adds", "residual"}} {
			k.ifNot(k.field(k.t, neonWindowBlock, add[0], 0), func() {
				each(func(p, i int) {
					k.sumInto(sums[p][i], at(i).load(k.field(k.t, neonWindowBlock, add[1], p)))
				})
			})
		}
		lo, hi := k.floatField(k.t, neonWindowBlock, "lo"), k.floatField(k.t, neonWindowBlock, "hi")
		each(func(p, i int) {
			k.arm.into(sums[p][i], neonFmax, sums[p][i], lo)
			k.arm.into(sums[p][i], neonFmin, sums[p][i], hi)
		})
	case "sumPool":
		scale := k.floatField(k.t, neonWindowBlock, "scale")
		each(func(p, i int) { k.mulInto(sums[p][i], scale) })
	}
	each(func(p, i int) { at(i).store(sums[p][i], k.field(k.t, neonWindowBlock, "dst", p)) })
}
