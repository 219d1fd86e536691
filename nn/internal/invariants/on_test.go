//go:build invariants

package invariants

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestLease(t *testing.T) {
	panics := func(do func()) (text string) {
		defer func() { text, _ = recover().(string) }()
		do()
		return ""
	}
	var l Lease
	l.Take("a thing")
	if got := panics(func() { l.Take("a thing") }); got != "invariant broken: a thing is lent twice" {
		t.Errorf("%q", got)
	}
	l.Return("a thing")
	if got := panics(func() { l.Return("a thing") }); got != "invariant broken: a thing comes back, and was not lent" {
		t.Errorf("%q", got)
	}
	l.Take("a thing")
	l.Return("a thing")
}

// TestLeaseOfMany lets many take the same thing at once: one gets it.
func TestLeaseOfMany(t *testing.T) {
	var l Lease
	var got atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			defer func() {
				if recover() == nil {
					got.Add(1)
				}
			}()
			l.Take("a thing")
		})
	}
	wg.Wait()
	if got.Load() != 1 {
		t.Errorf("%d have it", got.Load())
	}
}
