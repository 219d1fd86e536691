package main

import (
	"fmt"
	"strings"
)

// neonOp is a vector instruction of arm64 on four lanes: its word with all
// registers zero, and its name.
type neonOp struct {
	word uint32
	name string
}

// The instructions that the formulas need, from the Arm Architecture Reference
// Manual, C7.2. All but a few are unknown to Go's assembler, so all are encoded.
var (
	neonFadd   = neonOp{0x4e20d400, "FADD"}
	neonFsub   = neonOp{0x4ea0d400, "FSUB"}
	neonFmul   = neonOp{0x6e20dc00, "FMUL"}
	neonFdiv   = neonOp{0x6e20fc00, "FDIV"}
	neonFmax   = neonOp{0x4e20f400, "FMAX"}
	neonFmin   = neonOp{0x4ea0f400, "FMIN"}
	neonFmla   = neonOp{0x4e20cc00, "FMLA"}
	neonFmls   = neonOp{0x4ea0cc00, "FMLS"}
	neonFcmeq  = neonOp{0x4e20e400, "FCMEQ"}
	neonFcmgt  = neonOp{0x6ea0e400, "FCMGT"}
	neonBsl    = neonOp{0x6e601c00, "BSL"}
	neonAnd    = neonOp{0x4e201c00, "AND"}
	neonOrr    = neonOp{0x4ea01c00, "ORR"}
	neonEor    = neonOp{0x6e201c00, "EOR"}
	neonAdd    = neonOp{0x4ea08400, "ADD"}
	neonSub    = neonOp{0x6ea08400, "SUB"}
	neonSmin   = neonOp{0x4ea06c00, "SMIN"}
	neonSmax   = neonOp{0x4ea06400, "SMAX"}
	neonScvtf  = neonOp{0x4e21d800, "SCVTF"}
	neonFcvtns = neonOp{0x4e21a800, "FCVTNS"}
	neonFrintn = neonOp{0x4e218800, "FRINTN"}
	neonFrintm = neonOp{0x4e219800, "FRINTM"}
	neonFrintp = neonOp{0x4ea18800, "FRINTP"}
	neonFsqrt  = neonOp{0x6ea1f800, "FSQRT"}
	neonFneg   = neonOp{0x6ea0f800, "FNEG"}
)

func neonShl(n int) neonOp {
	return neonOp{0x4f005400 | uint32(32+n)<<16, fmt.Sprintf("SHL #%d", n)}
}

func neonSshr(n int) neonOp {
	return neonOp{0x4f000400 | uint32(64-n)<<16, fmt.Sprintf("SSHR #%d", n)}
}

// encode gives the word of an instruction with destination d and sources n, m.
func (o neonOp) encode(d, n, m int) uint32 {
	return o.word | uint32(m)<<16 | uint32(n)<<5 | uint32(d)
}

// neonBody records a formula as straight code over virtual registers, and gives
// it real ones when it is printed.
type neonBody struct {
	list []neonStep
}

type neonStep struct {
	def  v   // written, or nil
	uses []v // read; def is among them where an instruction adds to it
	text func(reg func(v) int) string
}

func (b *neonBody) two(d v, o neonOp, n, m v) v {
	b.list = append(b.list, neonStep{d, []v{n, m}, func(r func(v) int) string {
		return fmt.Sprintf("WORD $%#08x // %s V%d, V%d, V%d", o.encode(r(d), r(n), r(m)), o.name, r(d), r(n), r(m))
	}})
	return d
}

func (b *neonBody) one(d v, o neonOp, n v) v {
	b.list = append(b.list, neonStep{d, []v{n}, func(r func(v) int) string {
		return fmt.Sprintf("WORD $%#08x // %s V%d, V%d", o.encode(r(d), r(n), 0), o.name, r(d), r(n))
	}})
	return d
}

// into is an instruction that reads its destination.
func (b *neonBody) into(d v, o neonOp, n, m v) v {
	b.two(d, o, n, m)
	last := &b.list[len(b.list)-1]
	last.uses = append(last.uses, d)
	return d
}

// load loads a constant of the pool, to which R3 points.
func (b *neonBody) load(d v, offset int) {
	// The pool repeats each constant eight times, for AVX2; four are needed.
	b.list = append(b.list, neonStep{d, nil, func(r func(v) int) string {
		return fmt.Sprintf("FMOVQ %d(R3), F%d", offset/2, r(d))
	}})
}

// read and write are the loads and stores of a loop, with the pointer advanced.
func (b *neonBody) read(d v, pointer string) {
	b.list = append(b.list, neonStep{d, nil, func(r func(v) int) string {
		return fmt.Sprintf("VLD1.P 16(%s), [V%d.S4]", pointer, r(d))
	}})
}

func (b *neonBody) write(x v, pointer string) {
	b.list = append(b.list, neonStep{nil, []v{x}, func(r func(v) int) string {
		return fmt.Sprintf("VST1.P [V%d.S4], 16(%s)", r(x), pointer)
	}})
}

// print gives the code. pinned vectors live in their registers all the time.
func (b *neonBody) print(pinned map[v]int) string {
	last := map[v]int{}
	for i, s := range b.list {
		for _, u := range s.uses {
			last[u] = i
		}
	}
	taken := [32]bool{}
	at := map[v]int{}
	for x, r := range pinned {
		at[x], taken[r] = r, true
	}
	var out strings.Builder
	for i, s := range b.list {
		for _, u := range s.uses {
			if _, ok := at[u]; !ok {
				panic("a vector is read before it is written")
			}
			if _, keep := pinned[u]; !keep && last[u] == i {
				taken[at[u]] = false
			}
		}
		if s.def != nil {
			if _, again := at[s.def]; !again {
				r := 0
				for taken[r] {
					r++ // more than 32 live vectors would run over the array: no formula has them
				}
				at[s.def] = r
			}
			taken[at[s.def]] = last[s.def] > i
		}
		fmt.Fprintf(&out, "\t%s\n", s.text(func(x v) int { return at[x] }))
	}
	return out.String()
}

// neonFile collects the elementwise functions of arm64.
type neonFile struct {
	*gen
	text  strings.Builder
	stubs []stub
}

// function writes a loop over n elements, n a multiple of 4 and not 0. Pointers
// are those of dst, a, b, c in R0, R1, R4, R5; the formula gets one vector of
// each operand and the scalars.
func (f *neonFile) function(name, doc string, operands, scalars []string, formula func(x, s []v) v) {
	f.arm = &neonBody{}
	params := "dst, " + strings.Join(operands, ", ") + " *float32, n int"
	if len(scalars) > 0 {
		params += ", " + strings.Join(scalars, ", ") + " float32"
	}
	f.stubs = append(f.stubs, stub{name, params, "", doc})
	size := 8 * (2 + len(operands))
	t := &f.text
	fmt.Fprintf(t, "\n// func %s(%s)\nTEXT ·%s(SB), NOSPLIT, $0-%d\n", name, params, name, size+4*len(scalars))
	pointers := []string{"R1", "R4", "R5"}[:len(operands)]
	fmt.Fprintf(t, "\tMOVD dst+0(FP), R0\n")
	for i, o := range operands {
		fmt.Fprintf(t, "\tMOVD %s+%d(FP), %s\n", o, 8+8*i, pointers[i])
	}
	fmt.Fprintf(t, "\tMOVD n+%d(FP), R2\n\tMOVD $%s<>(SB), R3\n", 8+8*len(operands), poolName)
	pinned := map[v]int{}
	var s []v
	for i, name := range scalars {
		x, r := f.vec(), 31-i
		pinned[x] = r
		s = append(s, x)
		fmt.Fprintf(t, "\tFMOVS %s+%d(FP), F%d\n\tVDUP V%d.S[0], V%d.S4\n", name, size+4*i, r, r, r)
	}
	var x []v
	for _, p := range pointers {
		d := f.vec()
		f.arm.read(d, p)
		x = append(x, d)
	}
	f.arm.write(formula(x, s), "R0")
	fmt.Fprintf(t, "\nloop:\n%s\tSUB $4, R2, R2\n\tCBNZ R2, loop\n\tRET\n", f.arm.print(pinned))
}

// printNEONElementwise writes elementwise_arm64.s and its declarations.
func printNEONElementwise() (assembly, stubs []byte) {
	f := &neonFile{gen: newGen()}
	f.isa = isa{"NEON", 4}
	for _, u := range unaryFunctions {
		f.function("unary"+u.op+"NEON", "is the loop of "+u.op+".", []string{"a"}, []string{"alpha", "beta"},
			func(x, s []v) v { return u.f(f.gen, x[0], s[0], s[1]) })
	}
	for _, b := range binaryFunctions {
		f.function("binary"+b.op+"NEON", "is op(a[i], b[i]).", []string{"a", "b"}, nil,
			func(x, _ []v) v { return b.f(f.gen, x[0], x[1]) })
		f.function("scalar"+b.op+"NEON", "is op(a[i], s).", []string{"a"}, []string{"s"},
			func(x, s []v) v { return b.f(f.gen, x[0], s[0]) })
		if !b.commutative {
			f.function("scalarFirst"+b.op+"NEON", "is op(s, a[i]).", []string{"a"}, []string{"s"},
				func(x, s []v) v { return b.f(f.gen, s[0], x[0]) })
		}
	}
	f.function("mulAddNEON", "is a[i]*b[i] + c[i].", []string{"a", "b", "c"}, nil,
		func(x, _ []v) v { return f.fma(x[0], x[1], x[2]) })

	var out strings.Builder
	out.WriteString("// Code generated by tools/kernelgen. DO NOT EDIT.\n\n//go:build !noasm\n\n#include \"textflag.h\"\n\n")
	for i, c := range f.order {
		for j := range 4 {
			fmt.Fprintf(&out, "DATA %s<>+%d(SB)/4, $%#08x\n", poolName, 16*i+4*j, c)
		}
	}
	fmt.Fprintf(&out, "GLOBL %s<>(SB), RODATA|NOPTR, $%d\n", poolName, 16*len(f.order))
	out.WriteString(f.text.String())

	var b strings.Builder
	b.WriteString("// Code generated by tools/kernelgen. DO NOT EDIT.\n\n//go:build !noasm\n\npackage kernel\n")
	printElementwiseDispatch(&b, "NEON", []string{"binary", "scalar", "scalarFirst"})
	for _, s := range f.stubs {
		printStub(&b, s)
	}
	return []byte(out.String()), mustFormat([]byte(b.String()))
}
