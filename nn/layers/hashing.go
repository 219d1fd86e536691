package layers

import (
	"math"
	"strconv"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Hashing puts strings and integers into NumBins bins by their FarmHash fingerprint or, with a Salt, their SipHash
// (keras.layers.Hashing). Integers are hashed as decimal text. With a MaskValue, bin 0 is for it alone. Other output modes
// than "int" make vectors of the bins.
type Hashing struct {
	layer.Base
	NumBins    int
	MaskValue  any // a string, a layer.Number, or nil for none
	Salt       []int64
	OutputMode string
}

// AddHashing adds Hashing to a registry.
func AddHashing(r *layer.Registry) {
	r.Register("keras.layers", "Hashing", func() layer.Layer { return new(Hashing) })
}

// Config implements layer.Layer.
func (l *Hashing) Config(c *layer.Config) {
	c.Positive("num_bins", &l.NumBins)
	salt(c, &l.Salt)
	c.Raw("mask_value", &l.MaskValue, nil)
	outputMode(c, &l.OutputMode, "int", "one_hot", "multi_hot", "count")
	dense(c)
	l.NoAutocast = true
	if !c.Reading() {
		return
	}
	switch l.MaskValue.(type) {
	case nil, string, pyjson.Number:
	default:
		c.Errorf("mask_value", "a string, a number or null is expected, not %s", pyjson.Describe(l.MaskValue))
	}
	if raw, _ := c.Value("dtype"); raw == nil && l.OutputMode == "int" {
		p, _ := layer.ParsePolicy("int64")
		l.SetPolicy(p)
	}
	if d := l.ComputeDType(); l.OutputMode == "int" && d != tensor.Int32 && d != tensor.Int64 {
		c.Errorf("dtype", "output_mode \"int\" needs int32 or int64, not %s", d)
	}
}

// Call implements layer.Layer.
func (l *Hashing) Call(c *layer.Call) any {
	x := c.X()
	if n := x.Rank(); l.OutputMode == "one_hot" && n > 0 && x.Shape[n-1] == 1 {
		x = c.Squeeze(x, -1)
	}
	a := opBins{NumBins: l.NumBins, Salt: l.Salt}
	if l.MaskValue != nil && l.NumBins > 1 {
		switch m := l.MaskValue.(type) {
		case string:
			if x.DType != tensor.String {
				c.Fail("mask_value %q for inputs of type %s", m, x.DType)
			}
			a.Masked, a.MaskText = true, m
		case pyjson.Number:
			if x.DType == tensor.String {
				c.Fail("mask_value %s for strings", m)
			}
			a.Masked, a.MaskNumber, a.MaskText = true, m.Float(), string(m)
		}
	}
	return encodeCategorical(c, c.Emit1(a, x), l.OutputMode, l.NumBins, l.ComputeDType(), nil)
}

// opBins hashes values into bins, int64. Floats are cut to integers before.
type opBins struct {
	NumBins    int
	Masked     bool
	MaskText   string
	MaskNumber float64
	Salt       []int64
}

// Name implements graph.Op.
func (opBins) Name() string { return "hash_bins" }

// Infer implements graph.Op.
func (opBins) Infer(n *graph.Node) { n.SetOut(tensor.Int64, n.In[0].Shape...) }

// Eval implements graph.Op.
func (op opBins) Eval(n *graph.Node, in, out []graph.Buf) error {
	a, x := op, in[0]
	count, first := a.NumBins, int64(0)
	if a.Masked {
		count, first = count-1, 1
	}
	exact, isInt := int64(0), false
	if v, err := strconv.ParseInt(a.MaskText, 10, 64); err == nil {
		exact, isInt = v, true
	}
	var text []byte
	for i := range out[0].I {
		masked := false
		switch {
		case x.S != nil:
			text = append(text[:0], x.S[i]...)
			masked = x.S[i] == a.MaskText
		case x.I != nil:
			v := x.I[i]
			masked = isInt && v == exact
			if n.In[0].DType == tensor.Uint64 {
				text = strconv.AppendUint(text[:0], uint64(v), 10)
			} else {
				text = strconv.AppendInt(text[:0], v, 10)
			}
		case x.B != nil:
			text = strconv.AppendBool(text[:0], x.B[i])
			masked = x.Float64(i) == a.MaskNumber
		default:
			v := x.Float64(i)
			masked = v == a.MaskNumber
			text = strconv.AppendInt(text[:0], cut(v), 10)
		}
		if a.Masked && masked {
			out[0].I[i] = 0
			continue
		}
		out[0].I[i] = first + hashBucket(text, a.Salt, count)
	}
	return nil
}

// cut is the integer part of v; what no int64 can hold is the smallest, as on x86.
func cut(v float64) int64 {
	if v != v || v >= 0x1p63 || v < -0x1p63 {
		return math.MinInt64
	}
	return int64(v)
}
