package nn

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// Session holds what the stateful layers of a model remember between calls. Each of many callers of one model takes a
// session of its own; a session serves one call at a time.
type Session struct {
	model  *Model
	mu     sync.Mutex
	states map[*graph.Param]graph.StateValue
}

// NewSession returns a session whose states are zero.
func (m *Model) NewSession() *Session {
	return &Session{model: m, states: map[*graph.Param]graph.StateValue{}}
}

// Reset makes all states zero.
func (s *Session) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.states)
}

// PredictAll is Model.PredictAll with the session's states.
func (s *Session) PredictAll(inputs ...tensor.Any) ([]tensor.Any, error) {
	return s.PredictContext(context.Background(), CallOptions{}, inputs...)
}

// PredictContext is Model.PredictContext with the session's states.
func (s *Session) PredictContext(ctx context.Context, o CallOptions, inputs ...tensor.Any) ([]tensor.Any, error) {
	return s.model.predict(ctx, s, o, inputs)
}

// PredictInto is Model.PredictInto with the session's states.
func (s *Session) PredictInto(outputs []tensor.Any, inputs ...tensor.Any) error {
	_, err := s.model.runBatch(run{ctx: context.Background(), session: s}, outputs, inputs)
	return err
}

// StateNames returns the names of the states that the session has, sorted: the path of a layer and the number of its state,
// such as "lstm/states/0". There are none before the first call.
func (s *Session) StateNames() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for p := range s.states {
		names = append(names, p.Name())
	}
	slices.Sort(names)
	return names
}

// State returns a copy of the state of the given name, (batch, units) for most layers.
func (s *Session) State(name string) (tensor.Any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := s.state(name)
	if err != nil {
		return nil, err
	}
	t := tensor.NewAny(v.DType, v.Shape...)
	v.Buf.CopyTo(t)
	return t, nil
}

// SetState sets a state that the session has, in the type and shape in which State returns it.
func (s *Session) SetState(name string, t tensor.Any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := s.state(name)
	if err != nil {
		return err
	}
	if t.DType() != v.DType || !slices.Equal(t.Shape(), v.Shape) {
		return fmt.Errorf("the state %q is %s%s, not %s%s", name, v.DType, tensor.FormatShape(v.Shape), t.DType(), tensor.FormatShape(t.Shape()))
	}
	v.Buf.SetFrom(t)
	return nil
}

func (s *Session) state(name string) (graph.StateValue, error) {
	for p, v := range s.states {
		if p.Name() == name {
			return v, nil
		}
	}
	return graph.StateValue{}, fmt.Errorf("the session has no state %q", name)
}
