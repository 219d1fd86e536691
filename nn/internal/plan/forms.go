package plan

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/hornml/horn/nn/graph"
)

// forms gathers the items of a store that one plan uses, while it is made.
type forms struct {
	store *Store
	ctx   context.Context
	snap  *snapshot
	items []*item // in an order in which they can be filled
	used  map[*item]bool
	later []*item     // to be filled when the whole graph has been looked at
	at    *graph.Node // that is compiled, for faults
}

func newForms(s *Store) *forms {
	return &forms{store: s, ctx: context.Background(), snap: s.snapshot(), used: map[*item]bool{}}
}

// use returns the item of a recipe. It is filled at once or, with later, by fillLater; its memory stays where it is.
func (f *forms) use(r recipe, later bool) (*item, error) {
	it, first := f.store.item(r)
	f.hold(it)
	switch {
	case first && later:
		f.later = append(f.later, it)
	case first:
		if err := it.first(f.snap); err != nil {
			return nil, err
		}
	case !later: // another plan may be filling it
		<-it.done
		if it.err != nil {
			return nil, it.err
		}
	default:
		f.later = append(f.later, it)
	}
	return it, nil
}

// hold notes an item, and those of which it is made before it.
func (f *forms) hold(it *item) {
	if f.used[it] {
		f.store.drop([]*item{it}) // counted once for a plan
		return
	}
	f.used[it] = true
	f.include(it)
}

// include lists an item after those of which it is made, which live as long as it does.
func (f *forms) include(it *item) {
	for _, of := range it.of {
		if !slices.Contains(f.items, of) {
			f.include(of)
		}
	}
	if !slices.Contains(f.items, it) {
		f.items = append(f.items, it)
	}
}

// held returns the items that are counted.
func (f *forms) held() []*item {
	var list []*item
	for it := range f.used {
		list = append(list, it)
	}
	return list
}

// Derive implements pass.Memory.
func (f *forms) Derive(key string, n *graph.Node, from []*graph.Node,
	eval func(read func(*graph.Node) (graph.Buf, error), out graph.Buf) error) (graph.Op, error) {
	if f.ctx.Err() != nil {
		return nil, context.Cause(f.ctx)
	}
	out := n.Out[0]
	r := recipe{key: key, value: func() any { return graph.NewBuf(out.DType, out.Size()) },
		fill: func(s *snapshot, value any) error { return eval(s.leaf, value.(graph.Buf)) }}
	for _, leaf := range from {
		r.from = append(r.from, leaf.Out[0])
	}
	it, err := f.use(r, false)
	if err != nil {
		return nil, err
	}
	if len(it.deps) == 0 {
		return graph.Const{Source: folded{key, it.value.(graph.Buf)}, DType: out.DType, Shape: out.Shape}, nil
	}
	return graph.ReadParam{Param: f.store.paramOf(it), DType: out.DType, Shape: out.Shape}, nil
}

// folded is a constant that a pass worked out (graph.Source).
type folded struct {
	key string
	buf graph.Buf
}

func (f folded) Key() string             { return f.key }
func (f folded) Buf() (graph.Buf, error) { return f.buf, nil }

// paramOf returns the parameter that stands in graphs for an item.
func (s *Store) paramOf(it *item) *graph.Param {
	s.mu.Lock()
	defer s.mu.Unlock()
	if it.param == nil {
		buf := it.value.(graph.Buf)
		it.param = graph.NewParam("folded", 0, nil, func() (graph.Buf, error) { return buf, nil }, nil)
		s.derived[it.param] = it
	}
	return it.param
}

// fillLater fills what is left, by several goroutines, and waits for what other plans are filling.
func (f *forms) fillLater(threads int) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	var mine []*item
	for _, it := range f.later {
		select {
		case <-it.done:
		default:
			if it.claim.CompareAndSwap(false, true) {
				mine = append(mine, it)
			}
		}
	}
	work := func() {
		for i := next.Add(1) - 1; int(i) < len(mine); i = next.Add(1) - 1 {
			mine[i].first(f.snap)
		}
	}
	for range min(threads, len(mine)) - 1 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			work()
		}()
	}
	work()
	wg.Wait()
	for _, it := range f.later {
		<-it.done
		if it.err != nil {
			return it.err
		}
	}
	f.later = nil
	return nil
}

// keyOf identifies the elements of a value that is fixed before a run, for the keys of what is made of them.
func keyOf(v *graph.Value) string { return string(graph.AppendKey(nil, v.Node.Op)) }

// isRow reports whether a value is fixed before a run and has one float for each column of an array with n columns: a vector
// along the last axis, or a single number for all.
func isRow(v *graph.Value, n int) bool {
	size := v.Size()
	return graph.IsFixed(v) && v.InFloat32() && (size == 1 || size == n && v.LastDim() == n)
}

// readRow writes the elements of a value for which isRow holds.
func readRow(s *snapshot, v *graph.Value, dst []float32) error {
	buf, err := s.leaf(v.Node)
	if err != nil {
		return err
	}
	if len(buf.F) == 1 {
		fill(dst, buf.F[0])
	} else {
		copy(dst, buf.F)
	}
	return nil
}

// row returns the elements of a value for which isRow holds, in memory of the store's.
func (f *forms) row(v *graph.Value, n int) (*item, []float32, error) {
	r := recipe{key: fmt.Sprintf("row %d %q", n, keyOf(v)), from: []*graph.Value{v}, value: func() any { return make([]float32, n) },
		fill: func(s *snapshot, value any) error { return readRow(s, v, value.([]float32)) }}
	it, err := f.use(r, false)
	if err != nil {
		return nil, nil, err
	}
	return it, it.value.([]float32), nil
}
