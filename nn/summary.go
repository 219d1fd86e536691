package nn

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/hornml/horn/tensor"
)

// SummaryOptions are the arguments of Keras's Model.summary, and what it asks the terminal and the optimizer.
type SummaryOptions struct {
	LineLength    int  // of the table, in columns; 0 for Keras's own: 88, or 108 with connections, as far as they fit
	Columns       int  // of the terminal; 0 stands for 80
	ExpandNested  bool // list the layers of models inside the model (expand_nested)
	ShowTrainable bool // say of each layer whether training changes it (show_trainable)
	// Optimizer counts the optimizer's variables, which are no part of a Model; nil if the model is not compiled.
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

// CountParams counts the model's variables that training changes, and the others.
func (m *Model) CountParams() (trainable, fixed ParamCount) {
	seen := map[*Variable]bool{}
	var count func(l Layer, frozen bool)
	count = func(l Layer, frozen bool) {
		frozen = frozen || !l.base().trainable
		for _, v := range l.base().OwnVariables() {
			switch {
			case seen[v]:
			case v.Trainable && !frozen:
				trainable.add(v.Shape, v.DType)
			default:
				fixed.add(v.Shape, v.DType)
			}
			seen[v] = true
		}
		for _, inner := range Sublayers(l) {
			count(inner, frozen)
		}
	}
	count(m, false)
	return trainable, fixed
}

// Summary writes Keras's table of the model's layers (Model.summary): name and class, output shape, parameters and, where
// the model is not a plain chain, what each layer is connected to; then the totals. It must not run while the model is
// being changed.
func (m *Model) Summary(w io.Writer, o SummaryOptions) error {
	if o.Columns <= 0 {
		o.Columns = 80
	}
	s := &summary{m: m, o: o, chain: true, length: 88, positions: []float64{0.45, 0.80, 1}}
	s.columns = []tableColumn{{header: "Layer (type)"}, {header: "Output Shape"}, {header: "Param #", align: alignRight}}
	if !m.sequential {
		s.nodes = m.depths()
		s.chain = m.isChain(s.nodes)
	}
	if !s.chain {
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
	layers := m.layers
	if m.sequential {
		layers = m.Layers()
	}
	for _, l := range layers {
		if _, ok := l.(*InputLayer); ok && m.sequential {
			continue
		}
		s.row(l, 0, l.base().outputShapes, false)
	}
	var b strings.Builder
	for _, line := range wrapCell(`Model: "`+printable(m.name)+`"`, o.Columns, true) {
		b.WriteString(line + "\n")
	}
	writeTable(&b, s.columns, s.rows, s.length)
	trainable, fixed := m.CountParams()
	total := ParamCount{trainable.Params + fixed.Params, trainable.Bytes + fixed.Bytes}
	if o.Optimizer != nil {
		total.Params += o.Optimizer.Params
		total.Bytes += o.Optimizer.Bytes
	}
	fmt.Fprintf(&b, " Total params: %v\n Trainable params: %v\n Non-trainable params: %v\n", total, trainable, fixed)
	if o.Optimizer != nil {
		fmt.Fprintf(&b, " Optimizer params: %v\n", *o.Optimizer)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

type summary struct {
	m         *Model
	o         SummaryOptions
	nodes     map[[2]int]int // calls that the outputs depend on, with their depths
	chain     bool
	length    int
	positions []float64
	columns   []tableColumn
	rows      [][]string
}

// maxSummaryNesting bounds the indentation, which grows with each level.
const maxSummaryNesting = 32

func (s *summary) row(l Layer, level int, shapes []any, frozen bool) {
	b := l.base()
	frozen = frozen || !b.trainable
	prefix := ""
	if level > 0 {
		prefix = strings.Repeat("   ", level) + "└ "
	}
	row := []string{
		prefix + printable(b.name) + " (" + printable(b.class.PythonName()) + ")",
		lastShape(shapes),
		paramCell(l),
	}
	if !s.chain {
		row = append(row, s.connections(l))
	}
	if s.o.ShowTrainable {
		mark := "-"
		if len(l.Variables()) > 0 {
			mark = "Y"
			if frozen {
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
	var own map[Layer][]any
	if model != nil {
		own = model.ownShapes()
	}
	for _, x := range inner {
		shapes, ok := own[x]
		if !ok {
			shapes = x.base().outputShapes
		}
		s.row(x, level+1, shapes, frozen)
	}
}

// nestedLayers returns what Keras finds under the attribute "layers" of a layer.
func nestedLayers(l Layer) ([]Layer, *Model) {
	if m, ok := l.(*Model); ok {
		list := m.Layers()
		if m.sequential {
			list = slices.DeleteFunc(slices.Clone(list), func(l Layer) bool { _, ok := l.(*InputLayer); return ok })
		}
		return list, m
	}
	if c, ok := l.(Container); ok {
		for _, child := range c.Children() {
			if child.Attr == "layers" {
				return child.List, nil
			}
		}
	}
	return nil, nil
}

// ownShapes gives the output shapes of the layers of a model inside a model as they are for the inner model's own
// inputs, which may leave open what the outer model fixes.
func (m *Model) ownShapes() map[Layer][]any {
	ins := m.inputLayers()
	if len(ins) == 0 || !m.built || slices.ContainsFunc(ins, func(in *InputLayer) bool { return in.BatchShape == nil }) {
		return nil
	}
	for _, pair := range standIns {
		a, err := m.symbolic(ins, pair[0])
		if err != nil {
			continue
		}
		b, err := m.symbolic(ins, pair[1])
		if err != nil {
			continue
		}
		out := map[Layer][]any{}
		for l, shapes := range a.out {
			for i, shape := range shapes {
				if i < len(b.out[l]) {
					out[l] = append(out[l], mergeShapes(shape, b.out[l][i]))
				}
			}
		}
		for _, in := range ins {
			out[in] = []any{in.BatchShape}
		}
		return out
	}
	return nil
}

// lastShape writes the output shape of a layer's last call.
func lastShape(shapes []any) string {
	if len(shapes) == 0 {
		return "?"
	}
	var parts []string
	walkTree(shapes[len(shapes)-1], func(leaf any) {
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

func paramCell(l Layer) string {
	switch l.(type) {
	case *op, *InputLayer:
		return "0"
	}
	if !l.base().built {
		return "0 (unbuilt)"
	}
	n := int64(0)
	for _, v := range l.Variables() {
		n += int64(v.Size())
	}
	return thousands(n)
}

// connections names the tensors that the calls of a layer take, each as layer[call][output].
func (s *summary) connections(l Layer) string {
	var parts []string
	for i, x := range s.m.layers {
		if x != l {
			continue
		}
		for n, nd := range s.m.nodes[i] {
			if _, ok := s.nodes[[2]int{i, n}]; !ok {
				continue
			}
			for _, r := range nd.refs() {
				parts = append(parts, fmt.Sprintf("%s[%d][%d]", printable(s.m.layers[r.layer].Name()), r.node, r.out))
			}
		}
	}
	if len(parts) == 0 {
		return "-"
	}
	return strings.Join(parts, ", ")
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
