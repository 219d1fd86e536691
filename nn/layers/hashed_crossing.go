package layers

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/hash"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// HashedCrossing hashes combinations of features into NumBins bins (keras.layers.HashedCrossing): two or more inputs of
// strings or integers, all of shape (), (batch) or (batch, 1), become the bins, of that shape, or one-hot vectors of them.
type HashedCrossing struct {
	layer.Base
	NumBins    int
	OutputMode string
}

// AddHashedCrossing adds HashedCrossing to a registry.
func AddHashedCrossing(r *layer.Registry) {
	r.Register("keras.layers", "HashedCrossing", func() layer.Layer { return new(HashedCrossing) })
}

// Config implements layer.Layer.
func (l *HashedCrossing) Config(c *layer.Config) {
	c.Omit("trainable")
	c.Positive("num_bins", &l.NumBins)
	outputMode(c, &l.OutputMode, "int", "one_hot")
	dense(c)
	l.NoAutocast = true
	if raw, _ := c.Value("dtype"); c.Reading() && raw == nil && l.OutputMode == "int" {
		p, _ := layer.ParsePolicy("int64")
		l.SetPolicy(p)
	}
}

// Call implements layer.Layer.
func (l *HashedCrossing) Call(c *layer.Call) any {
	xs := c.Xs()
	if len(xs) < 2 {
		c.Fail("two or more inputs are expected, not %d", len(xs))
	}
	first := xs[0].Shape
	for _, x := range xs {
		if x.DType != tensor.String && !x.DType.IsInt() {
			c.Fail("strings or integers are expected, not %s", x.DType)
		}
		if !graph.FitShapes(x.Shape, first) || len(first) > 2 || len(first) == 2 && !graph.Fits(first[1], 1) {
			c.Fail("inputs of one shape (), (batch) or (batch, 1) are expected, not %s and %s", tensor.FormatShape(first),
				tensor.FormatShape(x.Shape))
		}
	}
	return encodeCategorical(c, c.Emit1(opCross{l.NumBins}, xs...), l.OutputMode, l.NumBins, l.ComputeDType(), nil)
}

// crossKey is where the hash of every combination starts, as in tf.sparse.cross_hashed.
const crossKey = 0xDECAFCAFFE

// opCross hashes the combination of one element of each input into Bins bins, int64. Strings count by their
// fingerprint, integers as they are.
type opCross struct{ Bins int }

// Name implements graph.Op.
func (opCross) Name() string { return "hash_cross" }

// Infer implements graph.Op.
func (opCross) Infer(n *graph.Node) { n.SetOut(tensor.Int64, n.In[0].Shape...) }

// Eval implements graph.Op.
func (op opCross) Eval(n *graph.Node, in, out []graph.Buf) error {
	bins := uint64(op.Bins)
	for i := range out[0].I {
		h := uint64(crossKey)
		for _, x := range in {
			if x.S != nil {
				h = hash.FarmCat(h, hash.Farm([]byte(x.S[i])))
			} else {
				h = hash.FarmCat(h, uint64(x.I[i]))
			}
		}
		out[0].I[i] = int64(h % bins)
	}
	return nil
}
