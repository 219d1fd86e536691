package golden

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/graph/grad"
	"github.com/hornml/horn/nn/layer"
)

// How a gradient flows through a class.
const (
	flows = "yes" // through some golden that uses it
	asIs  = "yes: in inference it is its input"
	// Else the reason of the golden that comes nearest, in this order.
	flat        = "0: flat wherever it is smooth"
	unrelated   = "its results do not depend on numbers"
	noNumbers   = "integers, bools or text go in"
	noGradients = "its results are integers, bools or text"
)

// besides answers for classes of which goldens say nothing, or less than is to be said.
var besides = map[string]string{
	// The layers that run cells write what those compute.
	"keras.layers>SimpleRNNCell": flows, "keras.layers>LSTMCell": flows, "keras.layers>GRUCell": flows, "keras.layers>ConvLSTMCell": flows,
	"keras.layers>StackedRNNCells": flows,
	// No golden, but tests of other kinds.
	"keras.layers>HashedCrossing": noNumbers, "keras.layers>Hashing": noNumbers, "keras.layers>IntegerLookup": noNumbers,
	"keras.layers>StringLookup": noNumbers, "keras.layers>TextVectorization": noNumbers, "keras.layers>MaxNumBoundingBoxes": flows,
	"keras.layers>Equalization":            lookup,
	"keras.src.ops.nn>AdaptiveAveragePool": flows, "keras.src.ops.nn>AdaptiveMaxPool": flows, "keras.src.ops.numpy>Abs": flows,
	"keras.src.ops.numpy>Conj": asIs, "keras.src.ops.numpy>Imag": "it is 0: there are no complex numbers",
	"keras.src.ops.numpy>Histogram": noGradients, "keras.src.ops.numpy>Nonzero": noGradients,
	// Goldens do not say why.
	"keras.layers>ContrastLimitedAdaptiveHistogramEqualization": lookup,
	"keras.src.ops.core>StopGradient":                           "it stops gradients",
	"keras.src.ops.core>SaturateCast":                           "yes, between floats",
	"keras.src.ops.numpy>Array":                                 "yes, between floats",
	"keras.src.ops.numpy>View":                                  "it reads the bits of numbers as others",
}

const lookup = "it looks pixels up in a table that counts make"

// gradientsOfClasses says for each class that goldens below dir use, layers ("keras.layers>Dense") and operations
// ("keras.src.ops.numpy>Abs"), whether gradients flow through it: from its results back to what it takes or to its variables. It
// asks the graphs of the goldens.
func gradientsOfClasses(dir string) (map[string]string, error) {
	cases, err := Find(dir)
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, c := range cases {
		m, inputs, err := c.Load()
		if err != nil {
			continue // those that cannot be answered: conformance has their names
		}
		wanted := classesByName(m)
		for name, class := range wanted {
			if class == "" || found[class] == flows {
				delete(wanted, name)
			}
		}
		if len(wanted) == 0 {
			continue
		}
		g, err := m.Graph(inputs...)
		if err != nil {
			continue
		}
		for name, class := range wanted {
			if how := gradientThrough(g, name); nearer(how, found[class]) {
				found[class] = how
			}
		}
	}
	maps.Copy(found, besides)
	return found, nil
}

// classesByName maps the names of layers and operations in a model to their classes, "" for names of several classes.
func classesByName(m *nn.Model) map[string]string {
	classes := map[string]string{}
	layer.Each(m, func(l layer.Layer) {
		class := l.Class().Module + ">" + l.Class().Name
		if have, ok := classes[l.Name()]; ok && have != class {
			class = ""
		}
		classes[l.Name()] = class
	})
	return classes
}

// nearer reports whether one answer is a better one than another.
func nearer(a, b string) bool {
	rank := func(s string) int {
		if i := slices.Index([]string{"", noGradients, noNumbers, unrelated, flat}, s); i >= 0 {
			return i
		}
		switch s {
		case flows:
			return 7
		case asIs:
			return 6
		}
		return 5
	}
	return rank(a) > rank(b)
}

// gradientThrough says how gradients flow through what a layer has written into a graph.
func gradientThrough(g *graph.Graph, name string) string {
	inside, read := map[*graph.Node]bool{}, map[graph.Output]bool{}
	for _, n := range g.Nodes {
		_, param := n.Op.(graph.ReadParam)
		inside[n] = !param && slices.Contains(strings.Split(n.Label, "/"), name)
	}
	entering := map[graph.Output]*graph.Value{}
	for _, n := range g.Nodes {
		for _, v := range n.In {
			switch {
			case inside[n] && !inside[v.Node]:
				entering[v.Output()] = v
			case !inside[n] && inside[v.Node]:
				read[v.Output()] = true
			}
		}
	}
	for _, v := range g.Outputs {
		read[v.Output()] = true
	}
	var results, numbers []*graph.Value
	wrote := false
	for _, n := range g.Nodes {
		for _, v := range n.Out {
			wrote = wrote || inside[n]
			if inside[n] && read[v.Output()] && v.Differentiable() {
				results = append(results, v)
			}
			if entering[v.Output()] != nil && v.Differentiable() {
				if _, constant := n.Op.(graph.Const); !constant {
					numbers = append(numbers, v)
				}
			}
		}
	}
	switch {
	case !wrote:
		return asIs
	case len(results) == 0:
		return noGradients
	case len(numbers) == 0:
		return noNumbers
	}
	grads, err := writeGradients(g, results, numbers)
	switch {
	case err != nil:
		return err.Error()
	case slices.ContainsFunc(grads, func(d *graph.Value) bool { return d != nil }):
		return flows
	case reaches(g, numbers, results):
		return flat
	}
	return unrelated
}

// writeGradients writes the gradients of the sum of some values of a graph, which it leaves as it is.
func writeGradients(g *graph.Graph, ys, wrt []*graph.Value) (grads []*graph.Value, err error) {
	defer func() {
		if failed, ok := recover().(*graph.Error); ok {
			err = errors.New(failed.Msg)
		} else if failed != nil {
			panic(failed)
		}
	}()
	b := &graph.Builder{Graph: &graph.Graph{Nodes: slices.Clone(g.Nodes), Inputs: g.Inputs}}
	return grad.GradientsOf(b, ys, make([]*graph.Value, len(ys)), wrt), nil
}

// reaches reports whether one of some values of a graph depends on one of others.
func reaches(g *graph.Graph, from, to []*graph.Value) bool {
	on := map[*graph.Node]bool{}
	for _, v := range from {
		on[v.Node] = true
	}
	for _, n := range g.Nodes {
		on[n] = on[n] || slices.ContainsFunc(n.In, func(v *graph.Value) bool { return on[v.Node] })
	}
	return slices.ContainsFunc(to, func(v *graph.Value) bool { return on[v.Node] })
}
