package nn

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/hornml/horn/internal/fault"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/jit"
	"github.com/hornml/horn/tensor"
)

// run is how a batch is run.
type run struct {
	ctx      context.Context
	session  *Session // nil for the model's own
	training Training
}

// defaultBatch is Keras's batch_size.
const defaultBatch = 32

// predict runs the model on all examples, batch by batch.
func (m *Model) predict(ctx context.Context, s *Session, o CallOptions, inputs []tensor.Any) (outputs []tensor.Any, err error) {
	defer fault.Catch(&err, "predicting")
	r := run{ctx, s, o.Training}
	if o.BatchSize < 0 {
		return nil, fmt.Errorf("a batch size of %d", o.BatchSize)
	}
	n := examples(inputs)
	size := m.batchSize(o, n)
	if n <= size {
		outputs, err := m.runBatch(r, nil, inputs)
		if err == nil && o.Progress != nil {
			o.Progress(max(n, 0))
		}
		return outputs, err
	}
	var whole []tensor.Any
	for lo := 0; lo < n; lo += size {
		hi := min(lo+size, n)
		part, err := m.runBatch(r, nil, jit.Rows(inputs, lo, hi))
		if err != nil {
			return nil, err
		}
		if whole == nil {
			if whole, err = m.wholeOutputs(part, hi-lo, n); err != nil {
				return nil, err
			}
		}
		for i, t := range part {
			rest := whole[i].Shape()[1:]
			if t.Rank() == 0 || t.Shape()[0] != hi-lo || !slices.Equal(t.Shape()[1:], rest) {
				return nil, m.uneven(i, t, n)
			}
			graph.BufOf(t).CopyTo(whole[i].Rows(lo, hi))
		}
		if o.Progress != nil {
			o.Progress(hi)
		}
	}
	return whole, nil
}

// batchSize is the number of examples that are computed at a time.
func (m *Model) batchSize(o CallOptions, n int) int {
	if specs := m.inputSpecs; len(specs) > 0 && len(specs[0].Shape) > 0 && specs[0].Shape[0] > 0 {
		if fixed := specs[0].Shape[0]; n > 0 && n%fixed == 0 {
			return fixed
		}
		return n // which is an error that names the shape
	}
	switch {
	case o.BatchSize > 0:
		return o.BatchSize
	case o.Training != Inference:
		return n
	}
	return defaultBatch
}

// examples is the number of examples in a model's inputs; -1 where they have no axis for it or not the same number.
func examples(inputs []tensor.Any) int {
	n := -1
	for _, t := range inputs {
		if t == nil {
			continue
		}
		if t.Rank() == 0 || n >= 0 && t.Shape()[0] != n {
			return -1
		}
		n = t.Shape()[0]
	}
	return n
}

// wholeOutputs makes the outputs for n examples, like those of the first batch.
func (m *Model) wholeOutputs(first []tensor.Any, batch, n int) ([]tensor.Any, error) {
	var bytes int64
	for i, t := range first {
		if t.Rank() == 0 || t.Shape()[0] != batch {
			return nil, m.uneven(i, t, n)
		}
		bytes += int64(t.Len()/max(batch, 1)) * int64(t.DType().Size()) * int64(n)
	}
	if limit := m.memoryLimit(); bytes > limit {
		return nil, fmt.Errorf("the outputs of %d examples take %d MiB, the limit is %d MiB: give fewer at a time", n, bytes>>20, limit>>20)
	}
	whole := make([]tensor.Any, len(first))
	for i, t := range first {
		whole[i] = tensor.NewAny(t.DType(), append([]int{n}, t.Shape()[1:]...)...)
	}
	return whole, nil
}

// uneven is the error for results of batches that cannot be put together.
func (m *Model) uneven(i int, t tensor.Any, n int) error {
	name := strconv.Itoa(i)
	if i < len(m.outputSpec) {
		name = strconv.Quote(m.outputSpec[i].Name)
	}
	return fmt.Errorf("the results of batches for the output %s, such as %s, cannot be put together: compute the %d examples at once, "+
		"with a batch size of %d", name, tensor.FormatShape(t.Shape()), n, n)
}

// runBatch runs the model on one batch, into tensors of the caller's if there are any.
func (m *Model) runBatch(r run, into, inputs []tensor.Any) (outputs []tensor.Any, err error) {
	defer fault.Catch(&err, "predicting")
	if err := m.checkInputs(inputs); err != nil {
		return nil, err
	}
	var states map[*graph.Param]graph.StateValue
	var held *Session
	defer func() { // outside of the loop: a defer inside of it would allocate
		if held != nil {
			held.mu.Unlock()
		}
	}()
	var measured []int
	for {
		p, measures, err := m.plan(r, inputs, measured)
		if err != nil {
			return nil, err
		}
		if p.HasStates() && states == nil {
			if held = r.session; held == nil {
				held = m.own()
			}
			held.mu.Lock()
			states = held.states
		}
		switch {
		case measures:
			found, err := p.RunContext(r.ctx, inputs, states)
			if err != nil {
				return nil, err
			}
			measured = append(measured, jit.Measured(found))
		case into != nil:
			return nil, p.RunInto(into, inputs, states)
		default:
			return p.RunContext(r.ctx, inputs, states)
		}
	}
}
