package ops

import (
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

type value = graph.Value

// operand is an argument of an elementwise operation: a tensor, or a Python number, whose type is weak.
type operand struct {
	x     *value // nil for a number
	num   pyjson.Number
	dtype tensor.DType // layer.PyInt or layer.PyFloat for a number
}

// arg reads an argument that may be a tensor, an array or a number.
func arg(o *layer.OpCall, i int, name string) operand {
	v, _ := o.Get(i, name)
	if n, ok := v.(pyjson.Number); ok {
		if n.IsInt() {
			if _, ok := n.Int64(); !ok {
				o.Fail("%s: the argument %q is too large: %s", o, name, n)
			}
			return operand{num: n, dtype: layer.PyInt}
		}
		return operand{num: n, dtype: layer.PyFloat}
	}
	x := o.Tensor(i, name)
	return operand{x: x, dtype: x.DType}
}

// as returns the operand in a type.
func (a operand) as(o *layer.OpCall, d tensor.DType) *value {
	if a.x != nil {
		return o.Cast(a.x, d)
	}
	if n, ok := a.num.Int64(); ok && d.IsInt() {
		return o.Builder.Int(d, n)
	}
	return o.Scalar(d, a.num.Float())
}

// resultType is layer.ResultType for operands of an operation that must have a type in common.
func resultType(o *layer.OpCall, types ...tensor.DType) tensor.DType {
	d, ok := layer.ResultType(types...)
	if !ok {
		o.Fail("%s: there is no common type for %v", o, types)
	}
	return d
}

// asFloat returns x in the type in which Keras computes float functions of it: its own if it is a float, else float32.
func asFloat(o *layer.OpCall, x *value) *value {
	return o.Cast(x, resultType(o, x.DType, layer.PyFloat))
}

// asInt returns bools as int32, other tensors as they are.
//
//go:noinline
func asInt(o *layer.OpCall, x *value) *value {
	if x.DType == tensor.Bool {
		return o.Cast(x, tensor.Int32)
	}
	return x
}

// asBool returns whether each element is not zero.
//
//go:noinline
func asBool(o *layer.OpCall, x *value) *value { return o.Cast(x, tensor.Bool) }

// pair reads two operands and brings them to one type; types are further ones that take part in the choice of it.
func pair(o *layer.OpCall, first, second string, types ...tensor.DType) (x, y *value) {
	a, b := arg(o, 0, first), arg(o, 1, second)
	d := resultType(o, append(types, a.dtype, b.dtype)...)
	return a.as(o, d), b.as(o, d)
}

// narrowPair is pair for the operations that take their type from keras.backend.result_type, which knows no 64-bit
// integers.
func narrowPair(o *layer.OpCall, first, second string, types ...tensor.DType) (x, y *value) {
	x, y = pair(o, first, second, types...)
	d := layer.Narrow(x.DType)
	return o.Cast(x, d), o.Cast(y, d)
}

// dtypeArg reads an argument that names a type; null and nothing are def.
func dtypeArg(o *layer.OpCall, i int, name string, def tensor.DType) tensor.DType {
	s := o.Str(i, name, "")
	if s == "" {
		return def
	}
	d, err := tensor.ParseDType(s)
	if err != nil {
		o.Fail("%s: the argument %q: %v", o, name, err)
	}
	return d
}

// axes reads the argument axis of a reduction: nil is all axes, and an empty list none. The axes come out from 0 on.
func axesArg(o *layer.OpCall, name string, rank int) (axes []int, none bool) {
	v, ok := o.Get(-1, name)
	if !ok || v == nil {
		return nil, false
	}
	if list, ok := v.([]any); ok && len(list) == 0 {
		return nil, true
	}
	for _, a := range o.Ints(-1, name) {
		axes = append(axes, o.Axis(a, rank))
	}
	return axes, false
}

// one adds an operation of one tensor.
//
//go:noinline
func one(r *layer.Registry, module, class, name string, f func(o *layer.OpCall, x *value) *value) {
	r.RegisterOp(module, class, func(o *layer.OpCall) any { return f(o, o.Tensor(0, name)) })
}

// many returns values as the results of an operation with several outputs.
//
//go:noinline
func many(xs []*value) any {
	out := make([]any, len(xs))
	for i, x := range xs {
		out[i] = x
	}
	return out
}

// sequence returns the numbers 0..n-1.
func sequence(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}

// maxTable bounds what an operation works out while a model is traced, such as lists of indices: a few numbers in a file
// must not ask for more.
const maxTable = 1 << 24

// bounded fails for a number that is below least or asks for too much.
func bounded(o *layer.OpCall, what string, n, least, most int) int {
	if o.Unknowns && n < 0 && !graph.Negative(n) {
		return graph.Unknown
	}
	if n < least || n > most {
		o.Fail("%s: %s is %d; %d to %d are supported", o, what, n, least, most)
	}
	return n
}
