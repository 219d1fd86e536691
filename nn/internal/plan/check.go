package plan

import (
	"math"
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/invariants"
)

// span is memory of an arena that a value has from the step that writes it to the last one that reads it, both included; inputs are
// written in step -1.
type span struct {
	id           int
	class        graph.Class
	offset, size int
	from, to     int
	heir         int // the value that takes the memory over in the last step, -1 for none
}

// conflict returns two spans that have an element in common at the same time, ok if there are any. The last step of a value may be
// the first one of its heir.
func conflict(spans []span) (a, b span, ok bool) {
	slices.SortStableFunc(spans, func(a, b span) int { return a.from - b.from })
	for i, b := range spans {
		for _, a := range spans[:i] {
			apart := a.class != b.class || a.offset+a.size <= b.offset || b.offset+b.size <= a.offset
			if apart || a.to < b.from || a.heir == b.id && a.to == b.from {
				continue
			}
			return a, b, true
		}
	}
	return span{}, span{}, false
}

// checkArena panics where two values share memory while both are needed, or a value is read that no step before has written. It
// works the lifetimes out from the steps alone, not from what place has noted.
func (p *Plan) checkArena(g *graph.Graph, works []*work) {
	const never = math.MinInt
	first, last := make([]int, len(p.values)), make([]int, len(p.values))
	for i := range first {
		first[i], last[i] = never, never
	}
	root := func(v *graph.Value) int {
		id := p.id(v)
		for p.places[id].kind == isAlias {
			id = p.id(p.values[id].Node.In[0])
		}
		return id
	}
	for _, id := range p.inputs {
		first[id], last[id] = -1, -1
	}
	read := func(v *graph.Value, step int) {
		id := root(v)
		switch p.places[id].kind {
		case isUnused:
			invariants.Fail("step %d reads %s of %s, which has no memory", step, v, v.Node.Op.Name())
		case inArena, isInput:
			if first[id] == never || first[id] >= step {
				invariants.Fail("step %d reads %s of %s, which is written in step %d", step, v, v.Node.Op.Name(), first[id])
			}
			last[id] = max(last[id], step)
		}
	}
	for i, w := range works {
		for _, v := range w.in {
			read(v, i)
		}
		for _, v := range w.out {
			if id := root(v); first[id] != never {
				invariants.Fail("steps %d and %d write %s of %s", first[id], i, v, v.Node.Op.Name())
			} else {
				first[id], last[id] = i, i
			}
		}
	}
	for _, v := range g.Outputs {
		read(v, len(works))
	}
	for _, u := range g.Updates {
		read(u.Value, len(works))
	}
	var spans []span
	for id, pl := range p.places {
		if pl.kind != inArena && pl.kind != isInput || first[id] == never {
			continue
		}
		s := span{id: id, class: pl.class, offset: pl.offset, size: pl.size, from: first[id], to: last[id], heir: -1}
		if s.offset < 0 || s.offset+s.size > p.arena[s.class] {
			invariants.Fail("%s has the elements %d to %d of %d", p.values[id], s.offset, s.offset+s.size, p.arena[s.class])
		}
		// Only the step's own choice makes an heir, and only of the very same elements.
		if s.to >= 0 && s.to < len(works) {
			if w := works[s.to]; w.inPlace >= 0 && root(w.in[w.inPlace]) == id {
				if heir := p.places[p.id(w.out[0])]; heir.offset == s.offset && heir.size == s.size {
					s.heir = p.id(w.out[0])
				}
			}
		}
		spans = append(spans, s)
	}
	if a, b, ok := conflict(spans); ok {
		invariants.Fail("%s, needed in steps %d to %d, and %s, needed in %d to %d, share memory", p.values[a.id], a.from, a.to,
			p.values[b.id], b.from, b.to)
	}
}

// poison overwrites the values of a run that is over, so that a later run that reads what it did not write shows.
func (r *run) poison() {
	spread(r.arena.F, float32(math.NaN()))
	spread(r.arena.D, math.NaN())
	spread(r.arena.I, math.MinInt64/3)
	spread(r.arena.B, true)
	spread(r.arena.S, "poison")
}

func spread[T any](to []T, v T) {
	for i := range to {
		to[i] = v
	}
}

// check panics where a store counts other bytes than it holds, or holds what nobody uses. The caller has the store's lock.
func (s *Store) check() {
	users := map[*item]int{}
	sum := int64(0)
	for key, it := range s.items {
		switch {
		case it.key != key:
			invariants.Fail("the item %q is kept as %q", it.key, key)
		case it.users <= 0:
			invariants.Fail("the item %q has %d users", key, it.users)
		case it.bytes != bytesOf(it.value):
			invariants.Fail("the item %q counts as %d bytes and has %d", key, it.bytes, bytesOf(it.value))
		case it.param != nil && s.derived[it.param] != it:
			invariants.Fail("the item %q is not known by its parameter", key)
		}
		sum += it.bytes
		for _, of := range it.of {
			users[of]++
		}
	}
	if sum != s.bytes || s.bytes < 0 {
		invariants.Fail("the store counts %d bytes and holds %d", s.bytes, sum)
	}
	for it, n := range users {
		if s.items[it.key] != it || it.users < n {
			invariants.Fail("%d items are made of %q, which has %d users", n, it.key, it.users)
		}
	}
	for param, it := range s.derived {
		if it.param != param || s.items[it.key] != it {
			invariants.Fail("a parameter stands for %q, which is forgotten", it.key)
		}
	}
}
