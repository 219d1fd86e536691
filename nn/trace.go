package nn

import (
	"context"
	"strconv"

	"github.com/hornml/horn/internal/fault"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/jit"
	"github.com/hornml/horn/nn/internal/plan"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// SetThreads sets how many goroutines a single prediction may use; 0, the default, means all cores.
func (m *Model) SetThreads(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.threads = n
	m.plans.Clear()
}

// SetCacheLimit sets how many bytes the model may keep for later calls: compiled plans, each with the memory of a run, weights
// in the forms that kernels read, constants worked out beforehand. What was used longest ago goes first. 0, the default,
// means 1 GiB (256 MiB on 32-bit machines). The weights themselves do not count.
func (m *Model) SetCacheLimit(bytes int64) { m.plans.SetLimit(bytes) }

// CacheBytes returns how many bytes the model keeps for later calls; see SetCacheLimit.
func (m *Model) CacheBytes() int64 { return m.plans.Bytes() }

// SetMemoryLimit sets how many bytes a model may ask for to compute one batch: the memory of a run, and what is worked out for it
// while the model is traced. 0, the default, means 8 GiB (1 GiB on 32-bit machines). What needs more is an error before it is
// allocated.
func (m *Model) SetMemoryLimit(bytes int64) {
	m.maxBytes.Store(bytes)
	m.plans.Clear()
}

// memoryLimit is the limit that holds.
func (m *Model) memoryLimit() int64 {
	if limit := m.maxBytes.Load(); limit > 0 {
		return limit
	}
	return graph.DefaultMaxBytes
}

// options are those of the model's plans.
func (m *Model) options(ctx context.Context) plan.Options {
	m.mu.Lock()
	defer m.mu.Unlock()
	return plan.Options{Store: m.plans.Store(), Threads: m.threads, MaxBytes: m.memoryLimit(), Context: ctx}
}

// plan returns the compiled plan for inputs of the given shapes and the numbers that were measured on them so far;
// measures says that it finds the next such number (see layer.Call.Measure).
func (m *Model) plan(r run, inputs []tensor.Any, measured []int) (p *plan.Plan, measures bool, err error) {
	var space [256]byte
	key := jit.Key(space[:0], inputs)
	for _, n := range measured {
		key = strconv.AppendInt(append(key, '#'), int64(n), 10)
	}
	if r.training != Inference {
		key = append(key, '!', byte(r.training))
	}
	e := m.plans.Entry(key)
	e.Lock()
	defer e.Unlock()
	if e.Plan == nil && e.Err == nil {
		traced, err := m.trace(&layer.Trace{Measured: measured, Training: r.training, Context: r.ctx, MaxBytes: m.memoryLimit()}, inputs)
		var p *plan.Plan
		if err == nil {
			p, err = plan.Compile(traced.Graph, m.options(r.ctx))
		}
		if err != nil && r.ctx.Err() != nil { // says nothing about later calls
			return nil, false, err
		}
		e.Plan, e.Measures, e.Err = p, traced.Measures, err
		m.plans.Compiled(e)
	}
	return e.Plan, e.Measures, e.Err
}

// Graph traces the model for inputs of the shapes and types of the given tensors; nil stands for an optional input that
// is left out. Where shapes depend on what is in the inputs (see layer.Call.Measure), the graph is that for these tensors.
func (m *Model) Graph(inputs ...tensor.Any) (g *graph.Graph, err error) {
	defer fault.Catch(&err, "tracing a model")
	var measured []int
	for {
		traced, err := m.trace(&layer.Trace{Measured: measured}, inputs)
		if err != nil || !traced.Measures {
			return traced.Graph, err
		}
		var run graph.Run
		for _, t := range inputs {
			if t != nil {
				run.Inputs = append(run.Inputs, graph.BufOf(t))
			}
		}
		found, err := graph.Interpret(traced.Graph, run)
		if err != nil {
			return nil, err
		}
		measured = append(measured, jit.Clamp(found[0].I[0]))
	}
}

// trace traces the model for inputs of the given shapes.
func (m *Model) trace(t *layer.Trace, inputs []tensor.Any) (layer.Traced, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.buildFor(inputs); err != nil {
		return layer.Traced{}, err
	}
	specs := m.inputLayers()
	traced, err := t.Run(m, func(b *graph.Builder) []*graph.Value {
		values := make([]*graph.Value, len(inputs))
		for i, t := range inputs {
			if t != nil {
				values[i] = b.Input(t.DType(), t.Shape()...)
			} else if i < len(specs) && !specs[i].Optional {
				b.Fail("the input %q is missing", specs[i].Name())
			}
		}
		return values
	})
	if err == nil && !traced.Measures && len(m.outputSpec) == 0 {
		names := m.outputNames(len(traced.Outputs))
		for i, v := range traced.Outputs {
			m.outputSpec = append(m.outputSpec, Spec{names[i], append([]int{-1}, v.Shape[min(1, len(v.Shape)):]...), v.DType})
		}
	}
	return traced, err
}
