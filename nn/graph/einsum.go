package graph

import (
	"slices"
	"sort"
	"strings"

	"github.com/hornml/horn/tensor"
)

// Einsum evaluates an equation such as "abc,cd->abd" over one or more values, with "..." for any leading axes, by
// transposing, reshaping and multiplying matrices. Labels are single letters; without "->" the result has the labels
// that occur once, in alphabetical order. Operands of int8 give int32.
func (b *Builder) Einsum(equation string, xs ...*Value) *Value {
	equation = strings.ReplaceAll(equation, " ", "")
	left, result, explicit := strings.Cut(equation, "->")
	terms := strings.Split(left, ",")
	if len(terms) != len(xs) {
		b.Fail("einsum: the equation %q has %d operands, not %d", equation, len(terms), len(xs))
	}
	// Axes that "..." stands for get labels of their own, counted from the last axis so that they broadcast.
	dots := 0
	for i, t := range terms {
		if strings.Contains(t, "...") {
			dots = max(dots, xs[i].Rank()-(len(t)-3))
		}
	}
	dotLabels := make([]rune, dots)
	for i := range dotLabels {
		dotLabels[i] = rune(0x10000 + i)
	}
	labels := make([][]rune, len(terms))
	for i, t := range terms {
		labels[i] = b.einsumLabels(equation, t, dotLabels, xs[i].Rank())
		if len(labels[i]) != xs[i].Rank() {
			b.Fail("einsum: %q does not label the axes of %s", t, xs[i])
		}
	}
	var want []rune
	if explicit {
		want = b.einsumLabels(equation, result, dotLabels, -1)
	} else {
		want = slices.Clone(dotLabels)
		count := map[rune]int{}
		for _, l := range labels {
			for _, r := range l {
				count[r]++
			}
		}
		var once []rune
		for r, c := range count {
			if c == 1 && r < 0x10000 {
				once = append(once, r)
			}
		}
		sort.Slice(once, func(i, j int) bool { return once[i] < once[j] })
		want = append(want, once...)
	}
	sizes := map[rune]int{}
	for i, l := range labels {
		for k, r := range l {
			d := xs[i].Shape[k]
			if old, ok := sizes[r]; !ok || old == 1 || old < 0 && d != 1 {
				sizes[r] = d
			} else if !Fits(d, old) && d != 1 {
				b.Fail("einsum %q: the axes called %q have the lengths %d and %d", equation, string(r), old, d)
			}
		}
	}
	for i, r := range want {
		if _, ok := sizes[r]; !ok || slices.Contains(want[:i], r) {
			b.Fail("einsum: the result %q of %q names an axis that no operand has, or twice", result, equation)
		}
	}
	xs = slices.Clone(xs)
	for i := range xs {
		xs[i], labels[i] = b.diagonal(xs[i], labels[i])
	}
	acc, have := xs[0], labels[0]
	for i := 1; i < len(xs); i++ {
		// What neither the rest nor the result needs is summed in this product.
		needed := slices.Clone(want)
		for _, l := range labels[i+1:] {
			needed = append(needed, l...)
		}
		acc, have = b.contract(acc, have, xs[i], labels[i], needed)
	}
	acc, have = b.sumOut(acc, have, want)
	axes := make([]int, len(want))
	for i, r := range want {
		axes[i] = slices.Index(have, r)
	}
	acc = b.Transpose(acc, axes...)
	shape := make([]int, len(want))
	for i, r := range want {
		shape[i] = sizes[r]
	}
	return b.BroadcastTo(acc, shape...)
}

func (b *Builder) einsumLabels(equation, term string, dots []rune, rank int) []rune {
	var out []rune
	for i := 0; i < len(term); i++ {
		c := term[i]
		switch {
		case strings.HasPrefix(term[i:], "..."):
			use := len(dots)
			if rank >= 0 {
				use = rank - (len(term) - 3)
			}
			if use < 0 || use > len(dots) {
				b.Fail("einsum: %q has more labels than axes", term)
			}
			out = append(out, dots[len(dots)-use:]...)
			i += 2
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			out = append(out, rune(c))
		default:
			b.Fail("einsum: the equation %q has a %q where a letter is expected", equation, string(c))
		}
	}
	return out
}

// diagonal merges axes of one label.
func (b *Builder) diagonal(x *Value, labels []rune) (*Value, []rune) {
	for i := 0; i < len(labels); i++ {
		j := slices.Index(labels[i+1:], labels[i])
		if j < 0 {
			continue
		}
		j += i + 1
		if !Fits(x.Shape[i], x.Shape[j]) {
			b.Fail("einsum: a repeated label has axes of lengths %d and %d", x.Shape[i], x.Shape[j])
		}
		size := Meet(x.Shape[i], x.Shape[j])
		x = b.MoveAxis(x, j, x.Rank()-1)
		x = b.MoveAxis(x, i, x.Rank()-2)
		labels = slices.Concat(labels[:i], labels[i+1:j], labels[j+1:], labels[i:i+1])
		lead := slices.Clone(x.Shape[:x.Rank()-2])
		flat := b.Reshape(x, append(slices.Clone(lead), Times(size, size))...)
		x = b.SliceStep(flat, -1, 0, size+1, size)
		i = -1
	}
	return x, labels
}

// sumOut adds up the axes whose labels are not needed.
func (b *Builder) sumOut(x *Value, labels, needed []rune) (*Value, []rune) {
	var axes []int
	var kept []rune
	for i, r := range labels {
		if slices.Contains(needed, r) {
			kept = append(kept, r)
		} else {
			axes = append(axes, i)
		}
	}
	if len(axes) == 0 {
		return x, labels
	}
	if x.DType == tensor.Int8 {
		x = b.Cast(x, tensor.Int32)
	}
	return b.Sum(x, axes...), kept
}

// contract multiplies two labelled values and sums over the labels that are no longer needed: a batched matmul.
func (b *Builder) contract(x *Value, lx []rune, y *Value, ly, needed []rune) (*Value, []rune) {
	x, lx = b.sumOut(x, lx, append(slices.Clone(needed), ly...))
	y, ly = b.sumOut(y, ly, append(slices.Clone(needed), lx...))
	var batch, inner, rows, cols []rune
	for i, r := range lx {
		j := slices.Index(ly, r)
		switch {
		case j < 0:
			rows = append(rows, r)
		case slices.Contains(needed, r):
			batch = append(batch, r)
		default:
			switch { // repeat a length of 1
			case x.Shape[i] == 1:
				x = b.widen(x, i, y.Shape[j])
			case y.Shape[j] == 1:
				y = b.widen(y, j, x.Shape[i])
			}
			inner = append(inner, r)
		}
	}
	for _, r := range ly {
		if !slices.Contains(lx, r) {
			cols = append(cols, r)
		}
	}
	a := b.arrange(x, lx, batch, rows, inner)
	c := b.arrange(y, ly, batch, inner, cols)
	var p *Value
	switch {
	case a.DType == tensor.Int8 && c.DType == tensor.Int8:
		p = b.MatMulInt8(a, c)
	case a.DType != c.DType && a.DType.IsInt() && c.DType.IsInt():
		p = b.MatMul(b.Cast(a, tensor.Int32), b.Cast(c, tensor.Int32))
	default:
		p = b.MatMul(a, c)
	}
	shape := slices.Clone(p.Shape[:len(batch)])
	for _, r := range rows {
		shape = append(shape, x.Shape[slices.Index(lx, r)])
	}
	for _, r := range cols {
		shape = append(shape, y.Shape[slices.Index(ly, r)])
	}
	return b.Reshape(p, shape...), slices.Concat(batch, rows, cols)
}

func (b *Builder) widen(x *Value, axis, size int) *Value {
	shape := slices.Clone(x.Shape)
	shape[axis] = size
	return b.BroadcastTo(x, shape...)
}

// arrange brings x into the form (batch..., first flattened, second flattened).
func (b *Builder) arrange(x *Value, labels, batch, first, second []rune) *Value {
	var axes, shape []int
	for _, r := range batch {
		i := slices.Index(labels, r)
		axes, shape = append(axes, i), append(shape, x.Shape[i])
	}
	for _, group := range [][]rune{first, second} {
		size := 1
		for _, r := range group {
			i := slices.Index(labels, r)
			axes = append(axes, i)
			size = Times(size, x.Shape[i])
		}
		shape = append(shape, size)
	}
	return b.Reshape(b.Transpose(x, axes...), shape...)
}
