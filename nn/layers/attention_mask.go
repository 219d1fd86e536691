package layers

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// and combines masks; nil stands for none.
//
//go:noinline
func and(c *layer.Call, x, y *value) *value {
	switch {
	case x == nil:
		return y
	case y == nil:
		return x
	}
	return c.And(x, y)
}

// positions returns the places 0.. of queries and keys as int32 (1, queries, 1) and (1, 1, keys).
func positions(c *layer.Call, queries, keys int) (row, column *value) {
	return c.Reshape(c.Iota(tensor.Int32, queries), 1, queries, 1), c.Reshape(c.Iota(tensor.Int32, keys), 1, 1, keys)
}

// causalMask is true (1, queries, keys) where a query does not look at a later key.
func causalMask(c *layer.Call, queries, keys int) *value {
	row, column := positions(c, queries, keys)
	return c.Compare(graph.GreaterEqual, row, column)
}

// windowMask is true (1, queries, keys) where a key is fewer than window places before or behind its query.
func windowMask(c *layer.Call, queries, keys, window int) *value {
	row, column := positions(c, queries, keys)
	return c.Compare(graph.Less, c.Abs(c.Sub(row, column)), c.Int(tensor.Int32, int64(window)))
}

// attentionArguments are those of a call of MultiHeadAttention or GroupQueryAttention.
type attentionArguments struct {
	query, value, key                       *value
	queryMask, valueMask, keyMask, explicit *value
	scores, causal                          bool
}

// attentionCall reads the arguments of a call. Masks that are not given travel with the tensors; that of the key is looked
// at only where there is a key.
func attentionCall(c *layer.Call) attentionArguments {
	a := attentionArguments{query: c.Tensor(0, "query"), value: c.Tensor(1, "value"), key: c.Tensor(2, "key")}
	if a.query == nil || a.value == nil {
		c.Fail("the tensors query and value are needed")
	}
	mask := func(i int, name string, of *value) *value {
		m := c.Tensor(i, name)
		if m == nil && of != nil {
			m = of.Mask
		}
		if m != nil {
			m = c.Cast(m, boolean)
		}
		return m
	}
	a.queryMask = mask(3, "query_mask", a.query)
	a.valueMask = mask(4, "value_mask", a.value)
	a.keyMask = mask(5, "key_mask", a.key)
	a.explicit = c.Tensor(6, "attention_mask")
	a.scores = boolArgument(c, 7, "return_attention_scores")
	a.causal = boolArgument(c, 9, "use_causal_mask")
	if a.key == nil {
		a.key = a.value
	}
	for _, x := range []*value{a.query, a.value, a.key} {
		if x.Rank() < 3 {
			c.Fail("query, value and key must be of rank 3 or more, not %s", x)
		}
	}
	if !graph.FitShapes(a.value.Shape[1:a.value.Rank()-1], a.key.Shape[1:a.key.Rank()-1]) {
		c.Fail("value %s and key %s may differ in the last axis only", a.value, a.key)
	}
	return a
}

// boolArgument returns an argument that is true or false; false if it is absent or null.
func boolArgument(c *layer.Call, i int, name string) bool {
	v := c.Arg(i, name)
	b, ok := v.(bool)
	if v != nil && !ok {
		c.Fail("the argument %q must be true or false", name)
	}
	return b
}

// automatic combines all masks but the explicit one to bool (batch, queries, keys), nil if there is none.
func (a *attentionArguments) automatic(c *layer.Call, slidingWindow *int) *value {
	var mask *value
	if a.queryMask != nil {
		mask = c.ExpandDims(a.queryMask, -1)
	}
	if a.valueMask != nil {
		mask = and(c, mask, c.ExpandDims(a.valueMask, -2))
	}
	if a.keyMask != nil {
		mask = and(c, mask, c.ExpandDims(a.keyMask, -2))
	}
	if a.causal {
		mask = and(c, mask, causalMask(c, a.query.Shape[1], a.value.Shape[1]))
	}
	if slidingWindow != nil {
		mask = and(c, mask, windowMask(c, a.query.Shape[1], a.value.Shape[1], *slidingWindow))
	}
	return mask
}

// attend is softmax(query·keyᵀ) · value over matrices in the last two axes (..., time, dim). The mask, if there is one, is
// shaped like the scores or broadcasts to them; scoreShape, if set, is the shape of the scores in which it does. A query
// that may look at no key sees all of them alike; with zero, its scores are 0. drop is what training does to the scores that
// weigh the values, not to those that are returned.
func attend(c *layer.Call, query, key, val, mask *value, low float64, zero bool, scoreShape []int,
	drop func(scores *value) *value) (out, scores *value) {
	scores = c.MatMulT(query, key, false, true)
	flat := scores.Shape
	if scoreShape == nil {
		scoreShape = flat
	}
	if mask != nil {
		scores = c.Reshape(c.Where(mask, c.Reshape(scores, scoreShape...), c.Scalar(scores.DType, low)), flat...)
	}
	scores = c.Softmax(scores, -1)
	if mask != nil && zero {
		scores = c.Reshape(c.Where(mask, c.Reshape(scores, scoreShape...), c.Scalar(scores.DType, 0)), flat...)
	}
	return c.MatMul(drop(scores), val), scores
}

// The scores of masked keys: in keras.ops.dot_product_attention, and in keras.layers.Softmax.
func dotProductLow(d tensor.DType) float64 {
	if d == tensor.Float16 {
		return -0.7 * 65500
	}
	return -0.7 * 3.38953e38
}

func softmaxLow(d tensor.DType) float64 {
	if d == tensor.Float16 {
		return -3e4
	}
	return -1e9
}
