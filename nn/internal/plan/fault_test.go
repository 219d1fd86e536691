package plan

import (
	"errors"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/fault"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// TestFaults panics in a step, alone and shared among threads: the run ends with an error that says where, and later runs are well.
func TestFaults(t *testing.T) {
	for _, threads := range []int{1, 4} {
		p := made(t, Options{Threads: threads}, func(b *graph.Builder) []*graph.Value {
			b.Label = "encoder/dense"
			return []*graph.Value{b.Softmax(b.Input(tensor.Float32, 512, 512), 1)}
		})
		good := p.steps[0].run
		bad := func(_ *run, _, lo, _ int) error {
			if lo == 0 {
				panic("out of order")
			}
			return nil
		}
		x := []tensor.Any{tensor.New(512, 512)}
		for range 3 {
			p.steps[0].run, p.idle = bad, nil
			_, err := p.Run(x, nil)
			var f *fault.Error
			if !errors.As(err, &f) || !strings.Contains(err.Error(), `a fault of horn: running softmax of the layer "encoder/dense": out of order`) {
				t.Errorf("%d threads: %v", threads, err)
			}
			if len(p.idle) != 0 {
				t.Error("the memory of a run that panicked is used again")
			}
			p.steps[0].run = good
			if out, err := p.Run(x, nil); err != nil || out[0].(*tensor.Tensor).Data()[7] != 1.0/512 {
				t.Errorf("%d threads: afterwards %v", threads, err)
			}
		}
	}
}

// TestFaultsOfCompiling panics while a graph is compiled, in a pass's evaluation: an item that others wait for has the error.
func TestFaultsOfCompiling(t *testing.T) {
	store := NewStore()
	for range 2 {
		b := graph.NewBuilder()
		b.Label = "lookup"
		b.Graph.Outputs = []*graph.Value{b.Emit1(faulty{}, b.Floats(tensor.Float32, 1, 2))}
		_, err := Compile(b.Graph, Options{Store: store})
		var f *fault.Error
		if !errors.As(err, &f) || !strings.Contains(err.Error(), "index out of range") {
			t.Error(err)
		}
	}
	if store.Bytes() != 0 || len(store.items) != 0 {
		t.Errorf("%d items of %d bytes stay", len(store.items), store.Bytes())
	}
	b := graph.NewBuilder()
	b.Label = "lookup"
	b.Graph.Outputs = []*graph.Value{b.Emit1(faulty{}, b.Input(tensor.Float32, 2))}
	p, err := Compile(b.Graph, Options{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Run([]tensor.Any{tensor.New(2)}, nil)
	if err == nil || !strings.Contains(err.Error(), `running faulty of the layer "lookup"`) {
		t.Error(err)
	}
}

// faulty is an op with a mistake.
type faulty struct{}

func (faulty) Name() string        { return "faulty" }
func (faulty) Infer(n *graph.Node) { n.SetOut(n.In[0].DType, n.In[0].Shape...) }
func (faulty) Eval(_ *graph.Node, in, out []graph.Buf) error {
	out[0].F[0] = in[0].F[len(in[0].F)]
	return nil
}
