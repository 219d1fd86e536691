package layers

import (
	"github.com/hornml/horn/nn/layer"
)

// CategoryEncoding turns integers 0..NumTokens-1 into vectors (keras.layers.CategoryEncoding). With output_mode
// "multi_hot" a sample (batch, n) becomes (batch, num_tokens) of 0 and 1, with "count" of numbers or, if count_weights are
// given, sums of weights; with "one_hot" every integer becomes a vector of its own.
type CategoryEncoding struct {
	layer.Base
	NumTokens  int
	OutputMode string
}

// AddCategoryEncoding adds CategoryEncoding to a registry.
func AddCategoryEncoding(r *layer.Registry) {
	r.Register("keras.layers", "CategoryEncoding", func() layer.Layer { return new(CategoryEncoding) })
}

// Config implements layer.Layer.
func (l *CategoryEncoding) Config(c *layer.Config) {
	c.Positive("num_tokens", &l.NumTokens)
	outputMode(c, &l.OutputMode, "multi_hot", "one_hot", "count")
	if _, ok := c.Value("sparse"); ok { // Keras 3 does not write it
		dense(c)
	}
	l.NoAutocast = true
}

// Call implements layer.Layer.
func (l *CategoryEncoding) Call(c *layer.Call) any {
	weights := c.Tensor(1, "count_weights")
	if weights != nil {
		if l.OutputMode != "count" {
			c.Fail("count_weights are only for output_mode \"count\", not %q", l.OutputMode)
		}
		weights = c.Cast(weights, l.ComputeDType())
	}
	return encodeCategorical(c, c.X(), l.OutputMode, l.NumTokens, l.ComputeDType(), weights)
}
