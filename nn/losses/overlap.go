package losses

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

func addOverlap(r *layer.Registry) {
	register(r, "Dice", "dice", "dice", func() Function { return new(Dice) })
	register(r, "Tversky", "tversky", "tversky", func() Function { return new(Tversky) })
}

// Dice is 1 - 2*sum(t*p)/(sum(t) + sum(p) + 1e-7) over axes, all if nil (keras.losses.dice).
type Dice struct{ Axis []int }

// Config implements layer.Configurable.
func (l *Dice) Config(c *layer.Config) { c.IntsOrNone("axis", &l.Axis) }

// Values implements Function.
func (l *Dice) Values(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p := pair(b, yTrue, yPred)
	both := b.Sum(b.Mul(t, p), l.Axis...)
	all := b.AddS(b.Add(b.Sum(t, l.Axis...), b.Sum(p, l.Axis...)), epsilon)
	return oneMinus(b, b.Div(b.MulS(both, 2), all))
}

// Tversky is 1 - i/(i + Alpha*fp + Beta*fn + 1e-7) over axes, all if nil, where i = sum(t*p), fp = sum(t*(1-p)) and
// fn = sum((1-t)*p), as Keras names them (keras.losses.tversky).
type Tversky struct {
	Alpha, Beta float64
	Axis        []int
}

// Config implements layer.Configurable.
func (l *Tversky) Config(c *layer.Config) {
	c.Float("alpha", &l.Alpha, 0.5)
	c.Float("beta", &l.Beta, 0.5)
	c.IntsOrNone("axis", &l.Axis)
}

// Values implements Function.
func (l *Tversky) Values(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p := pair(b, yTrue, yPred)
	both := b.Sum(b.Mul(t, p), l.Axis...)
	fp := b.Sum(b.Mul(t, oneMinus(b, p)), l.Axis...)
	fn := b.Sum(b.Mul(oneMinus(b, t), p), l.Axis...)
	all := b.AddS(b.Add(b.Add(both, b.MulS(fp, l.Alpha)), b.MulS(fn, l.Beta)), epsilon)
	return oneMinus(b, b.Div(both, all))
}
