// Package exec compiles op graphs into plans and runs them. A plan is a flat list of steps over one arena, made for
// concrete input shapes; running it allocates nothing, and many goroutines may run one plan at the same time.
//
// The map of the files: plan.go (compiling, running), cache.go (what the plans of a model share); passes over the graph: fold.go,
// rewrite.go, sink.go (transposes and reshapes), attention.go; lower.go (from the graph to work), epilogue.go, cost.go, share.go
// (units), pack.go; ops with kernels: gemm.go, int8.go, product.go and views.go (operands at strides), attention_step.go, convolution.go,
// windows.go, winograd.go, kernels.go, movement.go, gather.go, repeat.go, resample.go, compare.go, recurrent.go, scan.go; program.go,
// select.go and elementwise.go (chains of elementwise ops), arena.go (where values live), profile.go. Threads are the crew's.
package exec

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/crew"
	"github.com/hornml/horn/tensor"
)

// Options are the settings of Compile.
type Options struct {
	Cache   *Cache // shared by the plans of a model; nil for none
	Threads int    // 0: all cores that the process may use
	// MaxBytes bounds the memory of one run; 0 stands for 8 GiB (1 GiB on 32-bit machines).
	MaxBytes int64
}

// Plan is a compiled graph.
type Plan struct {
	steps   []step
	values  []*graph.Value // by id
	places  []place        // where each value lives
	fixed   []fixed        // constants
	inputs  []int          // value ids
	outputs []int
	updates []update
	states  []stateRef
	arena   arenaSize
	threads int
	shared  float64 // estimated nanoseconds of the steps that can be shared
	scratch int     // float32 elements for each worker
	bytes   int     // bytes for each worker
	sources []sourceKey

	mu   sync.Mutex
	idle []*run
}

// step is one entry of a plan's list.
type step struct {
	name  string
	label string
	run   kernelFunc
	units int // into which it divides; 1 if it is not worth sharing
	all   int // units for a single worker's call
	// bounds are where the ranges of all workers begin and end, if units differ; else the ranges have the same length.
	bounds []int
	cost   float64 // estimated nanoseconds
}

type fixed struct {
	value int
	buf   graph.Buf
}

// sourceKey remembers which elements of a source the plan was made with.
type sourceKey struct {
	source graph.Source
	key    string
}

type update struct {
	key   string
	value int
}

type stateRef struct {
	key   string
	value int
}

// run is the memory of one execution.
type run struct {
	arena   graph.Buf   // all values that live in the plan's memory, by class
	bufs    []graph.Buf // by value id
	args    []graph.Buf // space for the arguments of an evaluation
	scratch [][]float32 // of each worker
	bytes   [][]byte    // of each worker
	team    *crew.Team
	index   int             // of the step that the team does
	part    crew.Func       // does units of it
	timed   []time.Duration // of each step, while a plan is profiled
}

// ErrTooLarge is returned by Compile for a graph that needs more memory than Options.MaxBytes.
var ErrTooLarge = errors.New("the model needs more memory for these inputs than the limit allows")

// Compile makes a plan of a graph, which it takes over.
func Compile(g *graph.Graph, o Options) (*Plan, error) {
	if o.Cache == nil {
		o.Cache = NewCache()
	}
	if o.Threads <= 0 {
		o.Threads = crew.Process().Cores()
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 8 << 30
		if ^uint(0)>>32 == 0 {
			o.MaxBytes = 1 << 30
		}
	}
	prune(g)
	p := &Plan{threads: o.Threads}
	for _, n := range g.Nodes {
		if c, ok := n.Op.(graph.Const); ok {
			p.sources = append(p.sources, sourceKey{c.Source, c.Source.Key()})
		}
	}
	if err := fold(g, o.Cache); err != nil {
		return nil, err
	}
	prune(g)
	if err := rewrite(g, o.Cache); err != nil {
		return nil, err
	}
	prune(g)
	works, err := lower(g, o.Cache, o.Threads)
	if err != nil {
		return nil, err
	}
	if err := p.place(g, works, o.MaxBytes); err != nil {
		return nil, err
	}
	for _, w := range works {
		p.add(w)
	}
	return p, nil
}

// add makes the step of some work.
func (p *Plan) add(w *work) {
	s := step{name: w.name, label: w.node.Label, run: w.make(p), units: w.units, all: w.units, cost: w.cost}
	if !crew.Shares(s.units, s.cost, p.threads) {
		s.units = 1
	}
	if s.units > 1 {
		p.shared += s.cost
		if w.weight != nil {
			s.bounds = bounds(s.units, p.threads, w.weight)
		}
	}
	p.scratch, p.bytes = max(p.scratch, w.scratch), max(p.bytes, w.bytes)
	p.steps = append(p.steps, s)
}

// id returns the id of a value.
func (p *Plan) id(v *graph.Value) int { return v.Node.ID + v.Index }

func (p *Plan) ids(vs []*graph.Value) []int {
	out := make([]int, len(vs))
	for i, v := range vs {
		out[i] = p.id(v)
	}
	return out
}

// prune drops nodes that nothing needs.
func prune(g *graph.Graph) {
	needed := map[*graph.Node]bool{}
	for _, v := range g.Outputs {
		needed[v.Node] = true
	}
	for _, u := range g.Updates {
		needed[u.Value.Node] = true
	}
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		if n := g.Nodes[i]; needed[n] {
			for _, v := range n.In {
				needed[v.Node] = true
			}
		}
	}
	kept := g.Nodes[:0]
	for _, n := range g.Nodes {
		if needed[n] || graph.Is[graph.Input](n.Op) {
			kept = append(kept, n)
		}
	}
	g.Nodes = kept
}

// Stale reports whether a constant of the graph, such as a variable, has got other elements since the plan was made.
func (p *Plan) Stale() bool {
	for _, s := range p.sources {
		if s.source.Key() != s.key {
			return true
		}
	}
	return false
}

// HasStates reports whether the plan reads or writes states that outlive a run.
func (p *Plan) HasStates() bool { return len(p.states) > 0 || len(p.updates) > 0 }

// acquire takes the memory of a run that has ended, or makes some.
func (p *Plan) acquire() *run {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.idle); n > 0 {
		r := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return r
	}
	return p.newRun()
}

// maxIdle bounds the memory that a plan keeps for later runs.
const maxIdle = 16

func (p *Plan) release(r *run) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) < maxIdle {
		p.idle = append(p.idle, r)
	}
}

// Run computes the outputs for inputs of the shapes for which the plan was made; nil stands for an input left out. States
// is read and updated by graphs that have states.
func (p *Plan) Run(inputs []tensor.Any, states map[string]graph.Buf) ([]tensor.Any, error) {
	r := p.acquire()
	defer p.release(r)
	if err := p.execute(r, inputs, states); err != nil {
		return nil, err
	}
	outputs := make([]tensor.Any, len(p.outputs))
	for i, id := range p.outputs {
		v := p.values[id]
		outputs[i] = tensor.NewAny(v.DType, v.Shape...)
		r.bufs[id].CopyTo(outputs[i])
	}
	return outputs, nil
}

// RunInto is Run into tensors of the caller's, which have the outputs' shapes and types and are contiguous.
func (p *Plan) RunInto(outputs, inputs []tensor.Any, states map[string]graph.Buf) error {
	if len(outputs) != len(p.outputs) {
		return fmt.Errorf("%d output tensors were given for %d outputs", len(outputs), len(p.outputs))
	}
	for i, id := range p.outputs {
		v := p.values[id]
		if outputs[i].DType() != v.DType || !slices.Equal(outputs[i].Shape(), v.Shape) || !outputs[i].IsContiguous() {
			return fmt.Errorf("output %d must be a contiguous %s%s", i, v.DType, tensor.FormatShape(v.Shape))
		}
	}
	r := p.acquire()
	defer p.release(r)
	if err := p.execute(r, inputs, states); err != nil {
		return err
	}
	for i, id := range p.outputs {
		r.bufs[id].CopyTo(outputs[i])
	}
	return nil
}

func (p *Plan) execute(r *run, inputs []tensor.Any, states map[string]graph.Buf) error {
	next := 0
	for _, t := range inputs {
		if t == nil {
			continue
		}
		if next >= len(p.inputs) {
			return fmt.Errorf("%d inputs where the plan has %d", len(inputs), len(p.inputs))
		}
		id := p.inputs[next]
		next++
		if f, ok := t.(*tensor.Tensor); ok && f.IsContiguous() {
			r.bufs[id] = graph.Buf{F: f.Data()}
		} else {
			r.bufs[id] = p.own(r, id)
			r.bufs[id].SetFrom(t)
		}
	}
	for _, s := range p.states {
		kept, ok := states[s.key]
		if v := p.values[s.value]; !ok || kept.Len() != v.Size() {
			kept = graph.NewBuf(v.DType, v.Size())
		}
		r.bufs[s.value] = kept
	}
	p.alias(r)
	if err := p.runSteps(r); err != nil {
		return err
	}
	for _, u := range p.updates {
		if states == nil {
			break
		}
		v := p.values[u.value]
		kept := graph.NewBuf(v.DType, v.Size())
		kept.Copy(r.bufs[u.value])
		states[u.key] = kept
	}
	return nil
}

func (p *Plan) runSteps(r *run) error {
	r.team.Begin(p.shared)
	defer r.team.End()
	for i := range p.steps {
		s := &p.steps[i]
		var start time.Time
		if r.timed != nil {
			start = time.Now()
		}
		var err error
		if s.units > 1 {
			r.index = i
			err = r.team.Do(s.units, s.bounds, s.cost, r.part)
		} else {
			err = s.run(r, 0, 0, s.all)
		}
		if err != nil {
			return err
		}
		if r.timed != nil {
			r.timed[i] = time.Since(start)
		}
	}
	return nil
}
