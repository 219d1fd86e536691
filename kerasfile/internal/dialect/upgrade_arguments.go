package dialect

import (
	"github.com/hornml/horn/internal/pyjson"
)

// dropping drops arguments of Keras 2 that Keras 3 does not take.
func dropping(keys ...string) repair {
	return func(u *upgrader, class string, c *pyjson.Object) { u.drop(class, c, keys...) }
}

// scalars makes numbers of arrays that hold one.
func scalars(keys ...string) repair {
	return func(_ *upgrader, _ string, c *pyjson.Object) {
		for _, k := range keys {
			scalar(c, k)
		}
	}
}

func keras2InputLayer(_ *upgrader, _ string, c *pyjson.Object) {
	if !has(c, "batch_shape") {
		c.Rename("batch_input_shape", "batch_shape")
	}
	c.Delete("batch_input_shape")
}

func keras2BatchNormalization(u *upgrader, class string, c *pyjson.Object) {
	if list := c.List("axis"); len(list) == 1 {
		c.Set("axis", list[0])
		u.note("%s: axis is a number, not a list of one", class)
	}
	u.drop(class, c, "fused", "virtual_batch_size", "adjustment")
	if c.Get("renorm") == false {
		u.drop(class, c, "renorm", "renorm_clipping", "renorm_momentum")
	}
	if c.Get("renorm_clipping") == nil {
		u.drop(class, c, "renorm_clipping")
	}
}

func keras2Embedding(u *upgrader, class string, c *pyjson.Object) {
	u.drop(class, c, "input_length")
	if c.Get("sparse") == false {
		u.drop(class, c, "sparse")
	}
	if c.Get("activity_regularizer") == nil {
		c.Delete("activity_regularizer")
	}
}

func keras2LeakyReLU(_ *upgrader, _ string, c *pyjson.Object) {
	if !has(c, "negative_slope") {
		c.Rename("alpha", "negative_slope")
	}
	scalar(c, "negative_slope")
}

func keras2Dropout(_ *upgrader, _ string, c *pyjson.Object) { c.Delete("force_generator") }

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

func keras2Depthwise(u *upgrader, class string, c *pyjson.Object) {
	keras2Separable(u, class, c)
	u.drop(class, c, "filters")
}

func keras2Separable(u *upgrader, class string, c *pyjson.Object) {
	if one(c.Get("groups")) {
		u.drop(class, c, "groups")
	}
	u.drop(class, c, "kernel_initializer", "kernel_regularizer", "kernel_constraint")
}

func one(v any) bool {
	n, ok := v.(pyjson.Number)
	return ok && n.Float() == 1
}

func keras2Transposed(u *upgrader, class string, c *pyjson.Object) {
	if one(c.Get("groups")) {
		u.drop(class, c, "groups")
	}
	if has(c, "output_padding") && c.Get("output_padding") == nil {
		u.drop(class, c, "output_padding")
	}
}

func keras2Recurrent(u *upgrader, class string, c *pyjson.Object) {
	if c.Get("time_major") == false {
		u.drop(class, c, "time_major")
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
}

func keras2GRU(u *upgrader, class string, c *pyjson.Object) {
	if !has(c, "reset_after") {
		c.Set("reset_after", false) // the default before TensorFlow 2; later files have the key
	}
	keras2Recurrent(u, class, c)
}

func keras2ConvLSTM(u *upgrader, class string, c *pyjson.Object) {
	keras2Recurrent(u, class, c)
	c.Delete("input_dim")
}

// keras2Attention leaves causal=True to the layer, which refuses what it does not know: in Keras 3 it is an argument of the
// call.
func keras2Attention(u *upgrader, class string, c *pyjson.Object) {
	if c.Get("causal") == false {
		u.drop(class, c, "causal")
	}
}

func keras2Lookup(u *upgrader, class string, c *pyjson.Object) {
	u.drop(class, c, "has_static_table", "has_input_vocabulary", "table", "vocab_size", "num_tokens")
	if c.Get("vocabulary_size") == nil {
		c.Delete("vocabulary_size")
	}
}

// keras3RandomRotation drops what the class wrote before 3.6, and does not take since.
func keras3RandomRotation(u *upgrader, class string, c *pyjson.Object) {
	if u.Before(3, 6) {
		u.drop(class, c, "value_range")
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

// keras1Names are the names that arguments had in Keras 1, and have today, in the order in which they are replaced: where
// two of them lead to one, the later row counts.
var keras1Names = []struct{ from, to string }{
	{"output_dim", "units"}, {"init", "kernel_initializer"}, {"inner_init", "recurrent_initializer"},
	{"inner_activation", "recurrent_activation"},
	{"W_regularizer", "kernel_regularizer"}, {"U_regularizer", "recurrent_regularizer"}, {"b_regularizer", "bias_regularizer"},
	{"W_constraint", "kernel_constraint"}, {"U_constraint", "recurrent_constraint"}, {"b_constraint", "bias_constraint"},
	{"dropout_W", "dropout"}, {"dropout_U", "recurrent_dropout"}, {"p", "rate"}, {"nb_filter", "filters"}, {"border_mode", "padding"},
	{"dim_ordering", "data_format"}, {"bias", "use_bias"}, {"sigma", "stddev"}, {"mode", "merge_mode"}, {"pool_length", "pool_size"},
	{"stride", "strides"}, {"subsample", "strides"},
}

// keras1Arguments renames the arguments of Keras 1 (the layers that whole-model files of that time mostly have).
func keras1Arguments(class string, c *pyjson.Object) {
	if class == "BatchNormalization" {
		c.Delete("mode")
		c.Rename("beta_init", "beta_initializer")
		c.Rename("gamma_init", "gamma_initializer")
	}
	c.Delete("forget_bias_init")
	for _, name := range keras1Names {
		switch {
		case name.from == "mode" && class != "Bidirectional", name.from == "output_dim" && class == "Embedding":
			// arguments of other classes, which have these names today
		default:
			c.Rename(name.from, name.to)
		}
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
