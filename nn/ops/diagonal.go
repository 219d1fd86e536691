package ops

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addDiagonal(r *layer.Registry) {
	one(r, "numpy", "Diag", "x", func(o *layer.OpCall, x *value) *value {
		k := o.Int(-1, "k", 0)
		switch x.Rank() {
		case 1:
			return diagonalMatrix(o, x, k)
		case 2:
			return diagonal(o, x, k, 0, 1)
		}
		o.Fail("%s: a vector or a matrix is expected, not %s", o, x)
		return nil
	})
	one(r, "numpy", "Diagflat", "x", func(o *layer.OpCall, x *value) *value {
		return diagonalMatrix(o, o.Reshape(x, x.Size()), o.Int(-1, "k", 0))
	})
	axes := func(o *layer.OpCall, x *value) *value {
		return diagonal(o, x, o.Int(-1, "offset", 0), o.Int(-1, "axis1", 0), o.Int(-1, "axis2", 1))
	}
	one(r, "numpy", "Diagonal", "x", axes)
	one(r, "numpy", "Trace", "x", func(o *layer.OpCall, x *value) *value { return o.Sum(axes(o, wideInt(o, x)), -1) })
	triangle := func(class string, op *graph.Comparison) {
		one(r, "numpy", class, "x", func(o *layer.OpCall, x *value) *value {
			if x.Rank() < 2 {
				o.Fail("%s: matrices are expected, not %s", o, x)
			}
			k := max(min(o.Int(-1, "k", 0), 1<<30), -1<<30)
			rows, cols := x.Shape[x.Rank()-2], x.Shape[x.Rank()-1]
			row := o.AddS(o.Reshape(o.Iota(tensor.Int64, rows), rows, 1), float64(k))
			inside := o.Compare(op, o.Iota(tensor.Int64, cols), row)
			return o.Where(inside, x, o.Scalar(x.DType, 0))
		})
	}
	triangle("Tril", graph.LessEqual)
	triangle("Triu", graph.GreaterEqual)
}

// diagonal returns the diagonals of the matrices in two axes as a new last axis.
func diagonal(o *layer.OpCall, x *value, offset, axis1, axis2 int) *value {
	a := positive(o, []int{axis1, axis2}, x.Rank())
	if a[0] == a[1] {
		o.Fail("%s: the two axes of a diagonal must differ", o)
	}
	order := []int{}
	for i := range x.Rank() {
		if !slices.Contains(a, i) {
			order = append(order, i)
		}
	}
	y := o.Transpose(x, append(order, a...)...)
	lead := y.Shape[:len(order)]
	rows, cols := x.Shape[a[0]], x.Shape[a[1]]
	if !graph.AllKnown(rows, cols) {
		return o.Opaque(x.DType, append(slices.Clone(lead), graph.Unknown), x)
	}
	row, col := 0, 0
	if offset >= 0 {
		col = min(offset, cols)
	} else {
		row = min(-offset, rows)
		if -offset < 0 { // the smallest int
			row = rows
		}
	}
	n := max(min(rows-row, cols-col), 0)
	flat := o.Reshape(y, append(slices.Clone(lead), rows*cols)...)
	if n == 0 {
		return o.SliceStep(flat, -1, 0, 1, 0)
	}
	return o.SliceStep(flat, -1, row*cols+col, cols+1, n)
}

// diagonalMatrix puts a vector on a diagonal of a square matrix.
func diagonalMatrix(o *layer.OpCall, x *value, k int) *value {
	n := x.Shape[0]
	if n < 0 {
		return o.Opaque(x.DType, []int{n, n}, x)
	}
	size := graph.Plus(n, max(bounded(o, "k", k, -maxTable, maxTable), -k))
	if _, ok := tensor.SizeOf([]int{size, size}); !ok {
		o.Fail("%s: a matrix of %d rows is too large", o, size)
	}
	base := o.Full(x.DType, 0, size*size)
	idx := o.Places([]int{n, 1}, func(at []int64) {
		for i := range at {
			at[i] = int64((i+max(-k, 0))*size + i + max(k, 0))
		}
	})
	return o.Reshape(o.Scatter(base, idx, x, ""), size, size)
}
