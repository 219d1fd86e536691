package ops

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addCompare(r *layer.Registry) {
	for class, op := range map[string]*graph.Comparison{
		"Equal": graph.Equal, "NotEqual": graph.NotEqual, "Less": graph.Less, "LessEqual": graph.LessEqual,
		"Greater": graph.Greater, "GreaterEqual": graph.GreaterEqual,
	} {
		r.RegisterOp("numpy", class, func(o *layer.OpCall) any {
			x, y := pair(o, "x1", "x2")
			return o.Compare(op, x, y)
		})
	}
	for class, op := range map[string]*graph.Binary{"LogicalAnd": graph.LogicalAnd, "LogicalOr": graph.LogicalOr,
		"LogicalXor": graph.LogicalXor} {
		r.RegisterOp("numpy", class, func(o *layer.OpCall) any {
			x, y := arg(o, 0, "x1"), arg(o, 1, "x2")
			return o.Binary(op, x.as(o, tensor.Bool), y.as(o, tensor.Bool))
		})
	}
	one(r, "numpy", "LogicalNot", "x", func(o *layer.OpCall, x *value) *value { return o.Not(asBool(o, x)) })
	for class, op := range map[string]*graph.Predicate{
		"Isnan": graph.IsNaN, "Isinf": graph.IsInf, "Isposinf": graph.IsPosInf, "Isneginf": graph.IsNegInf,
		"Isfinite": graph.IsFinite, "Signbit": graph.Signbit,
	} {
		one(r, "numpy", class, "x", func(o *layer.OpCall, x *value) *value { return o.Test(op, x) })
	}
	one(r, "numpy", "Isreal", "x", func(o *layer.OpCall, x *value) *value { return o.Full(tensor.Bool, 1, x.Shape...) })
	r.RegisterOp("numpy", "Isclose", func(o *layer.OpCall) any {
		x, y := narrowPair(o, "x1", "x2")
		return isClose(o, x, y, o.Float(2, "rtol", 1e-5), o.Float(3, "atol", 1e-8), o.Bool(4, "equal_nan", false))
	})
	r.RegisterOp("numpy", "AllClose", func(o *layer.OpCall) any {
		x, y := narrowPair(o, "x1", "x2")
		return o.All(isClose(o, x, y, o.Float(-1, "rtol", 1e-5), o.Float(-1, "atol", 1e-8), o.Bool(-1, "equal_nan", false)))
	})
	r.RegisterOp("numpy", "Where", where)
	r.RegisterOp("numpy", "Select", selectOp)
	r.RegisterOp("numpy", "IsIn", isIn)
}

// isClose is |x - y| <= atol + rtol*|y| for floats, with equal infinities close to each other; integers must be equal.
func isClose(o *layer.OpCall, x, y *value, rtol, atol float64, equalNaN bool) *value {
	same := o.Compare(graph.Equal, x, y)
	if !x.DType.IsFloat() {
		return same
	}
	bound := o.AddS(o.MulS(o.Abs(y), rtol), atol)
	difference := o.Abs(o.Sub(x, y))
	near := o.And(o.Compare(graph.LessEqual, difference, bound), o.Test(graph.IsFinite, difference))
	close := o.Or(same, near)
	if equalNaN {
		close = o.Or(close, o.And(o.Test(graph.IsNaN, x), o.Test(graph.IsNaN, y)))
	}
	return close
}

// where takes x1 where the condition holds, else x2; without them it gives the coordinates (rank, count) where it holds.
func where(o *layer.OpCall) any {
	cond := asBool(o, o.Tensor(0, "condition"))
	if v, ok := o.Get(1, "x1"); !ok || v == nil {
		o.Absent(2, "x2", "without x1")
		return o.Cast(nonzero(o, cond), tensor.Int64) // the places where it holds
	}
	x, y := arg(o, 1, "x1"), arg(o, 2, "x2")
	d := resultType(o, x.dtype, y.dtype)
	return o.Where(cond, x.as(o, d), y.as(o, d))
}

// selectOp takes from the first choice whose condition holds, else the default.
func selectOp(o *layer.OpCall) any {
	conds := o.Tensors(0, "condlist")
	choices := o.Tensors(1, "choicelist")
	if len(conds) != len(choices) || len(conds) == 0 {
		o.Fail("%s: %d conditions for %d choices", o, len(conds), len(choices))
	}
	def := operand{dtype: layer.PyInt, num: "0"}
	if v, ok := o.Get(2, "default"); ok && v != nil {
		def = arg(o, 2, "default")
	}
	types := []tensor.DType{def.dtype}
	for _, c := range choices {
		types = append(types, c.DType)
	}
	d := resultType(o, types...)
	out := def.as(o, d)
	for i := len(conds) - 1; i >= 0; i-- {
		out = o.Where(asBool(o, conds[i]), o.Cast(choices[i], d), out)
	}
	return out
}

// isIn tells for each element of x1 whether x2 has it.
func isIn(o *layer.OpCall) any {
	o.Inert("assume_unique") // a promise that may save time
	x, y := pair(o, "x1", "x2")
	x, y = asInt(o, x), asInt(o, y)
	wide := x.Shape
	x = o.Reshape(x, append(append([]int{}, wide...), 1)...)
	found := o.Any(o.Compare(graph.Equal, x, o.Reshape(y, -1)), -1)
	if o.Bool(-1, "invert", false) {
		return o.Not(found)
	}
	return found
}
