package layers

import (
	"github.com/hornml/horn/nn/initializers"
	"github.com/hornml/horn/nn/layer"
)

// AdditiveAttention is attention whose scores are the sum over dim of scale * tanh(query + key)
// (keras.layers.AdditiveAttention, after Bahdanau); it is called as Attention is.
type AdditiveAttention struct {
	layer.Base
	UseScale bool
	Dropout  float64
	Seed     any

	scale  *layer.Variable
	random generator
}

// AddAdditiveAttention adds AdditiveAttention to a registry.
func AddAdditiveAttention(r *layer.Registry) {
	r.Register("keras.layers", "AdditiveAttention", func() layer.Layer { return new(AdditiveAttention) })
}

// Config implements layer.Layer.
func (l *AdditiveAttention) Config(c *layer.Config) {
	l.SupportsMasking = true
	c.Bool("use_scale", &l.UseScale, true)
	c.Rate("dropout", &l.Dropout, 0)
	seedConfig(c, &l.Seed)
}

// Build implements layer.Builder.
func (l *AdditiveAttention) Build(c *layer.Call) {
	if query := attentionInputs(c)[0]; l.UseScale {
		if query.Rank() == 0 {
			c.Fail("a query of rank 2 or more is expected, not %s", query)
		}
		l.scale = c.AddWeight("scale", initializers.GlorotUniform(), query.Shape[query.Rank()-1:])
	}
}

// Call implements layer.Layer.
func (l *AdditiveAttention) Call(c *layer.Call) any {
	return attention(c, l.random.inTraining(c, l.Dropout, l.Seed), func(query, key *value) *value {
		t := c.Tanh(c.Add(c.ExpandDims(query, -2), c.ExpandDims(key, -3)))
		if l.scale != nil {
			t = c.Mul(t, c.Var(l.scale))
		}
		return c.Sum(t, -1)
	})
}

// ComputeMask implements layer.Masker: the mask of the query goes on.
func (l *AdditiveAttention) ComputeMask(_ *layer.Call, previous any) any { return firstLeaf(previous) }
