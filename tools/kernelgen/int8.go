package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// int8Block is what the micro-kernels of the int8 product read.
var int8Block = &block{"int8Tile", "is the parameter block of the int8 product's micro-kernels.", []field{
	{"a", ptr, "quantized rows", 0},
	{"aStride", num, "bytes from row to row", 0},
	{"groups", num, "groups of k: 4 (AVX-512) or 2 (AVX2)", 0},
	{"b", ptr, "the panel", 0},
	{"start", ptr, "where the sums start, []int32 of the panel, padded (AVX-512)", 0},
	{"rowScale", ptr, "scale of each row", 0},
	{"colScale", ptr, "scale of the panel's columns", 0},
	{"bias", ptr, "bias of the panel's columns, or nil", 0},
	{"lo", f32, "", 0},
	{"hi", f32, "", 0},
	{"mask", num, "lanes of the last vector as bits (AVX-512)", 0},
	{"maskVector", "[8]int32", "lanes of the last vector as words (AVX2)", 32},
	{"c", "[8]unsafe.Pointer", "rows of the panel's columns in C", 64},
}}

// genInt8 writes the int8 product and the quantization of its rows.
func genInt8(g *gen) {
	for _, i := range isas {
		vectors, rows := gemmShapes(i)
		for nv := vectors; nv >= 1; nv-- {
			for r := rows; r >= 1; r-- {
				g.function(i, fmt.Sprintf("int8Gemm%dx%d%s", r, nv*i.lanes, i.name), "t *int8Tile", "",
					fmt.Sprintf("computes a tile of %d rows and a panel of %d columns.", r, nv*i.lanes))
				k := &int8Kernel{gen: g, nv: nv, rows: r}
				k.write()
				g.end()
			}
		}
	}
	g.function(avx512, "quantize"+avx512.name, "dst *uint8, a *float32, n int, scale float32", "",
		"writes 128 + round(a[i]*scale), limited to [1, 255].")
	dst, a, n := g.arg("dst"), g.arg("a"), g.arg("n")
	scale := g.floatArg("scale")
	g.loopAt4(n, dst, a, func(at access, to operand.Mem) {
		q := g.addInt(g.limitInt(g.toInt(g.mul(at.load(a), scale))), 128)
		if at.tail {
			g.VPMOVDB(q, reg.K1, to)
		} else {
			g.VPMOVDB(q, to)
		}
	})
	g.end()
	g.function(avx2, "quantize"+avx2.name, "dst *int16, a *float32, vectors int, scale float32", "",
		"writes round(a[i]*scale), limited to [-127, 127], for vectors of 8 elements.")
	dst, a, n = g.arg("dst"), g.arg("a"), g.arg("vectors")
	scale = g.floatArg("scale")
	g.Label("again")
	q := g.limitInt(g.toInt(g.mul(access{g: g}.load(a), scale)))
	p := g.vec()
	g.VPACKSSDW(q, q, p) // 0..3 twice, 4..7 twice
	g.VPERMQ(operand.U8(0x08), p, p)
	g.VMOVDQU(low(p), mem(dst, 0))
	g.ADDQ(operand.I8(16), dst)
	g.ADDQ(operand.I8(32), a)
	g.DECQ(n)
	g.JNZ(ref("again"))
	g.end()
}

// limitInt limits integers to [-127, 127].
func (g *gen) limitInt(x v) v {
	return g.minInt(g.maxInt(x, -127), 127)
}

// loopAt4 is a loop whose destination has bytes where the source has words.
func (g *gen) loopAt4(n, dst, a reg.Register, body func(at access, to operand.Mem)) {
	g.Label("one")
	g.CMPQ(n, operand.I32(g.lanes))
	g.JL(ref("tail"))
	body(access{g: g}, mem(dst, 0))
	g.ADDQ(operand.I32(g.bytes()), a)
	g.ADDQ(operand.I32(g.lanes), dst)
	g.SUBQ(operand.I32(g.lanes), n)
	g.JMP(ref("one"))
	g.Label("tail")
	g.TESTQ(n, n)
	g.JZ(ref("done"))
	body(g.tailAccess(n), mem(dst, 0))
	g.Label("done")
}

// int8Kernel writes one micro-kernel. With AVX-512 VPDPBUSD multiplies unsigned
// by signed bytes, so A is stored plus 128 and the sums start at what that adds,
// negative. AVX2 multiplies pairs of 16-bit integers, which cannot overflow.
type int8Kernel struct {
	*gen
	nv, rows, sets int
}

func (k *int8Kernel) field(name string) operand.Mem { return mem(gT, int8Block.at(name)) }

func (k *int8Kernel) acc(s, r, v int) reg.Register { return k.phys((s*k.rows+r)*k.nv + v) }

func (k *int8Kernel) write() {
	most, first := 24, 24
	if !k.wide() {
		most, first = 12, 12
	}
	k.sets = 1
	for k.sets < 4 && 2*k.sets*k.rows*k.nv <= most {
		k.sets *= 2
	}
	k.Load(k.Param("t"), gT)
	k.MOVQ(k.field("a"), gRow[0])
	k.MOVQ(k.field("aStride"), gTmp)
	for r := 1; r < k.rows; r++ {
		k.LEAQ(memx(gRow[r-1], gTmp, 1, 0), gRow[r])
	}
	for i := range k.sets * k.rows * k.nv {
		k.zero(k.phys(i))
	}
	groupBytes := 2 * k.lanes // of one vector of columns
	if k.wide() {
		groupBytes = 4 * k.lanes
		k.MOVQ(k.field("mask"), gTmp)
		k.KMOVW(reg.ESI, reg.K1)
		k.MOVQ(k.field("start"), gTmp)
		for v := range k.nv {
			for r := range k.rows {
				k.VMOVDQU32(mem(gTmp, v*k.bytes()), k.acc(0, r, v))
			}
		}
	}
	k.MOVQ(k.field("b"), gB)
	k.MOVQ(k.field("groups"), gLeft)
	k.XORQ(gIdx, gIdx)
	step := func(u int) {
		w := func(v int) operand.Mem { return mem(gB, (u*k.nv+v)*groupBytes) }
		for v := range k.nv {
			if k.wide() {
				k.VMOVDQU32(w(v), k.phys(first+v))
			} else {
				k.VPMOVSXBW(w(v), k.phys(first+v))
			}
		}
		for r := range k.rows {
			x := k.phys(first + k.nv + r%2)
			if !k.wide() {
				x = k.phys(first + k.nv)
			}
			k.VPBROADCASTD(memx(gRow[r], gIdx, 1, 4*u), x)
			for v := range k.nv {
				acc := k.acc(u%k.sets, r, v)
				if k.wide() {
					k.dotBytes(k.phys(first+v), x, acc)
					continue
				}
				product := k.phys(first + k.nv + 1)
				k.VPMADDWD(k.phys(first+v), x, product)
				k.VPADDD(product, acc, acc)
			}
		}
	}
	const unroll = 4
	k.SUBQ(operand.I8(unroll), gLeft)
	k.JL(ref("rest"))
	k.Label("four")
	for u := range unroll {
		step(u)
	}
	k.ADDQ(operand.I8(4*unroll), gIdx)
	k.ADDQ(operand.I32(unroll*k.nv*groupBytes), gB)
	k.SUBQ(operand.I8(unroll), gLeft)
	k.JGE(ref("four"))
	k.Label("rest")
	k.ADDQ(operand.I8(unroll), gLeft)
	k.JZ(ref("summed"))
	k.Label("one")
	step(0)
	k.ADDQ(operand.I8(4), gIdx)
	k.ADDQ(operand.I32(k.nv*groupBytes), gB)
	k.DECQ(gLeft)
	k.JNZ(ref("one"))
	k.Label("summed")
	for s := k.sets / 2; s >= 1; s /= 2 {
		for i := range s * k.rows * k.nv {
			k.VPADDD(k.phys(i+s*k.rows*k.nv), k.phys(i), k.phys(i))
		}
	}
	k.finish(first)
}

// dotBytes is VPDPBUSD, which avo does not know: sum += unsigned * signed, four
// bytes at a time.
func (g *gen) dotBytes(signed, unsigned, sum reg.Register) {
	g.Instruction(&ir.Instruction{
		Opcode:   "VPDPBUSD",
		Operands: []operand.Op{signed, unsigned, sum},
		Inputs:   []operand.Op{signed, unsigned, sum},
		Outputs:  []operand.Op{sum},
		ISA:      []string{"AVX512VNNI"},
	})
}

// finish takes the sums, as float32, through the scales: Keras divides by the
// product of both.
func (k *int8Kernel) finish(first int) {
	mask := reg.Register(k.phys(15))
	if k.wide() {
		mask = reg.K1
	} else {
		k.VMOVUPS(k.field("maskVector"), mask)
	}
	tail := access{g: k.gen, tail: true, mask: mask}
	at := func(v int) access {
		if v == k.nv-1 {
			a := tail
			a.disp = v * k.bytes()
			return a
		}
		return access{g: k.gen, disp: v * k.bytes()}
	}
	scale, tmp := k.phys(first), k.phys(first+1)
	load := func(field string, v int, to reg.Register) {
		k.MOVQ(k.field(field), gTmp)
		m := mem(gTmp, v*k.bytes())
		switch {
		case v < k.nv-1:
			k.VMOVUPS(m, to)
		case k.wide():
			k.VMOVUPS_Z(m, mask, to)
		default:
			k.VMASKMOVPS(m, mask, to)
		}
	}
	for r := range k.rows {
		k.MOVQ(mem(gT, int8Block.at("c")+8*r), gRow[r])
		for v := range k.nv {
			acc := k.acc(0, r, v)
			k.VCVTDQ2PS(acc, acc)
			k.MOVQ(k.field("rowScale"), gTmp)
			k.VBROADCASTSS(mem(gTmp, 4*r), scale)
			load("colScale", v, tmp)
			k.VMULPS(tmp, scale, scale)
			k.VDIVPS(scale, acc, acc)
			skip := k.label("unbiased")
			k.MOVQ(k.field("bias"), gTmp)
			k.TESTQ(gTmp, gTmp)
			k.JZ(ref(skip))
			load("bias", v, tmp)
			k.VADDPS(tmp, acc, acc)
			k.Label(skip)
			k.VBROADCASTSS(k.field("lo"), scale)
			k.VMAXPS(acc, scale, acc)
			k.VBROADCASTSS(k.field("hi"), scale)
			k.VMINPS(acc, scale, acc)
			at(v).store(acc, gRow[r])
		}
	}
}
