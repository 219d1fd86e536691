package layers

import (
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// Embedding picks rows of a table by the integers in its input (keras.layers.Embedding): (...) gives (..., OutputDim). With
// MaskZero the integer 0 is masked.
type Embedding struct {
	nn.Base
	InputDim, OutputDim                         int
	EmbeddingsInitializer                       *nn.Object
	EmbeddingsRegularizer, EmbeddingsConstraint *nn.Object
	MaskZero                                    bool
	lora

	embeddings *nn.Variable
}

func init() { nn.Register("keras.layers", "Embedding", func() nn.Layer { return new(Embedding) }) }

// Config implements nn.Layer. Older files have an input_length, which means nothing any more.
func (l *Embedding) Config(c *nn.Config) {
	c.Positive("input_dim", &l.InputDim)
	c.Positive("output_dim", &l.OutputDim)
	c.Initializer("embeddings_initializer", &l.EmbeddingsInitializer, "uniform")
	c.Regularizer("embeddings_regularizer", &l.EmbeddingsRegularizer)
	c.Regularizer("activity_regularizer", &l.ActivityRegularizer)
	c.Constraint("embeddings_constraint", &l.EmbeddingsConstraint)
	c.Bool("mask_zero", &l.MaskZero, false)
	c.Inert("input_length")
	c.Inert("quantization_config")
	l.lora.config(c)
	l.SupportsMasking, l.NoAutocast = l.MaskZero, true
}

// SavedVariables implements nn.VariableSaver.
func (l *Embedding) SavedVariables() []*nn.Variable { return compact(l.embeddings) }

// Build implements nn.LayerBuilder.
func (l *Embedding) Build(c *nn.Call) {
	l.embeddings = c.AddWeight("embeddings", l.EmbeddingsInitializer.Init(), []int{l.InputDim, l.OutputDim})
	l.lora.build(c, "lora_embeddings", l.embeddings, l.embeddings.Shape)
}

// table returns the embeddings with their adaptation.
func (l *Embedding) table(c *nn.Call) *value {
	x := c.Raw(l.embeddings)
	if !l.lora.enabled() {
		return x
	}
	return l.lora.apply(c, c.Cast(x, l.ComputeDType()))
}

// Call implements nn.Layer.
func (l *Embedding) Call(c *nn.Call) any {
	return c.Cast(c.Take(l.table(c), ids(c), 0), l.ComputeDType())
}

// ids are the integers of the input.
func ids(c *nn.Call) *value {
	x := c.X()
	switch x.DType {
	case tensor.Int32, tensor.Int64:
		return x
	case tensor.String:
		c.Fail("integers are expected, not %s", x)
	}
	return c.Cast(x, tensor.Int32)
}

// ComputeMask implements nn.Masker.
func (l *Embedding) ComputeMask(c *nn.Call, _ any) any {
	return notZero(c, c.X())
}

// notZero is the mask of inputs that are not 0.
func notZero(c *nn.Call, x *value) *value {
	return c.Compare(graph.OpNotEqual, x, c.Cast(c.Int(tensor.Int32, 0), x.DType))
}
