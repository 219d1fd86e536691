package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// patchBlock and squareBlock are what the two transforms of a Winograd
// convolution read: from patches of 4 x 4 input pixels, to squares of 2 x 2
// output pixels.
var (
	patchBlock = &block{"patches", "is the parameter block of the transform of a Winograd convolution's input.", []field{
		{"src", ptr, "first element of the image", 0},
		{"off", ptr, "16 offsets for each tile, []int32, -1 outside the image", 0},
		{"zeros", ptr, "what is read there", 0},
		{"dst", ptr, "first element of the transformed tiles", 0},
		{"plane", num, "bytes from one of the 16 planes of dst to the next", 0},
		{"channels", num, "bytes of all channels", 0},
		{"tiles", num, "tiles to do; counted down", 0},
		{"at", "[16]uintptr", "pixels of the current tile", 128},
	}}
	squareBlock = &block{"squares", "is the parameter block of the transform of a Winograd convolution's products.", []field{
		{"src", ptr, "first product", 0},
		{"plane", num, "bytes from one of the 16 planes of src to the next", 0},
		{"row", num, "bytes from tile to tile in a plane", 0},
		{"off", ptr, "4 offsets for each tile, []int32, -1 outside the image", 0},
		{"dst", ptr, "first element of the image", 0},
		{"residual", ptr, "what dst is for the residual, or nil", 0},
		{"nowhere", ptr, "what stands for pixels outside the image", 0},
		{"bias", ptr, "bias, or nil", 0},
		{"lo", f32, "", 0},
		{"hi", f32, "", 0},
		{"columns", num, "bytes of the columns to do", 0},
		{"tiles", num, "tiles to do; counted down", 0},
		{"at", "[4]uintptr", "pixels of the current tile", 32},
		{"from", "[4]uintptr", "their residuals", 32},
	}}
)

// The general registers of both transforms.
var (
	qPlane  = reg.R8 // bytes from plane to plane
	qPlane3 = reg.R9
	qRow    = []reg.Register{reg.R10, reg.R11, reg.R12, reg.R13} // planes 0, 4, 8, 12
	qIdx    = reg.RAX                                            // bytes of the channels that are done
	qEnd    = reg.RBX
	qOff    = reg.RCX
	qTmp    = reg.RSI
	qTmp2   = reg.RDX
)

// genWinograd writes the transforms of F(2x2, 3x3), with the matrices
//
//	B' = 1  0 -1  0    A' = 1 1  1  0
//	     0  1  1  0         0 1 -1 -1
//	     0 -1  1  0
//	     0  1  0 -1
//
// Channels fill whole vectors.
func genWinograd(g *gen) {
	for _, i := range isas {
		g.function(i, "winogradPatches"+i.name, "t *patches", "", "writes B' d B of tiles d, plane by plane.")
		(&transform{g, patchBlock}).patches()
		g.end()
		g.function(i, "winogradSquares"+i.name, "t *squares", "", "writes A' m A of products m, with the epilogue.")
		(&transform{g, squareBlock}).squares()
		g.end()
	}
}

type transform struct {
	*gen
	block *block
}

func (k *transform) field(name string) operand.Mem { return mem(gT, k.block.at(name)) }

func (k *transform) element(name string, i int) operand.Mem {
	return mem(gT, k.block.at(name)+8*i)
}

// plane is a vector in plane 4*i+j.
func (k *transform) plane(i, j int) operand.Mem {
	switch j {
	case 0:
		return mem(qRow[i], 0)
	case 1:
		return memx(qRow[i], qPlane, 1, 0)
	case 2:
		return memx(qRow[i], qPlane, 2, 0)
	}
	return memx(qRow[i], qPlane3, 1, 0)
}

// planes points qRow to the planes of the matrix at a field's address.
func (k *transform) planes(name string) {
	k.MOVQ(k.field(name), qRow[0])
	for i := 1; i < 4; i++ {
		k.LEAQ(memx(qRow[i-1], qPlane, 4, 0), qRow[i])
	}
}

// pointers turns n offsets at qOff into pointers from a field's address, or to
// what stands for pixels outside.
func (k *transform) pointers(base, outside, to string, n int) {
	k.MOVQ(k.field(base), qTmp2)
	for i := range n {
		k.MOVLQSX(mem(qOff, 4*i), qTmp)
		k.LEAQ(memx(qTmp2, qTmp, 4, 0), qEnd)
		k.TESTQ(qTmp, qTmp)
		k.CMOVQLT(k.field(outside), qEnd)
		k.MOVQ(qEnd, k.element(to, i))
	}
}

func (k *transform) advance() {
	for i := range 4 {
		k.ADDQ(operand.I8(k.bytes()), qRow[i])
	}
	k.ADDQ(operand.I8(k.bytes()), qIdx)
	k.CMPQ(qIdx, qEnd)
	k.JB(ref("channel"))
}

func (k *transform) start() {
	k.Load(k.Param("t"), gT)
	k.MOVQ(k.field("plane"), qPlane)
	k.LEAQ(memx(qPlane, qPlane, 2, 0), qPlane3)
	k.MOVQ(k.field("off"), qOff)
}

func (k *transform) patches() {
	k.start()
	k.Label("tile")
	k.pointers("src", "zeros", "at", 16)
	k.planes("dst")
	k.MOVQ(k.field("channels"), qEnd)
	k.XORQ(qIdx, qIdx)
	k.Label("channel")
	pixel := func(i, j int) operand.Mem {
		k.MOVQ(k.element("at", 4*i+j), qTmp)
		return memx(qTmp, qIdx, 1, 0)
	}
	// down writes B' of a column of four vectors to plane column j.
	down := func(c []reg.VecPhysical, tmp reg.Register, j int) {
		k.VSUBPS(c[2], c[0], c[0])
		k.VMOVUPS(c[0], k.plane(0, j))
		k.VADDPS(c[2], c[1], tmp)
		k.VMOVUPS(tmp, k.plane(1, j))
		k.VSUBPS(c[1], c[2], c[2])
		k.VMOVUPS(c[2], k.plane(2, j))
		k.VSUBPS(c[3], c[1], c[1])
		k.VMOVUPS(c[1], k.plane(3, j))
	}
	var c, d []reg.VecPhysical
	for i := range 4 {
		c, d = append(c, k.phys(i)), append(d, k.phys(4+i))
	}
	tmp := k.phys(8)
	for i := range 4 { // columns 1 and 2 have their pixels in common
		k.VMOVUPS(pixel(i, 1), tmp)
		k.VMOVUPS(pixel(i, 2), d[i])
		k.VADDPS(d[i], tmp, c[i])
		k.VSUBPS(tmp, d[i], d[i])
	}
	down(c, tmp, 1)
	down(d, tmp, 2)
	for _, j := range []int{0, 3} {
		a, b := 0, 2
		if j == 3 {
			a, b = 1, 3
		}
		for i := range 4 {
			k.VMOVUPS(pixel(i, a), c[i])
			k.VSUBPS(pixel(i, b), c[i], c[i])
		}
		down(c, tmp, j)
	}
	k.advance()
	k.MOVQ(k.field("channels"), qTmp)
	k.ADDQ(qTmp, k.field("dst"))
	k.ADDQ(operand.I8(64), qOff)
	k.DECQ(k.field("tiles"))
	k.JNZ(ref("tile"))
}

func (k *transform) squares() {
	k.start()
	lo, hi := k.phys(14), k.phys(15)
	k.VBROADCASTSS(k.field("lo"), lo)
	k.VBROADCASTSS(k.field("hi"), hi)
	k.Label("tile")
	k.pointers("dst", "nowhere", "at", 4)
	k.MOVQ(k.field("residual"), qTmp)
	k.TESTQ(qTmp, qTmp)
	k.JZ(ref("alone"))
	k.pointers("residual", "nowhere", "from", 4)
	k.Label("alone")
	k.planes("src")
	k.MOVQ(k.field("columns"), qEnd)
	k.XORQ(qIdx, qIdx)
	k.Label("channel")
	// Down the columns of products: s[0] and s[1] are rows of A' m.
	var s [2][]reg.VecPhysical
	for i := range 4 {
		s[0], s[1] = append(s[0], k.phys(i)), append(s[1], k.phys(4+i))
	}
	tmp := k.phys(8)
	for j := range 4 {
		k.VMOVUPS(k.plane(1, j), s[1][j])
		k.VMOVUPS(k.plane(2, j), tmp)
		k.VADDPS(tmp, s[1][j], s[0][j])
		k.VADDPS(k.plane(0, j), s[0][j], s[0][j])
		k.VSUBPS(tmp, s[1][j], s[1][j])
		k.VSUBPS(k.plane(3, j), s[1][j], s[1][j])
	}
	for i := range 2 {
		a, b, c, d := s[i][0], s[i][1], s[i][2], s[i][3]
		k.VADDPS(b, a, a)
		k.VADDPS(c, a, a)
		k.VSUBPS(c, b, b)
		k.VSUBPS(d, b, b)
	}
	y := []reg.VecPhysical{s[0][0], s[0][1], s[1][0], s[1][1]}
	k.MOVQ(k.field("bias"), qTmp)
	k.TESTQ(qTmp, qTmp)
	k.JZ(ref("unbiased"))
	k.VMOVUPS(memx(qTmp, qIdx, 1, 0), tmp)
	for i := range y {
		k.VADDPS(tmp, y[i], y[i])
	}
	k.Label("unbiased")
	k.CMPQ(k.field("residual"), operand.I8(0))
	k.JE(ref("added"))
	for i := range y {
		k.MOVQ(k.element("from", i), qTmp)
		k.VADDPS(memx(qTmp, qIdx, 1, 0), y[i], y[i])
	}
	k.Label("added")
	for i := range y {
		// The sum is the second source, the one that wins if it is NaN.
		k.VMAXPS(y[i], lo, y[i])
		k.VMINPS(y[i], hi, y[i])
		k.MOVQ(k.element("at", i), qTmp)
		k.VMOVUPS(y[i], memx(qTmp, qIdx, 1, 0))
	}
	k.advance()
	k.MOVQ(k.field("row"), qTmp)
	k.ADDQ(qTmp, k.field("src"))
	k.ADDQ(operand.I8(16), qOff)
	k.DECQ(k.field("tiles"))
	k.JNZ(ref("tile"))
}
