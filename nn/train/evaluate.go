package train

import (
	"errors"
	"fmt"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/jit"
	"github.com/hornml/horn/nn/internal/plan"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Score is a line of what Evaluate returns.
type Score struct {
	Name   string    // "loss", or as Keras names a metric or the loss of an output
	Value  float64   // the first of Values
	Values []float64 // more than one for metrics that have a number for each class or threshold
}

// EvaluateOptions are the arguments of Model.Evaluate that have defaults.
type EvaluateOptions struct {
	BatchSize int // 32 by default
	// SampleWeights are weights of the samples, one tensor for each output or one for all; nil for none.
	SampleWeights []tensor.Any
	// Custom gives the Go forms of losses and metrics that are not Keras's own.
	Custom layer.CustomObjects
	// Progress, if set, is called after each batch with the number of samples so far.
	Progress func(samples int)
}

// ErrNotCompiled is returned by Evaluate for a model without compile state: it was saved so, or loaded so.
var ErrNotCompiled = errors.New("the model is not compiled: it has no loss and no metrics")

// Evaluate runs the model on x, one tensor for each input, and compares with the targets y, one for each output in the
// order of Outputs, by the loss and the metrics with which the model was compiled (Model.evaluate). A target may be nil where
// an output has neither. The scores come in Keras's order: the loss, the metrics, the losses of single outputs if there are
// several.
func Evaluate(m Model, x, y []tensor.Any, o EvaluateOptions) ([]Score, error) {
	if m.CompileConfig().Len() == 0 {
		return nil, ErrNotCompiled
	}
	if err := m.CheckInputs(x); err != nil {
		return nil, err
	}
	e := &evaluator{model: m, options: o, outputs: outputTree(m.OutputTree()), plans: map[string]*evaluationPlan{}}
	n, err := e.samples(x, y)
	if err != nil {
		return nil, err
	}
	batch := o.BatchSize
	if batch <= 0 {
		batch = 32
	}
	if n := m.BatchSize(); n > 0 {
		batch = n
	}
	for lo := 0; lo < n; lo += batch {
		hi := min(lo+batch, n)
		if err := e.batch(jit.Rows(x, lo, hi), jit.Rows(y, lo, hi), jit.Rows(o.SampleWeights, lo, hi), hi-lo); err != nil {
			return nil, err
		}
		if o.Progress != nil {
			o.Progress(hi)
		}
	}
	return e.scores()
}

// evaluator is one run of Evaluate.
type evaluator struct {
	model   Model
	options EvaluateOptions
	outputs *structure // of output numbers
	plans   map[string]*evaluationPlan

	compiled bool
	losses   []*compiledLoss
	metrics  []*compiledMetric
	samplesN int
	total    float64   // of the loss, times samples
	single   []float64 // of the outputs' losses
}

// evaluationPlan computes the outputs, their masks and what layers add to the loss.
type evaluationPlan struct {
	plan     *plan.Plan
	measures bool
	masks    []bool // by output: whether there is one
}

// samples checks that all arguments have the same number of samples.
func (e *evaluator) samples(x, y []tensor.Any) (int, error) {
	n := -1
	check := func(what string, list []tensor.Any) error {
		for i, t := range list {
			switch {
			case t == nil:
			case t.Rank() == 0:
				return fmt.Errorf("%s %d is a number, not a batch", what, i)
			case n >= 0 && t.Shape()[0] != n:
				return fmt.Errorf("%s %d has %d samples, others have %d", what, i, t.Shape()[0], n)
			default:
				n = t.Shape()[0]
			}
		}
		return nil
	}
	if err := errors.Join(check("input", x), check("target", y), check("sample weight", e.options.SampleWeights)); err != nil {
		return 0, err
	}
	if n < 1 {
		return 0, errors.New("there are no samples")
	}
	outputs := len(e.outputs.leaves())
	if len(y) != outputs {
		return 0, fmt.Errorf("the model has %d outputs, %d targets were given", outputs, len(y))
	}
	if w := len(e.options.SampleWeights); w > 1 && w != outputs {
		return 0, fmt.Errorf("the model has %d outputs, %d sample weights were given", outputs, w)
	}
	return n, nil
}

// batch takes one batch.
func (e *evaluator) batch(x, y, weights []tensor.Any, n int) error {
	outputs, masks, penalty, err := e.forward(x)
	if err != nil {
		return err
	}
	if !e.compiled {
		if err := e.compile(y, outputs); err != nil {
			return err
		}
	}
	weight := func(output int) tensor.Any {
		switch len(weights) {
		case 0:
			return nil
		case 1:
			return weights[0]
		}
		return weights[output]
	}
	total := penalty
	for i, l := range e.losses {
		if y[l.output] == nil {
			return fmt.Errorf("the output %q has a loss, but there is no target for it", l.name)
		}
		out, err := l.run.Run(y[l.output], outputs[l.output], weight(l.output), masks[l.output])
		if err != nil {
			return fmt.Errorf("loss %q of output %q: %w", l.loss.LossName(), l.name, err)
		}
		values := make([]float64, out[0].Len())
		if err := out[0].Float64s(values); err != nil {
			return err
		}
		mean := 0.0
		for _, v := range values {
			mean += v / float64(len(values))
		}
		e.single[i] += mean * float64(n)
		total += l.weight * mean
	}
	e.total += total * float64(n)
	e.samplesN += n
	for _, c := range e.metrics {
		if y[c.output] == nil {
			return fmt.Errorf("metric %q: there is no target for its output", c.metric.MetricName())
		}
		var w tensor.Any
		if c.weighted {
			w = weight(c.output)
		}
		if err := c.metric.UpdateState(y[c.output], outputs[c.output], w, masks[c.output]); err != nil {
			return err
		}
	}
	return nil
}

// compile resolves the losses and metrics, now that the shapes of targets and predictions are known.
func (e *evaluator) compile(y, outputs []tensor.Any) error {
	r := &compiler{registry: e.model.Registry().With(e.options.Custom), outputs: e.outputs, names: e.model.OutputLayers()}
	for i := range outputs {
		var shape []int
		if y[i] != nil {
			shape = y[i].Shape()
		}
		r.yTrue, r.out = append(r.yTrue, shape), append(r.out, outputs[i].Shape())
	}
	config := e.model.CompileConfig()
	var err error
	if e.losses, err = r.losses(config.Get("loss"), config.Get("loss_weights")); err != nil {
		return err
	}
	for _, l := range e.losses {
		l.run = jit.NewFunction(func(b *graph.Builder, args []*graph.Value) []*graph.Value {
			return []*graph.Value{l.loss.Call(b, args[0], args[1], args[2], args[3])}
		})
	}
	e.single = make([]float64, len(e.losses))
	for _, key := range []string{"metrics", "weighted_metrics"} {
		list, err := r.metrics(config.Get(key), key == "weighted_metrics")
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		e.metrics = append(e.metrics, list...)
	}
	e.compiled = true
	return nil
}

// scores tells the results.
func (e *evaluator) scores() ([]Score, error) {
	one := func(name string, v float64) Score { return Score{name, v, []float64{v}} }
	out := []Score{one("loss", e.total/float64(e.samplesN))}
	for i, name := range metricNames(e.metrics) {
		t, err := e.metrics[i].metric.Result()
		if err != nil {
			return nil, err
		}
		s := Score{Name: name, Values: t.Data()}
		if len(s.Values) > 0 {
			s.Value = s.Values[0]
		}
		out = append(out, s)
	}
	if len(e.losses) > 1 {
		for i, l := range e.losses {
			out = append(out, one(l.name+"_loss", e.single[i]/float64(e.samplesN)))
		}
	}
	return out, nil
}

// forward computes the outputs, their masks (nil for none), and what layers and regularizers add to the loss.
func (e *evaluator) forward(x []tensor.Any) (outputs, masks []tensor.Any, penalty float64, err error) {
	p, found, err := e.run(x)
	if err != nil {
		return nil, nil, 0, err
	}
	n := len(p.masks)
	outputs, rest := found[:n], found[n:]
	masks = make([]tensor.Any, n)
	for i, there := range p.masks {
		if there {
			masks[i], rest = rest[0], rest[1:]
		}
	}
	if len(rest) > 0 {
		var sum [1]float64
		if err := rest[0].Float64s(sum[:]); err != nil {
			return nil, nil, 0, err
		}
		penalty = sum[0]
	}
	return outputs, masks, penalty, nil
}

// run finds the numbers that the shapes depend on, if there are any, and then computes the results of the plan for them.
func (e *evaluator) run(x []tensor.Any) (*evaluationPlan, []tensor.Any, error) {
	var measured []int
	for {
		p, err := e.plan(x, measured)
		if err != nil {
			return nil, nil, err
		}
		found, err := e.model.Run(p.plan, x)
		if err != nil {
			return nil, nil, err
		}
		if !p.measures {
			return p, found, nil
		}
		measured = append(measured, jit.Measured(found))
	}
}

// plan compiles the model for inputs of the given shapes, with masks and penalties among the outputs.
func (e *evaluator) plan(x []tensor.Any, measured []int) (*evaluationPlan, error) {
	key := string(jit.Key(nil, x)) + fmt.Sprint(measured)
	if p := e.plans[key]; p != nil {
		return p, nil
	}
	t := &layer.Trace{Measured: measured, Penalize: true}
	traced, err := e.model.Trace(t, x)
	if err != nil {
		return nil, err
	}
	g, p := traced.Graph, &evaluationPlan{measures: traced.Measures}
	if !p.measures {
		p.masks = make([]bool, len(traced.Outputs))
		for i, v := range traced.Outputs {
			if v.Mask != nil {
				p.masks[i] = true
				g.Outputs = append(g.Outputs, v.Mask)
			}
		}
		if sum, err := t.Penalty(e.model.TrainableVariables()); err != nil {
			return nil, err
		} else if sum != nil {
			g.Outputs = append(g.Outputs, sum)
		}
	}
	if p.plan, err = e.model.Compile(g); err != nil {
		return nil, err
	}
	e.plans[key] = p
	return p, nil
}
