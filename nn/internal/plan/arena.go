package plan

import (
	"fmt"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/crew"
	"github.com/hornml/horn/nn/internal/invariants"
	"github.com/hornml/horn/tensor/kernel"
)

// place says where a value lives: in the arena of its class, in the memory of another value (a reshape), or outside (a
// constant, an input, a state).
type place struct {
	kind   placeKind
	class  graph.Class
	offset int
	size   int
	root   int // of an alias: the value whose memory it shares
}

type placeKind uint8

const (
	inArena placeKind = iota
	isAlias
	isOutside
	isUnused // inside a step that keeps it in registers
	isInput  // the caller's memory, or the arena's if it must be converted
)

type arenaSize [graph.NumClasses]int

// elementBytes is the memory of one element of each class.
var elementBytes = [graph.NumClasses]int64{4, 8, 8, 1, 16}

// alignment of values in the arena, in elements: a cache line of float32.
const alignment = 16

// place gives each value of the graph an id and a place. Values whose lifetimes do not overlap share memory.
func (p *Plan) place(g *graph.Graph, works []*work, snap *snapshot, maxBytes int64) error {
	for _, n := range g.Nodes {
		n.ID = len(p.values) // from now on: the id of the first output
		p.values = append(p.values, n.Out...)
	}
	p.places = make([]place, len(p.values))
	for _, n := range g.Nodes {
		for _, v := range n.Out {
			pl := place{class: graph.ClassOf(v.DType), size: v.Size(), kind: isUnused, root: -1}
			switch op := n.Op.(type) {
			case graph.Const, graph.ReadParam:
				pl.kind = isOutside
				if read, ok := op.(graph.ReadParam); ok && read.Param.IsState() {
					p.states = append(p.states, stateRef{read.Param, p.id(v)})
					break
				}
				buf, err := snap.leaf(n)
				if err != nil {
					return err
				}
				p.fixed = append(p.fixed, fixed{p.id(v), n, buf})
			case graph.Input:
				pl.kind = isInput
				p.inputs = append(p.inputs, p.id(v))
			case graph.Reshape:
				pl.kind = isAlias
				pl.root = p.id(n.In[0])
				if r := p.places[pl.root]; r.kind == isAlias {
					pl.root = r.root
				}
			}
			p.places[p.id(v)] = pl
		}
	}
	// last is the last step that reads a value, or what shares its memory.
	last := make([]int, len(p.values))
	read := func(v *graph.Value, step int) int {
		i := p.id(v)
		if r := p.places[i]; r.kind == isAlias {
			last[r.root] = max(last[r.root], step)
		}
		last[i] = max(last[i], step)
		return i
	}
	for i, w := range works {
		for _, v := range w.out {
			p.places[read(v, i)].kind = inArena
		}
		for _, v := range w.in {
			read(v, i)
		}
	}
	end := len(works)
	for _, v := range g.Outputs {
		p.outputs = append(p.outputs, read(v, end))
	}
	for _, u := range g.Updates {
		p.updates = append(p.updates, p.update(u.Param, read(u.Value, end)))
	}
	var spaces [graph.NumClasses]allocator
	for _, i := range p.inputs { // all written before the first step
		pl := &p.places[i]
		pl.offset = spaces[pl.class].take(pl.size)
		if err := spaces[pl.class].within(pl.class, maxBytes); err != nil {
			return err
		}
	}
	expire := make([][]int, end+1)
	for i, w := range works {
		for k, v := range w.out {
			id := p.id(v)
			pl := &p.places[id]
			if from := p.inherit(w, k, last, i); from >= 0 {
				pl.offset = p.places[from].offset
				p.places[from].size = 0 // its memory is the result's now: nothing to free
			} else {
				pl.offset = spaces[pl.class].take(pl.size)
				if err := spaces[pl.class].within(pl.class, maxBytes); err != nil {
					return err
				}
			}
			expire[last[id]] = append(expire[last[id]], id)
		}
		for _, v := range expire[i] {
			if pl := p.places[v]; pl.size > 0 || p.values[v].Size() == 0 {
				spaces[pl.class].free(pl.offset, pl.size)
			}
		}
	}
	for i := range p.places {
		p.places[i].size = p.values[i].Size()
	}
	total := int64(0)
	for c := range spaces {
		p.arena[c] = spaces[c].end
		total += int64(spaces[c].end) * elementBytes[c]
	}
	for _, s := range p.states {
		v := p.values[s.value]
		state := allocator{end: v.Size()}
		if err := state.within(graph.ClassOf(v.DType), maxBytes); err != nil {
			return err
		}
		total += int64(v.Size()) * elementBytes[graph.ClassOf(v.DType)]
	}
	scratch := 0
	for _, w := range works {
		scratch = max(scratch, 4*w.scratch+w.bytes)
	}
	total += int64(scratch) * int64(p.threads)
	if invariants.On {
		p.checkArena(g, works)
	}
	if total > maxBytes {
		return tooLarge(total, maxBytes, "")
	}
	return nil
}

func tooLarge(total, maxBytes int64, more string) error {
	return fmt.Errorf("%w: %d MiB%s, the limit is %d MiB", graph.ErrTooLarge, total>>20, more, maxBytes>>20)
}

// within reports, as soon as something was taken, that the space is larger than it may be: no sum of sizes gets too large for an int.
func (a *allocator) within(class graph.Class, maxBytes int64) error {
	if int64(a.end) > maxBytes/elementBytes[class] {
		return tooLarge(int64(a.end)*elementBytes[class], maxBytes, " or more")
	}
	return nil
}

// update says what a parameter becomes.
func (p *Plan) update(param *graph.Param, value int) update {
	root := value
	if p.places[root].kind == isAlias {
		root = p.places[root].root
	}
	return update{param, value, graph.Is[graph.ReadParam](p.values[root].Node.Op)}
}

// inherit returns the input whose memory output k of some work can take over, -1 if there is none.
func (p *Plan) inherit(w *work, k int, last []int, step int) int {
	if k != 0 || w.inPlace < 0 {
		return -1
	}
	in := p.id(w.in[w.inPlace])
	if p.places[in].kind == isAlias {
		in = p.places[in].root
	}
	from, to := p.places[in], p.places[p.id(w.out[0])]
	if from.kind != inArena || from.class != to.class || from.size != to.size || last[in] != step {
		return -1
	}
	return in
}

// allocator hands out ranges of an arena, reusing what was freed: best fit, neighbours merge.
type allocator struct {
	holes []hole // by offset
	end   int
}

type hole struct{ offset, size int }

func round(n int) int { return (max(n, 1) + alignment - 1) / alignment * alignment }

func (a *allocator) take(size int) int {
	size = round(size)
	best := -1
	for i, h := range a.holes {
		if h.size >= size && (best < 0 || h.size < a.holes[best].size) {
			best = i
		}
	}
	if best >= 0 {
		offset := a.holes[best].offset
		a.holes[best].offset += size
		a.holes[best].size -= size
		if a.holes[best].size == 0 {
			a.holes = append(a.holes[:best], a.holes[best+1:]...)
		}
		return offset
	}
	if n := len(a.holes); n > 0 && a.holes[n-1].offset+a.holes[n-1].size == a.end {
		offset := a.holes[n-1].offset
		a.holes = a.holes[:n-1]
		a.end = offset + size
		return offset
	}
	offset := a.end
	a.end += size
	return offset
}

func (a *allocator) free(offset, size int) {
	size = round(size)
	i := 0
	for i < len(a.holes) && a.holes[i].offset < offset {
		i++
	}
	a.holes = append(a.holes, hole{})
	copy(a.holes[i+1:], a.holes[i:])
	a.holes[i] = hole{offset, size}
	if i+1 < len(a.holes) && a.holes[i].offset+a.holes[i].size == a.holes[i+1].offset {
		a.holes[i].size += a.holes[i+1].size
		a.holes = append(a.holes[:i+1], a.holes[i+2:]...)
	}
	if i > 0 && a.holes[i-1].offset+a.holes[i-1].size == a.holes[i].offset {
		a.holes[i-1].size += a.holes[i].size
		a.holes = append(a.holes[:i], a.holes[i+1:]...)
	}
}

// newRun allocates the memory of one execution.
func (p *Plan) newRun() *run {
	r := &run{bufs: make([]graph.Buf, len(p.values))}
	var all graph.Buf
	all.F = kernel.AlignedFloats(p.arena[graph.ClassF])
	all.D = make([]float64, p.arena[graph.ClassD])
	all.I = make([]int64, p.arena[graph.ClassI])
	all.B = make([]bool, p.arena[graph.ClassB])
	all.S = make([]string, p.arena[graph.ClassS])
	r.arena = all
	r.scratch = make([][]float32, p.threads)
	r.bytes = make([][]byte, p.threads)
	for i := range r.scratch {
		r.scratch[i], r.bytes[i] = kernel.AlignedFloats(p.scratch), make([]byte, p.bytes)
	}
	r.team = crew.NewTeam(crew.Process(), p.threads, &p.pace)
	r.parts = make([]crew.Func, len(p.steps))
	for i, s := range p.steps {
		if s.units > 1 {
			r.parts[i] = func(worker, lo, hi int) error { return s.run(r, worker, lo, hi) }
		}
	}
	r.generation = -1
	r.next = make([]graph.Buf, len(p.updates))
	for i, u := range p.updates {
		if u.aside {
			r.next[i] = graph.NewBuf(p.values[u.value].DType, p.values[u.value].Size())
		}
	}
	for id, pl := range p.places {
		if pl.kind == inArena || pl.kind == isInput {
			r.bufs[id] = p.memory(r, id)
		}
	}
	return r
}

// memory returns the part of the arena that belongs to a value.
func (p *Plan) memory(r *run, id int) graph.Buf {
	pl := p.places[id]
	from, to := pl.offset, pl.offset+pl.size
	switch pl.class {
	case graph.ClassF:
		return graph.Buf{F: r.arena.F[from:to:to]}
	case graph.ClassD:
		return graph.Buf{D: r.arena.D[from:to:to]}
	case graph.ClassB:
		return graph.Buf{B: r.arena.B[from:to:to]}
	case graph.ClassS:
		return graph.Buf{S: r.arena.S[from:to:to]}
	}
	return graph.Buf{I: r.arena.I[from:to:to]}
}

// alias gives the values that share another's memory that memory, which for inputs changes with each run.
func (p *Plan) alias(r *run) {
	for id, pl := range p.places {
		if pl.kind == isAlias {
			r.bufs[id] = r.bufs[pl.root]
		}
	}
}
