package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func (a *app) bench() *cobra.Command {
	var b benchCommand
	cmd := &cobra.Command{
		Use:   "bench MODEL",
		Short: "Measure latency and throughput",
		Long: `Measures how long the model takes: loads it, warms up, then times single calls. The inputs are random (unknown dimensions
are 128 long) unless --input gives some.`,
		Example: "  horn bench digits.keras --batch 32 --threads 1",
		Args:    arguments(1, 1, "MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			b.batchSet = cmd.Flags().Changed("batch")
			return b.run(a, args[0])
		},
	}
	b.register(cmd)
	cmd.Flags().IntVar(&b.batch, "batch", 1, "examples in one call")
	cmd.Flags().StringVar(&b.input, "input", "", "take the inputs from `FILE.npz` (the first --batch examples, or all)")
	cmd.Flags().Float64Var(&b.seconds, "seconds", 3, "how long to measure")
	cmd.Flags().BoolVar(&b.profile, "profile", false, "show where the time goes, step by step")
	cmd.Flags().BoolVar(&b.json, "json", false, "print JSON")
	return cmd
}

type benchCommand struct {
	modelFlags
	batch    int
	batchSet bool
	input    string
	seconds  float64
	json     bool
	profile  bool
}

// timing is what --json prints.
type timing struct {
	Model     string  `json:"model"`
	Batch     int     `json:"batch"`
	Threads   int     `json:"threads"`
	Calls     int     `json:"calls"`
	Median    int64   `json:"median_ns"`
	P95       int64   `json:"p95_ns"`
	Min       int64   `json:"min_ns"`
	Load      int64   `json:"load_ns"`
	FirstCall int64   `json:"first_call_ns"`
	Allocs    int64   `json:"allocs_per_call"`
	Bytes     int64   `json:"bytes_per_call"`
	PerSecond float64 `json:"examples_per_second"`
	Memory    int64   `json:"memory_bytes"`      // that a call needs besides weights, inputs and outputs
	Profile   []step  `json:"profile,omitempty"` // with --profile

	steps int
}

// step is a part of a call.
type step struct {
	Ops   string `json:"ops"`
	Layer string `json:"layer"`
	Time  int64  `json:"ns"`
}

// maxCalls bounds the memory for the times of single calls.
const maxCalls = 1 << 20

func (b *benchCommand) run(a *app, path string) error {
	switch {
	case b.batch < 1:
		return fmt.Errorf("--batch %d: a positive number is expected", b.batch)
	case !(b.seconds > 0 && b.seconds <= 86400):
		return fmt.Errorf("--seconds %v: a positive number is expected, at most 86400", b.seconds)
	case b.input != "" && ending(b.input) != ".npz":
		return fmt.Errorf("--input %s: a .npz is expected", b.input)
	}
	if err := b.check(); err != nil {
		return err
	}
	start := time.Now()
	m, err := a.load(path, b.modelFlags)
	if err != nil {
		return err
	}
	t := timing{Model: path, Load: time.Since(start).Nanoseconds(), Threads: b.threads}
	if t.Threads == 0 {
		t.Threads = runtime.GOMAXPROCS(0)
	}
	in, err := b.inputs(a, m)
	if err != nil {
		return err
	}
	if in.examples() > 0 {
		t.Batch = in.examples()
	}
	start = time.Now()
	out, err := m.PredictAll(in.arrays...)
	if err != nil {
		return fail(path, err)
	}
	t.FirstCall = time.Since(start).Nanoseconds()
	if err := b.measure(a, m, in.arrays, out, &t); err != nil {
		return fail(path, err)
	}
	if err := b.profiled(m, in.arrays, &t); err != nil {
		return fail(path, err)
	}
	if b.json {
		return work(printIndented(a.out, t))
	}
	t.print(a)
	return nil
}

// inputs reads or makes what the model is called with.
func (b *benchCommand) inputs(a *app, m *nn.Model) (*inputs, error) {
	if b.input == "" {
		if len(m.Inputs()) == 0 {
			return nil, fmt.Errorf("the model does not say what shape its input has; give one with --input")
		}
		return b.random(m)
	}
	r := a.newInputReader(m, &b.memory)
	in, err := r.read([]string{b.input})
	if err != nil {
		return nil, err
	}
	if n := in.examples(); b.batchSet && b.batch != n {
		if b.batch > n {
			return nil, failf(b.input, "has %d examples, --batch asks for %d", n, b.batch)
		}
		for i, t := range in.arrays {
			if t != nil {
				in.arrays[i] = t.Rows(0, b.batch)
			}
		}
	}
	return in, nil
}

// unknownLength stands for dimensions that the model leaves open.
const unknownLength = 128

// maxMadeUp is what the inputs of one example may take that nobody has given: a small file can promise any size.
const maxMadeUp = 256 << 20

// shape is what an input of the model has in a call.
func (b *benchCommand) shape(p port) ([]int, error) {
	shape := slices.Clone(p.shape)
	for i, d := range shape {
		switch {
		case i == 0 && d < 0:
			shape[i] = b.batch
		case i == 0 && b.batchSet && d != b.batch:
			return nil, fmt.Errorf("--batch %d: the model takes batches of %d only", b.batch, d)
		case d < 0:
			shape[i] = unknownLength
		}
	}
	return shape, nil
}

// random makes inputs of the right shapes and types; integers stay below the smallest vocabulary in the model.
func (b *benchCommand) random(m *nn.Model) (*inputs, error) {
	ports := ports(m)
	budget := b.memory.budget()
	promised := budget.promised(maxMadeUp) // that is left for one example
	for _, p := range ports {
		shape, err := b.shape(p)
		if err != nil {
			return nil, err
		}
		n, ok := tensor.SizeOf(shape)
		need := int64(math.MaxInt64)
		if ok {
			need = product(int64(n), int64(max(p.dtype.Size(), 4))) // made as float32 or so
		}
		asked := int64(1)
		if len(p.shape) > 0 && p.shape[0] < 0 {
			asked = int64(b.batch)
		}
		limit := min(budget.left, product(promised, asked))
		if err := budget.takeOf(need, limit, "the input %q of shape %s", p.name, tensor.FormatShape(shape)); err != nil {
			return nil, work(err)
		}
		promised -= need / asked
	}
	random := rand.New(rand.NewPCG(1, 2))
	limit := int64(vocabulary(m))
	in := &inputs{}
	for _, p := range ports {
		shape, err := b.shape(p)
		if err != nil {
			return nil, err
		}
		n, _ := tensor.SizeOf(shape)
		var t tensor.Any
		switch {
		case p.dtype == tensor.String:
			s := make([]string, n)
			for i := range s {
				s[i] = []string{"the", "quick", "brown fox", "jumps over", "a lazy dog"}[random.IntN(5)]
			}
			t = tensor.FromSlice(s, shape...)
		case p.dtype.IsFloat():
			f := make([]float32, n)
			for i := range f {
				f[i] = random.Float32()
			}
			t, err = tensor.FromSlice(f, shape...).Convert(p.dtype)
		default:
			v := make([]int64, n)
			for i := range v {
				v[i] = random.Int64N(limit)
			}
			t, err = tensor.FromSlice(v, shape...).Convert(p.dtype)
		}
		if err != nil {
			return nil, err
		}
		in.arrays = append(in.arrays, t)
	}
	return in, nil
}

// vocabulary is the smallest number of values that a layer of the model tells apart.
func vocabulary(m *nn.Model) int {
	limit := 0
	layer.Each(m, func(l layer.Layer) {
		record := layer.Record(l)
		for _, key := range []string{"input_dim", "num_tokens", "vocabulary_size"} {
			if n, ok := record.Object("config").Get(key).(pyjson.Number); ok {
				if v, ok := n.Int(); ok && v > 0 && (limit == 0 || v < limit) {
					limit = v
				}
			}
		}
	})
	if limit == 0 {
		return 2
	}
	return limit
}

// measure times single calls that write into tensors that exist already.
func (b *benchCommand) measure(a *app, m *nn.Model, in, out []tensor.Any, t *timing) error {
	total := time.Duration(b.seconds * float64(time.Second))
	warm := time.Now()
	for i := 0; i < 3 || time.Since(warm) < total/5; i++ {
		if err := m.PredictInto(out, in...); err != nil {
			return err
		}
	}
	if _, ok := isTerminal(a.err); ok { // a bar would take part in what is measured
		fmt.Fprintf(a.err, "measuring for %v ...", total)
		defer fmt.Fprint(a.err, "\r\x1b[K")
	}
	times := make([]time.Duration, 0, maxCalls)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	last := start
	for len(times) < maxCalls {
		if err := m.PredictInto(out, in...); err != nil {
			return err
		}
		now := time.Now()
		times = append(times, now.Sub(last))
		last = now
		if now.Sub(start) >= total {
			break
		}
	}
	runtime.ReadMemStats(&after)
	elapsed := last.Sub(start)
	n := len(times)
	slices.Sort(times)
	t.Calls = n
	t.Median, t.P95, t.Min = times[n/2].Nanoseconds(), times[min(n*95/100, n-1)].Nanoseconds(), times[0].Nanoseconds()
	t.Allocs = (int64(after.Mallocs-before.Mallocs) + int64(n)/2) / int64(n)
	t.Bytes = (int64(after.TotalAlloc-before.TotalAlloc) + int64(n)/2) / int64(n)
	t.PerSecond = float64(t.Batch) * float64(n) / elapsed.Seconds()
	return nil
}

// profileRuns is how often each step is timed; the shortest time counts.
const profileRuns = 20

// profiled asks the plan for its memory and, with --profile, for the times of its steps.
func (b *benchCommand) profiled(m *nn.Model, in []tensor.Any, t *timing) error {
	runs := 1
	if b.profile {
		runs = profileRuns
	}
	p, err := m.Profile(runs, in...)
	if err != nil {
		return err
	}
	t.Memory, t.steps = p.Memory, len(p.Steps)
	if b.profile {
		for _, s := range p.Steps {
			t.Profile = append(t.Profile, step{s.Name, s.Layer, s.Time.Nanoseconds()})
		}
	}
	return nil
}

// shortTime writes a time with three or four digits.
func shortTime(ns int64) string {
	v := time.Duration(ns)
	switch {
	case v >= time.Second:
		return v.Round(time.Millisecond).String()
	case v >= time.Millisecond:
		return v.Round(time.Microsecond).String()
	}
	return v.Round(10 * time.Nanosecond).String()
}

func (t *timing) print(a *app) {
	d := shortTime
	fmt.Fprintf(a.out, "%s, batch %d, threads %d\n", printable(t.Model), t.Batch, t.Threads)
	fmt.Fprintf(a.out, "  load          %s, first call %s\n", d(t.Load), d(t.FirstCall))
	fmt.Fprintf(a.out, "  median        %s   (95 %% within %s, best %s; %d calls)\n", d(t.Median), d(t.P95), d(t.Min), t.Calls)
	fmt.Fprintf(a.out, "  throughput    %.5g examples per second\n", t.PerSecond)
	fmt.Fprintf(a.out, "  memory        %d allocations, %d bytes per call; %d bytes of working memory for %d steps\n", t.Allocs, t.Bytes,
		t.Memory, t.steps)
	if t.Profile == nil {
		return
	}
	var total int64
	for _, s := range t.Profile {
		total += s.Time
	}
	fmt.Fprintf(a.out, "\nprofile (the shortest of %d runs of each step)\n", profileRuns)
	table := &textTable{right: []bool{true, true}}
	for _, s := range t.Profile {
		table.add(d(s.Time), fmt.Sprintf("%.1f %%", 100*float64(s.Time)/float64(max(total, 1))), s.Layer, s.Ops)
	}
	table.print(a.out)
}
