package optimizers

import (
	"fmt"
	"math"

	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addLossScaleOptimizer(r *layer.Registry) {
	r.RegisterObject("optimizers", "LossScaleOptimizer", func() layer.Configurable { return new(LossScaleOptimizer) },
		"lossscaleoptimizer")
}

// LossScaleOptimizer multiplies the loss by a number that float16 gradients can bear (keras.optimizers.LossScaleOptimizer):
// it doubles after DynamicGrowthSteps steps and halves after one whose gradients are not finite, which is left out.
type LossScaleOptimizer struct {
	Base
	InnerOptimizer     *layer.Object
	InitialScale       float64
	DynamicGrowthSteps int

	inner             Optimizer
	counter, scaleNow *layer.Variable
}

// Config implements layer.Configurable.
func (o *LossScaleOptimizer) Config(c *layer.Config) {
	c.StringOrNone("name", &o.Name)
	if o.Name == "" {
		o.Name = "loss_scale_optimizer"
	}
	c.Object("optimizers", "inner_optimizer", &o.InnerOptimizer, "adam")
	if v, given := c.Value("inner_optimizer"); given && v == nil {
		c.Errorf("inner_optimizer", "an optimizer is expected, not null")
	}
	c.Float("initial_scale", &o.InitialScale, 1<<15)
	c.Positive("dynamic_growth_steps", &o.DynamicGrowthSteps, 2000)
	if o.InnerOptimizer != nil {
		inner, ok := o.InnerOptimizer.Impl.(Optimizer)
		if !ok {
			c.Unsupported("inner_optimizer", "%s is no optimizer", o.InnerOptimizer.Name)
		}
		o.inner = inner
		if l, ok := inner.(lossScaled); ok {
			l.setLossScale(nil)
		}
	}
	o.start()
}

// Build implements Optimizer.
func (o *LossScaleOptimizer) Build(variables []*layer.Variable) error {
	o.start()
	o.counter = o.add(o.Name+"/step_counter", "step_counter", tensor.Scalar(int32(0)))
	o.scaleNow = o.add(o.Name+"/dynamic_scale", "dynamic_scale", tensor.Scalar(float32(o.InitialScale)))
	o.trainable = variables
	return o.inner.Build(variables)
}

// Variables implements Optimizer: its own, then those of the optimizer inside.
func (o *LossScaleOptimizer) Variables() []*layer.Variable {
	return append(o.variables[:len(o.variables):len(o.variables)], o.inner.Variables()...)
}

// Rate implements Optimizer.
func (o *LossScaleOptimizer) Rate() float64 { return o.inner.Rate() }

// LossScale implements Optimizer.
func (o *LossScaleOptimizer) LossScale() float64 {
	if o.scaleNow == nil {
		return o.InitialScale
	}
	return number(o.scaleNow)
}

// number is the value of a variable that has one element.
func number(v *layer.Variable) float64 {
	var x [1]float64
	if t, err := v.Value(); err == nil {
		_ = t.Float64s(x[:]) // numeric
	}
	return x[0]
}

// Step implements Optimizer.
func (o *LossScaleOptimizer) Step(gradients []tensor.Any) error {
	grads, err := o.gradients(gradients)
	if err != nil {
		return err
	}
	by := o.LossScale()
	count := number(o.counter) + 1
	next := by
	switch finite := allFinite(grads); {
	case !finite:
		count, next = 0, by*0.5
	case count == float64(o.DynamicGrowthSteps):
		count, next = 0, by*2
		fallthrough
	default:
		scale(grads, 1/by)
		divided := make([]tensor.Any, len(grads))
		for i, g := range grads {
			if g != nil {
				divided[i] = shaped(g, o.trainable[i].Shape, o.trainable[i].DType)
			}
		}
		if err := o.inner.Step(divided); err != nil {
			return fmt.Errorf("%s: %w", o.Name, err)
		}
	}
	store(o.counter, []float64{count})
	store(o.scaleNow, []float64{next})
	return nil
}

func allFinite(grads [][]float64) bool {
	for _, g := range grads {
		for _, v := range g {
			if math.IsInf(v, 0) || math.IsNaN(v) {
				return false
			}
		}
	}
	return true
}

// Finalize implements Optimizer.
func (o *LossScaleOptimizer) Finalize() error { return o.inner.Finalize() }
