package layers

import (
	"github.com/hornml/horn/nn"
)

// Dense is activation(x · kernel + bias) over the last axis (keras.layers.Dense): input (..., in), output (..., units).
type Dense struct {
	nn.Base
	Units                                                   int
	Activation                                              nn.Activation
	UseBias                                                 bool
	KernelInitializer, BiasInitializer                      *nn.Object
	KernelRegularizer, BiasRegularizer, ActivityRegularizer *nn.Object
	KernelConstraint, BiasConstraint                        *nn.Object

	kernel, bias *nn.Variable
}

func init() { nn.Register("keras.layers", "Dense", func() nn.Layer { return new(Dense) }) }

// Config implements nn.Layer.
func (l *Dense) Config(c *nn.Config) {
	c.Positive("units", &l.Units)
	c.Activation("activation", &l.Activation, "linear")
	c.Bool("use_bias", &l.UseBias, true)
	c.Initializer("kernel_initializer", &l.KernelInitializer, "glorot_uniform")
	c.Initializer("bias_initializer", &l.BiasInitializer, "zeros")
	c.Regularizer("kernel_regularizer", &l.KernelRegularizer)
	c.Regularizer("bias_regularizer", &l.BiasRegularizer)
	c.Regularizer("activity_regularizer", &l.ActivityRegularizer)
	c.Constraint("kernel_constraint", &l.KernelConstraint)
	c.Constraint("bias_constraint", &l.BiasConstraint)
	c.Inert("lora_rank", "lora_alpha", "quantization_config")
	l.SupportsMasking = true
}

// Build implements nn.LayerBuilder.
func (l *Dense) Build(c *nn.Call) {
	x := c.X()
	if x.Rank() < 2 {
		c.Fail("an input of rank 2 or more is expected, not %s", x)
	}
	l.kernel = c.AddWeight("kernel", l.KernelInitializer.Init(), []int{x.Shape[x.Rank()-1], l.Units})
	if l.UseBias {
		l.bias = c.AddWeight("bias", l.BiasInitializer.Init(), []int{l.Units})
	}
}

// Call implements nn.Layer.
func (l *Dense) Call(c *nn.Call) any {
	y := c.Dense(c.X(), c.Var(l.kernel))
	if l.bias != nil {
		y = c.Add(y, c.Var(l.bias))
	}
	return l.Activation.Apply(c, y)
}
