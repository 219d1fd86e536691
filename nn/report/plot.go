package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
)

// PlotOptions are the arguments of keras.utils.plot_model that change what is drawn.
type PlotOptions struct {
	ExpandNested bool // draw the layers of models inside the model (expand_nested)
	LeftToRight  bool // instead of from top to bottom (rankdir="LR")
}

// Plot draws a model's graph (keras.utils.plot_model): a box for each call of a layer, with its name, class and output
// shape. format is "svg" for a picture, "dot" for Graphviz or "mmd" for Mermaid. It must not run while the model is being changed.
func Plot(w io.Writer, m *nn.Model, format string, o PlotOptions) error {
	if m == nil {
		return errNoModel
	}
	d := newDiagram(m, o.ExpandNested)
	b := bufio.NewWriter(w)
	switch format {
	case "svg":
		d.svg(b, o.LeftToRight)
	case "dot":
		d.dot(b, o.LeftToRight)
	case "mmd":
		d.mermaid(b, o.LeftToRight)
	default:
		return fmt.Errorf("a plot has the format svg, dot or mmd, not %q", format)
	}
	return b.Flush()
}

// diagram is the graph to draw. Every edge leads from a box to a later one.
type diagram struct {
	title  string
	boxes  []box
	edges  [][2]int
	known  map[[2]int]bool
	expand bool
	calls  map[layer.Layer]int
	depth  int
}

// box is one call of a layer.
type box struct{ name, class, shape string }

func newDiagram(m *nn.Model, expand bool) *diagram {
	d := &diagram{title: m.Name(), expand: expand, known: map[[2]int]bool{}, calls: map[layer.Layer]int{}}
	var inputs [][]int
	for _, s := range m.Inputs() {
		inputs = append(inputs, []int{d.add(s.Name, "InputLayer", plainShape(s.Shape), nil)})
	}
	if len(inputs) == 0 && len(m.Operations()) > 0 {
		inputs = [][]int{nil} // not built: the first layer has nothing before it
	}
	d.model(m, "", inputs)
	return d
}

// add makes a box with edges from the boxes it depends on.
func (d *diagram) add(name, class, shape string, from []int) int {
	d.boxes = append(d.boxes, box{printable(name), printable(class), shape})
	to := len(d.boxes) - 1
	for _, f := range from {
		if e := [2]int{f, to}; !d.known[e] {
			d.known[e] = true
			d.edges = append(d.edges, e)
		}
	}
	return to
}

// callID is a call of a layer in one model.
type callID struct {
	layer layer.Layer
	call  int
}

// model adds the layers of a model. inputs holds, for each input, the box that it comes from; so does the result for the
// outputs.
func (d *diagram) model(m *nn.Model, prefix string, inputs [][]int) [][]int {
	from, to := m.Ends()
	done := map[callID][][]int{}
	for i, t := range from {
		done[callID{t.Layer, t.Call}] = [][]int{nil}
		if i < len(inputs) {
			done[callID{t.Layer, t.Call}] = inputs[i : i+1]
		}
	}
	calls := map[callID]nn.Call{}
	for c := range m.Calls() {
		calls[callID{c.Layer, c.Number}] = c
	}
	busy := map[callID]bool{}
	var value func(id callID) [][]int
	pick := func(t nn.Tensor) []int {
		out := value(callID{t.Layer, t.Call})
		if len(out) == 0 {
			return nil
		}
		return out[min(t.Output, len(out)-1)]
	}
	value = func(id callID) [][]int {
		if out, ok := done[id]; ok || busy[id] {
			return out
		}
		busy[id] = true
		var args [][]int
		for _, t := range calls[id].From {
			args = append(args, pick(t))
		}
		if m.IsSequential() && len(args) == 0 {
			args = inputs
		}
		out := d.call(id.layer, prefix, args)
		done[id] = out
		return out
	}
	for c := range m.Calls() {
		value(callID{c.Layer, c.Number})
	}
	var outputs [][]int
	for _, t := range to {
		outputs = append(outputs, pick(t))
	}
	return outputs
}

// maxNesting bounds models inside models.
const maxNesting = layer.MaxNesting

// maxBoxes bounds models that call each other over and over.
const maxBoxes = 20_000

// call adds a call of a layer; the result has one box for all outputs of a layer, or one each for a model that is expanded.
func (d *diagram) call(l layer.Layer, prefix string, args [][]int) [][]int {
	if inner, ok := l.(*nn.Model); ok && d.expand && d.depth < maxNesting && len(d.boxes) < maxBoxes {
		d.depth++
		defer func() { d.depth-- }()
		return d.model(inner, prefix+l.Name()+"/", args)
	}
	var from []int
	for _, a := range args {
		from = append(from, a...)
	}
	name := prefix + l.Name()
	d.calls[l]++
	if n := d.calls[l]; n > 1 {
		name += fmt.Sprintf(" (call %d)", n)
	}
	return [][]int{{d.add(name, l.Class().PythonName(), lastShape(layer.OutputShapes(l)), from)}}
}

// dot writes the diagram in the language of Graphviz.
func (d *diagram) dot(w *bufio.Writer, leftToRight bool) {
	text := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	fmt.Fprintf(w, "digraph \"%s\" {\n", text.Replace(printable(d.title)))
	if leftToRight {
		w.WriteString("\trankdir=LR;\n")
	}
	w.WriteString("\tnode [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", color=\"#64748b\"];\n\tedge [color=\"#64748b\"];\n")
	for i, b := range d.boxes {
		fmt.Fprintf(w, "\tn%d [label=\"%s\\n%s\\n%s\", fillcolor=\"%s\"];\n", i, text.Replace(b.name), text.Replace(b.class),
			text.Replace(b.shape), colorOf(b.class).fill)
	}
	for _, e := range d.edges {
		fmt.Fprintf(w, "\tn%d -> n%d;\n", e[0], e[1])
	}
	w.WriteString("}\n")
}

// mermaid writes the diagram in the language of Mermaid.
func (d *diagram) mermaid(w *bufio.Writer, leftToRight bool) {
	text := strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "&", "#amp;", "`", "#96;")
	direction := "TD"
	if leftToRight {
		direction = "LR"
	}
	fmt.Fprintf(w, "flowchart %s\n", direction)
	for i, b := range d.boxes {
		fmt.Fprintf(w, "    n%d[\"%s<br/>%s<br/>%s\"]\n", i, text.Replace(b.name), text.Replace(b.class), text.Replace(b.shape))
		fmt.Fprintf(w, "    style n%d fill:%s,stroke:%s,color:#0f172a\n", i, colorOf(b.class).fill, colorOf(b.class).line)
	}
	for _, e := range d.edges {
		fmt.Fprintf(w, "    n%d --> n%d\n", e[0], e[1])
	}
}

// hue is the color of a box.
type hue struct{ fill, line string }

// colorOf gives layers of one kind one color, by what their class names have in common.
func colorOf(class string) hue {
	for _, k := range []struct {
		parts string
		hue   hue
	}{
		{"InputLayer", hue{"#e2e8f0", "#475569"}},
		{"Functional Sequential Model", hue{"#fde68a", "#b45309"}},
		{"Pooling Pool", hue{"#bbf7d0", "#15803d"}},
		{"Conv", hue{"#bfdbfe", "#1d4ed8"}},
		{"Attention", hue{"#f5d0fe", "#a21caf"}},
		{"LSTM GRU RNN Bidirectional TimeDistributed", hue{"#ddd6fe", "#6d28d9"}},
		{"Normalization", hue{"#fef3c7", "#d97706"}},
		{"Dense Embedding", hue{"#c7d2fe", "#4338ca"}},
		{"ReLU Relu Activation Softmax Sigmoid Tanh ELU Elu Gelu Silu", hue{"#fecdd3", "#be123c"}},
		{"Dropout Noise", hue{"#f1f5f9", "#94a3b8"}},
	} {
		for part := range strings.FieldsSeq(k.parts) {
			if strings.Contains(class, part) {
				return k.hue
			}
		}
	}
	return hue{"#f8fafc", "#64748b"}
}
