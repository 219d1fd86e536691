package layers

import (
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/initializers"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// TernaryDense is activation(beta * x · sign(kernel) + bias) over the last axis, where what lies within the threshold counts as 0
// (keras.layers.TernaryDense, of Keras 3.16): input (..., in), output (..., units). Without a Threshold it is half of beta, the mean
// magnitude of the kernel; with one there is no beta. In training gradients reach the kernel as if it were not rounded. The dtype
// policy "ternary_from_..." stores the signs alone, five in a byte.
type TernaryDense struct {
	layer.Base
	Units                              int
	Threshold                          *float64 // nil: half the mean magnitude
	Activation                         layer.Activation
	UseBias                            bool
	KernelInitializer, BiasInitializer *layer.Object
	KernelRegularizer, BiasRegularizer *layer.Object
	KernelConstraint, BiasConstraint   *layer.Object

	rows                int
	kernel, scale, bias *layer.Variable
}

// AddTernaryDense adds TernaryDense to a registry.
func AddTernaryDense(r *layer.Registry) {
	r.Register("keras.layers", "TernaryDense", func() layer.Layer { return new(TernaryDense) })
}

// Config implements layer.Layer.
func (l *TernaryDense) Config(c *layer.Config) {
	l.SupportsMasking = true
	c.Positive("units", &l.Units)
	c.FloatOrNone("threshold", &l.Threshold)
	c.Activation("activation", &l.Activation, "linear")
	c.Bool("use_bias", &l.UseBias, true)
	c.Initializer("kernel_initializer", &l.KernelInitializer, "glorot_uniform")
	c.Initializer("bias_initializer", &l.BiasInitializer, "zeros")
	c.Regularizer("kernel_regularizer", &l.KernelRegularizer)
	c.Regularizer("bias_regularizer", &l.BiasRegularizer)
	c.Regularizer("activity_regularizer", &l.ActivityRegularizer)
	c.Constraint("kernel_constraint", &l.KernelConstraint)
	c.Constraint("bias_constraint", &l.BiasConstraint)
	if l.Threshold != nil && !(*l.Threshold >= 0) {
		c.Errorf("threshold", "a number of 0 or more, or null, is expected, not %v", *l.Threshold)
	}
}

// Children implements layer.Container.
func (l *TernaryDense) Children() []layer.Child { return l.Activation.Children("activation") }

// SavedVariables implements layer.VariableSaver.
func (l *TernaryDense) SavedVariables() []*layer.Variable { return compact(l.kernel, l.bias, l.scale) }

// Build implements layer.Builder.
func (l *TernaryDense) Build(c *layer.Call) {
	x := c.X()
	if x.Rank() < 2 || x.Shape[x.Rank()-1] < 0 {
		c.Fail("an input of rank 2 or more, whose last axis is known, is expected, not %s", x)
	}
	l.rows = x.Shape[x.Rank()-1]
	wantMode(c, l.Policy().Quantization, "ternary")
	if l.Policy().Quantization == "ternary" {
		l.kernel, l.scale = ternaryVariables(c, l.rows, l.Units)
	} else {
		l.kernel = c.AddWeight("kernel", l.KernelInitializer.Init(), []int{l.rows, l.Units},
			layer.Regularized(l.KernelRegularizer, l.KernelConstraint))
	}
	if l.UseBias {
		l.bias = c.AddWeight("bias", l.BiasInitializer.Init(), []int{l.Units}, layer.Regularized(l.BiasRegularizer, l.BiasConstraint))
	}
}

// ternaryVariables makes the kernel of the mode "ternary", five columns in a byte, and its scale.
func ternaryVariables(c *layer.Call, rows, columns int) (kernel, scale *layer.Variable) {
	kernel = c.AddWeight("kernel", ternaryZeros{}, []int{rows, (columns + 4) / 5}, layer.NotTrainable, layer.OfType(tensor.Uint8))
	return kernel, c.AddWeight("kernel_scale", new(initializers.Ones), nil, layer.NotTrainable)
}

// ternaryZeros fills with the byte whose five digits are 1, which stand for 0.
type ternaryZeros struct{}

// Make implements layer.Initializer.
func (ternaryZeros) Make(shape []int, _ tensor.DType) (tensor.Any, error) {
	t := tensor.Zeros[uint8](shape...)
	for i := range t.Data() {
		t.Data()[i] = 1 + 3 + 9 + 27 + 81
	}
	return t, nil
}

// Call implements layer.Layer.
func (l *TernaryDense) Call(c *layer.Call) any {
	x := toFloat(c, c.X(), l.ComputeDType())
	if x.Rank() < 2 || !graph.Fits(x.Shape[x.Rank()-1], l.rows) {
		c.Fail("the last axis of the input %s must be %d", x, l.rows)
	}
	var y *value
	if l.scale != nil {
		y = ternaryProduct(c, x, l.kernel, l.scale, l.Units)
	} else {
		y = l.trained(c, x)
	}
	if l.bias != nil {
		y = c.Add(y, c.Var(l.bias))
	}
	return l.Activation.Apply(c, y)
}

// ternaryProduct multiplies with the unpacked signs, then with their scale.
func ternaryProduct(c *layer.Call, x *value, kernel, scale *layer.Variable, columns int) *value {
	signs := c.Cast(c.UnpackTernary(c.Raw(kernel), -1, columns), x.DType)
	return c.Mul(c.Dense(x, signs), c.Cast(c.Raw(scale), x.DType))
}

// trained takes the signs of a kernel of floats; they are decided in float32 whatever its type.
func (l *TernaryDense) trained(c *layer.Call, x *value) *value {
	kernel := c.Raw(l.kernel)
	size := c.Abs(c.Cast(kernel, tensor.Float32))
	beta := c.Mean(size, 0, 1)
	limit := c.MulS(beta, 0.5)
	if l.Threshold != nil {
		limit = c.Scalar(tensor.Float32, *l.Threshold)
	}
	kernel = c.Cast(kernel, x.DType)
	signs := c.Mul(c.Unary(graph.Sign, kernel), c.Cast(c.Compare(graph.Greater, size, limit), x.DType))
	y := c.Dense(x, c.StraightThrough(signs, kernel))
	if l.Threshold == nil {
		y = c.Mul(y, c.Cast(beta, y.DType))
	}
	return y
}
