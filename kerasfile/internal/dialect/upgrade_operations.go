package dialect

import (
	"strings"
	"sync"

	"github.com/hornml/horn/internal/pyjson"
)

// tfOperation says which keras.ops class does the work of a TensorFlow function that Keras 2 recorded in a Functional model.
type tfOperation struct {
	class string   // "numpy.Add"
	args  []string // the arguments as "tensorflow", "tensorflow=keras" or "tensorflow=keras:default"
}

// tfOperations are the functions of TFOpLambda layers, by the name in the layer's config.
var tfOperations = sync.OnceValue(func() map[string]tfOperation {
	table := map[string]tfOperation{}
	add := func(class string, args string, functions ...string) {
		for _, f := range functions {
			table[f] = tfOperation{class, strings.Fields(args)}
		}
	}
	add("numpy.Add", "x=x1 y=x2", "__operators__.add", "math.add")
	add("numpy.Subtract", "x=x1 y=x2", "__operators__.sub", "math.subtract", "__operators__.subtract")
	add("numpy.Multiply", "x=x1 y=x2", "__operators__.mul", "math.multiply", "__operators__.multiply")
	add("numpy.TrueDivide", "x=x1 y=x2", "__operators__.truediv", "__operators__.div", "math.divide", "math.truediv", "realdiv", "divide")
	add("numpy.FloorDivide", "x=x1 y=x2", "__operators__.floordiv", "math.floordiv")
	add("numpy.Mod", "x=x1 y=x2", "__operators__.mod", "math.floormod", "math.mod")
	add("numpy.Power", "x=x1 y=x2", "__operators__.pow", "math.pow")
	add("numpy.Negative", "x", "__operators__.neg", "math.negative")
	add("numpy.Matmul", "a=x1 b=x2", "linalg.matmul", "__operators__.matmul")
	add("numpy.Maximum", "x=x1 y=x2", "math.maximum")
	add("numpy.Minimum", "x=x1 y=x2", "math.minimum")
	add("numpy.Equal", "x=x1 y=x2", "math.equal", "__operators__.eq")
	add("numpy.NotEqual", "x=x1 y=x2", "math.not_equal", "__operators__.ne")
	add("numpy.Greater", "x=x1 y=x2", "math.greater", "__operators__.gt")
	add("numpy.GreaterEqual", "x=x1 y=x2", "math.greater_equal", "__operators__.ge")
	add("numpy.Less", "x=x1 y=x2", "math.less", "__operators__.lt")
	add("numpy.LessEqual", "x=x1 y=x2", "math.less_equal", "__operators__.le")
	add("numpy.LogicalAnd", "x=x1 y=x2", "math.logical_and", "__operators__.and")
	add("numpy.LogicalOr", "x=x1 y=x2", "math.logical_or", "__operators__.or")
	add("numpy.LogicalNot", "x", "math.logical_not", "__operators__.invert")
	for class, functions := range map[string][]string{
		"numpy.Absolute": {"math.abs", "__operators__.abs", "abs"}, "numpy.Square": {"math.square"}, "numpy.Sqrt": {"math.sqrt"},
		"math.Rsqrt": {"math.rsqrt"}, "numpy.Exp": {"math.exp"}, "numpy.Expm1": {"math.expm1"}, "numpy.Log": {"math.log"},
		"numpy.Log1p": {"math.log1p"}, "numpy.Tanh": {"math.tanh", "nn.tanh"}, "numpy.Sin": {"math.sin"}, "numpy.Cos": {"math.cos"},
		"numpy.Tan": {"math.tan"}, "numpy.Arctan": {"math.atan"}, "numpy.Floor": {"math.floor"}, "numpy.Ceil": {"math.ceil"},
		"numpy.Round": {"math.round"}, "numpy.Sign": {"math.sign"}, "numpy.Reciprocal": {"math.reciprocal"}, "math.Erf": {"math.erf"},
		"nn.Sigmoid": {"math.sigmoid", "nn.sigmoid"}, "nn.Softplus": {"math.softplus", "nn.softplus"}, "nn.Softsign": {"nn.softsign"},
		"numpy.OnesLike": {"ones_like"}, "numpy.ZerosLike": {"zeros_like"}, "numpy.Isnan": {"math.is_nan"}, "numpy.Copy": {"identity"},
	} {
		add(class, "x", functions...)
	}
	for class, functions := range map[string][]string{
		"nn.Relu": {"nn.relu"}, "nn.Relu6": {"nn.relu6"}, "nn.Elu": {"nn.elu"}, "nn.Selu": {"nn.selu"}, "nn.Silu": {"nn.silu", "nn.swish"},
	} {
		add(class, "features=x", functions...)
	}
	add("nn.Gelu", "features=x approximate=approximate:false", "nn.gelu")
	add("nn.LeakyRelu", "features=x alpha=negative_slope", "nn.leaky_relu")
	add("nn.Softmax", "logits=x axis", "nn.softmax", "nn.softmax_v2")
	add("nn.LogSoftmax", "logits=x axis", "nn.log_softmax", "nn.log_softmax_v2")
	for class, f := range map[string]string{
		"numpy.Mean": "reduce_mean", "numpy.Sum": "reduce_sum", "numpy.Max": "reduce_max", "numpy.Min": "reduce_min",
		"numpy.Prod": "reduce_prod", "math.Logsumexp": "reduce_logsumexp", "numpy.Any": "reduce_any", "numpy.All": "reduce_all",
		"numpy.Std": "reduce_std", "numpy.Var": "reduce_variance",
	} {
		add(class, "input_tensor=x axis keepdims", "math."+f)
	}
	add("numpy.Argmax", "input=x axis=axis:0", "math.argmax")
	add("numpy.Argmin", "input=x axis=axis:0", "math.argmin")
	add("numpy.Cumsum", "x axis=axis:0", "math.cumsum")
	add("numpy.Concatenate", "values=xs axis", "concat")
	add("numpy.Stack", "values=x axis", "stack")
	add("numpy.Reshape", "tensor=x shape=newshape", "reshape")
	add("numpy.Transpose", "a=x perm=axes", "transpose")
	add("numpy.ExpandDims", "input=x axis", "expand_dims")
	add("numpy.Squeeze", "input=x axis", "squeeze")
	add("numpy.Tile", "input=x multiples=repeats", "tile")
	add("numpy.BroadcastTo", "input=x shape", "broadcast_to")
	add("numpy.Where", "condition x=x1 y=x2", "where", "where_v2")
	add("numpy.Clip", "t=x clip_value_min=x_min clip_value_max=x_max", "clip_by_value")
	add("numpy.Take", "params=x indices axis=axis:0", "gather")
	add("core.Cast", "x dtype", "cast")
	add("core.StopGradient", "input=variable", "stop_gradient")
	add("core.Unstack", "value=x num axis", "unstack")
	add("nn.OneHot", "indices=x depth=num_classes axis", "one_hot")
	return table
})

// operation turns a TFOpLambda or SlicingOpLambda layer into the keras.ops node that does the same.
func (g *nodeUpgrader) operation(record *pyjson.Object, calls []any) {
	class := record.String("class_name")
	if class != "TFOpLambda" && class != "SlicingOpLambda" {
		return
	}
	config := record.Object("config")
	function := config.String("function")
	op, ok := tfOperations()[function]
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
