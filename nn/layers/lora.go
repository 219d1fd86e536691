package layers

import (
	"errors"
	"fmt"
	"slices"

	"github.com/hornml/horn/nn/initializers"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// lora is the low-rank adaptation of a kernel (enable_lora): kernel + LoraAlpha/LoraRank * A·B. Saving merges A·B into the
// kernel and leaves A and B out of the file, so that after loading A·B is zero; they are there to be trained.
type lora struct {
	LoraRank  *int     // nil for none
	LoraAlpha *float64 // nil: LoraRank

	a, b, adapted *layer.Variable
	lattice       *lattice // of a kernel of int8 or int4
	unmerged      string   // the quantization mode of a kernel into which nothing can be merged
}

// config visits lora_rank and lora_alpha, which Keras writes only where LoRA is on.
func (l *lora) config(c *layer.Config) {
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
func (l *lora) build(c *layer.Call, name string, v *layer.Variable, kernel []int) {
	if !l.enabled() {
		return
	}
	v.Trainable = false
	l.adapted = v
	last := len(kernel) - 1
	l.a = c.AddWeight(name+"_a", initializers.HeUniform(), append(slices.Clone(kernel[:last]), *l.LoraRank),
		layer.OfType(tensor.Float32), layer.NotSaved, layer.Regularized(v.Regularizer, nil))
	l.b = c.AddWeight(name+"_b", new(initializers.Zeros), []int{*l.LoraRank, kernel[last]},
		layer.OfType(tensor.Float32), layer.NotSaved, layer.Regularized(v.Regularizer, nil))
}

// add adds x·A·B to the product y of a layer whose kernel is no float; multiply is the layer's own product.
func (l *lora) add(c *layer.Call, y, x *value, multiply func(x, kernel *value) *value) *value {
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
func (l *lora) apply(c *layer.Call, kernel *value) *value {
	if !l.enabled() {
		return kernel
	}
	delta := c.MulS(c.Dense(c.Raw(l.a), c.Raw(l.b)), l.factor())
	pair := sameType(c, kernel, delta)
	return c.Cast(c.Add(pair[0], pair[1]), kernel.DType)
}

// SavedValue implements layer.ValueSaver: a file has the kernel with A·B merged into it; a quantized kernel is quantized anew,
// with its scale and zero point.
func (l *lora) SavedValue(v *layer.Variable) (tensor.Any, error) {
	value, err := v.Value()
	if err != nil || !l.enabled() || v != l.adapted && !l.lattice.has(v) || !l.b.HasValue() { // B begins as zeros
		return value, err
	}
	a, errA := l.a.Tensor()
	b, errB := l.b.Tensor()
	if errA != nil || errB != nil {
		return nil, errors.Join(errA, errB)
	}
	if !slices.ContainsFunc(b.Data(), func(x float32) bool { return x != 0 }) {
		return value, nil
	}
	if l.lattice != nil {
		return l.lattice.merge(l.delta(a, b), v)
	}
	if mode := l.unmerged; mode != "" {
		return nil, fmt.Errorf("variable %s: LoRA is trained, but with %s Keras has no form in which it could be saved", v.Path, mode)
	}
	merged := make([]float64, v.Size())
	if err := value.Float64s(merged); err != nil {
		return nil, err
	}
	for i, d := range l.delta(a, b) {
		merged[i] += d
	}
	return tensor.FromSlice(merged).Reshape(v.Shape...).Convert(v.DType)
}

// delta is LoraAlpha/LoraRank * A·B.
func (l *lora) delta(a, b *tensor.Tensor) []float64 {
	x, y := a.Data(), b.Data()
	rank, out := b.Shape()[0], b.Shape()[1]
	delta := make([]float64, len(x)/rank*out)
	for i := range delta {
		sum := 0.0
		for r := range rank {
			sum += float64(x[i/out*rank+r]) * float64(y[r*out+i%out])
		}
		delta[i] = sum * l.factor()
	}
	return delta
}
