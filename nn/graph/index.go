package graph

import (
	"fmt"
	"slices"

	"github.com/hornml/horn/tensor"
)

func wantInts(n *Node, i int) {
	if !n.In[i].DType.IsInt() {
		panic(&Error{Msg: fmt.Sprintf("%s: indices must be integers, not %s", n.Op.Name(), n.In[i].DType)})
	}
}

// Take picks slices of the first input along an axis by the indices in the second. Negative indices count
// from the end; others out of range are an error when the graph runs.
type Take struct{ Axis int }

// Name implements Op.
func (Take) Name() string { return "take" }

// Infer implements Op.
func (op Take) Infer(n *Node) {
	axis, x, idx := op.Axis, n.In[0], n.In[1]
	wantInts(n, 1)
	shape := append(slices.Clone(x.Shape[:axis]), idx.Shape...)
	n.SetOut(x.DType, append(shape, x.Shape[axis+1:]...)...)
}

// Eval implements Op.
func (op Take) Eval(n *Node, in, out []Buf) error {
	axis, shape := op.Axis, n.In[0].Shape
	outer, size, inner := product(shape[:axis]), shape[axis], product(shape[axis+1:])
	idx := in[1].I
	for o := range outer {
		for k, i := range idx {
			j, err := index(n, i, size)
			if err != nil {
				return err
			}
			CopyRange(out[0], (o*len(idx)+k)*inner, in[0], (o*size+j)*inner, inner)
		}
	}
	return nil
}

// index checks one index against the length of its axis; negative ones count from the end.
func index(n *Node, i int64, size int) (int, error) {
	if i < -int64(size) || i >= int64(size) {
		return 0, fmt.Errorf("%s: index %d is outside 0..%d", nodeName(n), i, size-1)
	}
	if i < 0 {
		i += int64(size)
	}
	return int(i), nil
}

// nodeName names a node in run-time errors: by its layer where one wrote it.
func nodeName(n *Node) string {
	if n.Label != "" {
		return n.Label
	}
	return n.Op.Name()
}

// Take picks slices of x along an axis by an integer tensor of any shape.
func (b *Builder) Take(x, indices *Value, axis int) *Value {
	return b.Emit1(Take{b.Axis(axis, x.Rank())}, x, indices)
}

// TakeAlong picks, along an axis, elements of the first input by indices of the same rank, as
// numpy.take_along_axis does.
type TakeAlong struct{ Axis int }

// Name implements Op.
func (TakeAlong) Name() string { return "take_along_axis" }

// Infer implements Op.
func (op TakeAlong) Infer(n *Node) {
	axis, x, idx := op.Axis, n.In[0], n.In[1]
	wantInts(n, 1)
	if x.Rank() != idx.Rank() {
		panic(&Error{Msg: fmt.Sprintf("take_along_axis: %s and indices %s differ in rank", x, idx)})
	}
	rest, own := slices.Clone(x.Shape), slices.Clone(idx.Shape)
	rest[axis], own[axis] = 1, 1
	shape, err := tensor.Broadcast(rest, own)
	if err != nil {
		panic(&Error{Msg: fmt.Sprintf("take_along_axis: %s and indices %s do not broadcast", x, idx)})
	}
	shape[axis] = idx.Shape[axis]
	n.SetOut(x.DType, shape...)
}

// Eval implements Op.
func (op TakeAlong) Eval(n *Node, in, out []Buf) error {
	axis, x := op.Axis, n.In[0]
	shape := n.Out[0].Shape
	var own, sx, si [MaxRank]int
	broadcastStrides(&sx, x.Shape, shape)
	step := strides(&own, x.Shape)[axis]
	sx[axis] = 0
	o := 0
	var failed error
	walk3(shape, sx[:len(shape)], broadcastStrides(&si, n.In[1].Shape, shape), sx[:len(shape)], func(i, k, _, count, di, dk, _ int) {
		for range count {
			j, err := index(n, in[1].I[k], x.Shape[axis])
			if err != nil {
				failed = err
				return
			}
			CopyRange(out[0], o, in[0], i+j*step, 1)
			o++
			i, k = i+di, k+dk
		}
	})
	return failed
}

// TakeAlong picks elements of x along an axis by indices of the same rank.
func (b *Builder) TakeAlong(x, indices *Value, axis int) *Value {
	return b.Emit1(TakeAlong{b.Axis(axis, x.Rank())}, x, indices)
}

// Scatter changes, in a copy of the first input, the slices that the index vectors in the last axis of the second
// point to, by the third; How says how: "" replaces, "add", "mul", "max", "min" combine.
type Scatter struct{ How string }

// Name implements Op.
func (Scatter) Name() string { return "scatter" }

// Infer implements Op.
func (Scatter) Infer(n *Node) {
	x, idx, upd := n.In[0], n.In[1], n.In[2]
	wantInts(n, 1)
	depth := 0
	if idx.Rank() > 0 {
		depth = idx.Shape[idx.Rank()-1]
	}
	if idx.Rank() == 0 || depth > x.Rank() || x.DType != upd.DType {
		panic(&Error{Msg: fmt.Sprintf("scatter: indices %s and updates %s do not fit %s", idx, upd, x)})
	}
	if depth < 0 {
		n.SetOut(x.DType, x.Shape...)
		return
	}
	want := append(slices.Clone(idx.Shape[:idx.Rank()-1]), x.Shape[depth:]...)
	if !FitShapes(want, upd.Shape) {
		panic(&Error{Msg: fmt.Sprintf("scatter: updates %s where the indices ask for %s", upd, tensor.FormatShape(want))})
	}
	n.SetOut(x.DType, x.Shape...)
}

// Eval implements Op.
func (op Scatter) Eval(n *Node, in, out []Buf) error {
	out[0].Copy(in[0])
	x, idx := n.In[0], n.In[1]
	depth := idx.Shape[idx.Rank()-1]
	inner := product(x.Shape[depth:])
	for k := range product(idx.Shape[:idx.Rank()-1]) {
		at := 0
		for d := range depth {
			j, err := index(n, in[1].I[k*depth+d], x.Shape[d])
			if err != nil {
				return err
			}
			at = at*x.Shape[d] + j
		}
		if err := op.combine(out[0], at*inner, in[2], k*inner, inner); err != nil {
			return err
		}
	}
	out[0].Finish(n.Out[0].DType)
	return nil
}

func (op Scatter) combine(dst Buf, i int, src Buf, j, count int) error {
	var f *Binary
	switch op.How {
	case "":
		CopyRange(dst, i, src, j, count)
		return nil
	case "add":
		f = Add
	case "mul":
		f = Mul
	case "max":
		f = Max
	case "min":
		f = Min
	default:
		return fmt.Errorf("scatter: unknown reduction %q", op.How)
	}
	for k := range count {
		switch {
		case dst.F != nil:
			dst.F[i+k] = float32(f.F(float64(dst.F[i+k]), float64(src.F[j+k])))
		case dst.D != nil:
			dst.D[i+k] = f.F(dst.D[i+k], src.D[j+k])
		case dst.I != nil:
			dst.I[i+k] = f.I(dst.I[i+k], src.I[j+k])
		case dst.B != nil:
			dst.B[i+k] = f.B(dst.B[i+k], src.B[j+k])
		}
	}
	return nil
}

// Scatter combines updates into a copy of x at the places that the index vectors (last axis of indices) point to; how is
// "" (replace), "add", "mul", "max" or "min".
//
//go:noinline
func (b *Builder) Scatter(x, indices, updates *Value, how string) *Value {
	return b.Emit1(Scatter{how}, x, indices, updates)
}

// OneHot returns 1 at the position along the new last axis that each index names and 0 elsewhere; an index out of range
// gives zeros only.
func (b *Builder) OneHot(indices *Value, depth int, d tensor.DType) *Value {
	positions := b.Iota(indices.DType, depth)
	return b.Cast(b.Compare(Equal, b.ExpandDims(indices, -1), positions), d)
}

func seq(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}
