package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mmcloughlin/avo/reg"
)

// neonISA is the level of arm64. The generator functions that use only the
// operations of vector.go, scalar.go and access write its kernels too.
var neonISA = isa{"NEON", 4}

// neonBody records a function as straight text over virtual registers, and gives
// it real ones when it is printed.
type neonBody struct {
	name, params, results string
	offsets               map[string]int // of the parameters and of the result, ret
	size                  int            // of both
	pool                  v              // points to the constants, if any is used
	list                  []neonStep
}

// neonStep is one instruction or label.
type neonStep struct {
	def    v   // written, or nil
	uses   []v // read; def is among them where an instruction adds to it
	format string
	args   []any // for format; registers stand for their numbers
	label  string
	target string // label that the instruction may jump to
}

// step records an instruction.
func (b *neonBody) step(def v, uses []v, format string, args ...any) v {
	b.list = append(b.list, neonStep{def: def, uses: uses, format: format, args: args})
	return def
}

func (b *neonBody) place(label string) { b.list = append(b.list, neonStep{label: label}) }

func (b *neonBody) jump(target string, uses []v, format string, args ...any) {
	b.step(nil, uses, format, args...)
	b.list[len(b.list)-1].target = target
}

// word records a vector instruction with up to two sources.
func (b *neonBody) word(def v, uses []v, o neonOp, d, n, m v) v {
	sources := []any{neonWord{o, d, n, m}, o.name, d, n}
	format := "%v // %s V%d, V%d"
	if m != nil {
		format += ", V%d"
		sources = append(sources, m)
	}
	return b.step(def, uses, format, sources...)
}

// neonWord is an instruction whose registers are not known yet.
type neonWord struct {
	op      neonOp
	d, n, m v
}

func (b *neonBody) two(d v, o neonOp, n, m v) v { return b.word(d, []v{n, m}, o, d, n, m) }

func (b *neonBody) one(d v, o neonOp, n v) v { return b.word(d, []v{n}, o, d, n, nil) }

// into is an instruction that reads its destination.
func (b *neonBody) into(d v, o neonOp, n, m v) v { return b.word(d, []v{n, m, d}, o, d, n, m) }

// add is an instruction of one source that adds to its destination.
func (b *neonBody) add(d v, o neonOp, n v) v { return b.word(d, []v{n, d}, o, d, n, nil) }

// load loads a constant of the pool, which repeats each eight times, for AVX2;
// here it is repeated four times.
func (b *neonBody) load(g *gen, d v, offset int) {
	if b.pool == nil {
		b.pool = g.GP64()
		first := neonStep{def: b.pool, format: "MOVD $%s<>(SB), R%d", args: []any{poolName, b.pool}}
		b.list = slices.Insert(b.list, 0, first)
	}
	b.step(d, []v{b.pool}, "FMOVQ %d(R%d), F%d", offset/2, b.pool, d)
}

// neonGeneral are the general registers that are free: R16 and R17 belong to the
// linker, R18 to the platform, R27 to the assembler, R28 to R30 to Go.
var neonGeneral = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 19, 20, 21, 22, 23, 24, 25, 26}

// life gives the steps from which and up to which each register is needed. What
// is written before a loop and used in it is needed to its end.
func (b *neonBody) life() (first, last map[v]int) {
	first, last = map[v]int{}, map[v]int{}
	labels := map[string]int{}
	for i, s := range b.list {
		if s.label != "" {
			labels[s.label] = i
		}
		for _, u := range s.uses {
			if _, ok := first[u]; !ok {
				panic(fmt.Sprintf("%s: a register is read before it is written in %q", b.name, s.format))
			}
			last[u] = i
		}
		if s.def != nil {
			if _, ok := first[s.def]; !ok {
				first[s.def] = i
			}
			last[s.def] = i
		}
	}
	for changed := true; changed; {
		changed = false
		for j, s := range b.list {
			i, ok := labels[s.target]
			if s.target == "" || !ok || i > j {
				continue
			}
			for x, end := range last {
				if first[x] < i && i <= end && end < j {
					last[x], changed = j, true
				}
			}
		}
	}
	return first, last
}

// print gives the function.
func (b *neonBody) print() string {
	first, last := b.life()
	free := map[reg.Kind][]int{reg.KindGP: slices.Clone(neonGeneral)}
	for i := range 32 {
		free[reg.KindVector] = append(free[reg.KindVector], i)
	}
	ends := make([][]v, len(b.list))
	for x, i := range last {
		ends[i] = append(ends[i], x)
	}
	at := map[v]int{}
	release := func(x v) {
		k := x.Kind()
		i, _ := slices.BinarySearch(free[k], at[x])
		free[k] = slices.Insert(free[k], i, at[x])
	}
	var out strings.Builder
	fmt.Fprintf(&out, "\n// func %s(%s)%s\nTEXT ·%s(SB), NOSPLIT, $0-%d\n", b.name, b.params, b.results, b.name, b.size)
	for i, s := range b.list {
		if s.label != "" {
			fmt.Fprintf(&out, "\n%s:\n", s.label)
			continue
		}
		// A source that ends here leaves its register to the destination.
		for _, x := range ends[i] {
			if x != s.def {
				release(x)
			}
		}
		if s.def != nil && first[s.def] == i {
			k := s.def.Kind()
			if len(free[k]) == 0 {
				panic(b.name + ": no register is left")
			}
			at[s.def], free[k] = free[k][0], free[k][1:]
		}
		if s.def != nil && last[s.def] == i {
			release(s.def)
		}
		fmt.Fprintf(&out, "\t%s\n", b.text(s, at))
	}
	return out.String()
}

func (b *neonBody) text(s neonStep, at map[v]int) string {
	args := slices.Clone(s.args)
	for i, a := range args {
		switch a := a.(type) {
		case v:
			args[i] = at[a]
		case neonWord:
			m := 0
			if a.m != nil {
				m = at[a.m]
			}
			args[i] = fmt.Sprintf("WORD $%#08x", a.op.encode(at[a.d], at[a.n], m))
		}
	}
	return fmt.Sprintf(s.format, args...)
}

// neonFunction begins a function.
func (g *gen) neonFunction(name, params, results string) {
	b := &neonBody{name: name, params: params, results: results, offsets: map[string]int{}}
	// "dst, a *float32, n int" gives the names that share a type to the type.
	var names []string
	for _, p := range strings.Split(params, ", ") {
		name, kind, typed := strings.Cut(p, " ")
		names = append(names, name)
		if !typed {
			continue
		}
		size := 8
		if kind == "float32" {
			size = 4
		}
		for _, n := range names {
			b.offsets[n] = b.size
			b.size += size
		}
		names = nil
	}
	if results != "" {
		b.size = (b.size + 7) &^ 7
		b.offsets["ret"] = b.size
		b.size += 4
	}
	g.arm = b
}

// printNEON gives the file.
func (g *gen) printNEON() []byte {
	var out strings.Builder
	out.WriteString("// Code generated by tools/kernelgen. DO NOT EDIT.\n\n//go:build !noasm\n\n#include \"textflag.h\"\n")
	if len(g.order) > 0 {
		out.WriteString("\n")
		for i, c := range g.order {
			for j := range 4 {
				fmt.Fprintf(&out, "DATA %s<>+%d(SB)/4, $%#08x\n", poolName, 16*i+4*j, c)
			}
		}
		fmt.Fprintf(&out, "GLOBL %s<>(SB), RODATA|NOPTR, $%d\n", poolName, 16*len(g.order))
	}
	out.WriteString(g.text.String())
	return []byte(out.String())
}

// neonFiles are the files of arm64 but those of the products.
func neonFiles() (files map[string][]byte, stubs []stub) {
	files = map[string][]byte{}
	for _, f := range slices.Concat(sharedFiles, arm64Files) {
		g := newGen()
		g.levels = []isa{neonISA}
		f.write(g)
		files[f.name+"_arm64.s"] = g.printNEON()
		stubs = append(stubs, g.stubs...)
	}
	return files, stubs
}
