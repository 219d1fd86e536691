package nn

import (
	"fmt"

	"github.com/hornml/horn/nn/exec"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// PlanInfo describes the compiled form of a model for inputs of certain shapes.
type PlanInfo struct {
	Steps       int
	MemoryBytes int64 // of one prediction: intermediate values and scratch, without the weights
}

// Plan compiles the model for inputs of the given shapes, if it is not yet, and describes the result.
func (m *Model) Plan(inputs ...tensor.Any) (PlanInfo, error) {
	p, err := m.compiled(inputs)
	if err != nil {
		return PlanInfo{}, err
	}
	return PlanInfo{Steps: p.Steps(), MemoryBytes: p.Memory()}, nil
}

// Profile runs the model several times and returns how long each step of its compiled form took.
func (m *Model) Profile(runs int, inputs ...tensor.Any) ([]exec.StepTime, error) {
	p, err := m.compiled(inputs)
	if err != nil {
		return nil, err
	}
	return p.Profile(runs, inputs, map[string]graph.Buf{})
}

func (m *Model) compiled(inputs []tensor.Any) (*exec.Plan, error) {
	if err := m.checkInputs(inputs); err != nil {
		return nil, err
	}
	p, measures, err := m.plan(inputs, nil)
	if err == nil && measures {
		return nil, fmt.Errorf("the shapes depend on what is in the inputs: there is no single plan")
	}
	return p, err
}
