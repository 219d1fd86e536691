package jit

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/plan"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Function is a function of tensors that writes ops: the values of a loss, the update of a metric. It is compiled for each
// set of types and shapes of its arguments, as jax.jit does. Calls from many goroutines are safe.
type Function struct {
	write func(b *graph.Builder, args []*graph.Value) []*graph.Value
	plans *Cache
}

// NewFunction returns the function that write describes: it is given a value for each argument, nil for one that is left
// out, and returns the results. It may call b.Fail.
func NewFunction(write func(b *graph.Builder, args []*graph.Value) []*graph.Value) *Function {
	if write == nil {
		panic("nn: NewFunction: a function that writes ops is expected, not nil")
	}
	return &Function{write: write, plans: NewCache(0)}
}

// Run computes the results for arguments, of which any may be nil.
func (f *Function) Run(args ...tensor.Any) ([]tensor.Any, error) {
	var space [128]byte
	key := Key(space[:0], args)
	e := f.plans.Entry(key)
	e.Lock()
	defer e.Unlock()
	if e.Plan == nil && e.Err == nil {
		g, err := f.trace(args)
		if err == nil {
			e.Plan, err = plan.Compile(g, plan.Options{Store: f.plans.Store()})
		}
		e.Err = err
		f.plans.Compiled(e)
	}
	if e.Err != nil {
		return nil, e.Err
	}
	return e.Plan.Run(args, nil)
}

func (f *Function) trace(args []tensor.Any) (g *graph.Graph, err error) {
	b := graph.NewBuilder()
	defer func() {
		if r := recover(); r != nil {
			if err = layer.Failure(r, "a function of tensors"); err == nil {
				panic(r)
			}
			g = nil
		}
	}()
	values := make([]*graph.Value, len(args))
	for i, t := range args {
		if t != nil {
			values[i] = b.Input(t.DType(), t.Shape()...)
		}
	}
	b.Graph.Outputs = f.write(b, values)
	return b.Graph, nil
}
