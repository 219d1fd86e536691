package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// windowBlock is what depthwise convolution and pooling read.
var windowBlock = &block{"window", "is the parameter block of the kernels that work on channels.", []field{
	{"src", ptr, "first element of the image", 0},
	{"srcOff", ptr, "offsets of the pixels, []int32, or nil", 0},
	{"srcStride", num, "bytes from pixel to pixel, without offsets", 0},
	{"taps", ptr, "first Seg", 0},
	{"tapBytes", num, "size of all taps", 0},
	{"w", ptr, "weights, [taps, channels]", 0},
	{"channels", num, "bytes of all channels", 0},
	{"dst", ptr, "first element of the result", 0},
	{"dstOff", ptr, "offsets of the pixels, []int32, or nil", 0},
	{"dstStride", num, "bytes from pixel to pixel, without offsets", 0},
	{"bias", ptr, "bias, or nil", 0},
	{"residual", ptr, "what dst is for the residual, or nil", 0},
	{"previous", ptr, "dst, to add to what it holds, or nil", 0},
	{"adds", num, "1: there is residual or previous", 0},
	{"lo", f32, "", 0},
	{"hi", f32, "", 0},
	{"start", f32, "value of a window without taps (pooling)", 0},
	{"scale", f32, "factor of the sum (pooling)", 0},
	{"groups", num, "groups of pixels still to do; counted down", 0},
	{"srcRun", num, "bytes from src to the next group, without offsets", 0},
	{"dstRun", num, "bytes from dst to the next group, without offsets", 0},
	{"offRun", num, "bytes from the first offset to those of the next group", 0},
	{"mask", num, "lanes of the last vector as bits (AVX-512)", 0},
	{"maskVector", "[8]int32", "lanes of the last vector as words (AVX2)", 32},
}}

// windowPixels lists how many pixels the kernels take at a time.
func windowPixels(i isa) []int {
	if i.wide() {
		return []int{8, 4, 2, 1}
	}
	return []int{6, 4, 2, 1}
}

// windowKinds are the families of genWindow.
var windowKinds = []string{"depthwise", "maxPool", "sumPool"}

// genWindow writes depthwise convolution and both poolings.
func genWindow(g *gen) {
	for _, i := range isas {
		for _, p := range windowPixels(i) {
			for _, kind := range windowKinds {
				g.function(i, fmt.Sprintf("%s%d%s", kind, p, i.name), "t *window", "",
					fmt.Sprintf("works on groups of %d pixels.", p))
				k := &windowKernel{gen: g, kind: kind, pixels: p}
				k.write()
				g.end()
			}
		}
	}
}

// windowKernel writes one kernel: for a group of pixels, several vectors of
// channels at a time, then fewer, then the tail. The general registers are those
// of the product; gRow points to the pixels.
type windowKernel struct {
	*gen
	kind   string
	pixels int
}

var (
	wChan = reg.RCX // bytes of the channels that are done
	wTap  = reg.RDX
	wIdx  = reg.RAX // bytes from a pixel's first tap to the current one
	wW    = reg.RBX
	wTmp  = reg.RSI
)

func (k *windowKernel) field(name string) operand.Mem { return mem(gT, windowBlock.at(name)) }

func (k *windowKernel) write() {
	k.Load(k.Param("t"), gT)
	if k.wide() {
		k.MOVQ(k.field("mask"), wTmp)
		k.KMOVW(reg.ESI, reg.K1)
	}
	k.Label("group")
	k.MOVQ(k.field("src"), wTmp)
	k.MOVQ(k.field("srcOff"), wIdx)
	k.TESTQ(wIdx, wIdx)
	k.JZ(ref("evenSrc"))
	k.ADDQ(k.field("offRun"), wIdx)
	for p := range k.pixels {
		k.MOVLQSX(mem(wIdx, 4*p), gRow[p])
		k.LEAQ(memx(wTmp, gRow[p], 4, 0), gRow[p])
	}
	k.JMP(ref("pointed"))
	k.Label("evenSrc")
	k.MOVQ(k.field("srcStride"), wIdx)
	k.ADDQ(k.field("srcRun"), wTmp)
	k.MOVQ(wTmp, gRow[0])
	for p := 1; p < k.pixels; p++ {
		k.LEAQ(memx(gRow[p-1], wIdx, 1, 0), gRow[p])
	}
	k.IMUL3Q(operand.I8(k.pixels), wIdx, wIdx)
	k.ADDQ(wIdx, k.field("srcRun"))
	k.Label("pointed")

	k.XORQ(wChan, wChan)
	for _, nv := range k.vectors() {
		again, less := fmt.Sprintf("vectors%d", nv), fmt.Sprintf("below%d", nv)
		k.Label(again)
		k.LEAQ(mem(wChan, nv*k.bytes()), wTmp)
		k.CMPQ(wTmp, k.field("channels"))
		k.JA(ref(less))
		k.channels(fmt.Sprint("V", nv), nv, false)
		k.ADDQ(operand.I32(nv*k.bytes()), wChan)
		k.JMP(ref(again))
		k.Label(less)
	}
	k.CMPQ(wChan, k.field("channels"))
	k.JE(ref("done"))
	k.channels("Tail", 1, true)
	k.Label("done")

	k.MOVQ(k.field("dstStride"), wIdx)
	k.IMUL3Q(operand.I8(k.pixels), wIdx, wIdx)
	k.ADDQ(wIdx, k.field("dstRun"))
	k.ADDQ(operand.I8(4*k.pixels), k.field("offRun"))
	k.DECQ(k.field("groups"))
	k.JNZ(ref("group"))
}

// vectors lists how many vectors of channels are worked on at a time: as many
// as registers hold, so that the work on each tap is shared.
func (k *windowKernel) vectors() []int {
	switch {
	case k.wide() && k.pixels <= 2:
		return []int{8, 2, 1}
	case k.wide() && k.pixels == 4 || k.pixels <= 2:
		return []int{4, 1}
	}
	return []int{2, 1}
}

// load loads a vector; of the tail only the lanes that exist, else zero.
func (k *windowKernel) load(m operand.Mem, v reg.Register, tail bool, mask reg.Register) {
	switch {
	case !tail:
		k.VMOVUPS(m, v)
	case k.wide():
		k.VMOVUPS_Z(m, reg.K1, v)
	default:
		k.VMASKMOVPS(m, mask, v)
	}
}

// channels writes the work on nv vectors of channels.
func (k *windowKernel) channels(suffix string, nv int, tail bool) {
	acc := func(p, v int) reg.Register { return k.phys(p*nv + v) }
	first := k.pixels * nv // free registers from here: at most 12 are sums on AVX2
	w0, tmp, mask := first, k.phys(first+nv), reg.Register(nil)
	if tail && !k.wide() {
		mask = k.phys(15)
		k.VMOVUPS(k.field("maskVector"), mask)
	}

	// Start.
	if k.kind == "depthwise" {
		k.MOVQ(k.field("bias"), wTmp)
		k.TESTQ(wTmp, wTmp)
		k.JZ(ref("unbiased" + suffix))
		for v := range nv {
			k.load(memx(wTmp, wChan, 1, v*k.bytes()), acc(0, v), tail, mask)
			for p := 1; p < k.pixels; p++ {
				k.VMOVAPS(acc(0, v), acc(p, v))
			}
		}
		k.JMP(ref("started" + suffix))
		k.Label("unbiased" + suffix)
		for i := range k.pixels * nv {
			k.zero(k.phys(i))
		}
		k.Label("started" + suffix)
	} else {
		k.VBROADCASTSS(k.field("start"), acc(0, 0))
		for i := 1; i < k.pixels*nv; i++ {
			k.VMOVAPS(acc(0, 0), k.phys(i))
		}
	}

	// Taps.
	k.MOVQ(k.field("taps"), wTap)
	k.MOVQ(wTap, wTmp)
	k.ADDQ(k.field("tapBytes"), wTmp)
	k.CMPQ(wTap, wTmp)
	k.JAE(ref("summed" + suffix))
	k.Label("taps" + suffix)
	k.MOVLQSX(mem(wTap, 0), wIdx)
	k.LEAQ(memx(wChan, wIdx, 4, 0), wIdx)
	if k.kind == "depthwise" {
		k.MOVLQSX(mem(wTap, 4), wW)
		k.IMULQ(k.field("channels"), wW)
		k.ADDQ(k.field("w"), wW)
		for v := range nv {
			k.load(memx(wW, wChan, 1, v*k.bytes()), k.phys(w0+v), tail, mask)
		}
	}
	k.ADDQ(operand.I8(12), wTap)
	for p := range k.pixels {
		for v := range nv {
			m := memx(gRow[p], wIdx, 1, v*k.bytes())
			switch k.kind {
			case "depthwise":
				switch {
				case !tail:
					k.VFMADD231PS(m, k.phys(w0+v), acc(p, v))
				case k.wide():
					k.VFMADD231PS(m, k.phys(w0+v), reg.K1, acc(p, v))
				default:
					k.VMASKMOVPS(m, mask, tmp)
					k.VFMADD231PS(tmp, k.phys(w0+v), acc(p, v))
				}
			case "maxPool":
				k.load(m, tmp, tail, mask)
				// NaN in either stays: maximum gives the sum's side, which is
				// then replaced where the new value is NaN.
				k.VMOVAPS(k.maxOf(tmp, acc(p, v)), acc(p, v))
			case "sumPool":
				switch {
				case !tail:
					k.VADDPS(m, acc(p, v), acc(p, v))
				case k.wide():
					k.VADDPS(m, acc(p, v), reg.K1, acc(p, v))
				default:
					k.VMASKMOVPS(m, mask, tmp)
					k.VADDPS(tmp, acc(p, v), acc(p, v))
				}
			}
		}
	}
	k.CMPQ(wTap, wTmp)
	k.JB(ref("taps" + suffix))
	k.Label("summed" + suffix)

	if k.kind == "sumPool" {
		k.VBROADCASTSS(k.field("scale"), tmp)
		for i := range k.pixels * nv {
			k.VMULPS(tmp, k.phys(i), k.phys(i))
		}
	}
	k.store(suffix, nv, tail, mask)
}

// store is the epilogue of one block of channels. Offsets of the result have no
// registers of their own, so it goes pixel by pixel. Without limits Go gives
// infinite ones.
func (k *windowKernel) store(suffix string, nv int, tail bool, mask reg.Register) {
	free := k.pixels * nv
	lo, hi, tmp := k.phys(free), k.phys(free+1), k.phys(free+2)
	depthwise := k.kind == "depthwise"
	if depthwise {
		k.VBROADCASTSS(k.field("lo"), lo)
		k.VBROADCASTSS(k.field("hi"), hi)
		k.CMPQ(k.field("adds"), operand.I8(0))
		k.JNE(ref("adds" + suffix))
	}
	out := func(p int, base, at reg.Register, scale int) {
		for v := range nv {
			acc := k.phys(p*nv + v)
			if depthwise {
				// The sum is the second source, the one that wins if it is NaN.
				k.VMAXPS(acc, lo, acc)
				k.VMINPS(acc, hi, acc)
			}
			m := memx(base, at, scale, v*k.bytes())
			switch {
			case !tail:
				k.VMOVUPS(acc, m)
			case k.wide():
				k.VMOVUPS(acc, reg.K1, m)
			default:
				k.VMASKMOVPS(acc, mask, m)
			}
		}
	}
	k.MOVQ(k.field("dst"), wTmp)
	k.ADDQ(wChan, wTmp)
	k.MOVQ(k.field("dstOff"), wIdx)
	k.TESTQ(wIdx, wIdx)
	k.JZ(ref("evenDst" + suffix))
	k.ADDQ(k.field("offRun"), wIdx)
	for p := range k.pixels {
		k.MOVLQSX(mem(wIdx, 4*p), wW)
		out(p, wTmp, wW, 4)
	}
	k.JMP(ref("stored" + suffix))
	k.Label("evenDst" + suffix)
	k.MOVQ(k.field("dstRun"), wW)
	k.MOVQ(k.field("dstStride"), wIdx)
	for p := range k.pixels {
		out(p, wTmp, wW, 1)
		k.ADDQ(wIdx, wW)
	}
	if depthwise {
		// The same for results that have more added to them.
		k.JMP(ref("stored" + suffix))
		k.Label("adds" + suffix)
		k.MOVQ(k.field("dstRun"), wW) // the byte offset of the pixel, if there is no table
		for p := range k.pixels {
			s := fmt.Sprintf("%s%d", suffix, p)
			k.MOVQ(k.field("dstOff"), wIdx)
			k.TESTQ(wIdx, wIdx)
			k.JZ(ref("even" + s))
			k.ADDQ(k.field("offRun"), wIdx)
			k.MOVLQSX(mem(wIdx, 4*p), wW)
			k.SHLQ(operand.U8(2), wW)
			k.Label("even" + s)
			k.LEAQ(memx(wW, wChan, 1, 0), wIdx)
			for _, what := range []string{"previous", "residual"} {
				k.MOVQ(k.field(what), wTmp)
				k.TESTQ(wTmp, wTmp)
				k.JZ(ref(what + s))
				for v := range nv {
					k.load(memx(wTmp, wIdx, 1, v*k.bytes()), tmp, tail, mask)
					k.VADDPS(tmp, k.phys(p*nv+v), k.phys(p*nv+v))
				}
				k.Label(what + s)
			}
			k.MOVQ(k.field("dst"), wTmp)
			out(p, wTmp, wIdx, 1)
			k.ADDQ(k.field("dstStride"), wW)
		}
	}
	k.Label("stored" + suffix)
}
