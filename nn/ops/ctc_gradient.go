package ops

import (
	"math"

	"github.com/hornml/horn/nn/graph"
)

// opCTCLossGradient is the gradient of an opCTCLoss with respect to the log probabilities. Its inputs are those of the
// loss, then the gradient with respect to it. A target that does not fit has none.
type opCTCLossGradient struct{ Blank int }

// Name implements graph.Op.
func (opCTCLossGradient) Name() string { return "ctc_loss_gradient" }

// Infer implements graph.Op.
func (opCTCLossGradient) Infer(n *graph.Node) { n.SetOut(n.In[0].DType, n.In[0].Shape...) }

// Eval implements graph.Op.
func (op opCTCLossGradient) Eval(n *graph.Node, in, out []graph.Buf) error {
	time, classes, longest := n.In[0].Shape[1], n.In[0].Shape[2], n.In[1].Shape[1]
	for i := range out[0].Len() {
		setFloat(out[0], i, 0)
	}
	for b := range n.In[0].Shape[0] {
		labels := in[1].I[b*longest:][:in[2].I[b]] // the loss has checked the lengths and the classes
		steps := int(in[3].I[b])
		logp := func(t int, class int64) float64 { return in[0].Float64((b*time+t)*classes + int(class)) }
		d := in[4].Float64(b)
		shares := make([]float64, steps*classes)
		ctcShares(labels, steps, int64(op.Blank), classes, logp, shares)
		for i, v := range shares {
			setFloat(out[0], b*time*classes+i, -d*v)
		}
	}
	return nil
}

// ctcShares writes, for each step and class, the probability that a way to write the labels is there, among all ways.
func ctcShares(labels []int64, steps int, blank int64, classes int, logp func(t int, class int64) float64, shares []float64) {
	states := 2*len(labels) + 1
	class := func(s int) int64 {
		if s%2 == 0 {
			return blank
		}
		return labels[s/2]
	}
	jumps := func(s int) bool { return s > 1 && s < states && class(s) != blank && class(s) != class(s-2) }
	table := func() [][]float64 {
		t := make([][]float64, steps)
		for i := range t {
			t[i] = make([]float64, states)
			for s := range t[i] {
				t[i][s] = math.Inf(-1)
			}
		}
		return t
	}
	if steps == 0 {
		return
	}
	ahead, after := table(), table() // ways to be at a state, its own step included; ways to go on from it, without its step
	for s := range min(states, 2) {
		ahead[0][s] = logp(0, class(s))
	}
	for t := 1; t < steps; t++ {
		for s := range states {
			sum := ahead[t-1][s]
			if s > 0 {
				sum = logAdd(sum, ahead[t-1][s-1])
			}
			if jumps(s) {
				sum = logAdd(sum, ahead[t-1][s-2])
			}
			ahead[t][s] = sum + logp(t, class(s))
		}
	}
	for s := max(states-2, 0); s < states; s++ {
		after[steps-1][s] = 0
	}
	for t := steps - 2; t >= 0; t-- {
		next := func(s int) float64 { return after[t+1][s] + logp(t+1, class(s)) }
		for s := range states {
			sum := next(s)
			if s+1 < states {
				sum = logAdd(sum, next(s+1))
			}
			if jumps(s + 2) {
				sum = logAdd(sum, next(s+2))
			}
			after[t][s] = sum
		}
	}
	total := ahead[steps-1][states-1]
	if states > 1 {
		total = logAdd(total, ahead[steps-1][states-2])
	}
	if math.IsInf(total, -1) {
		return
	}
	for t := range steps {
		for s := range states {
			shares[t*classes+int(class(s))] += math.Exp(ahead[t][s] + after[t][s] - total)
		}
	}
}

// Gradient implements graph.Differentiable.
func (op opCTCLoss) Gradient(b *graph.Backward, n *graph.Node, dOut []*value) []*value {
	grads := make([]*value, len(n.In))
	in := append(append([]*value(nil), n.In...), dOut[0])
	grads[0] = b.Emit1(opCTCLossGradient(op), in...)
	return grads
}

// Gradient implements graph.Differentiable: of the scores of greedy decoding, which are sums of maxima. A beam search picks
// its paths, step by step; its scores have no gradient.
func (op opCTCDecode) Gradient(b *graph.Backward, n *graph.Node, dOut []*value) []*value {
	if op.Beam {
		b.Fail("ctc_decode: the scores of a beam search have no gradient")
	}
	return b.Through(n, dOut, func(b *graph.Builder, in []*value) []*value {
		x := in[0]
		lengths := n.In[1]
		counts := b.Compare(graph.Less, b.Iota(lengths.DType, x.Shape[1]), b.Reshape(lengths, x.Shape[0], 1))
		best := b.Masked(counts, b.Reduce(graph.ReduceMax, x, false, -1))
		return []*value{nil, b.Neg(b.SumKeep(best, 1))}
	})
}
