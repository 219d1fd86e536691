// Package jit compiles functions of tensors when they are called, for the types and shapes that they are called with, and
// keeps what it compiled, as jax.jit does.
package jit

import (
	"math"
	"strconv"
	"sync"

	"github.com/hornml/horn/nn/exec"
	"github.com/hornml/horn/tensor"
)

// Cache keeps compiled plans by the shapes and types of the inputs; the one used longest ago goes first. It is not safe
// for concurrent use; its entries are.
type Cache struct {
	plans map[string]*Entry
	clock uint64
}

// Entry is the place of one plan in a Cache. Whoever fills it or reads it holds its lock.
type Entry struct {
	sync.Mutex
	Plan *exec.Plan
	Err  error
	// Measures says that the plan does not compute the outputs but the next number that their shapes depend on.
	Measures bool
	Epoch    uint64 // of the variables' values, when the plan was made
	used     uint64
}

// maxPlans bounds the compiled plans of one function: a server that is asked for ever new lengths stays small.
const maxPlans = 64

// NewCache returns an empty cache.
func NewCache() *Cache { return &Cache{plans: map[string]*Entry{}} }

// Entry returns the place of the plan with the given key, an empty one if there was none.
func (p *Cache) Entry(key []byte) *Entry {
	p.clock++
	e := p.plans[string(key)]
	if e == nil {
		if len(p.plans) >= maxPlans {
			oldest := ""
			for k, e := range p.plans {
				if oldest == "" || e.used < p.plans[oldest].used {
					oldest = k
				}
			}
			delete(p.plans, oldest)
		}
		e = &Entry{}
		p.plans[string(key)] = e
	}
	e.used = p.clock
	return e
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

// Measured is the number that a plan found that measures; see Entry.
func Measured(found []tensor.Any) int { return Clamp(found[0].(*tensor.Of[int64]).Data()[0]) }

// Clamp keeps a number that is too large for this machine's int too large for any shape.
func Clamp(n int64) int { return int(max(math.MinInt, min(n, math.MaxInt))) }
