package layers

import (
	"github.com/hornml/horn/nn"
)

// EinsumDense is activation(einsum(Equation, x, kernel) + bias) (keras.layers.EinsumDense). OutputShape, without the batch, gives
// the lengths of axes that the input does not have; BiasAxes names the axes of the output along which the bias varies.
type EinsumDense struct {
	nn.Base
	Equation                           string
	OutputShape                        []int // -1 for unknown lengths
	Activation                         nn.Activation
	BiasAxes                           string // "" for no bias
	KernelInitializer, BiasInitializer *nn.Object
	KernelRegularizer, BiasRegularizer *nn.Object
	KernelConstraint, BiasConstraint   *nn.Object
	lora

	kernel, bias *nn.Variable
}

func init() { nn.Register("keras.layers", "EinsumDense", func() nn.Layer { return new(EinsumDense) }) }

// Config implements nn.Layer.
func (l *EinsumDense) Config(c *nn.Config) {
	c.Dims("output_shape", &l.OutputShape)
	c.String("equation", &l.Equation)
	c.Activation("activation", &l.Activation, "linear")
	c.StringOrNone("bias_axes", &l.BiasAxes)
	c.Initializer("kernel_initializer", &l.KernelInitializer, "glorot_uniform")
	c.Initializer("bias_initializer", &l.BiasInitializer, "zeros")
	c.Regularizer("kernel_regularizer", &l.KernelRegularizer)
	c.Regularizer("bias_regularizer", &l.BiasRegularizer)
	c.Regularizer("activity_regularizer", &l.ActivityRegularizer)
	c.Constraint("kernel_constraint", &l.KernelConstraint)
	c.Constraint("bias_constraint", &l.BiasConstraint)
	l.lora.config(c)
	if c.Reading() {
		if _, err := parseEinsum(l.Equation); err != nil {
			c.Errorf("equation", "%v", err)
		}
	}
}

// Children implements nn.Container.
func (l *EinsumDense) Children() []nn.Child { return l.Activation.Children("activation") }

// SavedVariables implements nn.VariableSaver.
func (l *EinsumDense) SavedVariables() []*nn.Variable { return compact(l.kernel, l.bias) }

// Build implements nn.LayerBuilder.
func (l *EinsumDense) Build(c *nn.Call) {
	s := l.shapes(c, c.X())
	l.kernel = c.AddWeight("kernel", l.KernelInitializer.Init(), s.kernel)
	if s.bias != nil {
		l.bias = c.AddWeight("bias", l.BiasInitializer.Init(), s.bias)
	}
	l.lora.build(c, "lora_kernel", l.kernel, s.kernel)
}

// shapes works out the shapes that belong to the equation, and fails where the input does not fit it.
func (l *EinsumDense) shapes(c *nn.Call, x *value) einsumShapes {
	e, err := parseEinsum(l.Equation)
	if err != nil {
		c.Fail("%v", err)
	}
	s, err := e.shapes(x.Shape, l.OutputShape, l.BiasAxes)
	if err != nil {
		c.Fail("%v", err)
	}
	return s
}

// Call implements nn.Layer.
func (l *EinsumDense) Call(c *nn.Call) any {
	x := toFloat(c, c.X(), l.ComputeDType())
	y := c.Einsum(l.Equation, x, l.lora.apply(c, c.Var(l.kernel)))
	if l.bias != nil {
		y = c.Add(y, c.Var(l.bias))
	}
	return l.Activation.Apply(c, y)
}
