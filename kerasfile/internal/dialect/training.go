package dialect

import (
	"strings"

	"github.com/hornml/horn/internal/pyjson"
)

// CompileConfig turns the training_config of a whole-model HDF5 file into a compile_config.
func CompileConfig(training *pyjson.Object) *pyjson.Object {
	compile := new(pyjson.Object)
	compile.Set("optimizer", training.Get("optimizer_config"))
	for _, k := range []string{"loss", "loss_weights", "metrics", "weighted_metrics"} {
		compile.Set(k, training.Get(k))
	}
	for _, k := range training.Keys() {
		if _, ok := compile.Lookup(k); !ok && k != "optimizer_config" && k != "sample_weight_mode" {
			compile.Set(k, training.Get(k))
		}
	}
	for _, def := range []struct {
		key   string
		value any
	}{{"run_eagerly", false}, {"steps_per_execution", pyjson.Int(1)}, {"jit_compile", false}} {
		if _, ok := compile.Lookup(def.key); !ok {
			compile.Set(def.key, def.value)
		}
	}
	return compile
}

// TrainingConfig turns a compile_config into a training_config. A loss or metric that is a short name becomes a record:
// releases of Keras 3 fail on the name when they read an .h5 file.
func TrainingConfig(compile *pyjson.Object) *pyjson.Object {
	out := new(pyjson.Object)
	for _, k := range compile.Keys() {
		switch k {
		case "optimizer":
		case "loss":
			out.Set(k, errorRecords(compile.Get(k), "keras.losses", 0))
		case "metrics", "weighted_metrics":
			out.Set(k, errorRecords(compile.Get(k), "keras.metrics", 0))
		default:
			out.Set(k, compile.Get(k))
		}
	}
	switch optimizer := compile.Get("optimizer").(type) {
	case string:
		name := optimizer
		if n := OptimizerName(name); n != "" {
			name = n
		}
		out.Set("optimizer_config", pyjson.NewObject("class_name", name, "config", new(pyjson.Object)))
	case *pyjson.Object:
		class := optimizer.String("class_name")
		if r := optimizer.String("registered_name"); strings.Contains(r, ">") {
			class = r
		}
		out.Set("optimizer_config", pyjson.NewObject("class_name", class, "config", optimizer.Get("config")))
	default:
		out.Set("optimizer_config", nil)
	}
	return out
}

// errorNames are the short names that Keras 3 takes, in an .h5 file, for functions of keras.metrics, and then refuses.
var errorNames = map[string]string{
	"mse": "MeanSquaredError", "mean_squared_error": "MeanSquaredError",
	"mae": "MeanAbsoluteError", "mean_absolute_error": "MeanAbsoluteError",
	"mape": "MeanAbsolutePercentageError", "mean_absolute_percentage_error": "MeanAbsolutePercentageError",
	"msle": "MeanSquaredLogarithmicError", "mean_squared_logarithmic_error": "MeanSquaredLogarithmicError",
}

// errorRecords replaces these names in a structure by records of their classes.
func errorRecords(v any, module string, depth int) any {
	if depth > maxWrappers {
		return v
	}
	switch v := v.(type) {
	case string:
		if class := errorNames[strings.ToLower(v)]; class != "" {
			return pyjson.NewObject("module", module, "class_name", class, "config", pyjson.NewObject("name", v), "registered_name", nil)
		}
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = errorRecords(x, module, depth+1)
		}
		return out
	case *pyjson.Object:
		if v.String("class_name") != "" {
			return v
		}
		out := new(pyjson.Object)
		for _, k := range v.Keys() {
			out.Set(k, errorRecords(v.Get(k), module, depth+1))
		}
		return out
	}
	return v
}
