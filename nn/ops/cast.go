package ops

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addCast(r *layer.Registry) {
	one(r, "core", "Cast", "x", func(o *layer.OpCall, x *value) *value { return o.Cast(x, dtypeArg(o, -1, "dtype", x.DType)) })
	r.RegisterOp("core", "ConvertToTensor", func(o *layer.OpCall) any {
		x := o.Tensor(0, "x")
		notSparse(o, "sparse")
		notSparse(o, "ragged")
		return o.Cast(x, dtypeArg(o, -1, "dtype", x.DType))
	})
	one(r, "numpy", "Array", "x", func(o *layer.OpCall, x *value) *value { return o.Cast(x, dtypeArg(o, 1, "dtype", x.DType)) })
	one(r, "core", "StopGradient", "variable", func(o *layer.OpCall, x *value) *value {
		if !x.Differentiable() {
			return x
		}
		return o.StopGradient(x)
	})
	one(r, "core", "SaturateCast", "x", saturateCast)
	one(r, "numpy", "View", "x", view)
}

func notSparse(o *layer.OpCall, name string) {
	if v, ok := o.Get(-1, name); ok && v != nil && v != false {
		o.Fail("%s: %s=True is not supported: all tensors are dense", o, name)
	}
}

// saturateCast converts with numbers out of range becoming the nearest ones in it.
func saturateCast(o *layer.OpCall, x *value) *value {
	d := dtypeArg(o, -1, "dtype", x.DType)
	lo, hi := limits(d)
	fromLo, fromHi := limits(x.DType)
	switch {
	case x.DType == d || d == tensor.Bool || x.DType == tensor.Bool:
	case x.DType.IsInt() && d.IsInt():
		x = o.Min(o.Max(x, o.Builder.Int(x.DType, max(intLimit(lo), intLimit(fromLo)))),
			o.Builder.Int(x.DType, min(intLimit(hi), intLimit(fromHi))))
	case x.DType.IsFloat():
		x = o.Clip(x, max(lo, fromLo), min(hi, fromHi))
	}
	return o.Cast(x, d)
}

// limits are the smallest and largest number of a type.
func limits(d tensor.DType) (lo, hi float64) {
	bits := float64(8 * d.Size())
	switch {
	case d.IsFloat():
		return -largest(d), largest(d)
	case d.IsUnsigned():
		return 0, math.Exp2(bits) - 1
	}
	return -math.Exp2(bits - 1), math.Exp2(bits-1) - 1
}

func intLimit(v float64) int64 {
	switch {
	case v >= 0x1p63:
		return math.MaxInt64
	case v <= -0x1p63:
		return math.MinInt64
	}
	return int64(v)
}

// view reads the same bytes as another type.
func view(o *layer.OpCall, x *value) *value {
	d := dtypeArg(o, -1, "dtype", x.DType)
	if d == x.DType {
		return x
	}
	if x.DType == tensor.String || d == tensor.String {
		o.Fail("%s: %s cannot be read as %s", o, x.DType, d)
	}
	return o.Emit1(opView{d}, x)
}

// opView reinterprets the bytes of its input, little-endian, as another type (tensor.DType attrs). Between types of
// different size the last axis grows or shrinks.
type opView struct{ To tensor.DType }

// Name implements graph.Op.
func (opView) Name() string { return "view" }

// Infer implements graph.Op.
func (op opView) Infer(n *graph.Node) {
	x, d := n.In[0], op.To
	shape := slices.Clone(x.Shape)
	from, to := x.DType.Size(), d.Size()
	if from != to {
		if len(shape) == 0 || graph.Known(shape[len(shape)-1]) && shape[len(shape)-1]*from%to != 0 {
			panic(&graph.Error{Msg: fmt.Sprintf("view: the last axis of %s cannot be read as %s", x, d)})
		}
		shape[len(shape)-1] = graph.Times(shape[len(shape)-1], from) / to
	}
	n.SetOut(d, shape...)
}

// Eval implements graph.Op.
func (op opView) Eval(n *graph.Node, in, out []graph.Buf) error {
	from, to := n.In[0].DType, op.To
	bytes := make([]byte, 0, n.In[0].Size()*from.Size())
	for i := range n.In[0].Size() {
		bytes = binary.LittleEndian.AppendUint64(bytes, bitsOf(in[0], i, from))[:len(bytes)+from.Size()]
	}
	var word [8]byte
	for i := range n.Out[0].Size() {
		clear(word[:])
		copy(word[:to.Size()], bytes[i*to.Size():])
		setBits(out[0], i, to, binary.LittleEndian.Uint64(word[:]))
	}
	return nil
}

// bitsOf returns the bits of element i.
func bitsOf(b graph.Buf, i int, d tensor.DType) uint64 {
	switch d {
	case tensor.Float16:
		return uint64(tensor.HalfFrom(b.F[i]))
	case tensor.BFloat16:
		return uint64(tensor.BHalfFrom(b.F[i]))
	case tensor.Float32:
		return uint64(math.Float32bits(b.F[i]))
	case tensor.Float64:
		return math.Float64bits(b.D[i])
	case tensor.Bool:
		if b.B[i] {
			return 1
		}
		return 0
	}
	return uint64(b.I[i])
}

// setBits stores an element of the given bits; Finish wraps integers to their range afterwards.
func setBits(b graph.Buf, i int, d tensor.DType, v uint64) {
	switch d {
	case tensor.Float16:
		b.F[i] = tensor.Half(v).Float32()
	case tensor.BFloat16:
		b.F[i] = tensor.BHalf(v).Float32()
	case tensor.Float32:
		b.F[i] = math.Float32frombits(uint32(v))
	case tensor.Float64:
		b.D[i] = math.Float64frombits(v)
	case tensor.Bool:
		b.B[i] = v != 0
	default:
		b.I[i] = int64(v)
	}
}
