package losses

import (
	"math"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addCircle(r *layer.Registry) {
	register(r, "Circle", "circle", "circle", func() Function { return new(Circle) })
}

// Circle is the circle loss of embeddings (batch, size) of length 1 against class numbers (batch): for each sample
// softplus(P + N), where P is the logarithm of the sum of exp(Gamma*max(Margin + d, 0)*(d - Margin)) over the others of its
// class and N that of exp(Gamma*max(1 + Margin - d, 0)*(1 - Margin - d)) over those of other classes; d = max(1 - cosine, 0)
// (keras.losses.circle). Samples whose loss is 0 count as masked.
type Circle struct {
	Gamma, Margin  float64
	RemoveDiagonal bool
}

// Config implements layer.Configurable.
func (l *Circle) Config(c *layer.Config) {
	c.Float("gamma", &l.Gamma, 80)
	c.Float("margin", &l.Margin, 0.4)
	c.Bool("remove_diagonal", &l.RemoveDiagonal, true)
}

// Values implements Function.
func (l *Circle) Values(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	p := floats(b, yPred)
	if p.Rank() != 2 || yTrue.Size() != p.Shape[0] {
		b.Fail("class numbers (batch) and embeddings (batch, size) are expected, not %s and %s", yTrue, yPred)
	}
	n := p.Shape[0]
	class := cast(b, yTrue, tensor.Int64)
	same := b.Compare(graph.Equal, b.Reshape(class, n, 1), b.Reshape(class, 1, n))
	other := b.Not(same)
	if l.RemoveDiagonal {
		place := b.Ints(tensor.Int32, count(n)...)
		same = b.And(same, b.Compare(graph.NotEqual, b.Reshape(place, n, 1), b.Reshape(place, 1, n)))
	}
	d := b.Relu(oneMinus(b, b.MatMulT(p, p, false, true)))
	positive := b.MulS(b.Mul(b.Relu(b.AddS(d, l.Margin)), b.AddS(d, -l.Margin)), l.Gamma)
	negative := b.MulS(b.Mul(b.Relu(b.Sub(number(b, d, 1+l.Margin), d)), b.Sub(number(b, d, 1-l.Margin), d)), l.Gamma)
	values := b.Unary(graph.Softplus, b.Add(logSumExp(b, same, positive), logSumExp(b, other, negative)))
	return values.WithMask(b.Compare(graph.Greater, values, number(b, values, 0)))
}

// logSumExp is log(sum(exp(x))) over the last axis of what is chosen, -Inf where that is nothing.
func logSumExp(b *graph.Builder, chosen, x *graph.Value) *graph.Value {
	none := number(b, x, math.Inf(-1))
	x = b.Where(chosen, x, none)
	top := b.Reduce(graph.ReduceMax, x, true, -1)
	top = b.Where(b.Compare(graph.Equal, top, none), number(b, x, 0), top)
	return b.Add(b.Log(b.Sum(b.Exp(b.Sub(x, top)), -1)), b.Squeeze(top, -1))
}

func count(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
