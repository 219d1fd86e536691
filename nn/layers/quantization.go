package layers

import (
	"slices"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/initializers"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// quantization is what quantized layers have in common (keras.quantizers). The mode is that of the dtype policy.
type quantization struct {
	// QuantizationConfig is the serialized keras.quantizers.QuantizationConfig, nil for none.
	QuantizationConfig any

	configured bool    // the file says how inputs are quantized
	inputs     *absMax // nil: inputs stay floats
	saved      []layer.SavedVariable
}

// absMax scales numbers so that the largest magnitude along some axes becomes hi, and rounds them
// (keras.quantizers.AbsMaxQuantizer).
type absMax struct{ lo, hi, epsilon float64 }

// defaultAbsMax is AbsMaxQuantizer() as Keras makes it.
func defaultAbsMax() *absMax { return &absMax{lo: -127, hi: 127, epsilon: kerasEpsilon} }

// standard reports whether the numbers go from -127 to 127, for which there is an op.
func (a *absMax) standard() bool { return a.lo == -127 && a.hi == 127 }

// config visits quantization_config.
func (q *quantization) config(c *layer.Config) {
	c.Raw("quantization_config", &q.QuantizationConfig, nil)
	if !c.Reading() {
		return
	}
	q.configured, q.inputs = false, nil
	if q.QuantizationConfig == nil {
		return
	}
	record, ok := q.QuantizationConfig.(*pyjson.Object)
	if !ok {
		c.Errorf("quantization_config", "a record of keras.quantizers or null is expected, not %s", pyjson.Describe(q.QuantizationConfig))
		return
	}
	switch class := record.String("class_name"); class {
	case "QuantizationConfig", "Int8QuantizationConfig", "Int4QuantizationConfig", "Float8QuantizationConfig", "GPTQConfig", "AWQConfig",
		"TernaryQuantizationConfig":
	default:
		c.Unsupported("quantization_config", "the class %q is not known", class)
		return
	}
	q.configured = true
	v, given := record.Object("config").Lookup("activation_quantizer")
	quantizer, _ := v.(*pyjson.Object)
	switch {
	case !given && record.String("class_name") == "Int8QuantizationConfig" || v == "default":
		q.inputs = defaultAbsMax()
	case v == nil:
	case quantizer.String("class_name") == "AbsMaxQuantizer":
		q.inputs = readAbsMax(c, quantizer.Object("config"))
	default:
		c.Unsupported("quantization_config/config/activation_quantizer", "only an AbsMaxQuantizer is supported, not %s", pyjson.Describe(v))
	}
}

// readAbsMax reads an AbsMaxQuantizer; the layer says along which axes it works.
func readAbsMax(c *layer.Config, config *pyjson.Object) *absMax {
	key := "quantization_config/config/activation_quantizer"
	a := defaultAbsMax()
	if v, ok := config.Lookup("value_range"); ok {
		list, _ := v.([]any)
		if len(list) != 2 {
			c.Errorf(key, "value_range must be two numbers, not %s", pyjson.Describe(v))
			return a
		}
		lo, ok1 := list[0].(pyjson.Number)
		hi, ok2 := list[1].(pyjson.Number)
		if a.lo, a.hi = lo.Float(), hi.Float(); !ok1 || !ok2 || !(a.lo >= -128 && a.lo < a.hi && a.hi <= 127) {
			c.Errorf(key, "value_range must be two numbers within -128..127, not %v", list)
			return a
		}
	}
	if n, ok := config.Get("epsilon").(pyjson.Number); ok {
		a.epsilon = n.Float()
	}
	if d := config.String("output_dtype"); d != "" && d != "int8" {
		c.Unsupported(key, "its output_dtype is %q; only int8 is supported", d)
	}
	return a
}

// settle chooses the input quantizer where the file does not say: fallback is the one of the layer's mode.
func (q *quantization) settle(fallback *absMax) *absMax {
	if q.configured {
		return q.inputs
	}
	return fallback
}

// ReadSaved implements layer.SavedReader: files of Keras 3.11 to 3.13 have int4 kernels in another form.
func (q *quantization) ReadSaved(saved []layer.SavedVariable) { q.saved = saved }

// savedShape returns the shape that the file has for a variable, nil if it does not say.
func (q *quantization) savedShape(i int) []int {
	if i < len(q.saved) {
		return q.saved[i].Shape
	}
	return nil
}

// apply quantizes x with one scale for all elements along the axes; scale keeps them with length 1.
func (a *absMax) apply(c *layer.Call, x *value, axes ...int) (q, scale *value) {
	top := c.AddS(c.Reduce(graph.ReduceMax, c.Abs(x), true, axes...), a.epsilon)
	scale = c.Div(c.Scalar(x.DType, a.hi), top)
	q = c.Clip(c.Unary(graph.Round, c.Mul(x, scale)), a.lo, a.hi)
	return c.Cast(q, tensor.Int8), scale
}

// wantMode fails for a mode of the dtype policy that the layer does not have.
func wantMode(c *layer.Call, mode string, allowed ...string) {
	if mode != "" && !slices.Contains(allowed, mode) {
		c.Fail("the dtype policy asks for the quantization %q; this layer has %q", mode, allowed)
	}
}

// groups is the number of groups of a block size in n elements; -1, or 0 where the policy does not say, is one group.
func groups(n, block int) int {
	if block < 1 || n == 0 {
		return 1
	}
	return (n-1)/block + 1
}

// groupIndex makes the numbers of the groups of block elements, as a variable that the file will fill (keras: g_idx).
type groupIndex struct{ block int }

// Make implements layer.Initializer.
func (g groupIndex) Make(shape []int, d tensor.DType) (tensor.Any, error) {
	t := tensor.Zeros[float64](shape...)
	for i := range t.Data() {
		t.Data()[i] = float64(i / max(g.block, 1))
	}
	return t.Convert(d)
}

// dequantize is (q - zero[g]) * scale[g] with a group g for each element along an axis of q; scale and zero have the groups
// along the same axis.
func dequantize(c *layer.Call, q, scale, zero, gIdx *value, axis int) *value {
	g := c.Cast(gIdx, tensor.Int32)
	scale, zero = c.Take(scale, g, axis), c.Take(zero, g, axis)
	return c.Mul(c.Sub(c.Cast(q, scale.DType), c.Cast(zero, scale.DType)), scale)
}

// quantizedKernel is the kernel of Dense and EinsumDense in each of Keras's quantization modes, as a matrix of rows (inputs)
// and columns (outputs); the int8 and float8 kernels keep the layer's own shape.
type quantizedKernel struct {
	quantization

	mode                         string
	rows, columns                int
	packed                       int // int4: the axis along which numbers share bytes; -1 for the columns of the matrix
	kernel                       *layer.Variable
	scale, zero, gIdx, awqScales *layer.Variable
	float8                       []*layer.Variable
}

// buildKernel makes the variables of the layer's mode but the bias. shape is the kernel's, scaleShape that of an int8 scale,
// and packAxis the axis along which Keras 3.11 to 3.13 packed int4 kernels; the options are for kernels that can be trained.
func (k *quantizedKernel) buildKernel(c *layer.Call, p layer.Policy, init layer.Initializer, shape, scaleShape []int, packAxis, rows int,
	options ...layer.WeightOption) {
	wantMode(c, p.Quantization, "int8", "int4", "float8", "gptq", "awq", "ternary")
	k.mode, k.rows, k.columns, k.packed = p.Quantization, rows, product(shape)/max(rows, 1), -1
	zeros, one := new(initializers.Zeros), new(initializers.Ones)
	frozen := func(name string, init layer.Initializer, d tensor.DType, shape ...int) *layer.Variable {
		options := []layer.WeightOption{layer.NotTrainable}
		if d != tensor.Invalid {
			options = append(options, layer.OfType(d))
		}
		return c.AddWeight(name, init, shape, options...)
	}
	switch k.mode {
	case "int8":
		k.kernel = frozen("kernel", zeros, tensor.Int8, shape...)
		k.scale = frozen("kernel_scale", one, tensor.Invalid, scaleShape...)
	case "int4":
		old := slices.Clone(shape)
		if packAxis >= 0 {
			old[packAxis] = (old[packAxis] + 1) / 2
		}
		saved := k.savedShape(0)
		if packAxis >= 0 && p.BlockSize < 1 && slices.Equal(saved, old) && !slices.Equal(saved, []int{rows, (k.columns + 1) / 2}) {
			k.packed = packAxis
			k.kernel = frozen("kernel", zeros, tensor.Int8, old...)
			k.scale = frozen("kernel_scale", one, tensor.Invalid, scaleShape...)
			return
		}
		k.kernel = frozen("kernel", zeros, tensor.Int8, rows, (k.columns+1)/2)
		if p.BlockSize < 1 {
			k.scale = frozen("kernel_scale", one, tensor.Invalid, k.columns)
			return
		}
		k.scale = frozen("kernel_scale", one, tensor.Invalid, groups(rows, p.BlockSize), k.columns)
		k.zero = frozen("kernel_zero", zeros, tensor.Int8, groups(rows, p.BlockSize), k.columns)
		k.gIdx = frozen("g_idx", groupIndex{p.BlockSize}, tensor.Float32, rows)
	case "ternary":
		if packAxis != 0 {
			c.Fail("the quantization mode \"ternary\" is for Dense alone")
		}
		k.kernel, k.scale = ternaryVariables(c, rows, k.columns)
	case "gptq", "awq":
		k.wantZeros(c)
		packedColumns := k.columns
		if p.WeightBits == 4 {
			packedColumns = (k.columns + 1) / 2
		}
		n := groups(rows, p.BlockSize)
		k.kernel = frozen("quantized_kernel", zeros, tensor.Uint8, packedColumns, rows)
		k.scale = frozen("kernel_scale", one, tensor.Invalid, k.columns, n)
		k.zero = frozen("kernel_zero", zeros, tensor.Uint8, k.columns, n)
		if k.mode == "awq" {
			k.awqScales = frozen("awq_scales", one, tensor.Invalid, rows)
		}
		k.gIdx = frozen("g_idx", zeros, tensor.Float32, rows)
	case "float8":
		history := p.AmaxHistory
		if history == 0 {
			history = 1024
		}
		for _, name := range []string{"inputs", "kernel", "outputs_grad"} {
			k.float8 = append(k.float8, c.AddWeight(name+"_scale", one, nil, layer.OfType(tensor.Float32)),
				c.AddWeight(name+"_amax_history", zeros, []int{history}, layer.OfType(tensor.Float32)))
		}
		k.kernel = c.AddWeight("kernel", init, shape, options...)
	default:
		k.kernel = c.AddWeight("kernel", init, shape, options...)
	}
}

// wantZeros fails for files of Keras versions that leave the zero points out when they save gptq and awq layers, seen in
// 3.15.1: without them there is no way back to the weights, for Keras neither.
func (k *quantizedKernel) wantZeros(c *layer.Call) {
	bytes := 0
	for _, s := range k.saved {
		if s.DType == tensor.Uint8 {
			bytes++
		}
	}
	if bytes == 1 {
		c.Fail("the file has no kernel_zero for the %s kernel: Keras leaves it out in some versions, and cannot load such a file itself; "+
			"save the model with another version", k.mode)
	}
}

// savedKernel lists the variables in the order in which a weights file has them.
func (k *quantizedKernel) savedKernel(bias *layer.Variable) []*layer.Variable {
	if k.mode == "gptq" || k.mode == "awq" {
		return compact(bias, k.kernel, k.scale, k.zero, k.awqScales, k.gIdx)
	}
	return compact(append([]*layer.Variable{k.kernel, bias, k.scale, k.zero, k.gIdx}, k.float8...)...)
}

// inputQuantizer returns how the inputs are quantized before the product, nil if they are not. Without a
// quantization_config int8 has the default, and so has int4 of Keras 3.11 to 3.13.
func (k *quantizedKernel) inputQuantizer(p layer.Policy) *absMax {
	switch {
	case k.mode == "int8", k.mode == "int4" && p.BlockSize == 0:
		return k.settle(defaultAbsMax())
	case k.mode == "int4" && p.BlockSize < 0:
		return k.settle(nil)
	}
	return nil
}

// int8Kernel is the kernel as small integers, of the layer's own shape or, for int4 of today, as a matrix.
func (k *quantizedKernel) int8Kernel(c *layer.Call) *value {
	q := c.Raw(k.kernel)
	switch {
	case k.mode == "int8":
		return q
	case k.packed >= 0:
		return c.UnpackInt4(q, k.packed, k.unpackedSize(), true)
	}
	return c.UnpackInt4(q, -1, k.columns, true)
}

// asLattice describes a kernel of int8 or int4, of the given shape; scaleOf says which scale an element of the layer's own
// kernel has. For the other modes it names the one into which nothing can be merged, if it is one.
func (k *quantizedKernel) asLattice(p layer.Policy, shape []int, scaleOf func(i int) int) (l *lattice, unmerged string) {
	l = &lattice{kernel: k.kernel, scale: k.scale, zero: k.zero, gIdx: k.gIdx, lo: -127, hi: 127, shape: shape, packed: -1,
		scaleOf: func(i, _ int) int { return scaleOf(i) }}
	switch {
	case k.mode == "int8":
		return l, ""
	case k.mode != "int4":
		return nil, k.mode
	}
	l.lo, l.hi = -8, 7
	if k.packed >= 0 {
		l.packed = k.packed
		return l, ""
	}
	l.shape, l.packed = []int{k.rows, k.columns}, 1
	l.scaleOf = func(i, group int) int { return group*k.columns + i%k.columns }
	l.block, l.along = p.BlockSize, func(i int) int { return i / k.columns }
	return l, ""
}

// FormerInt4 reports whether the kernel is packed as Keras 3.11 to 3.13 do it, which no later release can load.
func (k *quantizedKernel) FormerInt4() bool { return k.mode == "int4" && k.packed >= 0 }

// unpackedSize is the length of the packed axis of an int4 kernel of Keras 3.11 to 3.13.
func (k *quantizedKernel) unpackedSize() int {
	return k.rows * k.columns / max(product(k.kernel.Shape)/max(k.kernel.Shape[k.packed], 1), 1)
}

// floatMatrix is the kernel of the modes int4, gptq and awq as floats in a matrix (rows, columns). As Keras has it, no gradient
// flows into the scales of int4.
func (k *quantizedKernel) floatMatrix(c *layer.Call, p layer.Policy) *value {
	scale := c.Raw(k.scale)
	if k.mode == "int4" {
		q, scale := k.int8Kernel(c), c.StopGradient(scale)
		if k.zero != nil {
			return dequantize(c, q, scale, c.Raw(k.zero), c.Raw(k.gIdx), 0)
		}
		return c.Div(c.Cast(q, scale.DType), scale)
	}
	q := c.Raw(k.kernel)
	if p.WeightBits == 4 {
		q = c.UnpackInt4(q, 0, k.columns, false)
	}
	w := c.SwapAxes(dequantize(c, q, scale, c.Raw(k.zero), c.Raw(k.gIdx), 1), 0, 1)
	if k.awqScales != nil {
		w = c.Div(w, c.ExpandDims(c.Raw(k.awqScales), 1))
	}
	return w
}

// float8Round rounds x to what float8 can hold of it at the given scale; its gradient is that of x.
func float8Round(c *layer.Call, x, scale *value) *value {
	scale = c.Cast(scale, x.DType)
	y := c.Clip(c.Div(x, scale), -448, 448)
	return c.StraightThrough(c.Mul(c.Unary(graph.RoundE4M3, y), scale), x)
}

// float8Bias is the bias rounded to bfloat16, as Keras has it after float8 products in float32.
func float8Bias(c *layer.Call, bias *value) *value {
	if bias.DType != tensor.Float32 {
		return bias
	}
	return c.Cast(c.Cast(bias, tensor.BFloat16), tensor.Float32)
}
