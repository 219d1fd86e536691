package live

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/nn/ops"
	"github.com/hornml/horn/tensor"
)

// maker makes random models. What layers take is found out by trying: arguments are those that the class's Config method visits,
// with values by their names, and a layer that cannot be made or called so is drawn again.
type maker struct {
	*rand.Rand
	classes []string
	used    map[string]int
}

// madeModel is a model, and what is known of it without Keras.
type madeModel struct {
	model           *nn.Model
	inputs, outputs any  // structures of nil
	twice           bool // a Sequential holds a layer twice
	given, answers  []tensor.Any
	args            []string // how the layers were made, for failures
}

func newMaker(seed uint64) *maker {
	m := &maker{Rand: rand.New(rand.NewPCG(seed, 12)), used: map[string]int{}}
	for _, c := range kerasfile.Registry().Classes() {
		if c.Module == "keras.layers" && !slices.Contains(notDrawn, c.Name) {
			m.classes = append(m.classes, c.Name)
		}
	}
	return m
}

// notDrawn are layers that other tests make: those that need a vocabulary or statistics, take images of a certain size or boxes,
// or that models begin with.
var notDrawn = []string{"InputLayer", "TextVectorization", "StringLookup", "IntegerLookup", "Hashing", "HashedCrossing", "Discretization",
	"Normalization", "FeatureSpace", "MaxNumBoundingBoxes", "MelSpectrogram", "STFTSpectrogram", "Pipeline",
	"LSTMCell", "GRUCell", "SimpleRNNCell",
	"StackedRNNCells",
	// Keras takes its output for its input, and finds a circle.
	"Equalization",
	// They are in a release of Keras that is not out.
	"TernaryDense", "Mosaic"}

// values are arguments by their names; others are drawn by their types.
var values = map[string][]any{
	"units": {1, 3, 4}, "filters": {1, 2, 4}, "output_dim": {2, 5}, "input_dim": {10},
	"kernel_size": {1, 2, 3, []int{2, 3}, []int{2, 1, 2}},
	"pool_size":   {1, 2, 3, []int{2, 1}}, "strides": {1, 2, []int{1, 2}, nil}, "dilation_rate": {1, 2},
	"groups": {1, 2}, "depth_multiplier": {1, 2},
	"padding":     {"valid", "same", "causal", 1, []int{1, 2}, []any{[]int{0, 1}, []int{2, 0}}},
	"data_format": {"channels_last", "channels_last", nil}, "cropping": {0, 1, []int{1, 0}}, "size": {1, 2, []int{2, 1}},
	"interpolation": {"nearest", "bilinear"}, "rate": {0.0, 0.3}, "axis": {-1, 1, 2, []int{1, 2}, []int{-1}},
	"axes": {1, -1, []int{1, 2}},
	"n":    {1, 3}, "dims": {[]int{1}, []int{2, 1}, []int{3, 1, 2}},
	"target_shape": {[]int{-1}, []int{-1, 2}, []int{2, -1}, []int{3, -1, 2}},
	"num_heads":    {1, 2}, "key_dim": {2, 3}, "head_dim": {2}, "num_query_heads": {2, 4},
	"num_key_value_heads": {1, 2}, "value_dim": {nil, 3},
	"num_tokens": {12}, "output_mode": {"multi_hot", "one_hot", "count"}, "equation": {"ab,bc->ac", "abc,cd->abd", "abc,bd->acd"},
	"output_shape": {3, []any{nil, 3}, []int{4, 3}}, "bias_axes": {nil, "c", "d"}, "momentum": {0.9}, "epsilon": {1e-3, 1e-5},
	"merge_mode": {"concat", "sum", "mul", "ave", nil}, "dropout": {0.0, 0.2}, "recurrent_dropout": {0.0}, "seed": {nil, 7},
	"height": {3, 5}, "width": {3, 4}, "factor": {0.2, 0.5}, "height_factor": {0.2}, "width_factor": {nil, 0.1}, "scale": {0.5, 2.0},
	"offset": {0.0, 1.5}, "mask_value": {0.0, 0.5}, "max_value": {nil, 0.7}, "negative_slope": {0.0, 0.2}, "threshold": {0.0, 0.3},
	"activation": {"relu", "tanh", "sigmoid", "softmax", "gelu", "elu", "selu", "silu", "leaky_relu",
		"hard_sigmoid", "softplus", "mish", nil},
	"recurrent_activation": {"sigmoid", "hard_sigmoid", "tanh"}, "name": {nil}, "dtype": {nil}, "activity_regularizer": {nil, "l2"},
	"regularizer": {nil, "l1", "l2", "l1_l2"}, "constraint": {nil, "non_neg", "max_norm", "unit_norm"},
	"initializer":    {"glorot_uniform", "he_normal", "zeros", "ones", "orthogonal", "lecun_uniform", "random_normal", "truncated_normal"},
	"implementation": {1, 2}, "score_mode": {"dot", "concat"}, "shared_axes": {nil, []int{1}}, "rms_scaling": {false},
	"quantization_config": {nil}, "synchronized": {false}, "return_sequences": {true, false},
	"reverse_dtype": {nil}, "logit_soft_cap": {nil}, "rank": {1, 2},
	"attention_axes": {nil, 1}, "flash_attention": {nil, false}, "crop_to_aspect_ratio": {true, false},
	"pad_to_aspect_ratio": {false, true},
	"fill_mode":           {"constant", "nearest", "reflect", "wrap"}, "fill_value": {0.0, 0.5}, "l1": {0.0, 0.1}, "l2": {0.0, 0.01},
	"alpha":                      {0.3, 1.0},
	"RandomPosterization.factor": {2, 8}, "bias_initializer": {"zeros", "ones"}, "beta_initializer": {"zeros", "random_normal"},
	"moving_variance_initializer": {"ones"}, "alpha_initializer": {"zeros", "random_normal"},
	"gamma_initializer": {"ones", "he_normal"}, "normalize": {true, false}, "use_scale": {true, false}, "stateful": {false},
	"return_state": {false}, "virtual_batch_size": {nil}, "fused": {nil}, "invert": {false, true}, "power_iterations": {1},
}

// argument draws a value for an argument.
func (m *maker) argument(class string, a layer.Argument) any {
	list, ok := values[class+"."+a.Key]
	if !ok {
		list, ok = values[a.Key]
	}
	if ok {
		return list[m.IntN(len(list))]
	}
	for _, suffix := range []string{"initializer", "regularizer", "constraint", "activation"} {
		if strings.HasSuffix(a.Key, suffix) {
			list := values[suffix]
			return list[m.IntN(len(list))]
		}
	}
	switch a.Type.Kind() {
	case reflect.Bool:
		return m.IntN(2) == 0
	case reflect.Int:
		return 1 + m.IntN(3)
	case reflect.Float64:
		return float64(1+m.IntN(8)) / 8
	case reflect.String:
		return a.Default
	}
	return nil
}

// args draws the arguments of a class.
func (m *maker) args(class string) layer.Args {
	l, _ := kerasfile.Registry().Make("keras.layers", class)
	args := layer.Args{}
	for _, a := range layer.Arguments(l) {
		switch {
		case a.Key == "layer" || a.Key == "cell" || a.Key == "backward_layer":
			continue
		case a.Required:
			args[a.Key] = m.argument(class, a)
		case m.IntN(3) == 0:
			if v := m.argument(class, a); v != nil || a.Default == nil {
				args[a.Key] = v
			}
		}
	}
	if m.IntN(8) == 0 {
		args["name"] = fmt.Sprintf("%s_%c", strings.ToLower(class), 'p'+rune(m.IntN(8)))
	}
	if m.IntN(12) == 0 {
		args["trainable"] = false
	}
	if m.IntN(40) == 0 {
		args["dtype"] = "mixed_bfloat16"
	}
	switch class {
	case "Bidirectional", "TimeDistributed", "SpectralNormalization", "RNN":
		inner := map[string][]string{"Bidirectional": {"LSTM", "GRU", "SimpleRNN"}, "TimeDistributed": {"Dense", "LayerNormalization", "Conv1D"},
			"SpectralNormalization": {"Dense", "Conv1D"}, "RNN": {"LSTMCell", "GRUCell", "SimpleRNNCell"}}[class]
		key := "layer"
		if class == "RNN" {
			key = "cell"
		}
		l, err := m.layerOf(inner[m.IntN(len(inner))])
		if err != nil {
			return nil
		}
		args[key] = l
	}
	return args
}

func (m *maker) layerOf(class string) (layer.Layer, error) {
	args := m.args(class)
	if args == nil {
		return nil, fmt.Errorf("no layer inside")
	}
	return layers.New(class, args)
}

// madeNode is a tensor of a model that is being made.
type madeNode struct {
	t     *nn.KerasTensor
	shape []int // with the batch
	real  []int // with the lengths that the inputs will have
	dtype tensor.DType
}

func (n madeNode) fresh() *nn.KerasTensor {
	return nn.Input(n.shape[1:], layer.Args{"dtype": n.dtype.String()})
}

// try draws a class and its arguments until a layer takes such tensors; it returns another layer of the same arguments, and the
// shapes of its outputs.
func (m *maker) try(b *madeModel, pick func() []madeNode) (l layer.Layer, from []madeNode, out []madeNode) {
	for range 400 {
		class := m.classes[m.IntN(len(m.classes))]
		from = pick()
		seed := m.Uint64()
		var again *maker
		make := func() (layer.Layer, layer.Args, error) {
			again = &maker{Rand: rand.New(rand.NewPCG(seed, 1)), used: m.used}
			args := again.args(class)
			if args == nil {
				return nil, nil, fmt.Errorf("no layer inside")
			}
			l, err := layers.New(class, args)
			return l, args, err
		}
		trial, args, err := make()
		if err != nil {
			continue
		}
		ins := []*nn.KerasTensor{}
		for _, n := range from {
			ins = append(ins, n.fresh())
		}
		if !fits(class, args, from) {
			continue
		}
		model, err := nn.NewModel(ins, called(trial, ins))
		if err != nil || len(model.Outputs()) != 1 {
			continue
		}
		var xs []tensor.Any
		for _, n := range from {
			xs = append(xs, again.array(n.real, n.dtype))
		}
		ys, err := model.PredictAll(xs...)
		if err != nil {
			continue
		}
		shapes := layer.OutputShapes(trial)[0]
		list, several := shapes.([]any)
		if !several {
			list = []any{shapes}
		}
		ok := true
		for i, s := range list {
			shape, _ := s.([]int)
			size := 1
			for _, d := range shape {
				size *= max(d, 5)
			}
			ok = ok && len(shape) > 0 && len(shape) <= 5 && shape[0] == -1 && size < 4000 && !slices.Contains(shape, 0)
			out = append(out, madeNode{shape: shape, real: shape, dtype: layer.OutputTypes(trial)[0][i]})
			if i == 0 {
				out[0].real = ys[0].Shape()
			}
		}
		if !ok {
			out = nil
			continue
		}
		if l, _, err = make(); err != nil {
			panic(err) // it was made before
		}
		b.args = append(b.args, fmt.Sprintf("%s %v", class, args))
		m.used[class]++
		return l, from, out
	}
	return nil, nil, nil
}

// fits leaves out what Keras computes otherwise on each backend.
func fits(class string, args layer.Args, from []madeNode) bool {
	integers := []string{"CategoryEncoding", "Embedding", "ReversibleEmbedding", "Identity", "Flatten", "Reshape", "Permute", "RepeatVector",
		"Concatenate", "Dense"}
	if from[0].dtype.IsInt() {
		if class == "CategoryEncoding" && len(from[0].shape) > 2 { // it has another shape than Keras says
			return false
		}
		return slices.Contains(integers, class)
	}
	_, list := args["axis"].([]int)
	if strings.HasSuffix(class, "Embedding") {
		return false
	}
	if open, ok := args["output_shape"].([]any); ok && len(open) > 1 && len(from[0].shape) > 1 && from[0].shape[1] >= 0 {
		return false // it is known all the same
	}
	return class != "CategoryEncoding" && !(list && (class == "Softmax" || class == "RMSNormalization"))
}

// called calls a layer as its class is called with so many tensors.
func called(l layer.Layer, in []*nn.KerasTensor) *nn.KerasTensor {
	if len(in) == 1 {
		return l.On(in[0])
	}
	switch l.Class().Name {
	case "MultiHeadAttention", "GroupQueryAttention":
		args := make([]any, len(in))
		for i, t := range in {
			args[i] = t
		}
		return l.On(args...)
	}
	return l.On(in)
}

// inputShapes are what models begin with, without the batch.
var inputShapes = [][]int{{4}, {6}, {5, 3}, {-1, 4}, {7, 2}, {6, 5, 2}, {-1, 6, 3}, {4, 4, 4, 2}, {3}}

func (m *maker) input(b *madeModel, name string) madeNode {
	shape, dtype := inputShapes[m.IntN(len(inputShapes))], tensor.Float32
	args := layer.Args{}
	if m.IntN(6) == 0 {
		shape, dtype = [][]int{{4}, {-1}, {}}[m.IntN(2)], tensor.Int32
	}
	args["dtype"] = dtype.String()
	if name != "" {
		args["name"] = name
	}
	full := append([]int{-1}, shape...)
	return madeNode{nn.Input(shape, args), full, m.array(full, dtype).Shape(), dtype}
}

// model makes a random model.
func (m *maker) model() *madeModel {
	for {
		b := &madeModel{}
		var err error
		if m.IntN(3) == 0 {
			b.model, err = m.sequential(b)
		} else {
			b.model, err = m.functional(b)
		}
		if err == nil {
			for _, s := range b.model.Inputs() {
				b.given = append(b.given, m.array(s.Shape, s.DType))
			}
			b.answers, err = b.model.PredictAll(b.given...)
		}
		if err == nil {
			m.compile(b.model)
			return b
		}
		// Single layers have not seen masks, and ids are only so large where an Embedding meets the model's own input.
		if !strings.Contains(err.Error(), "mask") && !strings.Contains(err.Error(), "is outside 0..") {
			panic(fmt.Sprintf("%v\n%s", err, strings.Join(b.args, "\n")))
		}
	}
}

// sequential makes a Sequential: with an InputLayer, with input_shape, or built by its first call.
func (m *maker) sequential(b *madeModel) (*nn.Model, error) {
	node := m.input(b, "")
	first := node
	var list []layer.Layer
	for range 1 + m.IntN(5) {
		l, _, out := m.try(b, func() []madeNode { return []madeNode{node} })
		if l == nil || len(out) != 1 {
			continue
		}
		if slices.ContainsFunc(list, func(x layer.Layer) bool { return x.Name() == l.Name() && given(l) }) {
			continue
		}
		before := node
		list, node = append(list, l), out[0]
		if m.IntN(8) == 0 && slices.Equal(node.real, before.real) && slices.Equal(node.shape, before.shape) && node.dtype == before.dtype {
			list, b.twice = append(list, l), true
		}
	}
	b.inputs, b.outputs = nil, nil
	if m.IntN(3) > 0 || len(list) == 0 || first.dtype.IsInt() {
		list = append([]layer.Layer{nn.NewInputLayer(first.shape[1:], layer.Args{"dtype": first.dtype.String()})}, list...)
		if len(list) == 1 {
			list = append(list, layers.NewIdentity())
		}
	}
	model, err := nn.NewSequential(list...)
	if err != nil || model.IsBuilt() {
		return model, err
	}
	_, err = model.PredictAll(m.array(first.shape, first.dtype))
	return model, err
}

// functional makes a Functional with branches, layers that are called twice, models inside and operations.
func (m *maker) functional(b *madeModel) (*nn.Model, error) {
	var pool, ins []madeNode
	for i := range 1 + m.IntN(3) {
		name := ""
		if m.IntN(2) == 0 {
			name = string("zyx"[i]) + "_in"
		}
		in := m.input(b, name)
		pool, ins = append(pool, in), append(ins, in)
	}
	made, outs := map[layer.Layer][]madeNode{}, map[layer.Layer][]madeNode{} // by layer what it takes and gives
	names := map[string]bool{}
	var order []layer.Layer
	for range 2 + m.IntN(6) {
		switch {
		case m.IntN(6) == 0 && len(order) > 0: // call a layer again
			l := order[m.IntN(len(order))]
			from := m.like(pool, made[l])
			if from == nil {
				continue
			}
			pool = append(pool, m.results(l, from, outs[l])...)
		case m.IntN(7) == 0:
			if x, ok := m.nested(b, pool[m.IntN(len(pool))]); ok {
				pool = append(pool, x...)
			}
		case m.IntN(6) == 0:
			if x, ok := m.operation(pool[m.IntN(len(pool))]); ok {
				pool = append(pool, x)
			}
		default:
			l, from, out := m.try(b, func() []madeNode { return m.pick(pool) })
			if l == nil || names[l.Name()] && given(l) {
				continue
			}
			names[l.Name()] = true
			order = append(order, l)
			made[l], outs[l] = from, out
			pool = append(pool, m.results(l, from, out)...)
		}
	}
	m.Shuffle(len(ins), func(i, k int) { ins[i], ins[k] = ins[k], ins[i] })
	var ends []madeNode
	for i := len(pool) - 1; i >= len(ins) && len(ends) < 3; i-- {
		if len(ends) == 0 || m.IntN(3) == 0 {
			ends = append(ends, pool[i])
		}
	}
	if len(ends) == 0 {
		ends = []madeNode{{t: layers.NewIdentity().On(ins[0].t)}}
	}
	var in, out any
	in, b.inputs = m.structure(ins, "k")
	out, b.outputs = m.structure(ends, "o")
	args := layer.Args{}
	if m.IntN(4) == 0 {
		args["name"] = "net"
	}
	return nn.NewModel(in, out, args)
}

// given reports whether a layer has a name that was drawn: automatic ones are made unique.
func given(l layer.Layer) bool {
	end := l.Name()[len(l.Name())-2:]
	return end[0] == '_' && end[1] >= 'p' && end[1] < 'p'+8
}

// results are the outputs of a call; out has their shapes.
func (m *maker) results(l layer.Layer, from, out []madeNode) []madeNode {
	ins := make([]*nn.KerasTensor, len(from))
	for i, n := range from {
		ins[i] = n.t
	}
	t := called(l, ins)
	res := make([]madeNode, len(out))
	for i, o := range out {
		res[i] = madeNode{t.Output(i), o.shape, o.real, o.dtype}
	}
	return res
}

// pick takes one tensor, sometimes two or three of one shape.
func (m *maker) pick(pool []madeNode) []madeNode {
	first := pool[m.IntN(len(pool))]
	list := []madeNode{first}
	for m.IntN(3) == 0 && len(list) < 3 {
		if more := m.like(pool, []madeNode{first}); more != nil {
			list = append(list, more...)
		}
	}
	return list
}

// like finds tensors of the shapes and types of others, nil if there are none.
func (m *maker) like(pool, want []madeNode) []madeNode {
	var out []madeNode
	for _, w := range want {
		var fit []madeNode
		for _, n := range pool {
			if slices.Equal(n.shape, w.shape) && slices.Equal(n.real, w.real) && n.dtype == w.dtype {
				fit = append(fit, n)
			}
		}
		if len(fit) == 0 {
			return nil
		}
		out = append(out, fit[m.IntN(len(fit))])
	}
	return out
}

// nested makes a model that stands in another one, and calls it once or twice.
func (m *maker) nested(b *madeModel, on madeNode) ([]madeNode, bool) {
	l, _, out := m.try(b, func() []madeNode { return []madeNode{on} })
	if l == nil || len(out) != 1 {
		return nil, false
	}
	var model *nn.Model
	var err error
	if m.IntN(2) == 0 {
		list := []layer.Layer{l}
		if m.IntN(2) == 0 {
			list = append([]layer.Layer{nn.NewInputLayer(on.shape[1:], layer.Args{"dtype": on.dtype.String()})}, l)
		}
		model, err = nn.NewSequential(list...)
	} else {
		x := on.fresh()
		model, err = nn.NewModel(x, l.On(x))
	}
	if err != nil {
		panic(err)
	}
	var res []madeNode
	for range 1 + m.IntN(2) {
		res = append(res, madeNode{model.On(on.t), out[0].shape, out[0].real, out[0].dtype})
	}
	return res, true
}

// operation applies one of keras.ops.
func (m *maker) operation(x madeNode) (madeNode, bool) {
	for _, d := range x.shape[1:] {
		if d < 0 {
			return x, false
		}
	}
	if x.dtype != tensor.Float32 {
		return x, false
	}
	shape, actual := x.shape, x.real
	var t *nn.KerasTensor
	var err error
	switch m.IntN(6) {
	case 0:
		t, err = ops.Apply("numpy", "Add", nil, x.t, 0.5)
	case 1:
		t, err = ops.Apply("numpy", "Multiply", nil, x.t, x.t)
	case 2:
		t, err = ops.Apply("numpy", "Tanh", nil, x.t)
	case 3:
		t, err = ops.Apply("nn", "Relu", nil, x.t)
	case 4:
		t, err = ops.Apply("numpy", "Mean", layer.Args{"axis": -1, "keepdims": true}, x.t)
		shape, actual = append(slices.Clone(shape[:len(shape)-1]), 1), append(slices.Clone(actual[:len(actual)-1]), 1)
	case 5:
		t, err = ops.Apply("numpy", "Maximum", nil, x.t, tensor.Scalar(float32(0.25)))
	}
	if err != nil {
		panic(err)
	}
	if len(x.shape) < 2 {
		return x, false
	}
	return madeNode{t, shape, actual, x.dtype}, true
}

// structure arranges tensors as a single one, a list, a dict, or nested.
func (m *maker) structure(nodes []madeNode, key string) (tensors, shape any) {
	if len(nodes) == 1 && m.IntN(2) == 0 {
		return nodes[0].t, nil
	}
	if m.IntN(2) == 0 {
		list, of := []any{}, []any{}
		for i, n := range nodes {
			if i == 1 && m.IntN(3) == 0 {
				list, of = append(list, map[string]any{"inner": n.t}), append(of, map[string]any{"inner": nil})
				continue
			}
			list, of = append(list, n.t), append(of, nil)
		}
		return list, of
	}
	dict, of := map[string]any{}, map[string]any{}
	for i, n := range nodes {
		k := fmt.Sprintf("%s%c", key, "cab"[i])
		if m.IntN(5) == 0 {
			dict[k], of[k] = []any{n.t}, []any{nil}
			continue
		}
		dict[k], of[k] = n.t, nil
	}
	return dict, of
}

// compile gives a model a random compile state, or none.
func (m *maker) compile(model *nn.Model) {
	if m.IntN(3) > 0 {
		return
	}
	r := kerasfile.Registry()
	optimizers := []string{"adam", "sgd", "rmsprop", "adamw", "nadam", "adagrad", "adamax", "adadelta", "ftrl", "lion", "lamb", "adafactor"}
	losses := []any{"mse", "mae", "mean_squared_logarithmic_error", "cosine_similarity", "log_cosh", r.Object("losses", "Huber").Record(),
		r.Object("losses", "MeanSquaredError").Record()}
	metrics := []any{nil, []any{"mae"}, []any{"mse", r.Object("metrics", "RootMeanSquaredError").Record()},
		[]any{r.Object("metrics", "MeanAbsoluteError").Record()}}
	loss := losses[m.IntN(len(losses))]
	metric := metrics[m.IntN(len(metrics))]
	if len(model.Outputs()) > 1 {
		metric = nil
	}
	model.SetCompileConfig(pyjson.NewObject("optimizer", r.Object("optimizers", optimizers[m.IntN(len(optimizers))]).Record(), "loss", loss,
		"loss_weights", nil, "metrics", metric, "weighted_metrics", nil, "run_eagerly", false, "steps_per_execution", pyjson.Int(1),
		"jit_compile", false), r)
}

// array draws an input.
func (m *maker) array(shape []int, d tensor.DType) tensor.Any {
	shape = slices.Clone(shape)
	for i := range shape {
		if shape[i] < 0 {
			shape[i] = 5
		}
	}
	shape[0] = 2
	if d.IsInt() {
		x := tensor.Zeros[int32](shape...)
		for i := range x.Data() {
			x.Data()[i] = int32(m.IntN(9))
		}
		return x
	}
	x := tensor.New(shape...)
	for i := range x.Data() {
		x.Data()[i] = float32(m.IntN(401)-200) / 128
	}
	if len(shape) > 2 { // the last steps are masked, if something masks
		step := len(x.Data()) / shape[0] / shape[1]
		clear(x.Data()[len(x.Data())-2*step:])
	}
	return x
}
