package dialect

import (
	"slices"
	"strings"

	"github.com/hornml/horn/internal/pyjson"
)

// tfOperation says which keras.ops class does the work of a TensorFlow function that Keras 2 recorded in a Functional model.
type tfOperation struct {
	class string   // "numpy.Add"
	args  []string // the arguments as "tensorflow", "tensorflow=keras" or "tensorflow=keras:default"
}

// tfTable has a line for each class of keras.ops: its name, the arguments, and the functions of TFOpLambda layers, by the name
// in the layer's config, that it does the work of. As text it costs a program little that never meets such a layer.
const tfTable = `
numpy.Add: x=x1 y=x2: __operators__.add math.add
numpy.Subtract: x=x1 y=x2: __operators__.sub math.subtract __operators__.subtract
numpy.Multiply: x=x1 y=x2: __operators__.mul math.multiply __operators__.multiply
numpy.TrueDivide: x=x1 y=x2: __operators__.truediv __operators__.div math.divide math.truediv realdiv divide
numpy.FloorDivide: x=x1 y=x2: __operators__.floordiv math.floordiv
numpy.Mod: x=x1 y=x2: __operators__.mod math.floormod math.mod
numpy.Power: x=x1 y=x2: __operators__.pow math.pow
numpy.Negative: x: __operators__.neg math.negative
numpy.Matmul: a=x1 b=x2: linalg.matmul __operators__.matmul
numpy.Maximum: x=x1 y=x2: math.maximum
numpy.Minimum: x=x1 y=x2: math.minimum
numpy.Equal: x=x1 y=x2: math.equal __operators__.eq
numpy.NotEqual: x=x1 y=x2: math.not_equal __operators__.ne
numpy.Greater: x=x1 y=x2: math.greater __operators__.gt
numpy.GreaterEqual: x=x1 y=x2: math.greater_equal __operators__.ge
numpy.Less: x=x1 y=x2: math.less __operators__.lt
numpy.LessEqual: x=x1 y=x2: math.less_equal __operators__.le
numpy.LogicalAnd: x=x1 y=x2: math.logical_and __operators__.and
numpy.LogicalOr: x=x1 y=x2: math.logical_or __operators__.or
numpy.LogicalNot: x: math.logical_not __operators__.invert
numpy.Absolute: x: math.abs __operators__.abs abs
numpy.Square: x: math.square
numpy.Sqrt: x: math.sqrt
math.Rsqrt: x: math.rsqrt
numpy.Exp: x: math.exp
numpy.Expm1: x: math.expm1
numpy.Log: x: math.log
numpy.Log1p: x: math.log1p
numpy.Tanh: x: math.tanh nn.tanh
numpy.Sin: x: math.sin
numpy.Cos: x: math.cos
numpy.Tan: x: math.tan
numpy.Arctan: x: math.atan
numpy.Floor: x: math.floor
numpy.Ceil: x: math.ceil
numpy.Round: x: math.round
numpy.Sign: x: math.sign
numpy.Reciprocal: x: math.reciprocal
math.Erf: x: math.erf
nn.Sigmoid: x: math.sigmoid nn.sigmoid
nn.Softplus: x: math.softplus nn.softplus
nn.Softsign: x: nn.softsign
numpy.OnesLike: x: ones_like
numpy.ZerosLike: x: zeros_like
numpy.Isnan: x: math.is_nan
numpy.Copy: x: identity
nn.Relu: features=x: nn.relu
nn.Relu6: features=x: nn.relu6
nn.Elu: features=x: nn.elu
nn.Selu: features=x: nn.selu
nn.Silu: features=x: nn.silu nn.swish
nn.Gelu: features=x approximate=approximate:false: nn.gelu
nn.LeakyRelu: features=x alpha=negative_slope: nn.leaky_relu
nn.Softmax: logits=x axis: nn.softmax nn.softmax_v2
nn.LogSoftmax: logits=x axis: nn.log_softmax nn.log_softmax_v2
numpy.Mean: input_tensor=x axis keepdims: math.reduce_mean
numpy.Sum: input_tensor=x axis keepdims: math.reduce_sum
numpy.Max: input_tensor=x axis keepdims: math.reduce_max
numpy.Min: input_tensor=x axis keepdims: math.reduce_min
numpy.Prod: input_tensor=x axis keepdims: math.reduce_prod
math.Logsumexp: input_tensor=x axis keepdims: math.reduce_logsumexp
numpy.Any: input_tensor=x axis keepdims: math.reduce_any
numpy.All: input_tensor=x axis keepdims: math.reduce_all
numpy.Std: input_tensor=x axis keepdims: math.reduce_std
numpy.Var: input_tensor=x axis keepdims: math.reduce_variance
numpy.Argmax: input=x axis=axis:0: math.argmax
numpy.Argmin: input=x axis=axis:0: math.argmin
numpy.Cumsum: x axis=axis:0: math.cumsum
numpy.Concatenate: values=xs axis: concat
numpy.Stack: values=x axis: stack
numpy.Reshape: tensor=x shape=newshape: reshape
numpy.Transpose: a=x perm=axes: transpose
numpy.ExpandDims: input=x axis: expand_dims
numpy.Squeeze: input=x axis: squeeze
numpy.Tile: input=x multiples=repeats: tile
numpy.BroadcastTo: input=x shape: broadcast_to
numpy.Where: condition x=x1 y=x2: where where_v2
numpy.Clip: t=x clip_value_min=x_min clip_value_max=x_max: clip_by_value
numpy.Take: params=x indices axis=axis:0: gather
core.Cast: x dtype: cast
core.StopGradient: input=variable: stop_gradient
core.Unstack: value=x num axis: unstack
nn.OneHot: indices=x depth=num_classes axis: one_hot
`

// tfOperationOf looks a function up.
func tfOperationOf(function string) (tfOperation, bool) {
	for line := range strings.Lines(tfTable) {
		class, rest, _ := strings.Cut(line, ": ")
		args, functions, _ := strings.Cut(rest, ": ")
		if slices.Contains(strings.Fields(functions), function) {
			return tfOperation{class, strings.Fields(args)}, true
		}
	}
	return tfOperation{}, false
}

// operation turns a TFOpLambda or SlicingOpLambda layer into the keras.ops node that does the same.
func (g *nodeUpgrader) operation(record *pyjson.Object, calls []any) {
	class := record.String("class_name")
	if class != "TFOpLambda" && class != "SlicingOpLambda" {
		return
	}
	config := record.Object("config")
	function := config.String("function")
	op, ok := tfOperationOf(function)
	if class == "SlicingOpLambda" && function == "__operators__.getitem" {
		op, ok = tfOperation{"numpy.GetItem", nil}, true
	}
	if !ok {
		return // the decoder names what it does not know
	}
	arguments := pyjson.NewObject("name", config.String("name"))
	for i, c := range calls {
		call, ok := c.(*pyjson.Object)
		if !ok {
			return
		}
		if op.class == "numpy.GetItem" {
			ok = sliceArguments(call)
		} else {
			ok = moveArguments(call, op.args, arguments, i == 0)
		}
		if !ok {
			return
		}
	}
	module, name, _ := strings.Cut(op.class, ".")
	record.Set("config", arguments)
	g.u.setClass(record, "keras.src.ops."+module, name, name)
	g.u.note("%s %s is read as keras.ops %s", class, function, name)
}

// callArguments are the arguments that keras.ops classes take when they are called; all others go to the constructor.
var callArguments = map[string]bool{"x": true, "x1": true, "x2": true, "xs": true, "variable": true, "condition": true, "indices": true}

// moveArguments gives the keyword arguments of a call their keras.ops names, and those of the constructor to it. It is
// false if one has no counterpart, or if two calls of a layer differ in one.
func moveArguments(call *pyjson.Object, names []string, constructor *pyjson.Object, first bool) bool {
	kwargs := call.Object("kwargs")
	kwargs.Delete("name")
	given := new(pyjson.Object)
	for _, n := range names {
		tf, keras, renamed := strings.Cut(n, "=")
		if !renamed {
			keras = tf
		}
		keras, def, hasDefault := strings.Cut(keras, ":")
		v := kwargs.Get(tf) // TensorFlow's None is the default
		kwargs.Delete(tf)
		if v == nil && hasDefault {
			v, _ = pyjson.Parse([]byte(def))
		}
		if v != nil {
			given.Set(keras, v)
		}
	}
	for _, k := range kwargs.Keys() {
		if v := kwargs.Get(k); v != nil && v != false {
			return false
		}
	}
	left := new(pyjson.Object)
	for _, k := range given.Keys() {
		if callArguments[k] {
			left.Set(k, given.Get(k))
			continue
		}
		if old, ok := constructor.Lookup(k); !first && (!ok || !pyjson.Equal(old, given.Get(k))) {
			return false
		}
		constructor.Set(k, given.Get(k))
	}
	call.Set("kwargs", left)
	return true
}

// sliceArguments turns the slice_spec of a call into the key of GetItem.
func sliceArguments(call *pyjson.Object) bool {
	kwargs := call.Object("kwargs")
	spec, ok := kwargs.Get("slice_spec").([]any)
	args := call.List("args")
	if !ok || len(args) != 1 {
		return false
	}
	key := make([]any, len(spec))
	for i, s := range spec {
		key[i] = s
		if o, ok := s.(*pyjson.Object); ok && o.String("class_name") == "" {
			key[i] = pyjson.NewObject("class_name", "__slice__", "config",
				pyjson.NewObject("start", o.Get("start"), "stop", o.Get("stop"), "step", o.Get("step")))
		}
	}
	call.Set("args", []any{args[0], key})
	kwargs.Delete("slice_spec")
	kwargs.Delete("name")
	return true
}
