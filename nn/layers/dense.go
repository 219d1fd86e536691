package layers

import (
	"github.com/hornml/horn/nn"
)

// Dense is activation(x · kernel + bias) over the last axis (keras.layers.Dense): input (..., in), output (..., units).
type Dense struct {
	nn.Base
	Units                              int
	Activation                         nn.Activation
	UseBias                            bool
	KernelInitializer, BiasInitializer *nn.Object
	KernelRegularizer, BiasRegularizer *nn.Object
	KernelConstraint, BiasConstraint   *nn.Object
	lora

	kernel, bias *nn.Variable
}

func init() { nn.Register("keras.layers", "Dense", func() nn.Layer { return new(Dense) }) }

// Config implements nn.Layer.
func (l *Dense) Config(c *nn.Config) {
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
	c.Inert("quantization_config")
	l.lora.config(c)
}

// Children implements nn.Container.
func (l *Dense) Children() []nn.Child { return l.Activation.Children("activation") }

// SavedVariables implements nn.VariableSaver.
func (l *Dense) SavedVariables() []*nn.Variable { return compact(l.kernel, l.bias) }

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
	l.lora.build(c, "lora_kernel", l.kernel, l.kernel.Shape)
}

// Call implements nn.Layer.
func (l *Dense) Call(c *nn.Call) any {
	y := c.Dense(toFloat(c, c.X(), l.ComputeDType()), l.lora.apply(c, c.Var(l.kernel)))
	if l.bias != nil {
		y = c.Add(y, c.Var(l.bias))
	}
	return l.Activation.Apply(c, y)
}
