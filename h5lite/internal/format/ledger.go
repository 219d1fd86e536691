package format

import (
	"math"
	"sync"

	"github.com/hornml/horn/h5lite/internal/wire"
)

// Ledger adds up what different parts of a file lay claim to. Every part counts
// once, however often it is read, so the sum of an honest file has a bound that
// its size gives; a file whose parts share bytes to multiply work exceeds it.
// A Ledger is safe for concurrent use.
type Ledger struct {
	mu    sync.Mutex
	seen  map[uint64]bool
	total uint64
}

// Add counts n for a part, and reports whether the sum is within limit.
func (l *Ledger) Add(part, n, limit uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.seen[part] {
		if l.seen == nil {
			l.seen = map[uint64]bool{}
		}
		l.seen[part] = true
		l.total += min(n, math.MaxUint64-l.total)
	}
	return l.total <= limit
}

// owners notes which object each structure belongs to.
type owners struct {
	mu    sync.Mutex
	of    map[uint64]uint64 // structure -> object
	total uint64
}

// claim notes that a structure of n bytes belongs to the object with the given
// header. Two objects never share an index or a heap of their own, and no two
// structures share bytes. Where they seem to, the file is damaged, and following
// all of them could cost far more than its size.
func (f *File) claim(addr, n, owner uint64, what string) error {
	o := &f.owners
	o.mu.Lock()
	defer o.mu.Unlock()
	if was, ok := o.of[addr]; ok {
		if was != owner {
			return wire.Errorf(f.FileOffset(addr), what, "belongs to the objects at %d and %d", f.FileOffset(was), f.FileOffset(owner))
		}
		return nil
	}
	if o.of == nil {
		o.of = map[uint64]uint64{}
	}
	o.of[addr] = owner
	if o.total += n; o.total > f.Size() {
		return wire.Errorf(f.FileOffset(addr), what, "the structures of the file overlap: they have more bytes than the file")
	}
	return nil
}
