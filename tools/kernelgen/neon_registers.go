package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mmcloughlin/avo/reg"
)

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

// coalesce drops copies: formulas make one wherever an instruction adds to its
// destination. A copy whose source ends there gives its register its source's name,
// or the source, written since the destination was last used, the destination's.
func (b *neonBody) coalesce(first, last map[v]int) {
	for i := range b.list {
		s := b.list[i]
		if !s.copy || s.def == s.uses[0] {
			continue
		}
		to, from := s.def, s.uses[0]
		switch {
		case last[from] != i:
			continue
		case first[to] == i:
			b.rename(to, from, i, last[to])
			last[from] = last[to]
		case b.apart(from, to, first[from], i):
			b.rename(from, to, first[from], i)
		default:
			continue
		}
	}
	b.list = slices.DeleteFunc(b.list, func(s neonStep) bool { return s.copy && s.def == s.uses[0] })
}

// apart tells whether to is not used while from lives, except by the first step.
func (b *neonBody) apart(from, to v, first, last int) bool {
	for i, s := range b.list[first:last] {
		if s.label != "" || s.target != "" || s.def == to || i > 0 && slices.Contains(s.uses, to) {
			return false
		}
	}
	return !slices.Contains(b.list[first].uses, from)
}

// rename gives a register another name in the steps from first to last.
func (b *neonBody) rename(old, name v, first, last int) {
	for i := first; i <= last; i++ {
		s := &b.list[i]
		if s.def == old {
			s.def = name
		}
		s.uses, s.args = slices.Clone(s.uses), slices.Clone(s.args)
		for j, u := range s.uses {
			if u == old {
				s.uses[j] = name
			}
		}
		for j, a := range s.args {
			switch a := a.(type) {
			case v:
				if a == old {
					s.args[j] = name
				}
			case neonWord:
				for _, r := range []*v{&a.d, &a.n, &a.m} {
					if *r == old {
						*r = name
					}
				}
				s.args[j] = a
			}
		}
	}
}

// print gives the function.
func (b *neonBody) print() string {
	b.coalesce(b.life())
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
