package layers

import (
	"fmt"
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// encodeCategorical turns ids into what output_mode asks for (keras.src.utils.numerical_utils.encode_categorical_inputs),
// with depth places in the last axis, of type d:
//   - "int": the ids themselves;
//   - "one_hot": a vector of one 1 for each id; a last axis of length 1 is dropped before;
//   - "multi_hot": 1 for every id of a sample;
//   - "count": how often each id is in a sample, or the sum of its weights.
//
// A sample is the second axis, or the only one. Ids out of 0..depth-1 leave no trace.
func encodeCategorical(c *layer.Call, ids *graph.Value, mode string, depth int, d tensor.DType, weights *graph.Value) *graph.Value {
	if mode == "int" {
		return c.Cast(ids, d)
	}
	if ids.Rank() == 0 {
		ids = c.ExpandDims(ids, 0)
	}
	ids = c.Cast(ids, tensor.Int64)
	if mode == "one_hot" {
		if n := ids.Rank(); n > 1 && ids.Shape[n-1] == 1 {
			ids = c.Squeeze(ids, -1)
		}
		return c.OneHot(ids, depth, d)
	}
	in := []*graph.Value{ids}
	if weights != nil {
		if weights.Rank() == 0 {
			weights = c.ExpandDims(weights, 0)
		}
		if !graph.FitShapes(weights.Shape, ids.Shape) {
			c.Fail("count_weights %s do not fit the ids %s", weights, ids)
		}
		in = append(in, weights)
		d = weights.DType
	}
	return c.Emit1(opTally{depth, mode == "multi_hot", d}, in...)
}

// opTally counts ids, or adds their weights (second input), along the second axis or the only one: (b, n, ...) becomes
// (b, ..., depth). Ids that have no place are left out.
type opTally struct {
	Depth  int
	Binary bool // 1 for any number of times
	DType  tensor.DType
}

// Name implements graph.Op.
func (opTally) Name() string { return "tally" }

// Infer implements graph.Op.
func (op opTally) Infer(n *graph.Node) {
	a, x := op, n.In[0]
	if !x.DType.IsInt() || x.Rank() == 0 || a.DType == tensor.String {
		panic(&graph.Error{Msg: fmt.Sprintf("ids %s cannot be counted as %s", x, a.DType)})
	}
	axis := min(1, x.Rank()-1)
	shape := slices.Delete(slices.Clone(x.Shape), axis, axis+1)
	n.SetOut(a.DType, append(shape, a.Depth)...)
}

// Eval implements graph.Op.
func (op opTally) Eval(n *graph.Node, in, out []graph.Buf) error {
	a, shape := op, n.In[0].Shape
	axis := min(1, len(shape)-1)
	outer, inner := 1, 1
	for i, d := range shape {
		if i < axis {
			outer *= d
		} else if i > axis {
			inner *= d
		}
	}
	y := out[0]
	clear(y.F)
	clear(y.D)
	clear(y.I)
	clear(y.B)
	at := 0
	for o := range outer {
		for range shape[axis] {
			for i := range inner {
				id, w := in[0].I[at], 1.0
				if len(in) > 1 {
					w = in[1].Float64(at)
				}
				at++
				if id < 0 || id >= int64(a.Depth) {
					continue
				}
				k := (o*inner+i)*a.Depth + int(id)
				switch {
				case y.F != nil:
					y.F[k] = put(y.F[k], float32(w), a.Binary)
				case y.D != nil:
					y.D[k] = put(y.D[k], w, a.Binary)
				case y.I != nil:
					y.I[k] = put(y.I[k], int64(w), a.Binary)
				case y.B != nil:
					y.B[k] = true
				}
			}
		}
	}
	return nil
}

// Gradient implements graph.Differentiable: each weight has that of the place to which it was added.
func (op opTally) Gradient(b *graph.Backward, n *graph.Node, dOut []*graph.Value) []*graph.Value {
	grads := make([]*graph.Value, len(n.In))
	if op.Binary || len(n.In) < 2 || !b.Wants(1) {
		return grads
	}
	ids := n.In[0]
	depth := b.Scalar(ids.DType, float64(op.Depth))
	zero := b.Scalar(ids.DType, 0)
	counted := b.And(b.Compare(graph.GreaterEqual, ids, zero), b.Compare(graph.Less, ids, depth))
	axis := min(1, ids.Rank()-1)
	d := b.TakeAlong(b.MoveAxis(dOut[0], -1, axis), b.Where(counted, ids, zero), axis)
	grads[1] = b.Masked(counted, d)
	return grads
}

// put is what an id makes of the content of its place.
func put[T float32 | float64 | int64](have, w T, binary bool) T {
	if binary {
		return 1
	}
	return have + w
}

// outputMode visits "output_mode" with Keras's older names for two of the modes.
func outputMode(c *layer.Config, field *string, allowed ...string) {
	raw := any(*field)
	c.Raw("output_mode", &raw, allowed[0])
	mode, _ := raw.(string)
	switch mode {
	case "binary":
		mode = "multi_hot"
	case "tf-idf":
		mode = "tf_idf"
	}
	if c.Reading() && !slices.Contains(allowed, mode) {
		c.Errorf("output_mode", "one of %q is expected, not %v", allowed, raw)
		return
	}
	*field = mode
}

// dense visits "sparse", which must be false: there are no sparse tensors here.
func dense(c *layer.Config) {
	sparse := false
	c.Bool("sparse", &sparse, false)
	if c.Reading() && sparse {
		c.Unsupported("sparse", "its output would be a sparse tensor; save the layer with sparse=False, which gives the same numbers")
	}
}
