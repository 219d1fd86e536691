// Package pass holds what the compiler does to a graph before it chooses kernels: each pass turns a graph into one that
// computes the same. A graph can be interpreted after every pass (graph.Interpret), and graph.Verify holds.
//
// HORN_PASSES=k in the environment lets only the first k passes run, to find the one that makes a wrong answer.
package pass

import (
	"fmt"
	"os"
	"strconv"
	"sync"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/invariants"
)

// Pass is a named step.
type Pass struct {
	Name string
	Run  func(g *graph.Graph, m Memory) error
}

// Memory keeps what passes work out before any run.
type Memory interface {
	// Derive returns the leaf that holds what eval makes of constants and of the parameters on which it depends: a constant
	// if there are none, else a parameter that is worked out again when one of them changes. Equal keys mean equal elements.
	// eval writes into out and reads the constants and parameters through read.
	Derive(key string, n *graph.Node, from []*graph.Node, eval func(read func(*graph.Node) (graph.Buf, error),
		out graph.Buf) error) (graph.Op, error)
}

// plain wraps a pass that works nothing out.
func plain(f func(g *graph.Graph)) func(*graph.Graph, Memory) error {
	return func(g *graph.Graph, _ Memory) error {
		f(g)
		return nil
	}
}

// List returns all passes in their order.
func List() []Pass {
	return []Pass{
		{"stand-ins", plain(standIns)}, // and prune
		{"fold", fold},
		{"separate", plain(separate)},
		{"repeats", plain(repeats)},
		{"transposes", plain(mergeTransposes)},
		{"sink", plain(sink)},
		{"transposes again", plain(mergeTransposes)},
		{"fold again", fold}, // operands that sink has turned
		{"attention", plain(attentions)},
		{"products", plain(products)},
	}
}

// limit is the number of passes that the environment lets run, -1 for all.
var limit = sync.OnceValues(func() (int, error) {
	text := os.Getenv("HORN_PASSES")
	if text == "" {
		return -1, nil
	}
	k, err := strconv.Atoi(text)
	if err != nil || k < 0 {
		return 0, fmt.Errorf("HORN_PASSES=%s: the number of passes to run is expected", text)
	}
	return k, nil
})

// Run runs the passes on a graph.
func Run(g *graph.Graph, m Memory) error {
	list := List()
	k, err := limit()
	if err != nil {
		return err
	}
	if k >= 0 {
		list = list[:min(k, len(list))]
	}
	if invariants.On {
		if err := graph.Verify(g); err != nil {
			return fmt.Errorf("before all passes: %w", err)
		}
	}
	for _, p := range list {
		if err := p.Apply(g, m); err != nil {
			return err
		}
	}
	return nil
}

// Apply runs one pass and drops what it left unused.
func (p Pass) Apply(g *graph.Graph, m Memory) error {
	if err := p.Run(g, m); err != nil {
		return err
	}
	g.Prune()
	g.Renumber()
	if invariants.On {
		if err := graph.Verify(g); err != nil {
			return fmt.Errorf("after the pass %q: %w", p.Name, err)
		}
	}
	return nil
}
