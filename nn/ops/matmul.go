package ops

import (
	"slices"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addMatmul(r *layer.Registry) {
	r.RegisterOp("numpy", "Matmul", func(o *layer.OpCall) any {
		x, y := productPair(o)
		return matmul(o, x, y)
	})
	r.RegisterOp("numpy", "Dot", func(o *layer.OpCall) any {
		x, y := productPair(o)
		if x.Rank() == 0 || y.Rank() == 0 {
			return o.Mul(x, y)
		}
		// Keras on torch multiplies matrices here; for two tensors of more than two axes NumPy's dot is another product.
		if x.Rank() > 2 && y.Rank() > 1 || y.Rank() > 2 {
			return tensordot(o, x, y, []int{x.Rank() - 1}, []int{max(y.Rank()-2, 0)})
		}
		return matmul(o, x, y)
	})
	r.RegisterOp("numpy", "Inner", func(o *layer.OpCall) any {
		x, y := productPair(o)
		if x.Rank() == 0 || y.Rank() == 0 {
			return o.Mul(x, y)
		}
		return tensordot(o, x, y, []int{x.Rank() - 1}, []int{y.Rank() - 1})
	})
	r.RegisterOp("numpy", "Outer", func(o *layer.OpCall) any {
		x, y := pair(o, "x1", "x2")
		return o.Mul(o.Reshape(x, x.Size(), 1), o.Reshape(y, 1, y.Size()))
	})
	r.RegisterOp("numpy", "Vdot", func(o *layer.OpCall) any {
		x, y := productPair(o)
		return matmul(o, o.Reshape(x, x.Size()), o.Reshape(y, y.Size()))
	})
	r.RegisterOp("numpy", "Kron", kron)
	r.RegisterOp("numpy", "Tensordot", func(o *layer.OpCall) any {
		x, y := productPair(o)
		first, second := tensordotAxes(o, x, y)
		return tensordot(o, x, y, first, second)
	})
	r.RegisterOp("numpy", "Einsum", func(o *layer.OpCall) any {
		xs := make([]*value, len(o.Args))
		for i := range o.Args {
			xs[i] = o.Tensor(i, "operands")
		}
		if len(xs) == 0 {
			o.Fail("%s: there are no operands", o)
		}
		xs = sameType(o, xs)
		d := xs[0].DType
		if d == tensor.Int8 { // Keras adds these up in int32
			d = tensor.Int32
		}
		for i := range xs {
			xs[i] = asInt(o, o.Cast(xs[i], d))
		}
		y := o.Einsum(o.Str(-1, "subscripts"), xs...)
		if d == tensor.Bool {
			return o.Cast(y, d)
		}
		return y
	})
	r.RegisterOp("numpy", "Cross", cross)
}

// productPair reads the two factors of a matrix product; int8 ones give int32, bools are added up as numbers.
func productPair(o *layer.OpCall) (x, y *value) {
	a, b := o.Tensor(0, "x1"), o.Tensor(1, "x2")
	d := layer.Narrow(resultType(o, a.DType, b.DType))
	if a.DType == tensor.Int8 && b.DType == tensor.Int8 {
		d = tensor.Int32
	}
	return o.Cast(a, d), o.Cast(b, d)
}

// matmul is numpy.matmul: vectors are matrices for the time of the product, and leading axes broadcast.
func matmul(o *layer.OpCall, x, y *value) *value {
	if x.Rank() == 0 || y.Rank() == 0 {
		o.Fail("%s: a number is no matrix: %s and %s", o, x, y)
	}
	logical := x.DType == tensor.Bool
	if logical {
		x, y = o.Cast(x, tensor.Int32), o.Cast(y, tensor.Int32)
	}
	left, right := x.Rank() == 1, y.Rank() == 1
	if left {
		x = o.ExpandDims(x, 0)
	}
	if right {
		y = o.ExpandDims(y, 1)
	}
	var z *value
	if y.Rank() == 2 { // one matrix for all leading axes: a single product
		z = o.Dense(x, y)
	} else {
		z = o.MatMul(x, y)
	}
	if right {
		z = o.Squeeze(z, -1)
	}
	if left {
		axis := -2
		if right {
			axis = -1
		}
		z = o.Squeeze(z, axis)
	}
	if logical {
		return asBool(o, z)
	}
	return z
}

// tensordot sums products over pairs of axes.
func tensordot(o *layer.OpCall, x, y *value, first, second []int) *value {
	if len(first) != len(second) {
		o.Fail("%s: %d axes of the first operand for %d of the second", o, len(first), len(second))
	}
	first, second = positive(o, first, x.Rank()), positive(o, second, y.Rank())
	inner := 1
	for i, a := range first {
		if !graph.Fits(x.Shape[a], y.Shape[second[i]]) {
			o.Fail("%s: axis %d of %s and axis %d of %s differ in length", o, a, x, second[i], y)
		}
		inner = graph.Times(inner, graph.Meet(x.Shape[a], y.Shape[second[i]]))
	}
	var rows, cols, shape []int
	m, n := 1, 1
	for i, d := range x.Shape {
		if !slices.Contains(first, i) {
			rows, shape, m = append(rows, i), append(shape, d), graph.Times(m, d)
		}
	}
	for i, d := range y.Shape {
		if !slices.Contains(second, i) {
			cols, shape, n = append(cols, i), append(shape, d), graph.Times(n, d)
		}
	}
	a := o.Reshape(o.Transpose(x, append(rows, first...)...), m, inner)
	b := o.Reshape(o.Transpose(y, append(slices.Clone(second), cols...)...), inner, n)
	return o.Reshape(matmul(o, a, b), shape...)
}

// tensordotAxes reads the argument axes: a number of axes, or a pair of axes or of lists of them.
func tensordotAxes(o *layer.OpCall, x, y *value) (first, second []int) {
	v, ok := o.Get(-1, "axes")
	list, isList := v.([]any)
	if !isList {
		n := 2
		if ok && v != nil {
			n = o.Int(-1, "axes")
		}
		if n < 0 || n > x.Rank() || n > y.Rank() {
			o.Fail("%s: %d axes of %s and %s cannot be summed", o, n, x, y)
		}
		for i := range n {
			first, second = append(first, x.Rank()-n+i), append(second, i)
		}
		return first, second
	}
	if len(list) != 2 {
		o.Fail("%s: the argument \"axes\" must be a number or a pair", o)
	}
	return intList(o, list[0], "axes"), intList(o, list[1], "axes")
}

// intList is a list of integers or a single one, out of an argument of several parts.
func intList(o *layer.OpCall, v any, name string) []int {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	out := make([]int, len(list))
	for i, item := range list {
		n, isNumber := item.(pyjson.Number)
		if isNumber {
			out[i], isNumber = n.Int()
		}
		if !isNumber || out[i] < 0 && !graph.Negative(out[i]) { // so low that it would pass for an unknown length
			o.Fail("%s: the argument %q must hold integers", o, name)
		}
	}
	return out
}

// kron is the Kronecker product.
func kron(o *layer.OpCall) any {
	x, y := pair(o, "x1", "x2")
	rank := max(x.Rank(), y.Rank())
	for x.Rank() < rank {
		x = o.ExpandDims(x, 0)
	}
	for y.Rank() < rank {
		y = o.ExpandDims(y, 0)
	}
	var sx, sy, shape []int
	for i := range rank {
		sx, sy = append(sx, x.Shape[i], 1), append(sy, 1, y.Shape[i])
		shape = append(shape, graph.Times(x.Shape[i], y.Shape[i]))
	}
	return o.Reshape(o.Mul(o.Reshape(x, sx...), o.Reshape(y, sy...)), shape...)
}

// cross is the vector product of vectors of length 3 or 2 (then with a third component of 0).
func cross(o *layer.OpCall) any {
	x, y := narrowPair(o, "x1", "x2")
	x, y = asInt(o, x), asInt(o, y)
	a, b, c := o.Int(-1, "axisa", -1), o.Int(-1, "axisb", -1), o.Int(-1, "axisc", -1)
	if axis := o.IntOrNone(-1, "axis"); axis != nil {
		a, b, c = *axis, *axis, *axis
	}
	x, y = o.MoveAxis(x, a, -1), o.MoveAxis(y, b, -1)
	if n, m := x.Shape[x.Rank()-1], y.Shape[y.Rank()-1]; !graph.AllKnown(n, m) {
		lead, err := tensor.Broadcast(x.Shape[:x.Rank()-1], y.Shape[:y.Rank()-1])
		if err != nil {
			o.Fail("%s: %v", o, err)
		}
		z := o.Opaque(x.DType, append(lead, 3), x, y)
		return o.MoveAxis(z, -1, c)
	}
	part := func(v *value, i int) *value {
		n := v.Shape[v.Rank()-1]
		if n != 2 && n != 3 {
			o.Fail("%s: vectors of length 2 or 3 are expected, not %s", o, v)
		}
		if i >= n {
			return nil
		}
		return o.Squeeze(o.Slice(v, -1, i, i+1), -1)
	}
	// minor is x[i]*y[j] - x[j]*y[i]; a missing component is 0.
	minor := func(i, j int) *value {
		mul := func(p, q *value) *value {
			if p == nil || q == nil {
				return nil
			}
			return o.Mul(p, q)
		}
		p, q := mul(part(x, i), part(y, j)), mul(part(x, j), part(y, i))
		switch {
		case p == nil && q == nil:
			return nil
		case p == nil:
			return o.Neg(q)
		case q == nil:
			return p
		}
		return o.Sub(p, q)
	}
	z := minor(0, 1)
	if x.Shape[x.Rank()-1] == 2 && y.Shape[y.Rank()-1] == 2 {
		return z
	}
	return o.MoveAxis(o.Stack(-1, minor(1, 2), minor(2, 0), z), -1, c)
}
