package pass

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
)

// view is a way to read memory of one value as another value: element (i0, i1, ...) lies at offset plus the sum of the
// indices times the strides. Transposes, broadcasts, slices and most reshapes are views of what they are made of, so that
// a step that can follow strides needs no copy.
type view struct {
	root           *graph.Value
	shape, strides []int
	offset         int
}

// plainView reads a value as it lies.
func plainView(v *graph.Value) view {
	return view{root: v, shape: v.Shape, strides: graph.Strides(v.Shape)}
}

// viewOf follows the movements of which v is made as far as strides can express them.
func viewOf(v *graph.Value) view {
	n := v.Node
	if len(n.In) == 0 || v.Size() == 0 {
		return plainView(v)
	}
	switch op := n.Op.(type) {
	case graph.Transpose:
		in := viewOf(n.In[0])
		out := view{root: in.root, offset: in.offset, shape: v.Shape, strides: make([]int, len(v.Shape))}
		for i, a := range op.Axes {
			out.strides[i] = in.strides[a]
		}
		return out
	case graph.Broadcast:
		in := viewOf(n.In[0])
		return in.broadcast(v.Shape)
	case graph.Reshape:
		if out, ok := viewOf(n.In[0]).reshape(v.Shape); ok {
			return out
		}
	case graph.Slice:
		if slices.Min(op.Step) < 1 {
			break
		}
		in := viewOf(n.In[0])
		out := view{root: in.root, offset: in.offset, shape: v.Shape, strides: slices.Clone(in.strides)}
		for i := range out.strides {
			out.offset += op.Start[i] * in.strides[i]
			out.strides[i] *= op.Step[i]
		}
		return out
	}
	return plainView(v)
}

// broadcast repeats a view to fill a shape.
func (w view) broadcast(shape []int) view {
	out := view{root: w.root, offset: w.offset, shape: shape, strides: make([]int, len(shape))}
	lead := len(shape) - len(w.shape)
	for i, d := range w.shape {
		if d != 1 {
			out.strides[lead+i] = w.strides[i]
		}
	}
	return out
}

// reshape reads the same elements in the same order under another shape; ok is false where no strides do that.
func (w view) reshape(shape []int) (out view, ok bool) {
	out = view{root: w.root, offset: w.offset, shape: shape, strides: make([]int, len(shape))}
	i, j := 0, 0
	for i < len(w.shape) || j < len(shape) {
		// The shortest groups of axes of both shapes that have the same number of elements.
		i0, j0 := i, j
		a, b := 1, 1
		if i < len(w.shape) {
			a, i = w.shape[i], i+1
		}
		if j < len(shape) {
			b, j = shape[j], j+1
		}
		for a != b {
			if a < b && i < len(w.shape) {
				a, i = a*w.shape[i], i+1
			} else if b < a && j < len(shape) {
				b, j = b*shape[j], j+1
			} else {
				return out, false
			}
		}
		step, ok := w.join(i0, i)
		if !ok {
			return out, false
		}
		for k := j - 1; k >= j0; k-- {
			out.strides[k] = step
			step *= shape[k]
		}
	}
	return out, true
}

// join returns the one stride with which the axes [from, to) can be read as a single axis.
func (w view) join(from, to int) (stride int, ok bool) {
	next := 0 // the stride that the axis before must have
	found := false
	for i := to - 1; i >= from; i-- {
		if w.shape[i] == 1 {
			continue
		}
		if !found {
			stride, found = w.strides[i], true
		} else if w.strides[i] != next {
			return 0, false
		}
		next = w.strides[i] * w.shape[i]
	}
	return stride, true
}

// offsets lists where the elements begin at the positions of the leading axes, which repeat to fill batch.
func (w view) offsets(batch []int) []int {
	return view{root: w.root, offset: w.offset, shape: w.shape[:len(w.shape)-2], strides: w.strides}.positions(batch)
}

// positions lists where the elements of a view that repeats to fill a shape are.
func (w view) positions(shape []int) []int {
	return graph.Offsets(shape, w.broadcast(shape).strides, w.offset)
}

// rows returns the strides of the last two axes, those of a matrix whose rows lie at least `width` apart. A single row
// has any distance, and a single column is contiguous.
func (w view) rows(width int) (row, column int) {
	r := len(w.shape)
	row, column = w.strides[r-2], w.strides[r-1]
	if w.shape[r-2] == 1 {
		row = max(width, 1)
	}
	if w.shape[r-1] == 1 {
		column = 1
	}
	return row, column
}

// landing follows the transposes and reshapes after v, a batch of Matrices, to the value in whose memory v's elements can be
// written right away, with rows that stay contiguous. It is v itself where nothing or only a reshape follows.
func landing(m graph.Users, v *graph.Value) (*graph.Value, view) {
	best, bestView := v, plainView(v)
	var path []*graph.Node
	for at := v; ; {
		u := m.Only(at)
		if u == nil || !graph.Is[graph.Transpose](u.Op) && !graph.Is[graph.Reshape](u.Op) {
			return best, bestView
		}
		path = append(path, u)
		at = u.Out[0]
		if !graph.Is[graph.Transpose](u.Op) {
			continue
		}
		w := plainView(at)
		ok := true
		for i := len(path) - 1; i >= 0 && ok; i-- {
			in := path[i].In[0].Shape
			if graph.Is[graph.Reshape](path[i].Op) {
				w, ok = w.reshape(in)
				continue
			}
			before := view{root: w.root, shape: in, strides: make([]int, len(in))}
			for k, a := range path[i].Op.(graph.Transpose).Axes {
				before.strides[a] = w.strides[k]
			}
			w = before
		}
		if !ok {
			continue
		}
		if row, column := w.rows(v.LastDim()); column == 1 && row >= v.LastDim() {
			best, bestView = at, w
		}
	}
}
