// Package plan compiles op graphs into plans and runs them. A plan is a flat list of steps over one arena, made for
// concrete input shapes; running it allocates nothing, and many goroutines may run one plan at the same time.
//
// The map of the files: plan.go (compiling, running), store.go and forms.go (what the plans of a model share), refresh.go (changed
// parameters); lower.go (from the graph to work), epilogue.go, cost.go, share.go (units), pack.go; ops with kernels: gemm.go,
// int8.go, product.go (operands at strides), attention.go, convolution.go, windows.go, winograd.go, kernels.go, movement.go,
// gather.go, repeat.go, resample.go, compare.go, recurrent.go, scan.go; program.go, select.go and elementwise.go (chains of
// elementwise ops), arena.go (where values live), check.go (what must be true, in builds that look), profile.go. Threads are the
// crew's, what happens to the graph before is package pass's.
package plan

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hornml/horn/internal/fault"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/crew"
	"github.com/hornml/horn/nn/internal/invariants"
	"github.com/hornml/horn/nn/internal/pass"
	"github.com/hornml/horn/tensor"
)

// Options are the settings of Compile.
type Options struct {
	Store   *Store // shared by the plans of a model; nil for one of its own
	Threads int    // 0: all cores that the process may use
	// MaxBytes bounds the memory of one run; 0 stands for graph.DefaultMaxBytes.
	MaxBytes int64
	// Context ends the compiling, nil for none that does.
	Context context.Context
}

// Plan is a compiled graph.
type Plan struct {
	steps   []step
	values  []*graph.Value // by id
	places  []place        // where each value lives
	fixed   []fixed        // constants and parameters
	inputs  []int          // value ids
	outputs []int
	updates []update
	states  []stateRef
	arena   arenaSize
	threads int
	shared  float64 // estimated nanoseconds of the steps that can be shared
	scratch int     // float32 elements for each worker
	bytes   int     // bytes for each worker

	store  *Store
	items  []*item        // what the plan uses of the store
	params []*graph.Param // of which they, and the plan, are made
	seen   []uint64       // their versions that the plan has now
	subs   []*Plan        // bodies of loops
	held   []*item        // those that are counted
	behind bool           // an item was filled with other versions
	// generation counts how often fixed has changed: memory of runs has copies of it.
	generation int

	pace crew.Pace // how its runs go fastest

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

// fixed is a value that is known before a run.
type fixed struct {
	value int
	node  *graph.Node // the leaf
	buf   graph.Buf
}

// update is what a parameter becomes.
type update struct {
	param *graph.Param
	value int
	// aside says that the value lies in the memory of a state, which another update may overwrite before it is read.
	aside bool
}

type stateRef struct {
	param *graph.Param
	value int
}

// run is the memory of one execution.
type run struct {
	lease   invariants.Lease
	arena   graph.Buf   // all values that live in the plan's memory, by class
	bufs    []graph.Buf // by value id
	args    []graph.Buf // space for the arguments of an evaluation
	scratch [][]float32 // of each worker
	bytes   [][]byte    // of each worker
	team    *crew.Team
	parts   []crew.Func     // of each step, what the team does
	timed   []time.Duration // of each step, while a plan is profiled
	next    []graph.Buf     // for updates that are set aside
	ctx     context.Context // ends the run between two steps

	generation int // of the plan, when bufs got its fixed values

	step   int  // that is under way
	broken bool // a panic ended it
}

// Compile makes a plan of a graph, which it takes over. Its error is graph.ErrTooLarge for one that needs more memory than
// Options.MaxBytes.
func Compile(g *graph.Graph, o Options) (*Plan, error) {
	if o.Store == nil {
		o.Store = NewStore()
	}
	if o.Threads <= 0 {
		o.Threads = crew.Process().Cores()
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = graph.DefaultMaxBytes
	}
	if o.Context == nil {
		o.Context = context.Background()
	}
	o.Store.running.RLock() // what the store has stays as it is
	defer o.Store.running.RUnlock()
	f := newForms(o.Store)
	f.ctx = o.Context
	p, err := caughtCompile(g, f, o)
	if err != nil {
		o.Store.drop(f.held())
		return nil, err
	}
	p.own(f)
	return p, nil
}

// caughtCompile is compile, with all items filled. A panic is an error.
func caughtCompile(g *graph.Graph, f *forms, o Options) (p *Plan, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, fault.Of(r, "compiling "+described(f.at))
		}
	}()
	if p, err = compile(g, f, o); err == nil {
		err = f.fillLater(o.Threads)
	}
	return p, err
}

// described says which node of a graph it is.
func described(n *graph.Node) string {
	switch {
	case n == nil:
		return "a graph"
	case n.Label == "":
		return n.Op.Name()
	}
	return fmt.Sprintf("%s of the layer %q", n.Op.Name(), n.Label)
}

// compile makes a plan whose items are those that f gathers.
func compile(g *graph.Graph, f *forms, o Options) (*Plan, error) {
	if err := pass.Run(g, f); err != nil {
		return nil, err
	}
	if o.Context.Err() != nil {
		return nil, context.Cause(o.Context)
	}
	p := &Plan{threads: o.Threads, store: o.Store}
	l := &lowering{g: g, forms: f, options: o, uses: graph.UsersOf(g), done: map[*graph.Node]bool{}, at: map[*graph.Node]*work{},
		threads: o.Threads}
	works, err := l.lower()
	if err != nil {
		return nil, err
	}
	p.subs = l.subs
	if err := p.place(g, works, f.snap, o.MaxBytes); err != nil {
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

// HasStates reports whether the plan reads or writes states that outlive a run.
func (p *Plan) HasStates() bool { return len(p.states) > 0 || len(p.updates) > 0 }

// acquire takes the memory of a run that has ended, or makes some.
func (p *Plan) acquire() *run {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.idle); n > 0 {
		r := p.idle[n-1]
		p.idle = p.idle[:n-1]
		r.ctx = context.Background()
		r.lease.Take("the memory of a run")
		return r
	}
	r := p.newRun()
	r.ctx = context.Background()
	r.lease.Take("the memory of a run")
	return r
}

// maxIdle bounds the memory that a plan keeps for later runs.
const maxIdle = 16

func (p *Plan) release(r *run) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r.lease.Return("the memory of a run")
	if invariants.On {
		r.poison()
	}
	if len(p.idle) < maxIdle && !r.broken {
		p.idle = append(p.idle, r)
	}
}

// Run computes the outputs for inputs of the shapes for which the plan was made; nil stands for an input left out. States
// is read and updated by graphs that have states.
func (p *Plan) Run(inputs []tensor.Any, states map[*graph.Param]graph.StateValue) ([]tensor.Any, error) {
	return p.RunContext(context.Background(), inputs, states)
}

// RunContext is Run that ends between two steps once ctx is done, with its cause.
func (p *Plan) RunContext(ctx context.Context, inputs []tensor.Any, states map[*graph.Param]graph.StateValue) ([]tensor.Any, error) {
	r := p.acquire()
	defer p.release(r)
	r.ctx = ctx
	outputs := make([]tensor.Any, len(p.outputs))
	for i, id := range p.outputs {
		v := p.values[id]
		outputs[i] = tensor.NewAny(v.DType, v.Shape...)
	}
	if err := p.execute(r, outputs, inputs, states); err != nil {
		return nil, err
	}
	return outputs, nil
}

// RunInto is Run into tensors of the caller's, which have the outputs' shapes and types and are contiguous.
func (p *Plan) RunInto(outputs, inputs []tensor.Any, states map[*graph.Param]graph.StateValue) error {
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
	return p.execute(r, outputs, inputs, states)
}

func (p *Plan) execute(r *run, outputs, inputs []tensor.Any, states map[*graph.Param]graph.StateValue) error {
	if err := p.begin(); err != nil {
		return err
	}
	if err := p.executeHeld(r, outputs, inputs, states); err != nil {
		return err
	}
	return p.storeParams(r)
}

// executeHeld runs a plan while the store is held, which it lets go. A panic is an error.
func (p *Plan) executeHeld(r *run, outputs, inputs []tensor.Any, states map[*graph.Param]graph.StateValue) (err error) {
	defer p.store.running.RUnlock()
	r.step = -1
	defer p.caught(r, &err)
	return p.executeFresh(r, outputs, inputs, states)
}

// caught turns a panic of a run, also one in a helper, into an error. The run's memory is not used again.
func (p *Plan) caught(r *run, err *error) {
	v := recover()
	if v == nil {
		return
	}
	r.broken = true
	where := "running a plan"
	if r.step >= 0 && r.step < len(p.steps) {
		if s := &p.steps[r.step]; s.label != "" {
			where = fmt.Sprintf("running %s of the layer %q", s.name, s.label)
		} else {
			where = "running " + s.name
		}
	}
	*err = fault.Of(v, where)
}

// executeFresh runs a plan whose items are those of the present parameters, and writes the outputs while they stay so.
func (p *Plan) executeFresh(r *run, outputs, inputs []tensor.Any, states map[*graph.Param]graph.StateValue) error {
	p.refix(r)
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
			r.bufs[id] = p.memory(r, id)
			r.bufs[id].SetFrom(t)
		}
	}
	for _, s := range p.states {
		kept, ok := states[s.param]
		if v := p.values[s.value]; !ok || !kept.Fits(v) {
			kept = graph.NewStateValue(v)
			if states != nil {
				states[s.param] = kept
			}
		}
		r.bufs[s.value] = kept.Buf
	}
	p.alias(r)
	if err := p.runSteps(r); err != nil {
		return err
	}
	for i, t := range outputs { // before a state that is an output becomes another
		r.bufs[p.outputs[i]].CopyTo(t)
	}
	p.keepStates(r, states)
	return nil
}

// keepStates stores what states become, in the memory that they have.
func (p *Plan) keepStates(r *run, states map[*graph.Param]graph.StateValue) {
	if states == nil {
		return
	}
	for i, u := range p.updates {
		if u.aside {
			r.next[i].Copy(r.bufs[u.value])
		}
	}
	for i, u := range p.updates {
		if !u.param.IsState() {
			continue
		}
		v := p.values[u.value]
		kept, ok := states[u.param]
		if !ok || !kept.Fits(v) {
			kept = graph.NewStateValue(v)
			states[u.param] = kept
		}
		if u.aside {
			kept.Buf.Copy(r.next[i])
		} else {
			kept.Buf.Copy(r.bufs[u.value])
		}
	}
}

func (p *Plan) runSteps(r *run) error {
	r.team.Begin(p.shared)
	defer r.team.End()
	for i := range p.steps {
		if r.ctx.Err() != nil {
			return context.Cause(r.ctx)
		}
		r.step = i
		s := &p.steps[i]
		var start time.Time
		if r.timed != nil {
			start = time.Now()
		}
		var err error
		if s.units > 1 {
			err = r.team.Do(s.units, s.bounds, s.cost, r.parts[i])
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
