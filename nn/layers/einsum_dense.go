package layers

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/initializers"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// EinsumDense is activation(einsum(Equation, x, kernel) + bias) (keras.layers.EinsumDense). OutputShape, without the batch, gives
// the lengths of axes that the input does not have; BiasAxes names the axes of the output along which the bias varies.
type EinsumDense struct {
	layer.Base
	Equation                           string
	OutputShape                        []int // -1 for unknown lengths
	Activation                         layer.Activation
	BiasAxes                           string // "" for no bias
	KernelInitializer, BiasInitializer *layer.Object
	KernelRegularizer, BiasRegularizer *layer.Object
	KernelConstraint, BiasConstraint   *layer.Object
	lora
	quantizedKernel

	shape []int // of the kernel, when it is not packed
	bias  *layer.Variable
}

// AddEinsumDense adds EinsumDense to a registry.
func AddEinsumDense(r *layer.Registry) {
	r.Register("keras.layers", "EinsumDense", func() layer.Layer { return new(EinsumDense) })
}

// Config implements layer.Layer.
func (l *EinsumDense) Config(c *layer.Config) {
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
	l.quantization.config(c)
	l.lora.config(c)
	c.Inert("gptq_unpacked_column_size")
	if c.Reading() {
		if _, err := parseEinsum(l.Equation); err != nil {
			c.Errorf("equation", "%v", err)
		}
	}
}

// Children implements layer.Container.
func (l *EinsumDense) Children() []layer.Child { return l.Activation.Children("activation") }

// SavedVariables implements layer.VariableSaver.
func (l *EinsumDense) SavedVariables() []*layer.Variable { return l.savedKernel(l.bias) }

// Build implements layer.Builder.
func (l *EinsumDense) Build(c *layer.Call) {
	s := l.shapes(c, c.X())
	if s.unproved != 0 {
		c.Fail("the output_shape %v says the length of the axis %q, which the input %s leaves open: leave it open there, too", l.OutputShape,
			string(s.unproved), c.X())
	}
	rows, packAxis := 1, -1
	for i := range len(s.equation.kernel) {
		if s.equation.reduced(i) {
			rows *= s.kernel[i]
			if packAxis < 0 {
				packAxis = i
			}
		}
	}
	if m := l.Policy().Quantization; m == "gptq" || m == "awq" {
		rows = l.calibratedRows(c, s.kernel)
	}
	l.shape = s.kernel
	l.buildKernel(c, l.Policy(), l.kernelInit(s), s.kernel, s.equation.scale(s.kernel, c.X().Rank()), packAxis, rows,
		layer.Regularized(l.KernelRegularizer, l.KernelConstraint))
	if s.bias != nil {
		l.bias = c.AddWeight("bias", l.BiasInitializer.Init(), s.bias, layer.Regularized(l.BiasRegularizer, l.BiasConstraint))
	}
	l.lora.build(c, "lora_kernel", l.kernel, s.kernel)
	l.lora.lattice, l.lora.unmerged = l.asLattice(l.Policy(), s.kernel, s.equation.scaleIndex(s.kernel))
}

// kernelInit tells an initializer that looks at the size of the layer which axes of the kernel are inputs and outputs.
func (l *EinsumDense) kernelInit(s einsumShapes) layer.Initializer {
	init := l.KernelInitializer.Init()
	v, ok := init.(*initializers.VarianceScaling)
	if !ok || v.InputAxes != nil && v.OutputAxes != nil {
		return init
	}
	own := *v
	own.InputAxes, own.OutputAxes = []int{}, []int{}
	for i := range s.kernel {
		if s.equation.reduced(i) {
			own.InputAxes = append(own.InputAxes, i)
		} else {
			own.OutputAxes = append(own.OutputAxes, i)
		}
	}
	return &own
}

// shapes works out the shapes that belong to the equation, and fails where the input does not fit it.
func (l *EinsumDense) shapes(c *layer.Call, x *value) einsumShapes {
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

// Call implements layer.Layer.
func (l *EinsumDense) Call(c *layer.Call) any {
	x := toFloat(c, c.X(), l.ComputeDType())
	y := l.product(c, x)
	if l.bias != nil {
		bias := c.Var(l.bias)
		if l.mode == "float8" {
			bias = float8Bias(c, bias)
		}
		y = c.Add(y, bias)
	}
	if batch := x.Shape[0]; !graph.Known(batch) && y.Rank() > 0 && graph.Known(y.Shape[0]) { // even where the kernel has an axis for it
		y = c.Opaque(y.DType, append([]int{batch}, y.Shape[1:]...), y)
	}
	return l.Activation.Apply(c, y)
}

// calibratedRows is the number of rows of the matrix that gptq and awq make of a kernel: of three axes the first alone is
// the input if it is the longest, else the first two are.
func (l *EinsumDense) calibratedRows(c *layer.Call, kernel []int) int {
	switch len(kernel) {
	case 2:
		return kernel[0]
	case 3:
		if kernel[0] >= kernel[1] && kernel[0] >= kernel[2] {
			return kernel[0]
		}
		return kernel[0] * kernel[1]
	}
	c.Fail("a kernel of rank %d cannot be quantized with %s, only one of rank 2 or 3", len(kernel), l.Policy().Quantization)
	return 0
}

// product evaluates the equation in the way of the quantization mode.
func (l *EinsumDense) product(c *layer.Call, x *value) *value {
	einsum := func(x, kernel *value) *value { return c.Einsum(l.Equation, x, kernel) }
	switch l.mode {
	case "":
		return einsum(x, l.lora.apply(c, c.Var(l.kernel)))
	case "float8":
		kernel := c.Var(l.kernel)
		y := einsum(float8Round(c, x, c.Raw(l.float8[0])), float8Round(c, kernel, c.Raw(l.float8[2])))
		return c.Float8Gradient(y, c.Raw(l.float8[4]), c.Raw(l.float8[5]))
	}
	e := l.shapes(c, x).equation
	var y *value
	q := l.inputQuantizer(l.Policy())
	axes, isDense := e.denseAxes()
	switch {
	case q != nil && q.standard() && isDense && l.mode == "int8" && x.DType == tensor.Float32 && l.scale.DType == tensor.Float32 &&
		product(l.kernel.Shape[:axes]) <= graph.MaxInt8Sum:
		sums, columns := product(l.kernel.Shape[:axes]), product(l.kernel.Shape[axes:])
		lead := x.Shape[:x.Rank()-axes]
		flat := c.Reshape(x, append(slices.Clone(lead), sums)...)
		y = c.DenseInt8(flat, c.Reshape(l.int8Kernel(c), sums, columns), c.Reshape(c.Raw(l.scale), columns), q.epsilon)
		y = c.Reshape(y, append(slices.Clone(lead), l.kernel.Shape[axes:]...)...)
	case q != nil && (l.mode == "int8" || l.packed >= 0):
		ints, scale := q.apply(c, x, e.reducedInput(x.Rank())...)
		y = c.Cast(einsum(ints, l.int8Kernel(c)), l.ComputeDType())
		y = divide(c, y, c.Mul(e.alignInput(c, scale), c.Cast(c.Raw(l.scale), scale.DType)))
		y = c.StraightThrough(y, divide(c, einsum(x, c.Cast(l.int8Kernel(c), x.DType)), c.StopGradient(c.Raw(l.scale))))
	case l.mode == "int8" || l.packed >= 0:
		y = einsum(x, c.Cast(l.int8Kernel(c), x.DType))
		y = divide(c, y, c.StopGradient(c.Raw(l.scale)))
	default:
		kernel := c.Reshape(c.Cast(l.floatMatrix(c, l.Policy()), x.DType), l.shape...)
		if q == nil {
			y = einsum(x, kernel)
			break
		}
		ints, scale := q.apply(c, x, e.reducedInput(x.Rank())...)
		y = divide(c, einsum(c.Cast(ints, x.DType), kernel), e.alignInput(c, scale))
		y = c.StraightThrough(y, einsum(x, kernel))
	}
	return l.lora.add(c, y, x, einsum)
}
