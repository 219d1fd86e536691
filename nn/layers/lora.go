package layers

import (
	"slices"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/tensor"
)

// lora is the low-rank adaptation of a kernel (enable_lora): kernel + LoraAlpha/LoraRank * A·B. Saving merges A·B into the
// kernel and leaves A and B out of the file, so that after loading A·B is zero; they are there to be trained.
type lora struct {
	LoraRank, LoraAlpha *int // nil for none; LoraAlpha is LoraRank if nil

	a, b *nn.Variable
}

// config visits lora_rank and lora_alpha, which Keras writes only where LoRA is on.
func (l *lora) config(c *nn.Config) {
	for _, k := range []struct {
		key   string
		field **int
	}{{"lora_rank", &l.LoraRank}, {"lora_alpha", &l.LoraAlpha}} {
		if _, ok := c.Value(k.key); !ok && (c.Reading() || *k.field == nil) {
			*k.field = nil
			continue
		}
		c.IntOrNone(k.key, k.field)
	}
	if c.Reading() && l.LoraRank != nil && *l.LoraRank < 1 {
		c.Errorf("lora_rank", "a positive integer or null is expected, not %d", *l.LoraRank)
	}
}

// enabled reports whether the layer has LoRA variables.
func (l *lora) enabled() bool { return l.LoraRank != nil && *l.LoraRank > 0 }

// build makes A, of the kernel's shape with the rank as its last axis, and B, (rank, last axis of the kernel), and freezes
// the kernel.
func (l *lora) build(c *nn.Call, name string, v *nn.Variable, kernel []int) {
	if !l.enabled() {
		return
	}
	v.Trainable = false
	last := len(kernel) - 1
	l.a = c.AddWeight(name+"_a", nn.NewObject("initializers", "he_uniform").Init(), append(slices.Clone(kernel[:last]), *l.LoraRank), nn.OfType(tensor.Float32), nn.NotSaved)
	l.b = c.AddWeight(name+"_b", nn.NewObject("initializers", "zeros").Init(), []int{*l.LoraRank, kernel[last]}, nn.OfType(tensor.Float32), nn.NotSaved)
}

// apply adds the adaptation to a kernel, in the kernel's type.
func (l *lora) apply(c *nn.Call, kernel *value) *value {
	if !l.enabled() {
		return kernel
	}
	alpha := *l.LoraRank
	if l.LoraAlpha != nil {
		alpha = *l.LoraAlpha
	}
	delta := c.MulS(c.Dense(c.Raw(l.a), c.Raw(l.b)), float64(alpha)/float64(*l.LoraRank))
	pair := sameType(c, kernel, delta)
	return c.Cast(c.Add(pair[0], pair[1]), kernel.DType)
}
