package layers

import (
	"slices"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/tensor"
)

// lora is the low-rank adaptation of a kernel (enable_lora): kernel + LoraAlpha/LoraRank * A·B. Saving merges A·B into the
// kernel and leaves A and B out of the file, so that after loading A·B is zero; they are there to be trained.
type lora struct {
	LoraRank  *int     // nil for none
	LoraAlpha *float64 // nil: LoraRank

	a, b *nn.Variable
}

// config visits lora_rank and lora_alpha, which Keras writes only where LoRA is on.
func (l *lora) config(c *nn.Config) {
	if _, ok := c.Value("lora_rank"); ok || !c.Reading() && l.LoraRank != nil {
		c.IntOrNone("lora_rank", &l.LoraRank)
	}
	if _, ok := c.Value("lora_alpha"); ok || !c.Reading() && l.LoraAlpha != nil {
		c.FloatOrNone("lora_alpha", &l.LoraAlpha)
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
	l.a = c.AddWeight(name+"_a", nn.NewObject("initializers", "he_uniform").Init(), append(slices.Clone(kernel[:last]), *l.LoraRank), nn.OfType(tensor.Float32), nn.NotSaved, nn.Regularized(v.Regularizer, nil))
	l.b = c.AddWeight(name+"_b", nn.NewObject("initializers", "zeros").Init(), []int{*l.LoraRank, kernel[last]}, nn.OfType(tensor.Float32), nn.NotSaved, nn.Regularized(v.Regularizer, nil))
}

// add adds x·A·B to the product y of a layer whose kernel is no float; multiply is the layer's own product.
func (l *lora) add(c *nn.Call, y, x *value, multiply func(x, kernel *value) *value) *value {
	if !l.enabled() {
		return y
	}
	delta := c.Dense(multiply(x, c.Cast(c.Raw(l.a), x.DType)), c.Cast(c.Raw(l.b), x.DType))
	return c.Add(y, c.Cast(c.MulS(delta, l.factor()), y.DType))
}

// factor is LoraAlpha/LoraRank.
func (l *lora) factor() float64 {
	if l.LoraAlpha == nil {
		return 1
	}
	return *l.LoraAlpha / float64(*l.LoraRank)
}

// apply adds the adaptation to a kernel, in the kernel's type.
func (l *lora) apply(c *nn.Call, kernel *value) *value {
	if !l.enabled() {
		return kernel
	}
	delta := c.MulS(c.Dense(c.Raw(l.a), c.Raw(l.b)), l.factor())
	pair := sameType(c, kernel, delta)
	return c.Cast(c.Add(pair[0], pair[1]), kernel.DType)
}
