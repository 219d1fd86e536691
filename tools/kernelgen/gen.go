package main

import (
	"bytes"
	"fmt"
	"go/format"
	"io"
	"math"
	"strings"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
	"github.com/mmcloughlin/avo/reg"
)

// isa is what differs between the two levels: the width of a vector and the
// name in the names of functions.
type isa struct {
	name  string // suffix of function names
	lanes int    // float32 elements of a vector
}

var (
	avx2   = isa{"AVX2", 8}
	avx512 = isa{"AVX512", 16}
	isas   = []isa{avx512, avx2}
)

// bytes is the size of a vector.
func (i isa) bytes() int { return 4 * i.lanes }

// wide tells whether this is AVX-512, with masks and embedded broadcasts.
func (i isa) wide() bool { return i.lanes == 16 }

// stub is the Go declaration of an assembly function.
type stub struct{ name, params, results, doc string }

// gen writes the functions of one file.
type gen struct {
	*build.Context
	isa
	levels    []isa           // that the file is for
	arm       *neonBody       // where operations go instead of avo, or nil
	text      strings.Builder // the functions of arm64
	stubs     []stub
	labels    int
	consts    map[uint32]operand.Mem // constants, each repeated eight times in the pool
	order     []uint32               // the pool's constants in order of first use
	tailMasks bool                   // the file uses the table of tail masks
}

func newGen() *gen {
	g := &gen{Context: build.NewContext(), levels: isas, consts: map[uint32]operand.Mem{}}
	g.ConstraintExpr("!noasm")
	return g
}

// function begins an assembly function. params and results are a Go parameter
// list as the assembly sees it; *tile and the like are written *byte for avo
// and given in decl, the declaration for Go.
func (g *gen) function(i isa, name, params, results, doc string) {
	g.isa = i
	g.labels = 0
	g.stubs = append(g.stubs, stub{name, params, results, doc})
	if i == neonISA {
		g.neonFunction(name, params, results)
		return
	}
	g.Function(name)
	g.Attributes(attr.NOSPLIT)
	asm := params
	for _, b := range blocks {
		asm = strings.ReplaceAll(asm, "*"+b.name, "*byte")
	}
	g.SignatureExpr("func(" + asm + ")" + results)
}

// end ends the function.
func (g *gen) end() {
	if g.arm != nil {
		g.arm.step(nil, nil, "RET")
		g.text.WriteString(g.arm.print())
		return
	}
	g.VZEROUPPER()
	g.RET()
}

// label makes a label name that is unique in the function.
func (g *gen) label(name string) string {
	g.labels++
	return fmt.Sprintf("%s%d", name, g.labels)
}

func ref(label string) operand.LabelRef { return operand.LabelRef(label) }

// vec is a fresh vector register of the level's width.
func (g *gen) vec() reg.VecVirtual {
	if g.wide() {
		return g.ZMM()
	}
	return g.YMM()
}

// phys is vector register number i of the level's width.
func (g *gen) phys(i int) reg.VecPhysical {
	if g.wide() {
		return zmm[i]
	}
	return ymm[i]
}

var (
	ymm = []reg.VecPhysical{reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7,
		reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15}
	zmm = []reg.VecPhysical{reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7,
		reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
		reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23,
		reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31}
)

// zero clears a vector register.
func (g *gen) zero(v reg.Register) {
	if g.wide() {
		g.VPXORD(v, v, v)
		return
	}
	g.VXORPS(v, v, v)
}

// mem is [base + disp].
func mem(base reg.Register, disp int) operand.Mem {
	return operand.Mem{Base: base, Disp: disp}
}

// memx is [base + index*scale + disp].
func memx(base, index reg.Register, scale, disp int) operand.Mem {
	return operand.Mem{Base: base, Index: index, Scale: uint8(scale), Disp: disp}
}

// constant is a float32 constant as a memory operand, repeated over a vector of
// AVX2; AVX-512 uses its first element with an embedded broadcast.
func (g *gen) constant(v float64) operand.Mem { return g.bits(math.Float32bits(float32(v))) }

// bits is constant for a bit pattern.
func (g *gen) bits(b uint32) operand.Mem {
	m, ok := g.consts[b]
	if !ok {
		// Constants are kept in the file's one pool and written at the end.
		m = operand.NewDataAddr(operand.NewStaticSymbol(poolName), 32*len(g.consts))
		g.consts[b] = m
		g.order = append(g.order, b)
	}
	return m
}

// poolName and tailName are the file's data: constants, and eight words of ones
// followed by eight of zeros, from which AVX2 loads the mask of a tail.
const (
	poolName = "pool"
	tailName = "tailMasks"
)

func (g *gen) writePool() {
	if len(g.order) > 0 {
		g.StaticGlobal(poolName)
		g.DataAttributes(attr.RODATA | attr.NOPTR)
		for _, b := range g.order {
			for range 8 {
				g.AppendDatum(operand.U32(b))
			}
		}
	}
	if g.tailMasks {
		g.StaticGlobal(tailName)
		g.DataAttributes(attr.RODATA | attr.NOPTR)
		for i := range 16 {
			v := uint32(0)
			if i < 8 {
				v = math.MaxUint32
			}
			g.AppendDatum(operand.U32(v))
		}
	}
}

// print compiles and prints the file.
func (g *gen) print() ([]byte, error) {
	g.writePool()
	f, err := g.Result()
	if err != nil {
		return nil, err
	}
	if err := pass.Compile.Execute(f); err != nil {
		for _, fn := range f.Functions() {
			// Name the function that could not be compiled: the last one
			// without an allocation is not known, so try each alone.
			if fn.Allocation == nil {
				return nil, fmt.Errorf("%s or later: %w", fn.Name, err)
			}
		}
		return nil, err
	}
	return printer.NewGoAsm(printer.Config{Name: "tools/kernelgen", Pkg: "kernel"}).Print(f)
}

// printStubs writes the Go declarations.
func printStubs(stubs []stub) []byte {
	var b bytes.Buffer
	b.WriteString("// Code generated by tools/kernelgen. DO NOT EDIT.\n\n//go:build !noasm\n\npackage kernel\n")
	for _, s := range stubs {
		printStub(&b, s)
	}
	return mustFormat(b.Bytes())
}

func printStub(b io.Writer, s stub) {
	fmt.Fprintf(b, "\n// %s %s\n//\n//go:noescape\nfunc %s(%s)%s\n", s.name, s.doc, s.name, s.params, s.results)
}

func mustFormat(src []byte) []byte {
	text, err := format.Source(src)
	if err != nil {
		panic(fmt.Sprintf("%v in\n%s", err, src))
	}
	return text
}
