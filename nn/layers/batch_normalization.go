package layers

import (
	"math"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// BatchNormalization is gamma*(x - mean)/sqrt(variance + Epsilon) + beta with a mean and variance for each index of one axis,
// gathered in training (keras.layers.BatchNormalization). Called as in training the statistics are those of the batch, without
// masked steps, and the moving ones come closer to them.
type BatchNormalization struct {
	layer.Base
	Axis                                             int
	Momentum, Epsilon                                float64
	Center, Scale                                    bool
	BetaInitializer, GammaInitializer                *layer.Object
	MovingMeanInitializer, MovingVarianceInitializer *layer.Object
	BetaRegularizer, GammaRegularizer                *layer.Object
	BetaConstraint, GammaConstraint                  *layer.Object
	Synchronized, Renorm                             bool
	RenormClipping                                   any // nil, or "rmax", "rmin", "dmax"
	RenormMomentum                                   float64

	gamma, beta, movingMean, movingVariance *layer.Variable
	movingStddev, renormMean, renormStddev  *layer.Variable
}

// AddBatchNormalization adds BatchNormalization to a registry.
func AddBatchNormalization(r *layer.Registry) {
	r.Register("keras.layers", "BatchNormalization", func() layer.Layer { return new(BatchNormalization) })
}

// Config implements layer.Layer.
func (l *BatchNormalization) Config(c *layer.Config) {
	l.SupportsMasking = true
	c.Int("axis", &l.Axis, -1)
	c.Float("momentum", &l.Momentum, 0.99)
	c.Float("epsilon", &l.Epsilon, 1e-3)
	c.Bool("center", &l.Center, true)
	c.Bool("scale", &l.Scale, true)
	c.Initializer("beta_initializer", &l.BetaInitializer, "zeros")
	c.Initializer("gamma_initializer", &l.GammaInitializer, "ones")
	c.Initializer("moving_mean_initializer", &l.MovingMeanInitializer, "zeros")
	c.Initializer("moving_variance_initializer", &l.MovingVarianceInitializer, "ones")
	c.Regularizer("beta_regularizer", &l.BetaRegularizer)
	c.Regularizer("gamma_regularizer", &l.GammaRegularizer)
	c.Constraint("beta_constraint", &l.BetaConstraint)
	c.Constraint("gamma_constraint", &l.GammaConstraint)
	c.Bool("synchronized", &l.Synchronized, false)
	c.Bool("renorm", &l.Renorm, false)
	c.Raw("renorm_clipping", &l.RenormClipping, nil)
	c.Float("renorm_momentum", &l.RenormMomentum, 0.99)
	if c.Reading() {
		l.checkClipping(c)
	}
}

// checkClipping looks at the bounds of the renorm corrections.
func (l *BatchNormalization) checkClipping(c *layer.Config) {
	if l.RenormClipping == nil {
		return
	}
	o, ok := l.RenormClipping.(*pyjson.Object)
	if !ok {
		c.Errorf("renorm_clipping", "an object of rmax, rmin, dmax or null is expected, not %s", pyjson.Describe(l.RenormClipping))
		return
	}
	for _, k := range o.Keys() {
		v := o.Get(k)
		if _, number := v.(pyjson.Number); k != "rmax" && k != "rmin" && k != "dmax" || v != nil && !number {
			c.Errorf("renorm_clipping", "the keys are rmax, rmin and dmax, their values numbers; %q is %s", k, pyjson.Describe(v))
			return
		}
	}
	rmin, rmax, dmax := l.clip("rmin"), l.clip("rmax"), l.clip("dmax")
	if rmin != nil && rmax != nil && *rmax < *rmin || dmax != nil && *dmax < 0 {
		c.Errorf("renorm_clipping", "rmax must not be below rmin, nor dmax below 0")
	}
}

// clip returns one of the bounds in RenormClipping, nil for none.
func (l *BatchNormalization) clip(key string) *float64 {
	o, _ := l.RenormClipping.(*pyjson.Object)
	if n, ok := o.Get(key).(pyjson.Number); ok {
		f := n.Float()
		return &f
	}
	return nil
}

// Build implements layer.Builder.
func (l *BatchNormalization) Build(c *layer.Call) {
	x := c.X()
	shape := []int{x.Shape[c.Axis(l.Axis, x.Rank())]}
	if l.Scale {
		l.gamma = c.AddWeight("gamma", l.GammaInitializer.Init(), shape, layer.Regularized(l.GammaRegularizer, l.GammaConstraint))
	}
	if l.Center {
		l.beta = c.AddWeight("beta", l.BetaInitializer.Init(), shape, layer.Regularized(l.BetaRegularizer, l.BetaConstraint))
	}
	l.movingMean = c.AddWeight("moving_mean", l.MovingMeanInitializer.Init(), shape, layer.NotTrainable)
	l.movingVariance = c.AddWeight("moving_variance", l.MovingVarianceInitializer.Init(), shape, layer.NotTrainable)
	if l.Renorm {
		l.movingStddev = c.AddWeight("moving_stddev", rootOf(l.MovingVarianceInitializer.Init()), shape, layer.NotTrainable)
		l.renormMean = c.AddWeight("renorm_mean", l.MovingMeanInitializer.Init(), shape, layer.NotTrainable)
		l.renormStddev = c.AddWeight("renorm_stddev", rootOf(l.MovingVarianceInitializer.Init()), shape, layer.NotTrainable)
	}
}

// Call implements layer.Layer: one multiplication and one addition, whose factors are constants.
func (l *BatchNormalization) Call(c *layer.Call) any {
	x := toFloat(c, c.X(), l.ComputeDType())
	axis := c.Axis(l.Axis, x.Rank())
	if want := l.movingMean.Shape[0]; !graph.Fits(x.Shape[axis], want) {
		c.Fail("axis %d of the input %s must be %d", l.Axis, x, want)
	}
	x = c.Cast(x, wide(x.DType))
	mean, variance := c.Cast(c.Raw(l.movingMean), x.DType), c.Cast(c.Raw(l.movingVariance), x.DType)
	var gamma, beta *value
	if l.gamma != nil {
		gamma = c.Cast(c.Raw(l.gamma), x.DType)
	}
	if l.beta != nil {
		beta = c.Cast(c.Raw(l.beta), x.DType)
	}
	if c.Training() && l.Trainable() {
		mean, variance = l.moments(c, x, axis)
		if l.Renorm {
			gamma, beta = l.correct(c, mean, variance, gamma, beta)
		}
		l.remember(c, mean, variance)
	}
	scale := c.Rsqrt(c.AddS(variance, l.Epsilon))
	if gamma != nil {
		scale = c.Mul(gamma, scale)
	}
	shift := c.Mul(mean, scale)
	if beta != nil {
		shift = c.Sub(beta, shift)
	} else {
		shift = c.Neg(shift)
	}
	y := c.Add(c.Mul(x, along(c, scale, axis, x.Rank())), along(c, shift, axis, x.Rank()))
	return openLike(c, c.Cast(y, l.ComputeDType()), x)
}

// moments are mean and variance over all axes but one, of the steps that are not masked.
func (l *BatchNormalization) moments(c *layer.Call, x *value, axis int) (mean, variance *value) {
	var axes []int
	for i := range x.Rank() {
		if i != axis {
			axes = append(axes, i)
		}
	}
	if len(axes) == 0 {
		return x, c.Full(x.DType, 0, x.Shape...)
	}
	mask := c.Tensor(1, "mask")
	if mask == nil {
		mask = c.Mask()
	}
	if mask == nil {
		m := c.MeanKeep(x, axes...)
		return c.Reshape(m, x.Shape[axis]), c.Mean(c.Square(c.Sub(x, m)), axes...)
	}
	if mask.Rank() != x.Rank()-1 {
		c.Fail("the mask %s must have one axis less than the input %s", mask, x)
	}
	keep := c.BroadcastTo(c.ExpandDims(c.Cast(mask, tensor.Bool), -1), x.Shape...)
	zero := c.Scalar(x.DType, 0)
	count := c.AddS(c.SumKeep(c.Cast(keep, x.DType), axes...), kerasEpsilon)
	m := c.Div(c.SumKeep(c.Where(keep, x, zero), axes...), count)
	v := c.Div(c.SumKeep(c.Square(c.Where(keep, c.Sub(x, m), zero)), axes...), count)
	return c.Reshape(m, x.Shape[axis]), c.Reshape(v, x.Shape[axis])
}

// correct is batch renormalization: r and d bring the batch's statistics towards the moving ones (Ioffe 2017).
func (l *BatchNormalization) correct(c *layer.Call, mean, variance, gamma, beta *value) (g, b *value) {
	stddev := c.Sqrt(c.AddS(variance, l.Epsilon))
	least := c.Sqrt(c.Scalar(mean.DType, l.Epsilon))
	moving := c.Max(c.Cast(c.Raw(l.renormStddev), mean.DType), least)
	r := c.Div(stddev, moving)
	d := c.Div(c.Sub(mean, c.Cast(c.Raw(l.renormMean), mean.DType)), moving)
	if v := l.clip("rmin"); v != nil {
		r = c.Max(r, c.Scalar(r.DType, *v))
	}
	if v := l.clip("rmax"); v != nil {
		r = c.Min(r, c.Scalar(r.DType, *v))
	}
	if v := l.clip("dmax"); v != nil {
		d = c.Clip(d, -*v, *v)
	}
	if gamma != nil {
		r, d = c.Mul(r, gamma), c.Mul(d, gamma)
	}
	if beta != nil {
		d = c.Add(d, beta)
	}
	return r, d
}

// remember brings the moving statistics towards those of the batch.
func (l *BatchNormalization) remember(c *layer.Call, mean, variance *value) {
	move := func(v *layer.Variable, to *value, momentum float64) *value {
		moved := c.Add(c.MulS(c.Cast(c.Latest(v), to.DType), momentum), c.MulS(to, 1-momentum))
		c.Assign(v, moved)
		return moved
	}
	move(l.movingMean, mean, l.Momentum)
	if !l.Renorm {
		move(l.movingVariance, variance, l.Momentum)
		return
	}
	stddev := c.Sqrt(c.AddS(variance, l.Epsilon))
	move(l.renormMean, mean, l.RenormMomentum)
	move(l.renormStddev, stddev, l.RenormMomentum)
	moved := move(l.movingStddev, stddev, l.Momentum)
	c.Assign(l.movingVariance, c.Relu(c.AddS(c.Square(moved), -l.Epsilon)))
}

// rootOf is squareRoot, but nil of nil.
func rootOf(of layer.Initializer) layer.Initializer {
	if of == nil {
		return nil
	}
	return squareRoot{of}
}

// squareRoot is an initializer that takes the root of what another one makes.
type squareRoot struct{ of layer.Initializer }

// Make implements layer.Initializer.
func (s squareRoot) Make(shape []int, d tensor.DType) (tensor.Any, error) {
	t, err := s.of.Make(shape, tensor.Float64)
	if err != nil {
		return nil, err
	}
	data := t.(*tensor.Of[float64]).Data()
	for i, v := range data {
		data[i] = math.Sqrt(v)
	}
	return t.Convert(d)
}
