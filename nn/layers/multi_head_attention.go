package layers

import (
	"math"
	"slices"

	"github.com/hornml/horn/nn/activations"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// MultiHeadAttention lets each position of a query look at the positions of a value, by several heads at once
// (keras.layers.MultiHeadAttention): query, key and value (batch, time..., features) are projected to NumHeads vectors of
// KeyDim (the value: ValueDim) each; softmax(query·key/√KeyDim)·value of all heads is projected to OutputShape, the shape of
// the query's features by default. Attention runs over AttentionAxes, by default all between batch and features.
type MultiHeadAttention struct {
	layer.Base
	NumHeads, KeyDim                   int
	ValueDim                           *int // nil: KeyDim
	Dropout                            float64
	UseBias, UseGate                   bool
	OutputShape, AttentionAxes         []int // nil: as the query; all
	SlidingWindow                      *int
	KernelInitializer, BiasInitializer *layer.Object
	KernelRegularizer, BiasRegularizer *layer.Object
	KernelConstraint, BiasConstraint   *layer.Object
	Seed                               any

	query, key, value, gate, output *EinsumDense
	random                          generator
}

// AddMultiHeadAttention adds MultiHeadAttention to a registry.
func AddMultiHeadAttention(r *layer.Registry) {
	r.Register("keras.layers", "MultiHeadAttention", func() layer.Layer { return new(MultiHeadAttention) })
}

// Config implements layer.Layer.
func (l *MultiHeadAttention) Config(c *layer.Config) {
	l.SupportsMasking = true
	c.Positive("num_heads", &l.NumHeads)
	c.Positive("key_dim", &l.KeyDim)
	positiveOrNone(c, "value_dim", &l.ValueDim)
	c.Rate("dropout", &l.Dropout, 0)
	c.Bool("use_bias", &l.UseBias, true)
	c.Bool("use_gate", &l.UseGate, false)
	c.IntsOrNone("output_shape", &l.OutputShape)
	c.IntsOrNone("attention_axes", &l.AttentionAxes)
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
	if c.Reading() && slices.ContainsFunc(l.OutputShape, func(d int) bool { return d < 1 }) {
		c.Errorf("output_shape", "positive integers are expected, not %v", l.OutputShape)
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

// positiveOrNone visits a positive integer or null.
func positiveOrNone(c *layer.Config, key string, field **int) {
	c.IntOrNone(key, field)
	if c.Reading() && *field != nil && **field < 1 {
		c.Errorf(key, "a positive integer or null is expected, not %d", **field)
	}
}

// projection makes an EinsumDense inside of an attention layer.
func projection(outer layer.Layer, name string) *EinsumDense {
	p := new(EinsumDense)
	p.Config(new(layer.Config))
	layer.Adopt(outer, p, "EinsumDense", name)
	p.SetTrainable(true) // as in Keras it is frozen with the outer layer, but not made frozen
	return p
}

// Children implements layer.Container.
func (l *MultiHeadAttention) Children() []layer.Child {
	children := []layer.Child{{Attr: "query_dense", Layer: l.query}, {Attr: "key_dense", Layer: l.key}}
	if l.gate != nil {
		children = append(children, layer.Child{Attr: "_gate_dense", Layer: l.gate})
	}
	return append(children, layer.Child{Attr: "value_dense", Layer: l.value}, layer.Child{Attr: "output_dense", Layer: l.output})
}

// letters names axes in einsum equations.
const letters = "abcdefghijklmnopqrstuvwxyz"

// settle gives a projection its equation: from inputs of the given rank it multiplies the last `bound` axes with the
// kernel and puts axes of the given lengths there.
func (l *MultiHeadAttention) settle(p *EinsumDense, rank, bound int, lengths ...int) {
	free := letters[:rank-bound]
	in, out := letters[rank-bound:rank], letters[rank:rank+len(lengths)]
	p.Equation = free + in + "," + in + out + "->" + free + out
	p.OutputShape = append(slices.Repeat([]int{-1}, rank-bound-1), lengths...)
	p.BiasAxes = ""
	if l.UseBias {
		p.BiasAxes = out
	}
	p.KernelInitializer, p.BiasInitializer = l.KernelInitializer, l.BiasInitializer
	p.KernelRegularizer, p.BiasRegularizer = l.KernelRegularizer, l.BiasRegularizer
	p.KernelConstraint, p.BiasConstraint = l.KernelConstraint, l.BiasConstraint
}

// valueDim is the length of a head's values.
func (l *MultiHeadAttention) valueDim() int {
	if l.ValueDim != nil {
		return *l.ValueDim
	}
	return l.KeyDim
}

// Build implements layer.Builder.
func (l *MultiHeadAttention) Build(c *layer.Call) {
	a := attentionCall(c)
	rank := a.query.Rank()
	if rank+max(len(l.OutputShape), 1)+1 > len(letters) {
		c.Fail("inputs of rank %d and an output_shape of rank %d are more than can be named", rank, len(l.OutputShape))
	}
	l.settle(l.query, rank, 1, l.NumHeads, l.KeyDim)
	l.settle(l.key, a.key.Rank(), 1, l.NumHeads, l.KeyDim)
	l.settle(l.value, a.value.Rank(), 1, l.NumHeads, l.valueDim())
	if l.gate != nil {
		l.settle(l.gate, rank, 1, l.NumHeads, l.valueDim())
	}
	out := l.OutputShape
	if len(out) == 0 {
		out = a.query.Shape[rank-1:]
	}
	l.settle(l.output, rank+1, 2, out...)
	c.Enter(l.query, a.query)
	c.Enter(l.key, a.key)
	if l.gate != nil {
		c.Enter(l.gate, a.query)
	}
	c.Enter(l.value, a.value)
}

// axes returns the attention axes of tensors of the given rank, which counts the axis of heads; as in Keras that axis may
// be named, too: it has the place of the features.
func (l *MultiHeadAttention) axes(c *layer.Call, rank int) []int {
	if l.AttentionAxes == nil {
		axes := make([]int, rank-3)
		for i := range axes {
			axes[i] = i + 1
		}
		return axes
	}
	axes := slices.Clone(l.AttentionAxes)
	for i, a := range axes {
		if a < 0 {
			axes[i] = a + rank - 1
		}
		if axes[i] < 0 || axes[i] >= rank-1 || slices.Contains(axes[:i], axes[i]) {
			c.Fail("attention_axes %v do not name axes of an input of rank %d", l.AttentionAxes, rank-1)
		}
	}
	if len(axes) == 0 {
		c.Fail("attention_axes is empty")
	}
	return axes
}

// Call implements layer.Layer.
func (l *MultiHeadAttention) Call(c *layer.Call) any {
	a := attentionCall(c)
	// The layer handles the masks of its arguments, and takes them away as Keras does: layers that are called later with
	// the same tensors see none.
	a.queryMask = nil
	if m := a.query.Mask; m != nil {
		a.queryMask = c.Cast(m, boolean)
	}
	queryMask := a.query.Mask
	a.query.Mask, a.value.Mask, a.key.Mask = nil, nil, nil

	mask := a.automatic(c, l.SlidingWindow)
	if a.explicit != nil {
		mask = and(c, c.Cast(a.explicit, boolean), mask)
	}
	query, key, val := c.Run1(l.query, a.query), c.Run1(l.key, a.key), c.Run1(l.value, a.value)
	query = c.MulS(query, 1/math.Sqrt(float64(l.KeyDim)))
	axes := l.axes(c, val.Rank())
	direct := l.Dropout == 0 && !a.scores && query.Rank() == 4 // Keras calls ops.dot_product_attention
	if direct {
		axes = []int{1}
	}
	out, scores := l.attention(c, query, key, val, mask, axes, direct)
	if l.gate != nil {
		out = c.Mul(out, c.Run1(l.gate, a.query))
	}
	out = c.Run1(l.output, out)
	if len(l.OutputShape) == 0 {
		out = openLike(c, out, a.query)
	}
	out = out.WithMask(queryMask)
	if a.scores {
		return []any{out, scores}
	}
	return out
}

// attention brings projected tensors (batch..., attention axes..., heads, dim) into the form (others..., attention axes,
// dim), attends, and brings the result back. The scores are (others..., axes of the query..., axes of the key...).
func (l *MultiHeadAttention) attention(c *layer.Call, query, key, val, mask *value, axes []int, direct bool) (out, scores *value) {
	rank := query.Rank()
	if key.Rank() != rank || val.Rank() != rank {
		c.Fail("query, key and value must be of one rank")
	}
	var others []int
	for i := range rank - 1 {
		if !slices.Contains(axes, i) {
			others = append(others, i)
		}
	}
	for _, i := range others {
		if !graph.Fits(query.Shape[i], key.Shape[i]) {
			c.Fail("query and value have the lengths %d and %d in axis %d, over which the attention does not run", query.Shape[i], key.Shape[i], i)
		}
	}
	order := slices.Concat(others, axes, []int{rank - 1})
	lengths := func(x *value) []int {
		var out []int
		for _, a := range axes {
			out = append(out, x.Shape[a])
		}
		return out
	}
	arrange := func(x *value) *value {
		x = c.Transpose(x, order...)
		time := product(x.Shape[len(others) : rank-1])
		return c.Reshape(x, append(slices.Clone(x.Shape[:len(others)]), time, x.Shape[rank-1])...)
	}
	q, k, v := arrange(query), arrange(key), arrange(val)
	lead := q.Shape[:len(others)]
	scoreShape := slices.Concat(lead, lengths(query), lengths(key))
	if mask != nil {
		// Axes that the mask does not have, such as that of the heads, come before those of query and key.
		shape, at := slices.Clone(mask.Shape), mask.Rank()-2*len(axes)
		if at < 0 || mask.Rank() > len(scoreShape) {
			c.Fail("a mask %s does not fit attention scores of shape %s", mask, tensor.FormatShape(scoreShape))
		}
		shape = slices.Insert(shape, at, slices.Repeat([]int{1}, len(scoreShape)-mask.Rank())...)
		mask = c.Reshape(mask, shape...)
		for i, d := range shape {
			if d != 1 && !graph.Fits(d, scoreShape[i]) {
				c.Fail("a mask %s does not fit attention scores of shape %s", mask, tensor.FormatShape(scoreShape))
			}
		}
	}
	low := softmaxLow(q.DType)
	if direct {
		low = dotProductLow(q.DType)
	}
	out, scores = attend(c, q, k, v, mask, low, !direct, scoreShape, l.random.inTraining(c, l.Dropout, l.Seed))
	out = c.Reshape(out, slices.Concat(lead, lengths(query), val.Shape[rank-1:])...)
	back := make([]int, rank)
	for i, a := range order {
		back[a] = i
	}
	return c.Transpose(out, back...), c.Reshape(scores, scoreShape...)
}
