// Package jit compiles functions of tensors when they are called, for the types and shapes that they are called with, and
// keeps what it compiled, as jax.jit does.
package jit

import (
	"math"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/hornml/horn/nn/internal/plan"
	"github.com/hornml/horn/tensor"
)

// Cache keeps compiled plans by the shapes and types of the inputs, within a number of plans and of bytes: those used
// longest ago go first, and with them what only they needed of the store (packed weights, folded constants). The plan that
// was asked for last stays, however large.
type Cache struct {
	store *plan.Store
	limit int64

	mu      sync.Mutex
	entries map[string]*Entry
	clock   uint64
	last    atomic.Pointer[Entry] // that was asked for last, nil if it is gone
}

// Entry is the place of one plan in a Cache. Whoever fills it or reads it holds its lock.
type Entry struct {
	sync.Mutex
	Plan *plan.Plan
	Err  error
	// Measures says that the plan does not compute the outputs but the next number that their shapes depend on.
	Measures bool
	key      string
	used     uint64
	bytes    int64
	gone     bool // not in the cache any more
}

const (
	// maxPlans bounds the compiled plans of one function: a server that is asked for ever new lengths stays small.
	maxPlans = 64
	// DefaultLimit is the number of bytes that a cache keeps: 1 GiB, a quarter of that on 32-bit machines.
	DefaultLimit = 1 << (30 - 2*(1-^uint(0)>>63))
)

// NewCache returns an empty cache that keeps at most limit bytes; 0 stands for DefaultLimit.
func NewCache(limit int64) *Cache {
	if limit <= 0 {
		limit = DefaultLimit
	}
	return &Cache{store: plan.NewStore(), limit: limit, entries: map[string]*Entry{}}
}

// Store is what the plans share.
func (c *Cache) Store() *plan.Store { return c.store }

// SetLimit changes the number of bytes that the cache keeps; 0 stands for DefaultLimit.
func (c *Cache) SetLimit(limit int64) {
	if limit <= 0 {
		limit = DefaultLimit
	}
	c.mu.Lock()
	c.limit = limit
	c.trim(nil)
	c.mu.Unlock()
}

// Clear forgets all plans.
func (c *Cache) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.entries {
		c.drop(e)
	}
}

// Entry returns the place of the plan with the given key, an empty one if there was none.
func (c *Cache) Entry(key []byte) *Entry {
	if e := c.last.Load(); e != nil && e.key == string(key) { // as for most calls; it is the newest already
		return e
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock++
	e := c.entries[string(key)]
	if e == nil {
		e = &Entry{key: string(key)}
		c.entries[e.key] = e
		c.trim(e)
	}
	e.used = c.clock
	c.last.Store(e)
	return e
}

// Compiled notes the plan of an entry, which the caller has locked and filled.
func (c *Cache) Compiled(e *Entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.Plan == nil {
		return
	}
	if e.gone { // too many others came meanwhile
		e.Plan.Close()
		return
	}
	e.bytes = e.Plan.Memory()
	c.trim(e)
}

// Bytes is the memory of all plans and of what they share.
func (c *Cache) Bytes() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bytes()
}

func (c *Cache) bytes() int64 {
	sum := c.store.Bytes()
	for _, e := range c.entries {
		sum += e.bytes
	}
	return sum
}

// trim drops the plans used longest ago while there is too much, but never `last`.
func (c *Cache) trim(last *Entry) {
	for len(c.entries) > maxPlans || len(c.entries) > 1 && c.bytes() > c.limit {
		var oldest *Entry
		for _, e := range c.entries {
			if e != last && (oldest == nil || e.used < oldest.used) {
				oldest = e
			}
		}
		if oldest == nil {
			return
		}
		c.drop(oldest)
	}
}

func (c *Cache) drop(e *Entry) {
	delete(c.entries, e.key)
	e.gone = true
	c.last.CompareAndSwap(e, nil)
	if e.bytes > 0 { // it is compiled: see Compiled
		e.Plan.Close()
	}
}

// Key appends what identifies the types and shapes of tensors, of which any may be nil.
func Key(key []byte, tensors []tensor.Any) []byte {
	for _, t := range tensors {
		if t == nil {
			key = append(key, '-', '|')
			continue
		}
		key = append(key, byte('A'+t.DType()))
		for _, d := range t.Shape() {
			key = strconv.AppendInt(append(key, ','), int64(d), 10)
		}
		key = append(key, '|')
	}
	return key
}

// Rows cuts examples lo to hi out of tensors, of which any may be nil.
func Rows(tensors []tensor.Any, lo, hi int) []tensor.Any {
	out := make([]tensor.Any, len(tensors))
	for i, t := range tensors {
		if t != nil {
			out[i] = t.Rows(lo, hi)
		}
	}
	return out
}

// Measured is the number that a plan found that measures; see Entry.
func Measured(found []tensor.Any) int { return Clamp(found[0].(*tensor.Of[int64]).Data()[0]) }

// Clamp keeps a number that is too large for this machine's int too large for any shape.
func Clamp(n int64) int { return int(max(math.MinInt, min(n, math.MaxInt))) }
