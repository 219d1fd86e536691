package layers

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/initializers"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Embedding picks rows of a table by the integers in its input (keras.layers.Embedding): (...) gives (..., OutputDim). With
// MaskZero the integer 0 is masked.
type Embedding struct {
	layer.Base
	InputDim, OutputDim                         int
	EmbeddingsInitializer                       *layer.Object
	EmbeddingsRegularizer, EmbeddingsConstraint *layer.Object
	MaskZero                                    bool
	lora
	quantization

	embeddings        *layer.Variable
	scale, zero, gIdx *layer.Variable // of a quantized table
}

// AddEmbedding adds Embedding to a registry.
func AddEmbedding(r *layer.Registry) {
	r.Register("keras.layers", "Embedding", func() layer.Layer { return new(Embedding) })
}

// Config implements layer.Layer. Older files have an input_length, which means nothing any more.
func (l *Embedding) Config(c *layer.Config) {
	c.Positive("input_dim", &l.InputDim)
	c.Positive("output_dim", &l.OutputDim)
	c.Initializer("embeddings_initializer", &l.EmbeddingsInitializer, "uniform")
	c.Regularizer("embeddings_regularizer", &l.EmbeddingsRegularizer)
	c.Regularizer("activity_regularizer", &l.ActivityRegularizer)
	c.Constraint("embeddings_constraint", &l.EmbeddingsConstraint)
	c.Bool("mask_zero", &l.MaskZero, false)
	c.Inert("input_length")
	l.quantization.config(c)
	l.lora.config(c)
	l.SupportsMasking, l.NoAutocast = l.MaskZero, true
}

// SavedVariables implements layer.VariableSaver.
func (l *Embedding) SavedVariables() []*layer.Variable {
	return compact(l.embeddings, l.scale, l.zero, l.gIdx)
}

// Build implements layer.Builder.
func (l *Embedding) Build(c *layer.Call) {
	p := l.Policy()
	wantMode(c, p.Quantization, "int8", "int4")
	l.scale, l.zero, l.gIdx = nil, nil, nil
	shape := []int{l.InputDim, l.OutputDim}
	zeros, one := new(initializers.Zeros), new(initializers.Ones)
	switch {
	case p.Quantization == "":
		l.embeddings = c.AddWeight("embeddings", l.EmbeddingsInitializer.Init(), shape,
			layer.Regularized(l.EmbeddingsRegularizer, l.EmbeddingsConstraint))
	case p.Quantization == "int8":
		l.embeddings = c.AddWeight("embeddings", zeros, shape, layer.NotTrainable, layer.OfType(tensor.Int8))
		l.scale = c.AddWeight("embeddings_scale", one, []int{l.InputDim}, layer.NotTrainable)
	default:
		l.embeddings = c.AddWeight("embeddings", zeros, []int{l.InputDim, (l.OutputDim + 1) / 2}, layer.NotTrainable, layer.OfType(tensor.Int8))
		if p.BlockSize < 1 {
			l.scale = c.AddWeight("embeddings_scale", one, []int{l.InputDim}, layer.NotTrainable)
			break
		}
		grouped := []int{l.InputDim, groups(l.OutputDim, p.BlockSize)}
		l.scale = c.AddWeight("embeddings_scale", one, grouped, layer.NotTrainable)
		l.zero = c.AddWeight("embeddings_zero", zeros, grouped, layer.NotTrainable, layer.OfType(tensor.Int8))
		l.gIdx = c.AddWeight("g_idx", groupIndex{p.BlockSize}, []int{l.OutputDim}, layer.NotTrainable, layer.OfType(tensor.Float32))
	}
	l.lora.build(c, "lora_embeddings", l.embeddings, shape)
	l.lora.lattice = l.asLattice(p)
}

// asLattice describes a quantized table.
func (l *Embedding) asLattice(p layer.Policy) *lattice {
	if p.Quantization == "" {
		return nil
	}
	q := &lattice{kernel: l.embeddings, scale: l.scale, zero: l.zero, gIdx: l.gIdx, lo: -127, hi: 127, shape: []int{l.InputDim, l.OutputDim},
		packed: -1}
	if p.Quantization == "int4" {
		q.lo, q.hi, q.packed = -8, 7, 1
	}
	n := 1
	if l.zero != nil {
		n = groups(l.OutputDim, p.BlockSize)
	}
	q.scaleOf = func(i, group int) int { return i/l.OutputDim*n + group }
	q.block, q.along = p.BlockSize, func(i int) int { return i % l.OutputDim }
	return q
}

// ints are the elements of a quantized table.
func (l *Embedding) ints(c *layer.Call) *value {
	q := c.Raw(l.embeddings)
	if l.Policy().Quantization == "int4" {
		q = c.UnpackInt4(q, -1, l.OutputDim, true)
	}
	return q
}

// table returns the embeddings as floats, with their adaptation.
func (l *Embedding) table(c *layer.Call) *value {
	var x *value
	switch {
	case l.Policy().Quantization == "":
		x = c.Raw(l.embeddings)
	case l.zero != nil:
		x = dequantize(c, l.ints(c), c.Raw(l.scale), c.Raw(l.zero), c.Raw(l.gIdx), 1)
	default:
		x = divide(c, c.Cast(l.ints(c), l.ComputeDType()), c.ExpandDims(c.Raw(l.scale), 1))
	}
	if !l.lora.enabled() {
		return x
	}
	return l.lora.apply(c, c.Cast(x, l.ComputeDType()))
}

// Call implements layer.Layer.
func (l *Embedding) Call(c *layer.Call) any {
	return c.Cast(c.Take(l.table(c), ids(c), 0), l.ComputeDType())
}

// ids are the integers of the input.
func ids(c *layer.Call) *value {
	x := c.X()
	switch x.DType {
	case tensor.Int32, tensor.Int64:
		return x
	case tensor.String:
		c.Fail("integers are expected, not %s", x)
	}
	return c.Cast(x, tensor.Int32)
}

// ComputeMask implements layer.Masker.
func (l *Embedding) ComputeMask(c *layer.Call, _ any) any {
	return notZero(c, c.X())
}

// notZero is the mask of inputs that are not 0.
func notZero(c *layer.Call, x *value) *value {
	return c.Compare(graph.NotEqual, x, c.Cast(c.Int(tensor.Int32, 0), x.DType))
}
