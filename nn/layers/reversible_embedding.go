package layers

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/initializers"
	"github.com/hornml/horn/nn/layer"
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

	reverse, reverseScale, reverseZero *layer.Variable
}

// AddReversibleEmbedding adds ReversibleEmbedding to a registry.
func AddReversibleEmbedding(r *layer.Registry) {
	r.Register("keras.layers", "ReversibleEmbedding", func() layer.Layer { return new(ReversibleEmbedding) })
}

// Config implements layer.Layer.
func (l *ReversibleEmbedding) Config(c *layer.Config) {
	l.Embedding.Config(c)
	c.Bool("tie_weights", &l.TieWeights, true)
	c.StringOrNone("reverse_dtype", &l.ReverseDType)
	c.FloatOrNone("logit_soft_cap", &l.LogitSoftCap)
	if d, err := tensor.ParseDType(l.ReverseDType); c.Reading() && l.ReverseDType != "" && (err != nil || !d.IsFloat()) {
		c.Errorf("reverse_dtype", "the name of a float type or null is expected, not %q", l.ReverseDType)
	}
	l.SupportsMasking = false // the call sets the mask
}

// SavedVariables implements layer.VariableSaver.
func (l *ReversibleEmbedding) SavedVariables() []*layer.Variable {
	return append(l.Embedding.SavedVariables(), compact(l.reverse, l.reverseScale, l.reverseZero)...)
}

// Build implements layer.Builder.
func (l *ReversibleEmbedding) Build(c *layer.Call) {
	l.Embedding.Build(c)
	l.reverse, l.reverseScale, l.reverseZero = nil, nil, nil
	if l.TieWeights {
		return
	}
	p := l.Policy()
	if p.Quantization == "" {
		l.reverse = c.AddWeight("reverse_embeddings", l.EmbeddingsInitializer.Init(), []int{l.OutputDim, l.InputDim})
		return
	}
	zeros, one := new(initializers.Zeros), new(initializers.Ones)
	rows, scale := l.OutputDim, []int{l.InputDim}
	if p.Quantization == "int4" {
		rows = (rows + 1) / 2
		if p.BlockSize > 0 {
			scale = []int{groups(l.OutputDim, p.BlockSize), l.InputDim}
		}
	}
	l.reverse = c.AddWeight("reverse_embeddings", zeros, []int{rows, l.InputDim}, layer.NotTrainable, layer.OfType(tensor.Int8))
	l.reverseScale = c.AddWeight("reverse_embeddings_scale", one, scale, layer.NotTrainable)
	if len(scale) == 2 {
		l.reverseZero = c.AddWeight("reverse_embeddings_zero", zeros, scale, layer.NotTrainable)
	}
}

// ComputeMask implements layer.Masker.
func (l *ReversibleEmbedding) ComputeMask(*layer.Call, any) any { return nil }

// Call implements layer.Layer.
func (l *ReversibleEmbedding) Call(c *layer.Call) any {
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
func (l *ReversibleEmbedding) logits(c *layer.Call) *value {
	x := c.X()
	if x.Rank() < 1 || !graph.Fits(x.Shape[x.Rank()-1], l.OutputDim) {
		c.Fail("the last axis of the input %s must be %d", x, l.OutputDim)
	}
	var y *value
	if l.Policy().Quantization != "" {
		y = l.quantizedLogits(c, toFloat(c, x, l.ComputeDType()))
	} else {
		var table *value
		if l.TieWeights {
			table = c.SwapAxes(l.table(c), 0, 1)
		} else {
			table = c.Raw(l.reverse)
		}
		table = c.Cast(table, l.ComputeDType())
		if l.ReverseDType != "" {
			d, _ := tensor.ParseDType(l.ReverseDType) // checked by Config
			x, table = c.Cast(x, d), c.Cast(table, d)
		}
		pair := sameType(c, x, table)
		y = c.Dense(pair[0], pair[1])
	}
	if limit := l.LogitSoftCap; limit != nil {
		y = c.MulS(c.Tanh(c.Binary(graph.Div, y, c.Scalar(y.DType, *limit))), *limit)
	}
	return y
}

// quantizedLogits multiplies with the quantized table; the input is quantized, too, unless the file says that it is not. A
// reverse_dtype has no effect here, as in Keras.
func (l *ReversibleEmbedding) quantizedLogits(c *layer.Call, x *value) *value {
	var ints, scale *value // (OutputDim, InputDim), and a scale for each column or for each group of rows in it
	zero := l.reverseZero
	if l.TieWeights {
		ints, scale, zero = c.SwapAxes(l.ints(c), 0, 1), c.Raw(l.scale), l.zero
	} else {
		ints, scale = c.Raw(l.reverse), c.Raw(l.reverseScale)
		if l.Policy().Quantization == "int4" {
			ints = c.UnpackInt4(ints, 0, l.OutputDim, true)
		}
	}
	var inputScale *value
	q := x
	if a := l.settle(defaultAbsMax()); a != nil {
		q, inputScale = a.apply(c, x, -1)
	}
	var y *value
	switch {
	case zero != nil:
		z := c.Raw(zero)
		if l.TieWeights {
			scale, z = c.SwapAxes(scale, 0, 1), c.SwapAxes(z, 0, 1)
		}
		table := dequantize(c, ints, scale, z, c.Raw(l.gIdx), 0)
		y = c.Dense(c.Cast(q, table.DType), table)
	case inputScale != nil:
		y = divide(c, c.Cast(denseInt8(c, q, ints), l.ComputeDType()), scale)
	default:
		y = c.Dense(x, divide(c, c.Cast(ints, x.DType), scale))
	}
	if inputScale != nil {
		y = divide(c, y, inputScale)
	}
	return c.Cast(y, l.ComputeDType())
}
