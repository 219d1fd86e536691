package losses

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/ops"
	"github.com/hornml/horn/tensor"
)

func addCtc(r *layer.Registry) {
	register(r, "CTC", "ctc", "ctc", func() Function { return plain(CTC) })
}

// CTC is the negative logarithm of the probability of a sequence of class numbers (batch, length) under logits (batch, time,
// classes), over all ways to write it with repeats and blanks (keras.losses.ctc). Class 0 is the blank and, in targets,
// what fills them up.
func CTC(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	p := floats(b, yPred)
	if yTrue.Rank() != 2 || p.Rank() != 3 {
		b.Fail("targets (batch, length) and logits (batch, time, classes) are expected, not %s and %s", yTrue, yPred)
	}
	t := cast(b, yTrue, tensor.Int32)
	length := b.Sum(cast(b, b.Compare(graph.NotEqual, t, b.Int(tensor.Int32, 0)), tensor.Int32), 1)
	time := b.Full(tensor.Int32, float64(p.Shape[1]), p.Shape[0])
	return ops.CTCLoss(b, p, t, length, time, 0)
}
