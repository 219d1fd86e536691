package plan

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/hornml/horn/internal/fault"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/invariants"
)

// Store holds what the plans of one model share: what passes work out of constants and parameters, and weights in the forms
// that kernels read. Each is an item, made once and counted by the plans that use it; it goes with the last of them. When a
// parameter changes, the items that are made of it are filled anew in the same memory, before the next run of a plan that
// uses them.
type Store struct {
	// running is held for reading by every run, and for writing while items are filled anew: a run never sees a form change.
	running sync.RWMutex

	mu      sync.Mutex
	items   map[string]*item
	derived map[*graph.Param]*item
	bytes   int64

	generation uint64 // counts how often items were filled anew; guarded by running
}

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{items: map[string]*item{}, derived: map[*graph.Param]*item{}}
}

// Bytes returns the memory of all items.
func (s *Store) Bytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}

// item is something that is made of constants and parameters.
type item struct {
	key   string
	of    []*item        // items of which it is made
	deps  []*graph.Param // all parameters of which it is made, whatever lies between
	seen  []uint64       // their versions, when it was filled
	value any            // its memory, which stays
	param *graph.Param   // of an item that stands in a graph as a parameter
	bytes int64
	users int
	// fill makes the elements anew; nil once they are made and depend on no parameter.
	fill  func(s *snapshot) error
	claim atomic.Bool   // that somebody fills it for the first time
	done  chan struct{} // closed when that is done
	err   error
}

// snapshot is what the parameters are while items are filled: one version of each, whatever is assigned meanwhile.
type snapshot struct {
	store *Store
	mu    sync.Mutex
	read  map[*graph.Param]reading
}

type reading struct {
	buf     graph.Buf
	version uint64
	err     error
}

func (s *Store) snapshot() *snapshot {
	return &snapshot{store: s, read: map[*graph.Param]reading{}}
}

// param returns the elements of a parameter that no pass made.
func (s *snapshot) param(p *graph.Param) reading {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.read[p]
	if !ok {
		r.version = p.Version() // first: an assignment in between is seen as a change later
		r.buf, r.err = p.Buf()
		s.read[p] = r
	}
	return r
}

// leaf returns the elements of a constant or parameter, one that a pass made included.
func (s *snapshot) leaf(n *graph.Node) (graph.Buf, error) {
	switch op := n.Op.(type) {
	case graph.Const:
		return op.Source.Buf()
	case graph.ReadParam:
		if it := s.store.itemOf(op.Param); it != nil {
			return it.value.(graph.Buf), nil
		}
		r := s.param(op.Param)
		return r.buf, r.err
	}
	return graph.Buf{}, fmt.Errorf("%s is no leaf", n.Op.Name())
}

// itemOf returns the item that stands in graphs as p, nil for parameters that no pass made.
func (s *Store) itemOf(p *graph.Param) *item {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.derived[p]
}

// recipe says how an item is made.
type recipe struct {
	key   string
	from  []*graph.Value // the constants and parameters of which it is made
	of    []*item        // and the items
	value func() any     // allocates its memory
	fill  func(s *snapshot, value any) error
}

// item returns the item of a recipe, and whether the caller is the first to ask for it and must fill it. It is used until
// it is let go.
func (s *Store) item(r recipe) (it *item, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if invariants.On {
		defer s.check()
	}
	if it = s.items[r.key]; it != nil {
		it.users++
		return it, false
	}
	it = &item{key: r.key, of: slices.Clone(r.of), users: 1, value: r.value(), done: make(chan struct{})}
	it.bytes = bytesOf(it.value)
	for _, v := range r.from {
		if op, ok := v.Node.Op.(graph.ReadParam); ok {
			if of := s.derived[op.Param]; of != nil {
				it.of = append(it.of, of)
			} else {
				it.deps = append(it.deps, op.Param)
			}
		}
	}
	for _, of := range it.of {
		of.users++
		for _, p := range of.deps {
			if !slices.Contains(it.deps, p) {
				it.deps = append(it.deps, p)
			}
		}
	}
	it.fill = func(sn *snapshot) error { return r.fill(sn, it.value) }
	s.items[r.key] = it
	s.bytes += it.bytes
	return it, true
}

// first fills an item for the first time.
func (it *item) first(sn *snapshot) error {
	defer close(it.done)
	it.err = it.safely(sn)
	if len(it.deps) == 0 {
		it.fill = nil
	}
	return it.err
}

// safely is refill whose panics are errors: other plans wait for the item, and it may be filled by a goroutine of its own.
func (it *item) safely(sn *snapshot) (err error) {
	defer fault.Catch(&err, "preparing weights")
	return it.refill(sn)
}

func (it *item) refill(sn *snapshot) error {
	seen := make([]uint64, len(it.deps))
	for i, p := range it.deps {
		seen[i] = sn.param(p).version
	}
	if err := it.fill(sn); err != nil {
		return err
	}
	it.seen = seen
	return nil
}

// stale reports whether an item is made of other elements than a snapshot has.
func (it *item) stale(sn *snapshot) bool {
	for i, p := range it.deps {
		if i >= len(it.seen) || it.seen[i] != sn.param(p).version {
			return true
		}
	}
	return false
}

// drop ends the use of items; those that nobody uses any more are forgotten.
func (s *Store) drop(items []*item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if invariants.On {
		defer s.check()
	}
	for len(items) > 0 {
		it := items[len(items)-1]
		items = items[:len(items)-1]
		if it.users--; it.users > 0 {
			continue
		}
		if invariants.On && it.users < 0 {
			invariants.Fail("the item %q has %d users", it.key, it.users)
		}
		if s.items[it.key] == it {
			delete(s.items, it.key)
		}
		if it.param != nil {
			delete(s.derived, it.param)
		}
		s.bytes -= it.bytes
		items = append(items[:len(items):len(items)], it.of...)
	}
}

// bytesOf returns the memory of an item's value.
func bytesOf(value any) int64 {
	switch v := value.(type) {
	case graph.Buf:
		return int64(len(v.F))*4 + int64(len(v.D))*8 + int64(len(v.I))*8 + int64(len(v.B)) + int64(len(v.S))*16
	case []float32:
		return int64(len(v)) * 4
	case interface{ Bytes() int }:
		return int64(v.Bytes())
	}
	return 0
}
