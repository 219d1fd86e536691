package plan

import (
	"time"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// StepTime says what a step of a plan is and how long it took.
type StepTime struct {
	Name  string        // the ops that the step does, joined by "+"
	Layer string        // the layer that wrote the first of them
	Time  time.Duration // the shortest of the runs that were timed
	Units int           // parts that threads can share; 1 if the step is not shared
}

// Profile times each step of a plan over several runs.
func (p *Plan) Profile(runs int, inputs []tensor.Any, states map[*graph.Param]graph.StateValue) ([]StepTime, error) {
	r := p.acquire()
	defer p.release(r)
	times := make([]StepTime, len(p.steps))
	for i := range p.steps {
		times[i] = StepTime{Name: p.steps[i].name, Layer: p.steps[i].label, Units: p.steps[i].units}
	}
	r.timed = make([]time.Duration, len(p.steps))
	defer func() { r.timed = nil }()
	for k := range max(runs, 1) {
		if err := p.execute(r, nil, inputs, states); err != nil {
			return nil, err
		}
		for i, d := range r.timed {
			if k == 0 || d < times[i].Time {
				times[i].Time = d
			}
		}
	}
	return times, nil
}

// Memory returns the bytes that one run needs: the arena and the scratch of all workers.
func (p *Plan) Memory() (run int64) {
	for c, n := range p.arena {
		run += int64(n) * elementBytes[c]
	}
	return run + 4*int64(p.scratch)*int64(p.threads)
}

// Steps returns the number of steps.
func (p *Plan) Steps() int { return len(p.steps) }
