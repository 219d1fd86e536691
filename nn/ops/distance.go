package ops

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

func addDistance(r *layer.Registry) {
	// cdist is the Euclidean distance of each row of x to each row of y.
	r.RegisterOp("math", "CDist", func(o *layer.OpCall) any {
		x, y := pair(o, "x", "y", layer.PyFloat)
		if x.Rank() < 2 || y.Rank() < 2 || !graph.Fits(x.Shape[x.Rank()-1], y.Shape[y.Rank()-1]) {
			o.Fail("%s: points %s and %s do not fit", o, x, y)
		}
		return o.Sqrt(o.Sum(o.Square(o.Sub(o.ExpandDims(x, -2), o.ExpandDims(y, -3))), -1))
	})
}
