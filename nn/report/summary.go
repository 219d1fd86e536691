package report

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/internal/tree"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// SummaryOptions are the arguments of Keras's Model.summary, and what it asks the terminal and the optimizer.
type SummaryOptions struct {
	LineLength    int  // of the table, in columns; 0 for Keras's own: 88, or 108 with connections, as far as they fit
	Columns       int  // of the terminal; 0 stands for 80
	ExpandNested  bool // list the layers of models inside the model (expand_nested)
	ShowTrainable bool // say of each layer whether training changes it (show_trainable)
	// Optimizer counts the optimizer's variables; nil stands for those that the model has, or will have (Model.OptimizerSize).
	Optimizer *ParamCount
}

// ParamCount is a number of parameters and the memory that they take.
type ParamCount struct {
	Params int64 // scalars
	Bytes  float64
}

func (p *ParamCount) add(shape []int, d tensor.DType) {
	n, _ := tensor.SizeOf(shape) // checked when the variable was made
	p.Params += int64(n)
	bits := 8 * d.Size()
	switch d {
	case tensor.Bool: // as Keras counts
		bits = 1
	case tensor.String:
		bits = 0
	}
	p.Bytes += float64(n) * float64(bits) / 8
}

// String writes the count as Keras does: "1,667 (6.51 KB)".
func (p ParamCount) String() string { return thousands(p.Params) + " (" + memorySize(p.Bytes) + ")" }

// CountParams counts a model's variables that training changes, and the others.
func CountParams(m *nn.Model) (trainable, fixed ParamCount) {
	trained := map[*layer.Variable]bool{}
	for _, v := range m.TrainableVariables() {
		trained[v] = true
	}
	for _, v := range m.Variables() {
		switch {
		case v.Untracked():
		case trained[v]:
			trainable.add(v.Shape, v.DType)
		default:
			fixed.add(v.Shape, v.DType)
		}
	}
	return trainable, fixed
}

// Summary writes Keras's table of a model's layers (Model.summary): name and class, output shape, parameters and, where
// the model is not a plain chain, what each layer is connected to; then the totals. It must not run while the model is
// being changed.
func Summary(w io.Writer, m *nn.Model, o SummaryOptions) error {
	if m == nil {
		return errNoModel
	}
	if o.Optimizer == nil {
		if n, bytes, ok := m.OptimizerSize(); ok {
			o.Optimizer = &ParamCount{n, bytes}
		}
	}
	if o.Columns <= 0 {
		o.Columns = 80
	}
	s := &summary{m: m, o: o, chain: true, length: 88, positions: []float64{0.45, 0.80, 1}}
	s.columns = []tableColumn{{header: "Layer (type)"}, {header: "Output Shape"}, {header: "Param #", align: alignRight}}
	if !m.IsSequential() {
		s.chain = isChain(m)
	}
	if !s.chain {
		s.connected = connections(m)
		s.length, s.positions = 108, []float64{0.3, 0.56, 0.74, 1}
		s.columns = append(s.columns, tableColumn{header: "Connected to"})
	}
	if o.ShowTrainable {
		s.length += 12
		for i := range s.positions {
			s.positions[i] *= 0.90
		}
		s.positions = append(s.positions, 1)
		s.columns = append(s.columns, tableColumn{header: "Trainable", align: alignCenter})
	}
	if o.LineLength > 0 {
		s.length = o.LineLength
	} else {
		s.length = min(s.length, o.Columns-4)
	}
	at := 0
	for i, p := range s.positions {
		s.columns[i].width = int(p*float64(s.length)) - at
		at += s.columns[i].width
		if s.columns[i].width < 4 {
			return fmt.Errorf("a table of %d columns is too narrow for a summary", s.length)
		}
	}
	layers := m.Operations()
	if m.IsSequential() {
		layers, _ = nestedLayers(m)
	}
	for _, l := range layers {
		s.row(l, 0, layer.OutputShapes(l))
	}
	var b strings.Builder
	text := func(s string) {
		for _, line := range wrapCell(s, o.Columns, true) {
			b.WriteString(line + "\n")
		}
	}
	text(`Model: "` + printable(m.Name()) + `"`)
	writeTable(&b, s.columns, s.rows, s.length)
	trainable, fixed := CountParams(m)
	total := ParamCount{trainable.Params + fixed.Params, trainable.Bytes + fixed.Bytes}
	if o.Optimizer != nil {
		total.Params += o.Optimizer.Params
		total.Bytes += o.Optimizer.Bytes
	}
	text(" Total params: " + total.String())
	text(" Trainable params: " + trainable.String())
	text(" Non-trainable params: " + fixed.String())
	if o.Optimizer != nil {
		text(" Optimizer params: " + o.Optimizer.String())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// errNoModel is for callers that did not look at the error of what should have made the model.
var errNoModel = errors.New("there is no model: it is nil; what should have made it may have returned an error")

type summary struct {
	m         *nn.Model
	o         SummaryOptions
	chain     bool
	connected map[layer.Layer]string // what each layer takes, unless the model is a chain
	length    int
	positions []float64
	columns   []tableColumn
	rows      [][]string
}

// maxSummaryNesting bounds the indentation, which grows with each level.
const maxSummaryNesting = 32

func (s *summary) row(l layer.Layer, level int, shapes []any) {
	prefix := ""
	if level > 0 {
		prefix = strings.Repeat("   ", level) + "└ "
	}
	row := []string{
		prefix + printable(l.Name()) + " (" + printable(l.Class().PythonName()) + ")",
		lastShape(shapes),
		paramCell(l),
	}
	if !s.chain {
		row = append(row, cmp.Or(s.connected[l], "-"))
	}
	if s.o.ShowTrainable {
		mark := "-"
		if slices.ContainsFunc(l.Variables(), func(v *layer.Variable) bool { return !v.Untracked() }) {
			mark = "Y"
			if !l.Trainable() {
				mark = "N"
			}
		}
		row = append(row, mark)
	}
	s.rows = append(s.rows, row)
	if !s.o.ExpandNested || level >= maxSummaryNesting {
		return
	}
	inner, model := nestedLayers(l)
	var own map[layer.Layer][]any
	if model != nil {
		own = model.OwnShapes()
	}
	for _, x := range inner {
		shapes, ok := own[x]
		if !ok {
			shapes = layer.OutputShapes(x)
		}
		s.row(x, level+1, shapes)
	}
}

// nestedLayers returns what Keras finds under the attribute "layers" of a layer.
func nestedLayers(l layer.Layer) ([]layer.Layer, *nn.Model) {
	if m, ok := l.(*nn.Model); ok {
		list := m.Layers()
		if m.IsSequential() {
			list = slices.DeleteFunc(slices.Clone(list), isInput)
		}
		return list, m
	}
	if c, ok := l.(layer.Container); ok {
		for _, child := range c.Children() {
			if child.Attr == "layers" {
				return child.List, nil
			}
		}
	}
	return nil, nil
}

// lastShape writes the output shape of a layer's last call.
func lastShape(shapes []any) string {
	if len(shapes) == 0 {
		return "?"
	}
	var parts []string
	tree.Walk(shapes[len(shapes)-1], func(leaf any) {
		if shape, ok := leaf.([]int); ok {
			parts = append(parts, plainShape(shape))
		}
	})
	switch len(parts) {
	case 0:
		return "?"
	case 1:
		return parts[0]
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// plainShape is a shape without the comma that Python puts behind a single dimension.
func plainShape(shape []int) string {
	parts := make([]string, len(shape))
	for i, d := range shape {
		parts[i] = "None"
		if d >= 0 {
			parts[i] = strconv.Itoa(d)
		}
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

func paramCell(l layer.Layer) string {
	switch {
	case layer.IsOp(l), isInput(l):
		return "0"
	case !layer.IsBuilt(l) && !builtAtOnce(l):
		return "0 (unbuilt)"
	}
	n := int64(0)
	for _, v := range l.Variables() {
		if !v.Untracked() {
			n += int64(v.Size())
		}
	}
	return thousands(n)
}

// builtAtOnce reports whether Keras calls a layer built before its first call (_build_at_init). Others that have nothing to build,
// such as Flatten, wait for the call nevertheless.
func builtAtOnce(l layer.Layer) bool {
	switch name := l.Class().Name; name {
	case "Activation", "ActivityRegularization", "AlphaDropout", "Dropout", "ELU", "GaussianDropout", "GaussianNoise", "Identity", "LeakyReLU",
		"Masking", "ReLU", "Reshape", "Softmax", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "UnitNormalization":
		return true
	default:
		return strings.Contains(name, "Pooling") && !strings.HasPrefix(name, "Adaptive")
	}
}

func isInput(l layer.Layer) bool {
	_, ok := l.(*layer.InputLayer)
	return ok
}

// isChain reports whether a model is one layer after the other, each called once: Keras then leaves the connections out.
func isChain(m *nn.Model) bool {
	depths, layers := map[int]bool{}, map[layer.Layer]bool{}
	for c := range m.Calls() {
		if c.Depth < 0 {
			continue
		}
		if depths[c.Depth] || layers[c.Layer] && !layer.IsOp(c.Layer) || len(c.From) > 1 {
			return false
		}
		depths[c.Depth], layers[c.Layer] = true, true
	}
	return true
}

// connections names the tensors that the calls of each layer take, each as layer[call][output].
func connections(m *nn.Model) map[layer.Layer]string {
	parts := map[layer.Layer][]string{}
	for c := range m.Calls() {
		for _, t := range c.From {
			if c.Depth >= 0 {
				parts[c.Layer] = append(parts[c.Layer], fmt.Sprintf("%s[%d][%d]", printable(t.Layer.Name()), t.Call, t.Output))
			}
		}
	}
	out := map[layer.Layer]string{}
	for l, p := range parts {
		out[l] = strings.Join(p, ", ")
	}
	return out
}

// thousands writes a number with commas.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// memorySize writes bytes in the unit that fits, of 1024 each.
func memorySize(bytes float64) string {
	units := []string{"B", "KB", "MB", "GB", "TB", "PB"}
	for i, u := range units {
		if bytes/1024 < 1 || i == len(units)-1 {
			return fmt.Sprintf("%.2f %s", bytes, u)
		}
		bytes /= 1024
	}
	return ""
}

// roundEven divides as Python's round does.
func roundEven(a, b int) int { return int(math.RoundToEven(float64(a) / float64(b))) }
