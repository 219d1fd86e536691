package layers

import (
	"slices"

	"github.com/hornml/horn/nn/initializers"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Attention is dot-product attention without projections (keras.layers.Attention): called with [query (batch, queries,
// dim), value (batch, keys, dim), key], where the key may be left out and is the value then. ScoreMode "dot" scores by
// query·key, "concat" by the sum of tanh(query + key) times a weight.
type Attention struct {
	layer.Base
	UseScale  bool
	ScoreMode string
	Dropout   float64
	Seed      any

	scale, concatScoreWeight *layer.Variable
	random                   generator
}

// AddAttention adds Attention to a registry.
func AddAttention(r *layer.Registry) {
	r.Register("keras.layers", "Attention", func() layer.Layer { return new(Attention) })
}

// Config implements layer.Layer.
func (l *Attention) Config(c *layer.Config) {
	l.SupportsMasking = true
	c.Bool("use_scale", &l.UseScale, false)
	c.Choice("score_mode", &l.ScoreMode, "dot", "concat")
	c.Rate("dropout", &l.Dropout, 0)
	seedConfig(c, &l.Seed)
}

// Build implements layer.Builder.
func (l *Attention) Build(c *layer.Call) {
	ones := new(initializers.Ones)
	if l.UseScale {
		l.scale = c.AddWeight("scale", ones, nil)
	}
	if l.ScoreMode == "concat" {
		l.concatScoreWeight = c.AddWeight("concat_score_weight", ones, nil)
	}
}

// Call implements layer.Layer.
func (l *Attention) Call(c *layer.Call) any {
	return attention(c, l.random.inTraining(c, l.Dropout, l.Seed), func(query, key *value) *value {
		if l.ScoreMode == "dot" {
			scores := c.MatMulT(query, key, false, true)
			if l.scale != nil {
				scores = c.Mul(scores, c.Var(l.scale))
			}
			return scores
		}
		sum := c.Add(c.ExpandDims(query, -2), c.ExpandDims(key, -3))
		if l.scale != nil {
			sum = c.Mul(sum, c.Var(l.scale))
		}
		return c.Mul(c.Sum(c.Tanh(sum), -1), c.Var(l.concatScoreWeight))
	})
}

// ComputeMask implements layer.Masker: the mask of the query goes on.
func (l *Attention) ComputeMask(_ *layer.Call, previous any) any { return firstLeaf(previous) }

// attention does what Attention and AdditiveAttention have in common, with scores (batch, queries, keys) of query and key.
func attention(c *layer.Call, drop func(*value) *value, score func(query, key *value) *value) any {
	xs := attentionInputs(c)
	for i, x := range xs {
		xs[i] = toFloat(c, x, tensor.Float32)
	}
	xs = sameType(c, xs...)
	query, val, key := xs[0], xs[1], xs[len(xs)-1]
	if query.Rank() < 2 || key.Rank() < 2 || val.Rank() < 2 {
		c.Fail("query, value and key of rank 2 or more are expected, not %s, %s and %s", query, val, key)
	}
	queryMask, mask := attentionMasks(c, xs)
	scores := score(query, key)
	queries, keys := scores.Shape[scores.Rank()-2], scores.Shape[scores.Rank()-1]
	if boolArgument(c, 4, "use_causal_mask") {
		if mask != nil {
			mask = c.ExpandDims(mask, -2)
		}
		mask = and(c, mask, causalMask(c, queries, keys))
	}
	if mask != nil {
		if mask.Rank() == 2 {
			mask = c.ExpandDims(mask, -2)
		}
		much := 1e9
		if scores.DType == tensor.Float16 {
			much = 65504
		}
		scores = c.Where(mask, scores, c.AddS(scores, -much))
	}
	scores = drop(c.Softmax(scores, -1))
	out := c.MatMul(scores, val)
	if queryMask != nil {
		out = c.Where(c.ExpandDims(queryMask, -1), out, c.Scalar(out.DType, 0))
	}
	if boolArgument(c, 3, "return_attention_scores") {
		return []any{out, scores}
	}
	return out
}

// attentionInputs returns the list [query, value] or [query, value, key].
func attentionInputs(c *layer.Call) []*value {
	list, ok := c.Arg(0, "inputs").([]any)
	xs := layer.Flatten(list)
	if !ok || len(xs) != len(list) || len(xs) < 2 || len(xs) > 3 {
		c.Fail("a list of inputs is expected: [query, value] or [query, value, key]")
	}
	return slices.Clone(xs)
}

// attentionMasks returns the masks of query and value as bools: those that were given as a list or, if none was, those
// that travel with the inputs.
func attentionMasks(c *layer.Call, xs []*value) (query, val *value) {
	masks := []any{xs[0].Mask, xs[1].Mask}
	if given := c.Arg(1, "mask"); given != nil {
		list, ok := given.([]any)
		if !ok || len(list) < 2 || len(list) > 3 {
			c.Fail("the mask must be a list of 2 or 3: [query mask, value mask]")
		}
		masks = list
	}
	read := func(v any) *value {
		switch m := v.(type) {
		case nil:
		case *value:
			if m != nil {
				return c.Cast(m, boolean)
			}
		default:
			c.Fail("a mask must be a tensor or null")
		}
		return nil
	}
	return read(masks[0]), read(masks[1])
}
