package layers

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Dense is activation(x · kernel + bias) over the last axis (keras.layers.Dense): input (..., in), output (..., units). A
// quantized dtype policy changes how the kernel is stored, and with int8 and some int4 the input is quantized, too.
type Dense struct {
	layer.Base
	Units                              int
	Activation                         layer.Activation
	UseBias                            bool
	KernelInitializer, BiasInitializer *layer.Object
	KernelRegularizer, BiasRegularizer *layer.Object
	KernelConstraint, BiasConstraint   *layer.Object
	lora
	quantizedKernel

	bias *layer.Variable
}

// AddDense adds Dense to a registry.
func AddDense(r *layer.Registry) {
	r.Register("keras.layers", "Dense", func() layer.Layer { return new(Dense) })
}

// Config implements layer.Layer.
func (l *Dense) Config(c *layer.Config) {
	l.SupportsMasking = true
	c.Positive("units", &l.Units)
	c.Activation("activation", &l.Activation, "linear")
	c.Bool("use_bias", &l.UseBias, true)
	c.Initializer("kernel_initializer", &l.KernelInitializer, "glorot_uniform")
	c.Initializer("bias_initializer", &l.BiasInitializer, "zeros")
	c.Regularizer("kernel_regularizer", &l.KernelRegularizer)
	c.Regularizer("bias_regularizer", &l.BiasRegularizer)
	c.Constraint("kernel_constraint", &l.KernelConstraint)
	c.Constraint("bias_constraint", &l.BiasConstraint)
	l.quantization.config(c)
	l.lora.config(c)
}

// Children implements layer.Container.
func (l *Dense) Children() []layer.Child { return l.Activation.Children("activation") }

// SavedVariables implements layer.VariableSaver.
func (l *Dense) SavedVariables() []*layer.Variable { return l.savedKernel(l.bias) }

// Build implements layer.Builder.
func (l *Dense) Build(c *layer.Call) {
	x := c.X()
	if x.Rank() < 2 {
		c.Fail("an input of rank 2 or more is expected, not %s", x)
	}
	in := x.Shape[x.Rank()-1]
	if in < 0 {
		c.Fail("the last axis of the input %s must be known", x)
	}
	l.buildKernel(c, l.Policy(), l.KernelInitializer.Init(), []int{in, l.Units}, []int{l.Units}, 0, in,
		layer.Regularized(l.KernelRegularizer, l.KernelConstraint))
	if l.UseBias {
		l.bias = c.AddWeight("bias", l.BiasInitializer.Init(), []int{l.Units}, layer.Regularized(l.BiasRegularizer, l.BiasConstraint))
	}
	l.lora.build(c, "lora_kernel", l.kernel, []int{in, l.Units})
	l.lora.lattice, l.lora.unmerged = l.asLattice(l.Policy(), []int{in, l.Units}, func(i int) int { return i % l.Units })
}

// Call implements layer.Layer.
func (l *Dense) Call(c *layer.Call) any {
	x := toFloat(c, c.X(), l.ComputeDType())
	if x.Rank() < 2 || !graph.Fits(x.Shape[x.Rank()-1], l.rows) {
		c.Fail("the last axis of the input %s must be %d", x, l.rows)
	}
	y := l.product(c, x)
	if l.bias != nil {
		bias := c.Var(l.bias)
		if l.mode == "float8" {
			bias = float8Bias(c, bias)
		}
		y = c.Add(y, bias)
	}
	return l.Activation.Apply(c, y)
}

// product multiplies the input with the kernel in the way of the quantization mode.
func (l *Dense) product(c *layer.Call, x *value) *value {
	switch l.mode {
	case "":
		return c.Dense(x, l.lora.apply(c, c.Var(l.kernel)))
	case "float8":
		kernel := c.Var(l.kernel)
		y := c.Dense(float8Round(c, x, c.Raw(l.float8[0])), float8Round(c, kernel, c.Raw(l.float8[2])))
		return c.Float8Gradient(y, c.Raw(l.float8[4]), c.Raw(l.float8[5]))
	case "ternary":
		return ternaryProduct(c, x, l.kernel, l.scale, l.Units)
	}
	var y *value
	switch q := l.inputQuantizer(l.Policy()); {
	case q != nil && q.standard() && x.DType == tensor.Float32 && l.scale.DType == tensor.Float32 && x.Shape[x.Rank()-1] <= graph.MaxInt8Sum:
		y = c.DenseInt8(x, l.int8Kernel(c), c.Raw(l.scale), q.epsilon)
	case q != nil:
		ints, scale := q.apply(c, x, -1)
		y = c.Cast(denseInt8(c, ints, l.int8Kernel(c)), l.ComputeDType())
		y = divide(c, y, c.Mul(c.Cast(c.Raw(l.scale), scale.DType), scale))
		kernel := c.Cast(l.int8Kernel(c), x.DType)
		y = c.StraightThrough(y, c.Dense(x, divide(c, kernel, c.StopGradient(c.Raw(l.scale)))))
	case l.mode == "int8":
		kernel := c.Cast(c.Raw(l.kernel), l.ComputeDType())
		y = c.Dense(x, divide(c, kernel, c.StopGradient(c.Raw(l.scale))))
	default:
		y = c.Dense(x, c.Cast(l.floatMatrix(c, l.Policy()), x.DType))
	}
	return l.lora.add(c, y, x, c.Dense)
}

// denseInt8 multiplies the last axis of int8 values with an int8 matrix.
func denseInt8(c *layer.Call, x, kernel *value) *value {
	lead := x.Shape[:x.Rank()-1]
	flat := c.Reshape(x, product(lead), kernel.Shape[0])
	return c.Reshape(c.MatMulInt8(flat, kernel), append(slices.Clone(lead), kernel.Shape[1])...)
}

// divide is x / scale in the type of x.
func divide(c *layer.Call, x, scale *value) *value { return c.Div(x, c.Cast(scale, x.DType)) }
