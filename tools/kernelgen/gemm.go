package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tileBlock is what the micro-kernels of the product read.
var tileBlock = &block{"tile", "is the parameter block of the product's micro-kernels.", []field{
	{"a", ptr, "first element of A", 0},
	{"aOff", ptr, "offsets of the rows, []int32, or nil", 0},
	{"aStride", num, "bytes from row to row, without offsets", 0},
	{"segs", ptr, "first Seg", 0},
	{"segBytes", num, "size of all segments", 0},
	{"b", ptr, "the panel", 0},
	{"c", ptr, "first element of the panel's columns in C", 0},
	{"cOff", ptr, "offsets of the rows, []int32, or nil", 0},
	{"cStride", num, "bytes from row to row, without offsets", 0},
	{"bias", ptr, "bias of the panel's columns, or nil", 0},
	{"residual", ptr, "what C is for the residual, or nil", 0},
	{"accumulate", num, "1: add to C", 0},
	{"clamp", num, "1: limit to [lo, hi]", 0},
	{"lo", f32, "", 0},
	{"hi", f32, "", 0},
	{"tiles", num, "tiles still to do; counted down", 0},
	{"aRun", num, "bytes from a to the next tile, without offsets", 0},
	{"cRun", num, "bytes from c to the next tile, without offsets", 0},
	{"offRun", num, "bytes from the first offset to those of the next tile", 0},
	{"partial", num, "0: the last vector is whole", 0},
	{"mask", num, "else: its lanes as bits (AVX-512)", 0},
	{"maskVector", "[8]int32", "else: its lanes as words (AVX2)", 32},
}}

// gemmShapes lists the vectors of a panel and the most rows of a tile.
func gemmShapes(i isa) (vectors, rows int) {
	if i.wide() {
		return 3, 8
	}
	return 2, 6
}

// genGemm writes a micro-kernel for each number of vectors and rows.
func genGemm(g *gen) {
	for _, i := range isas {
		vectors, rows := gemmShapes(i)
		for nv := vectors; nv >= 1; nv-- {
			for r := rows; r >= 1; r-- {
				g.function(i, fmt.Sprintf("gemm%dx%d%s", r, nv*i.lanes, i.name), "t *tile", "",
					fmt.Sprintf("computes tiles of %d rows and a panel of %d columns.", r, nv*i.lanes))
				k := &gemmKernel{gen: g, nv: nv, rows: r}
				k.write()
				g.end()
			}
		}
	}
}

// gemmKernel writes one micro-kernel. The sums of a tile stay in registers;
// few rows are summed in several sets, k modulo the number of sets, because one
// chain of additions for each sum would wait for the adder.
type gemmKernel struct {
	*gen
	nv, rows, sets int
}

// The general registers of the product. Row pointers become offsets into C
// when the sums are done.
var (
	gT    = reg.RDI
	gRow  = []reg.Register{reg.R8, reg.R9, reg.R10, reg.R11, reg.R12, reg.R13, reg.R14, reg.R15}
	gIdx  = reg.RAX // bytes from a row pointer to the next element
	gB    = reg.RBX
	gLeft = reg.RCX
	gSeg  = reg.RDX
	gTmp  = reg.RSI
)

func (k *gemmKernel) field(name string) operand.Mem { return mem(gT, tileBlock.at(name)) }

// acc is the register of row r, vector v, set s.
func (k *gemmKernel) acc(s, r, v int) reg.Register { return k.phys((s*k.rows+r)*k.nv + v) }

func (k *gemmKernel) write() {
	most, first := 24, 24
	if !k.wide() {
		most, first = 12, 12
	}
	k.sets = 1
	for k.sets < 4 && 2*k.sets*k.rows*k.nv <= most {
		k.sets *= 2
	}
	k.Load(k.Param("t"), gT)
	if k.wide() {
		k.MOVQ(k.field("mask"), gTmp)
		k.KMOVW(gTmp.As32(), reg.K1)
	}
	k.Label("tile")
	k.rowPointers()
	k.start()

	k.MOVQ(k.field("segs"), gSeg)
	k.Label("segment")
	k.MOVQ(k.field("segs"), gTmp)
	k.ADDQ(k.field("segBytes"), gTmp)
	k.CMPQ(gSeg, gTmp)
	k.JAE(ref("summed"))
	k.MOVLQSX(mem(gSeg, 0), gIdx)
	k.SHLQ(operand.U8(2), gIdx)
	k.MOVLQSX(mem(gSeg, 4), gB)
	k.IMUL3Q(operand.I32(k.nv*k.bytes()), gB, gB)
	k.ADDQ(k.field("b"), gB)
	k.MOVLQSX(mem(gSeg, 8), gLeft)
	k.ADDQ(operand.I8(12), gSeg)
	const unroll = 4
	k.SUBQ(operand.I8(unroll), gLeft)
	k.JL(ref("rest"))
	k.Label("four")
	for u := range unroll {
		k.step(u, first)
	}
	k.ADDQ(operand.I8(4*unroll), gIdx)
	k.ADDQ(operand.I32(unroll*k.nv*k.bytes()), gB)
	k.SUBQ(operand.I8(unroll), gLeft)
	k.JGE(ref("four"))
	k.Label("rest")
	k.ADDQ(operand.I8(unroll), gLeft)
	k.JZ(ref("segment"))
	k.Label("one")
	k.step(0, first)
	k.ADDQ(operand.I8(4), gIdx)
	k.ADDQ(operand.I32(k.nv*k.bytes()), gB)
	k.DECQ(gLeft)
	k.JNZ(ref("one"))
	k.JMP(ref("segment"))

	k.Label("summed")
	for s := k.sets / 2; s >= 1; s /= 2 {
		for i := range s {
			for r := range k.rows {
				for v := range k.nv {
					k.VADDPS(k.acc(i+s, r, v), k.acc(i, r, v), k.acc(i, r, v))
				}
			}
		}
	}
	k.offsets()
	k.CMPQ(k.field("partial"), operand.I8(0))
	k.JNE(ref("partial"))
	k.finish(false)
	k.JMP(ref("next"))
	k.Label("partial")
	k.finish(true)
	k.Label("next")
	k.DECQ(k.field("tiles"))
	k.JNZ(ref("tile"))
}

// rowPointers sets the row pointers of the next tile.
func (k *gemmKernel) rowPointers() {
	k.MOVQ(k.field("a"), gTmp)
	k.MOVQ(k.field("aOff"), gIdx)
	k.TESTQ(gIdx, gIdx)
	k.JZ(ref("evenA"))
	k.ADDQ(k.field("offRun"), gIdx)
	for r := range k.rows {
		k.MOVLQSX(mem(gIdx, 4*r), gRow[r])
		k.LEAQ(memx(gTmp, gRow[r], 4, 0), gRow[r])
	}
	k.JMP(ref("pointed"))
	k.Label("evenA")
	k.MOVQ(k.field("aStride"), gIdx)
	k.ADDQ(k.field("aRun"), gTmp)
	k.MOVQ(gTmp, gRow[0])
	for r := 1; r < k.rows; r++ {
		k.LEAQ(memx(gRow[r-1], gIdx, 1, 0), gRow[r])
	}
	k.IMUL3Q(operand.I8(k.rows), gIdx, gIdx)
	k.ADDQ(gIdx, k.field("aRun"))
	k.Label("pointed")
}

// start sets the sums to the bias or to zero.
func (k *gemmKernel) start() {
	for s := range k.sets {
		for r := range k.rows {
			for v := range k.nv {
				if s > 0 {
					k.zero(k.acc(s, r, v))
				}
			}
		}
	}
	k.MOVQ(k.field("bias"), gTmp)
	k.TESTQ(gTmp, gTmp)
	k.JZ(ref("unbiased"))
	for v := range k.nv {
		if v == k.nv-1 && k.wide() {
			k.VMOVUPS_Z(mem(gTmp, v*k.bytes()), reg.K1, k.acc(0, 0, v))
			continue
		}
		if v == k.nv-1 {
			k.VMOVUPS(k.field("maskVector"), k.phys(15))
			k.VMASKMOVPS(mem(gTmp, v*k.bytes()), k.phys(15), k.acc(0, 0, v))
			continue
		}
		k.VMOVUPS(mem(gTmp, v*k.bytes()), k.acc(0, 0, v))
	}
	for r := 1; r < k.rows; r++ {
		for v := range k.nv {
			k.VMOVAPS(k.acc(0, 0, v), k.acc(0, r, v))
		}
	}
	k.JMP(ref("started"))
	k.Label("unbiased")
	for r := range k.rows {
		for v := range k.nv {
			k.zero(k.acc(0, r, v))
		}
	}
	k.Label("started")
}

// step adds the products of one k, u elements further on. Registers from first
// on are free.
func (k *gemmKernel) step(u, first int) {
	set := u % k.sets
	at := func(r int) operand.Mem { return memx(gRow[r], gIdx, 1, 4*u) }
	w := func(v int) operand.Mem { return mem(gB, (u*k.nv+v)*k.bytes()) }
	if k.rows <= 2 && k.nv > 1 {
		// So few rows wait for the weights: ask for those of later steps, which
		// follow in memory, from the third-level cache.
		const ahead = 4096
		for at := 0; at < k.nv*k.bytes(); at += 64 {
			if from := u*k.nv*k.bytes() + at; from%64 == 0 {
				k.PREFETCHT0(mem(gB, from+ahead))
			}
		}
	}
	if k.rows == 1 && k.nv > 1 {
		// A weight is used once: no need to load it first.
		x := k.phys(first + u%2)
		k.VBROADCASTSS(at(0), x)
		for v := range k.nv {
			k.VFMADD231PS(w(v), x, k.acc(set, 0, v))
		}
		return
	}
	for v := range k.nv {
		k.VMOVUPS(w(v), k.phys(first+v))
	}
	for r := range k.rows {
		if k.wide() && k.nv == 1 {
			k.VFMADD231PS_BCST(at(r), k.phys(first), k.acc(set, r, 0))
			continue
		}
		x := k.phys(first + k.nv + r%2)
		k.VBROADCASTSS(at(r), x)
		for v := range k.nv {
			k.VFMADD231PS(x, k.phys(first+v), k.acc(set, r, v))
		}
	}
}

// offsets turns the row registers into byte offsets of the tile's rows in C.
func (k *gemmKernel) offsets() {
	k.MOVQ(k.field("cOff"), gIdx)
	k.TESTQ(gIdx, gIdx)
	k.JZ(ref("evenC"))
	k.ADDQ(k.field("offRun"), gIdx)
	for r := range k.rows {
		k.MOVLQSX(mem(gIdx, 4*r), gRow[r])
		k.SHLQ(operand.U8(2), gRow[r])
	}
	k.JMP(ref("offset"))
	k.Label("evenC")
	k.MOVQ(k.field("cStride"), gIdx)
	k.MOVQ(k.field("cRun"), gRow[0])
	for r := 1; r < k.rows; r++ {
		k.LEAQ(memx(gRow[r-1], gIdx, 1, 0), gRow[r])
	}
	k.IMUL3Q(operand.I8(k.rows), gIdx, gIdx)
	k.ADDQ(gIdx, k.field("cRun"))
	k.Label("offset")
	k.ADDQ(operand.I8(4*k.rows), k.field("offRun"))
}

// finish is the epilogue. partial: only some lanes of the last vector exist.
func (k *gemmKernel) finish(partial bool) {
	suffix := ""
	if partial {
		suffix = "Partial"
	}
	tmp, tmp2, mask := k.phys(12), k.phys(13), k.phys(15)
	if k.wide() {
		tmp, tmp2 = k.phys(24), k.phys(25)
	} else if partial {
		k.VMOVUPS(k.field("maskVector"), mask)
	}
	// add adds a matrix that is addressed like C.
	add := func(base reg.Register) {
		for r := range k.rows {
			for v := range k.nv {
				m := memx(base, gRow[r], 1, v*k.bytes())
				switch {
				case !partial || v < k.nv-1:
					k.VADDPS(m, k.acc(0, r, v), k.acc(0, r, v))
				case k.wide():
					k.VADDPS(m, k.acc(0, r, v), reg.K1, k.acc(0, r, v))
				default:
					k.VMASKMOVPS(m, mask, tmp)
					k.VADDPS(tmp, k.acc(0, r, v), k.acc(0, r, v))
				}
			}
		}
	}
	k.MOVQ(k.field("c"), gTmp)
	k.CMPQ(k.field("accumulate"), operand.I8(0))
	k.JE(ref("accumulated" + suffix))
	add(gTmp)
	k.Label("accumulated" + suffix)
	k.MOVQ(k.field("residual"), gIdx)
	k.TESTQ(gIdx, gIdx)
	k.JZ(ref("residual" + suffix))
	add(gIdx)
	k.Label("residual" + suffix)
	k.CMPQ(k.field("clamp"), operand.I8(0))
	k.JE(ref("clamped" + suffix))
	k.VBROADCASTSS(k.field("lo"), tmp)
	k.VBROADCASTSS(k.field("hi"), tmp2)
	for r := range k.rows {
		for v := range k.nv {
			// The sum is the second source, the one that wins if it is NaN.
			k.VMAXPS(k.acc(0, r, v), tmp, k.acc(0, r, v))
			k.VMINPS(k.acc(0, r, v), tmp2, k.acc(0, r, v))
		}
	}
	k.Label("clamped" + suffix)
	for r := range k.rows {
		for v := range k.nv {
			m := memx(gTmp, gRow[r], 1, v*k.bytes())
			switch {
			case !partial || v < k.nv-1:
				k.VMOVUPS(k.acc(0, r, v), m)
			case k.wide():
				k.VMOVUPS(k.acc(0, r, v), reg.K1, m)
			default:
				k.VMASKMOVPS(k.acc(0, r, v), mask, m)
			}
		}
	}
}
