package losses

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

func addDivergence(r *layer.Registry) {
	simple := func(f plain) func() Function { return func() Function { return f } }
	register(r, "KLDivergence", "kl_divergence", "kl_divergence", simple(KLDivergence), "kld", "KLD", "kullback_leibler_divergence")
	register(r, "Poisson", "poisson", "poisson", simple(Poisson))
}

// KLDivergence is the sum of t*log(t/p) over the last axis, both within 1e-7..1 (keras.losses.kl_divergence).
func KLDivergence(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p := pair(b, yTrue, yPred)
	t, p = b.Clip(t, epsilon, 1), b.Clip(p, epsilon, 1)
	return b.Sum(b.Mul(t, b.Log(b.Div(t, p))), last(b, p))
}

// Poisson is the mean of p - t*log(p + 1e-7) over the last axis (keras.losses.poisson).
func Poisson(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p := pair(b, yTrue, yPred)
	return meanLast(b, b.Sub(p, b.Mul(t, b.Log(b.AddS(p, epsilon)))))
}
