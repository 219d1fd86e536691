package kerasfile

import (
	"strings"

	"github.com/hornml/horn/nn/pyjson"
)

// argumentRepairs drop, rename or translate arguments of Keras 2 that Keras 3 does not take, by class.
var argumentRepairs = map[string]func(*upgrader, *pyjson.Object){
	"InputLayer": func(u *upgrader, c *pyjson.Object) {
		if _, ok := c.Lookup("batch_shape"); !ok {
			c.Rename("batch_input_shape", "batch_shape")
		}
		c.Delete("batch_input_shape")
	},
	"BatchNormalization": func(u *upgrader, c *pyjson.Object) {
		u.unwrap("BatchNormalization", c, "axis")
		u.drop("BatchNormalization", c, "fused", "virtual_batch_size", "adjustment")
		if c.Get("renorm") == false {
			u.drop("BatchNormalization", c, "renorm", "renorm_clipping", "renorm_momentum")
		}
		if c.Get("renorm_clipping") == nil {
			u.drop("BatchNormalization", c, "renorm_clipping")
		}
	},
	"LayerNormalization": func(u *upgrader, c *pyjson.Object) { u.unwrap("LayerNormalization", c, "axis") },
	"DepthwiseConv1D":    func(u *upgrader, c *pyjson.Object) { u.depthwise("DepthwiseConv1D", c) },
	"DepthwiseConv2D":    func(u *upgrader, c *pyjson.Object) { u.depthwise("DepthwiseConv2D", c) },
	"SeparableConv1D":    func(u *upgrader, c *pyjson.Object) { u.depthwise("SeparableConv1D", c) },
	"SeparableConv2D":    func(u *upgrader, c *pyjson.Object) { u.depthwise("SeparableConv2D", c) },
	"Conv1DTranspose":    func(u *upgrader, c *pyjson.Object) { u.transposed("Conv1DTranspose", c) },
	"Conv2DTranspose":    func(u *upgrader, c *pyjson.Object) { u.transposed("Conv2DTranspose", c) },
	"Conv3DTranspose":    func(u *upgrader, c *pyjson.Object) { u.transposed("Conv3DTranspose", c) },
	"LSTM":               func(u *upgrader, c *pyjson.Object) { u.recurrent("LSTM", c) },
	"GRU":                func(u *upgrader, c *pyjson.Object) { u.recurrent("GRU", c) },
	"SimpleRNN":          func(u *upgrader, c *pyjson.Object) { u.recurrent("SimpleRNN", c) },
	"RNN":                func(u *upgrader, c *pyjson.Object) { u.recurrent("RNN", c) },
	"LSTMCell":           func(u *upgrader, c *pyjson.Object) { u.drop("LSTMCell", c, "implementation") },
	"GRUCell":            func(u *upgrader, c *pyjson.Object) { u.drop("GRUCell", c, "implementation") },
	"Bidirectional":      func(u *upgrader, c *pyjson.Object) { u.drop("Bidirectional", c, "num_constants") },
	"ConvLSTM1D":         func(u *upgrader, c *pyjson.Object) { u.recurrent("ConvLSTM1D", c) },
	"ConvLSTM2D":         func(u *upgrader, c *pyjson.Object) { u.recurrent("ConvLSTM2D", c) },
	"ConvLSTM3D":         func(u *upgrader, c *pyjson.Object) { u.recurrent("ConvLSTM3D", c) },
	"Embedding": func(u *upgrader, c *pyjson.Object) {
		u.drop("Embedding", c, "input_length")
		if c.Get("sparse") == false {
			u.drop("Embedding", c, "sparse")
		}
		if c.Get("activity_regularizer") == nil {
			c.Delete("activity_regularizer")
		}
	},
	"MultiHeadAttention": func(u *upgrader, c *pyjson.Object) {
		u.drop("MultiHeadAttention", c, "query_shape", "key_shape", "value_shape")
	},
	"Attention":         func(u *upgrader, c *pyjson.Object) { u.causal("Attention", c) },
	"AdditiveAttention": func(u *upgrader, c *pyjson.Object) { u.causal("AdditiveAttention", c) },
	"LeakyReLU": func(u *upgrader, c *pyjson.Object) {
		if _, ok := c.Lookup("negative_slope"); !ok {
			c.Rename("alpha", "negative_slope")
		}
		scalar(c, "negative_slope")
	},
	"ELU": func(u *upgrader, c *pyjson.Object) { scalar(c, "alpha") },
	"ReLU": func(u *upgrader, c *pyjson.Object) {
		for _, k := range []string{"max_value", "negative_slope", "threshold"} {
			scalar(c, k)
		}
	},
	"StringLookup":      func(u *upgrader, c *pyjson.Object) { u.lookup("StringLookup", c) },
	"IntegerLookup":     func(u *upgrader, c *pyjson.Object) { u.lookup("IntegerLookup", c) },
	"TextVectorization": func(u *upgrader, c *pyjson.Object) { u.lookup("TextVectorization", c) },
	"RandomRotation":    func(u *upgrader, c *pyjson.Object) { u.drop("RandomRotation", c, "value_range") },
	"Dropout":           func(u *upgrader, c *pyjson.Object) { c.Delete("force_generator") },
}

// unwrap makes a number of a list that holds one.
func (u *upgrader) unwrap(class string, c *pyjson.Object, key string) {
	if list := c.List(key); len(list) == 1 && class == "BatchNormalization" {
		c.Set(key, list[0])
		u.note("%s: %s is a number, not a list of one", class, key)
	}
}

// scalar makes a number of an array that holds one, as Keras 2 wrote some arguments.
func scalar(c *pyjson.Object, key string) {
	v := c.Get(key)
	if o, ok := v.(*pyjson.Object); ok { // {"class_name": "__numpy__"} and older {"type": "ndarray", "value": ..}
		if v = o.Get("value"); v == nil {
			v = o.Object("config").Get("value")
		}
	}
	for list, ok := v.([]any); ok && len(list) == 1; list, ok = v.([]any) {
		v = list[0]
	}
	if n, ok := v.(pyjson.Number); ok {
		c.Set(key, n)
	}
}

func (u *upgrader) depthwise(class string, c *pyjson.Object) {
	if one(c.Get("groups")) {
		u.drop(class, c, "groups")
	}
	if class == "SeparableConv1D" || class == "SeparableConv2D" {
		u.drop(class, c, "kernel_initializer", "kernel_regularizer", "kernel_constraint")
	} else {
		u.drop(class, c, "filters", "kernel_initializer", "kernel_regularizer", "kernel_constraint")
	}
}

func one(v any) bool {
	n, ok := v.(pyjson.Number)
	return ok && n.Float() == 1
}

func (u *upgrader) transposed(class string, c *pyjson.Object) {
	if one(c.Get("groups")) {
		u.drop(class, c, "groups")
	}
	if v, ok := c.Lookup("output_padding"); ok && v == nil {
		u.drop(class, c, "output_padding")
	}
}

func (u *upgrader) recurrent(class string, c *pyjson.Object) {
	if c.Get("time_major") == false {
		u.drop(class, c, "time_major")
	}
	if _, ok := c.Lookup("reset_after"); !ok && class == "GRU" {
		c.Set("reset_after", false) // the default before TensorFlow 2; later files have the key
	}
	for _, k := range []string{"activation", "recurrent_activation"} {
		if c.Get(k) == "hard_sigmoid" {
			u.note("%s: hard_sigmoid is Keras 3's (x/6 + 0.5), as in Keras 3 itself; Keras 2's was 0.2x + 0.5", class)
		}
	}
	u.drop(class, c, "implementation", "num_constants")
	if c.Get("input_dim") != nil || c.Get("input_length") != nil {
		u.drop(class, c, "input_dim", "input_length")
	}
	if strings.HasPrefix(class, "ConvLSTM") {
		c.Delete("input_dim")
	}
}

// causal leaves causal=True to the layer, which refuses what it does not know: in Keras 3 it is an argument of the call.
func (u *upgrader) causal(class string, c *pyjson.Object) {
	if c.Get("causal") == false {
		u.drop(class, c, "causal")
	}
}

func (u *upgrader) lookup(class string, c *pyjson.Object) {
	u.drop(class, c, "has_static_table", "has_input_vocabulary", "table", "vocab_size", "num_tokens")
	if v, ok := c.Lookup("vocabulary_size"); ok && v == nil {
		c.Delete("vocabulary_size")
	}
}

// cudnnArguments gives the arguments that the CuDNN layers of Keras 2 had built in.
func cudnnArguments(class string, c *pyjson.Object) {
	c.Set("activation", "tanh")
	c.Set("recurrent_activation", "sigmoid")
	if class == "CuDNNGRU" {
		c.Set("reset_after", true)
	}
}

// keras1Names are the names that arguments had in Keras 1.
var keras1Names = map[string]string{
	"output_dim": "units", "init": "kernel_initializer", "inner_init": "recurrent_initializer", "inner_activation": "recurrent_activation",
	"W_regularizer": "kernel_regularizer", "U_regularizer": "recurrent_regularizer", "b_regularizer": "bias_regularizer",
	"W_constraint": "kernel_constraint", "U_constraint": "recurrent_constraint", "b_constraint": "bias_constraint",
	"dropout_W": "dropout", "dropout_U": "recurrent_dropout", "p": "rate", "nb_filter": "filters", "border_mode": "padding",
	"subsample": "strides", "dim_ordering": "data_format", "bias": "use_bias", "forget_bias_init": "",
	"sigma": "stddev", "mode": "merge_mode", "pool_length": "pool_size", "stride": "strides",
}

// keras1Arguments renames the arguments of Keras 1 (the layers that whole-model files of that time mostly have).
func keras1Arguments(class string, c *pyjson.Object) {
	if class == "BatchNormalization" {
		c.Delete("mode")
		c.Rename("beta_init", "beta_initializer")
		c.Rename("gamma_init", "gamma_initializer")
	}
	for from, to := range keras1Names {
		if from == "mode" && class != "Bidirectional" {
			continue
		}
		if from == "output_dim" && class == "Embedding" {
			continue
		}
		if to == "" {
			c.Delete(from)
			continue
		}
		c.Rename(from, to)
	}
	if class == "Embedding" {
		c.Rename("kernel_initializer", "embeddings_initializer")
	}
	switch c.Get("data_format") {
	case "tf":
		c.Set("data_format", "channels_last")
	case "th":
		c.Set("data_format", "channels_first")
	}
	if rows, ok := c.Lookup("nb_row"); ok {
		c.Set("kernel_size", []any{rows, c.Get("nb_col")})
		c.Delete("nb_row")
		c.Delete("nb_col")
	}
	if n, ok := c.Lookup("filter_length"); ok {
		c.Set("kernel_size", []any{n})
		c.Delete("filter_length")
		c.Rename("subsample_length", "strides")
		c.Delete("input_dim")
		c.Delete("input_length")
	}
	if class == "Dense" || class == "LSTM" || class == "GRU" || class == "SimpleRNN" {
		c.Delete("input_dim")
		c.Delete("input_length")
		c.Delete("consume_less")
	}
	if class == "Flatten" || class == "Dropout" || class == "Activation" {
		c.Delete("input_dim")
	}
}
