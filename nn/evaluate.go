package nn

import (
	"context"

	"github.com/hornml/horn/internal/fault"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/plan"
	"github.com/hornml/horn/nn/internal/tree"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/train"
	"github.com/hornml/horn/tensor"
)

// The types of training and evaluating; see package train.
type (
	// Score is a line of what Evaluate returns.
	Score = train.Score
	// EvaluateOptions are the arguments of Model.Evaluate that have defaults.
	EvaluateOptions = train.EvaluateOptions
)

// ErrNotCompiled is returned by Evaluate for a model without compile state: it was saved so, or loaded so.
var ErrNotCompiled = train.ErrNotCompiled

// Evaluate runs the model on x, one tensor for each input, and compares with the targets y, one for each output, by the loss
// and the metrics with which the model was compiled (Model.evaluate); see [train.Evaluate].
func (m *Model) Evaluate(x, y []tensor.Any, o EvaluateOptions) ([]Score, error) {
	return m.EvaluateContext(context.Background(), x, y, o)
}

// EvaluateContext is Evaluate that ends between two steps of the computation once ctx is done, with ctx's cause.
func (m *Model) EvaluateContext(ctx context.Context, x, y []tensor.Any, o EvaluateOptions) (scores []Score, err error) {
	defer fault.Catch(&err, "evaluating")
	return train.Evaluate(trained{m, ctx}, x, y, o)
}

// trained is a model as package train sees it.
type trained struct {
	*Model
	ctx context.Context
}

func (m trained) CheckInputs(x []tensor.Any) error { return m.checkInputs(x) }

func (m trained) BatchSize() int {
	if specs := m.inputSpecs; len(specs) > 0 && len(specs[0].Shape) > 0 {
		return max(specs[0].Shape[0], 0)
	}
	return 0
}

func (m trained) OutputTree() any {
	n := -1
	return tree.Map(m.outputs, func(any) any { // nil for a Sequential: one leaf
		n++
		return n
	})
}

func (m trained) OutputLayers() []string {
	if m.sequential {
		return nil
	}
	var names []string
	tree.Walk(m.outputs, func(leaf any) {
		if r, ok := leaf.(*ref); ok {
			names = append(names, m.layers[r.layer].Name())
		}
	})
	return names
}

func (m trained) Trace(t *layer.Trace, x []tensor.Any) (layer.Traced, error) {
	t.Context, t.MaxBytes = m.ctx, m.memoryLimit()
	return m.trace(t, x)
}

func (m trained) Compile(g *graph.Graph) (*plan.Plan, error) {
	return plan.Compile(g, m.options(m.ctx))
}

func (m trained) Run(p *plan.Plan, x []tensor.Any) ([]tensor.Any, error) {
	if !p.HasStates() {
		return p.RunContext(m.ctx, x, nil)
	}
	s := m.own()
	s.mu.Lock()
	defer s.mu.Unlock()
	return p.RunContext(m.ctx, x, s.states)
}
