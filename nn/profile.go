package nn

import (
	"context"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/jit"
	"github.com/hornml/horn/nn/internal/plan"
	"github.com/hornml/horn/tensor"
)

// StepTime says what a step of a plan is and how long it took.
type StepTime = plan.StepTime

// Profile is what a prediction costs.
type Profile struct {
	Steps  []StepTime // in the order in which they run
	Memory int64      // bytes that one call needs besides weights, inputs and outputs
}

// Profile runs the model several times on the given inputs and times each step of its plan, with states that are zero.
func (m *Model) Profile(runs int, inputs ...tensor.Any) (*Profile, error) {
	if err := m.checkInputs(inputs); err != nil {
		return nil, err
	}
	states := map[*graph.Param]graph.StateValue{}
	var measured []int
	for {
		p, measures, err := m.plan(run{ctx: context.Background()}, inputs, measured)
		if err != nil {
			return nil, err
		}
		if measures {
			found, err := p.Run(inputs, states)
			if err != nil {
				return nil, err
			}
			measured = append(measured, jit.Measured(found))
			continue
		}
		steps, err := p.Profile(runs, inputs, states)
		return &Profile{steps, p.Memory()}, err
	}
}
