package jit

import (
	"fmt"
	"sync"
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/plan"
	"github.com/hornml/horn/tensor"
)

// fill compiles a dense layer for a number of rows into the cache, as its callers do, or returns the plan that is there.
func fill(t *testing.T, c *Cache, kernel *graph.Param, rows int) (made bool) {
	t.Helper()
	e := c.Entry(Key(nil, []tensor.Any{tensor.New(rows, 8)}))
	e.Lock()
	defer e.Unlock()
	if e.Plan != nil {
		return false
	}
	b := graph.NewBuilder()
	b.Graph.Outputs = []*graph.Value{b.Dense(b.Input(tensor.Float32, rows, 8), b.Param(kernel))}
	if e.Plan, e.Err = plan.Compile(b.Graph, plan.Options{Store: c.Store(), Threads: 1}); e.Err != nil {
		t.Fatal(e.Err)
	}
	c.Compiled(e)
	return true
}

func newKernel() *graph.Param {
	data := make([]float32, 8*16)
	return graph.NewParam("kernel", tensor.Float32, []int{8, 16}, func() (graph.Buf, error) { return graph.Buf{F: data}, nil }, nil)
}

// TestCacheKeepsTheLatest drops the plans used longest ago, by number and by bytes.
func TestCacheKeepsTheLatest(t *testing.T) {
	c, kernel := NewCache(0), newKernel()
	for rows := 1; rows <= maxPlans; rows++ {
		fill(t, c, kernel, rows)
	}
	if fill(t, c, kernel, 1) { // used now
		t.Error("the first plan is gone already")
	}
	fill(t, c, kernel, maxPlans+1)
	if len(c.entries) != maxPlans {
		t.Errorf("%d plans, not %d", len(c.entries), maxPlans)
	}
	if fill(t, c, kernel, 1) || !fill(t, c, kernel, 2) {
		t.Error("another plan went than the one used longest ago")
	}
	one := NewCache(1)
	for rows := 1; rows < 5; rows++ {
		fill(t, one, kernel, rows)
		if len(one.entries) != 1 || fill(t, one, kernel, rows) {
			t.Errorf("%d plans within one byte: the last one stays, however large", len(one.entries))
		}
	}
}

// TestCacheCountsBytes holds what is counted against what there is: nothing when all plans are gone.
func TestCacheCountsBytes(t *testing.T) {
	c, kernel := NewCache(0), newKernel()
	if c.Bytes() != 0 {
		t.Errorf("%d bytes to begin with", c.Bytes())
	}
	fill(t, c, kernel, 3)
	packed := c.Store().Bytes()
	if packed < 8*16*4 || c.Bytes() <= packed {
		t.Errorf("%d bytes, %d of them packed", c.Bytes(), packed)
	}
	fill(t, c, kernel, 300)
	both := c.Bytes()
	if c.Store().Bytes() != packed || both <= packed {
		t.Errorf("%d bytes packed for two plans, %d for one", c.Store().Bytes(), packed)
	}
	c.SetLimit(both - 1)
	if len(c.entries) != 1 || c.Bytes() >= both || c.Store().Bytes() != packed {
		t.Errorf("%d plans of %d bytes within %d", len(c.entries), c.Bytes(), both-1)
	}
	c.SetLimit(0)
	if fill(t, c, kernel, 300) || !fill(t, c, kernel, 3) || c.Bytes() != both {
		t.Errorf("%d bytes, not %d", c.Bytes(), both)
	}
	c.Clear()
	if c.Bytes() != 0 || len(c.entries) != 0 {
		t.Errorf("%d bytes of %d plans when all are forgotten", c.Bytes(), len(c.entries))
	}
}

// TestPlansThatComeTooLate closes a plan whose place went while it was made.
func TestPlansThatComeTooLate(t *testing.T) {
	c, kernel := NewCache(0), newKernel()
	e := c.Entry([]byte("slow"))
	e.Lock()
	b := graph.NewBuilder()
	b.Graph.Outputs = []*graph.Value{b.Dense(b.Input(tensor.Float32, 1, 8), b.Param(kernel))}
	p, err := plan.Compile(b.Graph, plan.Options{Store: c.Store(), Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	c.Clear()
	e.Plan = p
	c.Compiled(e)
	e.Unlock()
	if c.Bytes() != 0 {
		t.Errorf("%d bytes stay", c.Bytes())
	}
	if out, err := p.Run([]tensor.Any{tensor.New(1, 8)}, nil); err != nil || len(out) != 1 {
		t.Errorf("whoever has the plan cannot use it: %v", err)
	}
}

// TestCacheRace fills one cache from many goroutines, within room for few plans, while others clear it.
func TestCacheRace(t *testing.T) {
	c, kernel := NewCache(8<<10), newKernel()
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			for k := range 100 {
				fill(t, c, kernel, 1+(i*k)%20)
				if k%25 == 24 {
					c.Clear()
				}
			}
		})
	}
	wg.Wait()
	c.Clear()
	if c.Bytes() != 0 {
		t.Errorf("%d bytes are left", c.Bytes())
	}
}

// TestKey tells types, shapes and what is left out apart.
func TestKey(t *testing.T) {
	seen := map[string]string{}
	f, i := tensor.New(2, 3), tensor.Zeros[int32](2, 3)
	for name, list := range map[string][]tensor.Any{
		"nothing": {}, "one": {f}, "two": {f, f}, "another type": {i}, "left out": {nil}, "first left out": {nil, f}, "second left out": {f, nil},
		"turned": {tensor.New(3, 2)}, "flat": {tensor.New(6)}, "joined": {tensor.New(23)}, "three axes": {tensor.New(2, 3, 1)},
		"one number": {tensor.New()}, "empty": {tensor.New(0)},
	} {
		key := string(Key(nil, list))
		if other, ok := seen[key]; ok {
			t.Errorf("%s and %s have the key %q", name, other, key)
		}
		seen[key] = name
	}
	if got := string(Key([]byte("x"), []tensor.Any{f})); got != "x"+string(Key(nil, []tensor.Any{f})) {
		t.Errorf("appended: %q", got)
	}
}

func TestMeasured(t *testing.T) {
	for _, n := range []int64{0, 7, -3} {
		if got := Measured([]tensor.Any{tensor.FromSlice([]int64{n}).Reshape()}); got != int(n) {
			t.Errorf("%d became %d", n, got)
		}
	}
	if got := fmt.Sprint(Clamp(1<<62) > 0, Clamp(-1<<62) < 0); got != "true true" {
		t.Error(got)
	}
}
