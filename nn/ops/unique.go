package ops

import (
	"sort"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addUnique(r *layer.Registry) {
	r.RegisterOp("numpy", "Unique", unique)
	r.RegisterOp("numpy", "Nonzero", func(o *layer.OpCall) any {
		x := o.Tensor(0, "x")
		places := nonzero(o, x)
		out := make([]*value, x.Rank())
		for i := range out {
			out[i] = o.Squeeze(o.Slice(places, 0, i, i+1), 0)
		}
		return many(out)
	})
}

// nonzero returns the coordinates of the elements that are not 0, int32 (rank, count). How many there are is known when the model runs.
func nonzero(o *layer.OpCall, x *value) *value {
	set := asBool(o, x)
	count := o.Builder.Int(tensor.Int64, 0)
	if x.Size() > 0 {
		count = o.Reduce(graph.Sum, o.Cast(set, tensor.Int64), false)
	}
	return o.Emit1(opNonzero{o.Measure(count)}, set)
}

// opNonzero lists the coordinates of the true elements, in C order; attrs: how many there are.
type opNonzero struct{ Count int }

// Name implements graph.Op.
func (opNonzero) Name() string { return "nonzero" }

// Infer implements graph.Op.
func (op opNonzero) Infer(n *graph.Node) { n.SetOut(tensor.Int32, n.In[0].Rank(), op.Count) }

// Eval implements graph.Op.
func (op opNonzero) Eval(n *graph.Node, in, out []graph.Buf) error {
	count, shape := op.Count, n.In[0].Shape
	found := 0
	for i, set := range in[0].B {
		if !set || found == count {
			continue
		}
		rest := i
		for axis := len(shape) - 1; axis >= 0; axis-- {
			out[0].I[axis*count+found] = int64(rest % shape[axis])
			rest /= shape[axis]
		}
		found++
	}
	return nil
}

// unique returns the different elements of a tensor or, with an axis, its different slices, in ascending order, and where asked
// for the place of the first of each, for each element the number of its like, and how many of each there are. With the
// argument size the results have that length: surplus is cut off, and what is missing filled up.
func unique(o *layer.OpCall) any {
	x := o.Tensor(0, "x")
	o.Inert("sorted") // sorted is an order that may as well be
	axis := 0
	inverseShape := x.Shape
	rows := o.Reshape(x, x.Size(), 1)
	var rest []int
	if a := o.IntOrNone(-1, "axis"); a != nil {
		axis = o.Axis(*a, x.Rank())
		moved := o.MoveAxis(x, axis, 0)
		rest = moved.Shape[1:]
		rows = o.Reshape(moved, moved.Shape[0], graph.Product(rest))
		inverseShape = []int{moved.Shape[0]}
	}
	size := o.IntOrNone(-1, "size")
	if size == nil {
		n := o.Measure(o.Reshape(o.Emit1(opCountUnique{}, rows)))
		size = &n
	}
	bounded(o, "size", *size, 0, maxTable)
	fill := 0.0
	if v := o.FloatOrNone(-1, "fill_value"); v != nil {
		fill = *v
	}
	outs := o.Emit(opUnique{*size, fill}, rows)
	values := o.MoveAxis(o.Reshape(outs[0], append([]int{*size}, rest...)...), 0, axis)
	results := []*value{values}
	if o.Bool(-1, "return_index", false) {
		results = append(results, outs[1])
	}
	if o.Bool(-1, "return_inverse", false) {
		results = append(results, o.Reshape(outs[2], inverseShape...))
	}
	if o.Bool(-1, "return_counts", false) {
		results = append(results, outs[3])
	}
	if len(results) == 1 {
		return values
	}
	return many(results)
}

// groups sorts the rows of a matrix and returns for each row the number of its like, and how many there are.
func groups(b graph.Buf, rows, cols int) (number []int, count int) {
	compare := func(i, j int) int {
		for k := range cols {
			p, q := i*cols+k, j*cols+k
			switch {
			case b.I != nil:
				if b.I[p] != b.I[q] {
					return sign(b.I[p] < b.I[q])
				}
			case b.S != nil:
				if b.S[p] != b.S[q] {
					return sign(b.S[p] < b.S[q])
				}
			default:
				x, y := b.Float64(p), b.Float64(q)
				if x != y { // NaN comes last, and none is like another
					return sign(x < y || y != y && x == x || x != x && y != y && p < q)
				}
			}
		}
		return 0
	}
	order := sequence(rows)
	sort.SliceStable(order, func(i, j int) bool { return compare(order[i], order[j]) < 0 })
	number = make([]int, rows)
	for i, row := range order {
		if i > 0 && compare(order[i-1], row) != 0 {
			count++
		}
		number[row] = count
	}
	if rows > 0 {
		count++
	}
	return number, count
}

func sign(less bool) int {
	if less {
		return -1
	}
	return 1
}

type opCountUnique struct{}

// Name implements graph.Op.
func (opCountUnique) Name() string { return "count_unique" }

// Infer implements graph.Op.
func (opCountUnique) Infer(n *graph.Node) { n.SetOut(tensor.Int64, 1) }

// Eval implements graph.Op.
func (opCountUnique) Eval(n *graph.Node, in, out []graph.Buf) error {
	_, count := groups(in[0], n.In[0].Shape[0], n.In[0].Shape[1])
	out[0].I[0] = int64(count)
	return nil
}

// opUnique returns the different rows of a matrix, the place of the first of each, for each row the number of its like, and
// how many of each there are.
type opUnique struct {
	Size int
	Fill float64
}

// Name implements graph.Op.
func (opUnique) Name() string { return "unique" }

// Infer implements graph.Op.
func (op opUnique) Infer(n *graph.Node) {
	x, size := n.In[0], op.Size
	n.SetOut(x.DType, size, x.Shape[1])
	n.SetOut(tensor.Int64, size)
	n.SetOut(tensor.Int64, x.Shape[0])
	n.SetOut(tensor.Int64, size)
}

// Eval implements graph.Op.
func (op opUnique) Eval(n *graph.Node, in, out []graph.Buf) error {
	a, rows, cols := op, n.In[0].Shape[0], n.In[0].Shape[1]
	number, _ := groups(in[0], rows, cols)
	for i := range out[0].Len() {
		fillElement(out[0], i, a.Fill)
	}
	for i := range a.Size {
		out[1].I[i], out[3].I[i] = 1, 0 // what Keras fills up with
	}
	for i := rows - 1; i >= 0; i-- { // so that the first of its like is the last to be written
		g := number[i]
		out[2].I[i] = int64(g)
		if g >= a.Size {
			continue
		}
		for k := range cols {
			copyElement(out[0], g*cols+k, in[0], i*cols+k)
		}
		out[1].I[g] = int64(i)
		out[3].I[g]++
	}
	return nil
}

func fillElement(b graph.Buf, i int, v float64) {
	switch {
	case b.S != nil:
		b.S[i] = ""
	case b.F == nil && b.D == nil:
		store(b, i, v)
	default:
		setFloat(b, i, v)
	}
}

func copyElement(dst graph.Buf, i int, src graph.Buf, j int) {
	switch {
	case dst.F != nil:
		dst.F[i] = src.F[j]
	case dst.D != nil:
		dst.D[i] = src.D[j]
	case dst.I != nil:
		dst.I[i] = src.I[j]
	case dst.B != nil:
		dst.B[i] = src.B[j]
	case dst.S != nil:
		dst.S[i] = src.S[j]
	}
}
