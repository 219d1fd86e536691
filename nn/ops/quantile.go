package ops

import (
	"fmt"
	"math"
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addQuantile(r *layer.Registry) {
	quantiles := func(class string, scale float64, skipNaN bool) {
		r.RegisterOp("numpy", class, func(o *layer.OpCall) any {
			q := arg(o, 1, "q").as(o, tensor.Float32)
			if scale != 1 {
				q = o.Div(q, o.Scalar(q.DType, scale))
			}
			method := o.Str(-1, "method", "linear")
			if class == "Quantile" {
				method = "linear" // Keras 3.15 leaves the method out when it runs this class (not the others) in a graph
			}
			return quantile(o, o.Tensor(0, "x"), q, method, skipNaN)
		})
	}
	quantiles("Quantile", 1, false)
	quantiles("Percentile", 100, false)
	quantiles("Nanquantile", 1, true)
	quantiles("Nanpercentile", 100, true)
	medians := func(class string, skipNaN bool) {
		one(r, "numpy", class, "x", func(o *layer.OpCall, x *value) *value {
			return quantile(o, x, o.Scalar(tensor.Float32, 0.5), "linear", skipNaN)
		})
	}
	medians("Median", false)
	medians("Nanmedian", true)
}

// quantile sorts the elements along the axes of the argument axis, taken together, and finds those at the shares q of
// the way, a number or a vector, whose axis comes first in the result.
func quantile(o *layer.OpCall, x, q *value, method string, skipNaN bool) *value {
	if !slices.Contains([]string{"linear", "lower", "higher", "midpoint", "nearest"}, method) {
		o.Fail("%s: the method %q does not exist", o, method)
	}
	r := newReducer(o, x)
	result := resultType(o, x.DType, layer.PyFloat)
	work := resultType(o, x.DType, tensor.Float32)
	if q.Rank() > 1 {
		o.Fail("%s: q must be a number or a vector, not %s", o, q)
	}
	axes := r.over(x)
	order, lead, kept := []int{}, []int{}, slices.Clone(x.Shape)
	for i, d := range x.Shape {
		if !slices.Contains(axes, i) {
			order, lead = append(order, i), append(lead, d)
		}
	}
	for _, a := range axes {
		kept[a] = 1
	}
	n := r.count(x)
	moved := o.Reshape(o.Transpose(o.Cast(x, work), append(order, axes...)...), append(slices.Clone(lead), n)...)
	y := o.Emit1(opQuantile{method, skipNaN}, moved, o.Cast(q, work))
	shape := lead
	if r.keep {
		shape = kept
	}
	return o.Cast(o.Reshape(y, append(slices.Clone(q.Shape), shape...)...), result)
}

// opQuantile finds for each line of the last axis of its first input the elements at the shares in the second, a number or
// a vector; the result has the axis of the shares first. A NaN in a line makes its quantiles NaN, unless NaN is skipped.
type opQuantile struct {
	Method  string
	SkipNaN bool
}

// Name implements graph.Op.
func (opQuantile) Name() string { return "quantile" }

// Infer implements graph.Op.
func (opQuantile) Infer(n *graph.Node) {
	x := n.In[0]
	if x.Shape[x.Rank()-1] == 0 && x.Size() > 0 {
		panic(&graph.Error{Msg: "quantile: there are no elements"})
	}
	n.SetOut(x.DType, append(slices.Clone(n.In[1].Shape), x.Shape[:x.Rank()-1]...)...)
}

// Eval implements graph.Op.
func (op opQuantile) Eval(n *graph.Node, in, out []graph.Buf) error {
	a := op
	shape := n.In[0].Shape
	size := shape[len(shape)-1]
	lines := 1
	for _, d := range shape[:len(shape)-1] {
		lines *= d
	}
	shares := n.In[1].Size()
	line := make([]float64, 0, size)
	for k := range shares {
		if q := in[1].Float64(k); !(q >= 0 && q <= 1) {
			return fmt.Errorf("%s: a quantile of %g; it must be in 0..1", n.Label, q)
		}
	}
	for l := range lines {
		line = line[:0]
		hasNaN := false
		for i := range size {
			v := in[0].Float64(l*size + i)
			if v != v {
				hasNaN = true
				continue
			}
			line = append(line, v)
		}
		slices.Sort(line)
		for k := range shares {
			v := math.NaN()
			if len(line) > 0 && (a.SkipNaN || !hasNaN) {
				at := in[1].Float64(k) * float64(len(line)-1)
				if in[1].F != nil { // Keras computes the place in float32, which decides between neighbours
					at = float64(in[1].F[k] * float32(len(line)-1))
				}
				v = between(line, at, a.Method)
			}
			setFloat(out[0], k*lines+l, v)
		}
	}
	return nil
}

// between returns the element of a sorted list at a fractional place.
func between(line []float64, at float64, method string) float64 {
	at = math.Max(0, math.Min(at, float64(len(line)-1)))
	lo, hi := line[int(math.Floor(at))], line[int(math.Ceil(at))]
	switch method {
	case "lower":
		return lo
	case "higher":
		return hi
	case "nearest":
		return line[int(math.RoundToEven(at))]
	case "midpoint":
		return lo + (hi-lo)/2*ceilMinusFloor(at)
	}
	if lo == hi {
		return lo
	}
	return lo + (hi-lo)*(at-math.Floor(at))
}

// ceilMinusFloor is 0 for whole numbers, else 1; it keeps infinite neighbours out of a midpoint that has none.
func ceilMinusFloor(v float64) float64 { return math.Ceil(v) - math.Floor(v) }
