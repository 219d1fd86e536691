package main

import (
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"

	"github.com/hornml/horn/tensor"
)

// answer is what a model gave.
type answer struct {
	names   []string
	outputs []tensor.Any
	single  bool     // one example, without a batch dimension
	labels  []string // names of the examples, nil if they have none
}

// maxRows bounds the examples that are shown; --json and --output give all.
const maxRows = 50

// printText shows the outputs for people: the best classes where an output is a distribution over classes, else the
// values.
func (a *answer) printText(w io.Writer, top int) {
	for i, t := range a.outputs {
		if i > 0 {
			fmt.Fprintln(w)
		}
		title := fmt.Sprintf("%s: %s %s", printable(a.names[i]), tensor.FormatShape(t.Shape()), t.DType())
		if scores, classes, ok := distributions(t); ok {
			if len(a.outputs) > 1 {
				fmt.Fprintln(w, title)
			}
			a.printClasses(w, scores, classes, top)
			continue
		}
		fmt.Fprintln(w, title)
		if a.labels != nil && t.Rank() == 2 && t.Shape()[1] == 1 && len(a.labels) == t.Shape()[0] {
			for k, label := range a.labels[:min(maxRows, len(a.labels))] {
				fmt.Fprintf(w, "%s  %s\n", printable(label), formatArray(t.Rows(k, k+1)))
			}
			continue
		}
		fmt.Fprintln(w, formatArray(t))
	}
}

// distributions returns the rows of an output whose last axis is a distribution over two or more classes.
func distributions(t tensor.Any) (scores [][]float64, classes int, ok bool) {
	shape := t.Shape()
	if !t.DType().IsFloat() || len(shape) < 1 || len(shape) > 2 || shape[len(shape)-1] < 2 || t.Len() == 0 {
		return nil, 0, false
	}
	classes = shape[len(shape)-1]
	flat := make([]float64, t.Len())
	if t.Float64s(flat) != nil {
		return nil, 0, false
	}
	for row := range slices.Chunk(flat, classes) {
		sum := 0.0
		for _, v := range row {
			if !(v >= 0 && v <= 1.001) {
				return nil, 0, false
			}
			sum += v
		}
		if sum < 0.99 || sum > 1.01 {
			return nil, 0, false
		}
		scores = append(scores, row)
	}
	return scores, classes, true
}

// printClasses shows the most probable classes: with bars for one example, in a line each for several.
func (a *answer) printClasses(w io.Writer, scores [][]float64, classes, top int) {
	top = min(top, classes)
	wide := len(fmt.Sprint(classes - 1))
	if len(scores) == 1 {
		best := ranked(scores[0])
		fmt.Fprintf(w, "%sclass %d, %s\n\n", a.label(0, 1, ": "), best[0], percent(scores[0][best[0]]))
		for _, c := range best[:top] {
			bar := strings.Repeat("█", int(scores[0][c]*40+0.5))
			fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("  %*d  %9s  %s", wide, c, percent(scores[0][c]), bar), " "))
		}
		return
	}
	for i, row := range scores {
		if i == maxRows {
			fmt.Fprintf(w, "... and %d more; --json or --output FILE gives all\n", len(scores)-i)
			return
		}
		best := ranked(row)
		line := fmt.Sprintf("%s  class %*d  %9s", a.label(i, len(scores), ""), wide, best[0], percent(row[best[0]]))
		var rest []string
		for _, c := range best[1:top] {
			rest = append(rest, fmt.Sprintf("%*d %s", wide, c, percent(row[c])))
		}
		if len(rest) > 0 {
			line += "   then " + strings.Join(rest, ", ")
		}
		fmt.Fprintln(w, line)
	}
}

// label names example i of n.
func (a *answer) label(i, n int, colon string) string {
	if i < len(a.labels) {
		width := 0
		for _, l := range a.labels {
			width = max(width, len([]rune(printable(l))))
		}
		if n == 1 {
			width = 0
		}
		return fmt.Sprintf("%-*s", width, printable(a.labels[i])) + colon
	}
	if n == 1 {
		return ""
	}
	return fmt.Sprintf("%*d", len(fmt.Sprint(n-1)), i)
}

// ranked lists the classes, the most probable first.
func ranked(row []float64) []int {
	order := make([]int, len(row))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return row[order[a]] > row[order[b]] })
	return order
}

// percent writes a probability, without rounding it to certainty or impossibility.
func percent(p float64) string {
	switch {
	case p > 0 && p < 0.00005:
		return "<0.01 %"
	case p < 1 && p >= 0.99995:
		return ">99.99 %"
	}
	return fmt.Sprintf("%.2f %%", p*100)
}

// Arrays with more elements are shown by their first and last ones.
const (
	wholeArray = 1000
	edgeItems  = 3
)

// formatArray writes an array as NumPy does, with its ends only if it is large.
func formatArray(t tensor.Any) string {
	if t.Len() == 0 {
		return "[]"
	}
	var b strings.Builder
	cells := cellsOf(t)
	width := 0
	shape := t.Shape()
	var visit func(axis, at, size int, show bool)
	short := t.Len() > wholeArray
	each := func(axis int, f func(i int)) {
		n := shape[axis]
		for i := range n {
			if short && n > 2*edgeItems && i >= edgeItems && i < n-edgeItems {
				if i == edgeItems {
					f(-1)
				}
				continue
			}
			f(i)
		}
	}
	visit = func(axis, at, size int, show bool) {
		if axis == len(shape) {
			if !show {
				width = max(width, len([]rune(cells(at))))
				return
			}
			c := cells(at)
			b.WriteString(strings.Repeat(" ", max(width-len([]rune(c)), 0)) + c)
			return
		}
		if show {
			b.WriteByte('[')
		}
		step := 0
		if shape[axis] > 0 {
			step = size / shape[axis]
		}
		each(axis, func(i int) {
			if show && i != 0 {
				if axis == len(shape)-1 {
					b.WriteString(", ")
				} else {
					b.WriteString(",\n" + strings.Repeat(" ", axis+1))
				}
			}
			switch {
			case i >= 0:
				visit(axis+1, at+i*step, step, show)
			case show:
				b.WriteString("...")
			}
		})
		if show {
			b.WriteByte(']')
		}
	}
	visit(0, 0, t.Len(), false)
	visit(0, 0, t.Len(), true)
	return b.String()
}

// cellsOf returns a function that writes an element.
func cellsOf(t tensor.Any) func(i int) string {
	switch t := t.(type) {
	case *tensor.Of[string]:
		d := t.Data()
		return func(i int) string { return fmt.Sprintf("%q", d[i]) }
	case *tensor.Of[bool]:
		d := t.Data()
		return func(i int) string { return fmt.Sprint(d[i]) }
	case *tensor.Of[uint64]:
		d := t.Data()
		return func(i int) string { return fmt.Sprint(d[i]) }
	}
	if t.DType().IsInt() {
		d := make([]int64, t.Len())
		_ = t.Int64s(d) // integers: cannot fail
		return func(i int) string { return fmt.Sprint(d[i]) }
	}
	d := make([]float64, t.Len())
	_ = t.Float64s(d) // floats: cannot fail
	return func(i int) string { return fmt.Sprintf("%.6g", d[i]) }
}
