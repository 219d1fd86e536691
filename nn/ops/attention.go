package ops

import (
	"math"
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addAttention(r *layer.Registry) { r.RegisterOp("nn", "DotProductAttention", dotProductAttention) }

// dotProductAttention is softmax(query key^T scale + bias) value on tensors (batch, length, heads, size); fewer heads of key
// and value serve groups of query heads.
func dotProductAttention(o *layer.OpCall) any {
	q, k, v := o.Tensor(0, "query"), o.Tensor(1, "key"), o.Tensor(2, "value")
	o.Get(6, "flash_attention") // another way to the same numbers
	o.Absent(-1, "attn_logits_soft_cap", "Keras has it on TPUs only")
	bias, mask, scale := o.TensorOrNone(3, "bias"), o.TensorOrNone(4, "mask"), o.FloatOrNone(5, "scale")
	causal := o.Bool(-1, "is_causal", false)
	if q.Rank() != 4 || k.Rank() != 4 || v.Rank() != 4 {
		o.Fail("%s: tensors (batch, length, heads, size) are expected, not %s, %s, %s", o, q, k, v)
	}
	if bias != nil && mask != nil {
		o.Fail("%s: only one of bias and mask can be given", o)
	}
	d := resultType(o, q.DType, k.DType, v.DType, layer.PyFloat)
	heads := func(x *value) *value { return o.Transpose(o.Cast(x, d), 0, 2, 1, 3) }
	q, k, v = heads(q), heads(k), heads(v)
	if n, kv := q.Shape[1], k.Shape[1]; !graph.AllKnown(n, kv, v.Shape[1]) { // as many as the query has, once they are shared
		shared := func(x *value) *value {
			shape := slices.Clone(x.Shape)
			shape[1] = n
			return o.Opaque(d, shape, x)
		}
		k, v = shared(k), shared(v)
	} else if kv > 1 && n > kv {
		if n%kv != 0 {
			o.Fail("%s: %d query heads cannot share %d key heads", o, n, kv)
		}
		k, v = o.Repeat(k, 1, n/kv), o.Repeat(v, 1, n/kv)
	}
	factor := 1 / math.Sqrt(float64(q.Shape[3]))
	if scale != nil {
		factor = *scale
	}
	scores := o.MulS(o.MatMulT(q, k, false, true), factor)
	if bias != nil {
		scores = o.Add(scores, o.Cast(bias, d))
	}
	if mask != nil {
		mask = asBool(o, mask)
	}
	if causal {
		rows, cols := q.Shape[2], k.Shape[2]
		lower := o.Compare(graph.GreaterEqual,
			o.Reshape(o.Iota(tensor.Int32, rows), rows, 1), o.Iota(tensor.Int32, cols))
		if mask != nil {
			lower = o.And(mask, lower)
		}
		mask = lower
	}
	if mask != nil {
		scores = o.Where(mask, scores, o.Scalar(d, largeNegative(d)))
	}
	return o.Transpose(o.MatMul(o.Softmax(scores, -1), v), 0, 2, 1, 3)
}

// largeNegative is what Keras adds to scores that are masked.
func largeNegative(d tensor.DType) float64 {
	if d == tensor.Float16 {
		return -0.7 * 65500
	}
	return -0.7 * 3.38953e38
}
