package layers

import (
	"math"

	"github.com/hornml/horn/nn/activations"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// GroupQueryAttention is attention in which several heads of the query share one head of key and value
// (keras.layers.GroupQueryAttention): query (batch, time, features), value and key (batch, steps, features).
type GroupQueryAttention struct {
	layer.Base
	HeadDim, NumQueryHeads, NumKeyValueHeads int
	Dropout                                  float64
	UseBias, UseGate                         bool
	SlidingWindow                            *int
	KernelInitializer, BiasInitializer       *layer.Object
	KernelRegularizer, BiasRegularizer       *layer.Object
	KernelConstraint, BiasConstraint         *layer.Object
	Seed                                     any

	query, key, value, gate, output *EinsumDense
	random                          generator
}

// AddGroupQueryAttention adds GroupQueryAttention to a registry.
func AddGroupQueryAttention(r *layer.Registry) {
	r.RegisterClass(layer.Class{Module: "keras.layers", Name: "GroupQueryAttention", Python: "GroupedQueryAttention"},
		func() layer.Layer { return new(GroupQueryAttention) }, "keras.layers.GroupedQueryAttention") // as 3.16 names it
}

// Config implements layer.Layer.
func (l *GroupQueryAttention) Config(c *layer.Config) {
	l.SupportsMasking = true
	c.Positive("head_dim", &l.HeadDim)
	c.Positive("num_query_heads", &l.NumQueryHeads)
	c.Positive("num_key_value_heads", &l.NumKeyValueHeads)
	c.Rate("dropout", &l.Dropout, 0)
	c.Bool("use_bias", &l.UseBias, true)
	c.Bool("use_gate", &l.UseGate, false)
	positiveOrNone(c, "sliding_window", &l.SlidingWindow)
	c.Initializer("kernel_initializer", &l.KernelInitializer, "glorot_uniform")
	c.Initializer("bias_initializer", &l.BiasInitializer, "zeros")
	c.Regularizer("kernel_regularizer", &l.KernelRegularizer)
	c.Regularizer("bias_regularizer", &l.BiasRegularizer)
	c.Regularizer("activity_regularizer", &l.ActivityRegularizer)
	c.Constraint("kernel_constraint", &l.KernelConstraint)
	c.Constraint("bias_constraint", &l.BiasConstraint)
	seedConfig(c, &l.Seed)
	c.Inert("flash_attention") // another way to the same result
	if c.Reading() && l.NumKeyValueHeads > 0 && l.NumQueryHeads%l.NumKeyValueHeads != 0 {
		c.Errorf("num_query_heads", "%d heads of the query cannot share %d heads of key and value", l.NumQueryHeads, l.NumKeyValueHeads)
	}
	if l.query == nil || c.Reading() {
		l.query, l.key, l.value = projection(l, "query"), projection(l, "key"), projection(l, "value")
		l.output = projection(l, "attention_output")
		l.gate = nil
		if l.UseGate {
			l.gate = projection(l, "gate")
			l.gate.Activation = layer.NewActivation("sigmoid", activations.Sigmoid)
		}
	}
}

// Children implements layer.Container.
func (l *GroupQueryAttention) Children() []layer.Child {
	children := []layer.Child{{Attr: "_query_dense", Layer: l.query}, {Attr: "_key_dense", Layer: l.key}}
	if l.gate != nil {
		children = append(children, layer.Child{Attr: "_gate_dense", Layer: l.gate})
	}
	return append(children, layer.Child{Attr: "_value_dense", Layer: l.value}, layer.Child{Attr: "_output_dense", Layer: l.output})
}

func (l *GroupQueryAttention) settle(p *EinsumDense, equation, bias string, outputShape ...int) {
	p.Equation, p.OutputShape, p.BiasAxes = equation, outputShape, ""
	if l.UseBias {
		p.BiasAxes = bias
	}
	p.KernelInitializer, p.BiasInitializer = l.KernelInitializer, l.BiasInitializer
	p.KernelRegularizer, p.BiasRegularizer = l.KernelRegularizer, l.BiasRegularizer
	p.KernelConstraint, p.BiasConstraint = l.KernelConstraint, l.BiasConstraint
}

// Build implements layer.Builder.
func (l *GroupQueryAttention) Build(c *layer.Call) {
	a := attentionCall(c)
	for _, x := range []*value{a.query, a.value, a.key} {
		wantRank(c, x, 3)
	}
	l.settle(l.query, "bqm,muh->bquh", "uh", -1, l.NumQueryHeads, l.HeadDim)
	l.settle(l.key, "bkm,mvh->bkvh", "vh", -1, l.NumKeyValueHeads, l.HeadDim)
	l.settle(l.value, "bkm,mvh->bkvh", "vh", -1, l.NumKeyValueHeads, l.HeadDim)
	l.settle(l.output, "bquh,uhm->bqm", "m", -1, a.query.Shape[2])
	c.Enter(l.query, a.query)
	c.Enter(l.key, a.key)
	if l.gate != nil {
		l.settle(l.gate, "bqm,muh->bquh", "uh", -1, l.NumQueryHeads, l.HeadDim)
		c.Enter(l.gate, a.query)
	}
	c.Enter(l.value, a.value)
}

// Call implements layer.Layer.
func (l *GroupQueryAttention) Call(c *layer.Call) any {
	a := attentionCall(c)
	for _, x := range []*value{a.query, a.value, a.key} {
		wantRank(c, x, 3)
	}
	direct := l.Dropout == 0 && !a.scores // Keras calls ops.dot_product_attention
	mask := a.automatic(c, l.SlidingWindow)
	if m := a.explicit; m != nil {
		if mask == nil && !direct && m.DType.IsFloat() {
			m = c.Compare(graph.Greater, m, c.Scalar(m.DType, 0.5)) // as keras.layers.Softmax takes it
		}
		mask = and(c, c.Cast(m, boolean), mask)
	}
	repeats := l.NumQueryHeads / l.NumKeyValueHeads
	heads := func(p *EinsumDense, x *value, repeats int) *value { // to (batch, heads, time, dim)
		x = c.Transpose(c.Run1(p, x), 0, 2, 1, 3)
		if repeats > 1 {
			x = c.Repeat(x, 1, repeats)
		}
		return x
	}
	query := c.MulS(heads(l.query, a.query, 1), 1/math.Sqrt(float64(l.HeadDim)))
	key, val := heads(l.key, a.key, repeats), heads(l.value, a.value, repeats)
	shape := []int{query.Shape[0], query.Shape[1], query.Shape[2], key.Shape[2]}
	if mask != nil {
		for mask.Rank() < 4 {
			mask = c.ExpandDims(mask, max(mask.Rank()-2, 0))
		}
		for i, d := range mask.Shape {
			if mask.Rank() != 4 || d != 1 && !graph.Fits(d, shape[i]) {
				c.Fail("a mask %s does not fit attention scores of shape %s", mask, tensor.FormatShape(shape))
			}
		}
	}
	low := softmaxLow(query.DType)
	if direct {
		low = dotProductLow(query.DType)
	}
	out, scores := attend(c, query, key, val, mask, low, !direct, nil, l.random.inTraining(c, l.Dropout, l.Seed))
	out = c.Transpose(out, 0, 2, 1, 3)
	if l.gate != nil {
		out = c.Mul(out, c.Run1(l.gate, a.query))
	}
	out = openLike(c, c.Run1(l.output, out), a.query)
	if a.scores {
		return []any{out, scores}
	}
	return out
}
