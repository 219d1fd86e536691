package layers

import (
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// ReversibleEmbedding is an Embedding that also works backwards (keras.layers.ReversibleEmbedding): called with reverse=True it
// multiplies (..., OutputDim) with the table, or with a table of its own if TieWeights is false, and gives logits
// (..., InputDim).
type ReversibleEmbedding struct {
	Embedding
	TieWeights   bool
	ReverseDType string   // "" for the types that meet
	LogitSoftCap *float64 // logits become cap*tanh(logits/cap); nil for none

	reverse *nn.Variable
}

func init() {
	nn.Register("keras.layers", "ReversibleEmbedding", func() nn.Layer { return new(ReversibleEmbedding) })
}

// Config implements nn.Layer.
func (l *ReversibleEmbedding) Config(c *nn.Config) {
	l.Embedding.Config(c)
	c.Bool("tie_weights", &l.TieWeights, true)
	c.StringOrNone("reverse_dtype", &l.ReverseDType)
	c.FloatOrNone("logit_soft_cap", &l.LogitSoftCap)
	if d, err := tensor.ParseDType(l.ReverseDType); c.Reading() && l.ReverseDType != "" && (err != nil || !d.IsFloat()) {
		c.Errorf("reverse_dtype", "the name of a float type or null is expected, not %q", l.ReverseDType)
	}
	l.SupportsMasking = false // the call sets the mask
}

// SavedVariables implements nn.VariableSaver.
func (l *ReversibleEmbedding) SavedVariables() []*nn.Variable {
	return compact(l.embeddings, l.reverse)
}

// Build implements nn.LayerBuilder.
func (l *ReversibleEmbedding) Build(c *nn.Call) {
	l.Embedding.Build(c)
	if !l.TieWeights {
		l.reverse = c.AddWeight("reverse_embeddings", l.EmbeddingsInitializer.Init(), []int{l.OutputDim, l.InputDim})
	}
}

// ComputeMask implements nn.Masker.
func (l *ReversibleEmbedding) ComputeMask(*nn.Call, any) any { return nil }

// Call implements nn.Layer.
func (l *ReversibleEmbedding) Call(c *nn.Call) any {
	if backwards, _ := c.Arg(1, "reverse").(bool); backwards {
		return l.logits(c)
	}
	y := l.Embedding.Call(c).(*value)
	if l.MaskZero {
		return y.WithMask(notZero(c, c.X()))
	}
	return y
}

// logits multiplies with the table turned round.
func (l *ReversibleEmbedding) logits(c *nn.Call) *value {
	x := c.X()
	var table *value
	if l.TieWeights {
		table = c.SwapAxes(l.table(c), 0, 1)
	} else {
		table = c.Raw(l.reverse)
	}
	if l.ReverseDType != "" {
		d, _ := tensor.ParseDType(l.ReverseDType) // checked by Config
		x, table = c.Cast(x, d), c.Cast(table, d)
	}
	pair := sameType(c, x, table)
	y := c.Dense(pair[0], pair[1])
	if limit := l.LogitSoftCap; limit != nil {
		y = c.MulS(c.Tanh(c.Binary(graph.OpDiv, y, c.Scalar(y.DType, *limit))), *limit)
	}
	return y
}
