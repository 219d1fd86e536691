package dialect

import (
	"strings"

	"github.com/hornml/horn/internal/pyjson"
)

// optimizerNames are the exported names of optimizers whose class or short name differs from them.
var optimizerNames = map[string]string{
	"sgd": "SGD", "rmsprop": "RMSprop", "adam": "Adam", "adamw": "AdamW", "adadelta": "Adadelta", "adagrad": "Adagrad", "adamax": "Adamax",
	"nadam": "Nadam", "ftrl": "Ftrl", "lion": "Lion", "adafactor": "Adafactor", "lamb": "Lamb", "muon": "Muon",
}

// OptimizerName is the exported name of the optimizer with a class or short name, in any case; "" for what Keras 2 and 3 do
// not have.
func OptimizerName(name string) string { return optimizerNames[strings.ToLower(name)] }

// compile upgrades the compile state of the model and of the models inside it.
func (u *upgrader) compile(root *pyjson.Object) {
	u.eachRecord(root, 0, func(record *pyjson.Object) {
		if compile := record.Object("compile_config"); compile != nil {
			u.compileConfig(compile)
		}
	})
}

// eachRecord visits the records of a model and of the layers in it.
func (u *upgrader) eachRecord(v any, depth int, f func(*pyjson.Object)) {
	if depth > pyjson.MaxDepth {
		return
	}
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			u.eachRecord(x, depth+1, f)
		}
	case *pyjson.Object:
		if v.String("class_name") != "" {
			f(v)
		}
		if config := v.Object("config"); config != nil {
			u.eachRecord(config.Get("layers"), depth+1, f)
			u.eachRecord(config.Get("layer"), depth+1, f)
		}
	}
}

// compileConfig upgrades the arguments of compile.
func (u *upgrader) compileConfig(compile *pyjson.Object) {
	if record := compile.Object("optimizer"); record != nil {
		u.optimizer(record, 0)
	}
	if !u.Keras2() && !u.Legacy {
		return
	}
	u.moduleless(compile.Get("loss"), "keras.losses", 0)
	u.moduleless(compile.Get("metrics"), "keras.metrics", 0)
	u.moduleless(compile.Get("weighted_metrics"), "keras.metrics", 0)
	u.drop("compile", compile, "sample_weight_mode", "is_pss")
}

// optimizer upgrades the record of an optimizer, and of those in it.
func (u *upgrader) optimizer(record *pyjson.Object, depth int) {
	config := record.Object("config")
	if config == nil || depth > maxWrappers {
		return
	}
	module, class := record.String("module"), record.String("class_name")
	if strings.HasPrefix(module, torchOptimizers) {
		record.Set("module", "keras.optimizers")
		record.Set("registered_name", nil)
		u.note("the optimizer %s of the torch backend is written as keras.optimizers.%s, which every backend has", class, class)
	}
	if u.Keras2() || u.Legacy {
		name := class
		if i := strings.LastIndex(name, ">"); i >= 0 && strings.HasPrefix(name, "Custom>") {
			name = name[i+1:]
		}
		if n := OptimizerName(name); n != "" {
			name = n
		}
		if module == "" || strings.HasPrefix(module, "keras.") {
			if strings.Contains(name, ">") {
				record.Set("registered_name", name)
			} else {
				u.setClass(record, "keras.optimizers", name, nil)
				if OptimizerName(name) != "" {
					record.Set("registered_name", nil)
				}
			}
		}
		u.drop(name, config, "jit_compile", "is_legacy_optimizer")
		if n, ok := config.Get("decay").(pyjson.Number); ok && n.Float() == 0 {
			u.drop(name, config, "decay")
		}
		if _, ok := config.Lookup("learning_rate"); !ok {
			config.Rename("lr", "learning_rate")
		}
		if schedule := config.Object("learning_rate"); schedule != nil && schedule.String("module") == "" {
			u.setClass(schedule, "keras.optimizers.schedules", schedule.String("class_name"), nil)
		}
	}
	for _, key := range []string{"inner_optimizer", "optimizer", "default_optimizer", "optimizer_map"} {
		inner := config.Object(key)
		if inner.String("class_name") != "" {
			u.optimizer(inner, depth+1)
			continue
		}
		for _, pattern := range inner.Keys() { // an OptimizerMap has an optimizer for each pattern of paths
			if record := inner.Object(pattern); record != nil {
				u.optimizer(record, depth+1)
			}
		}
	}
	for _, inner := range config.List("optimizers") {
		if record, ok := inner.(*pyjson.Object); ok {
			u.optimizer(record, depth+1)
		}
	}
}

// torchOptimizers is where the torch backend has its forms of the optimizers; files name it, and only Keras on torch
// finds it there.
const torchOptimizers = "keras.src.backend.torch.optimizers."

// moduleless gives the records of losses and metrics in a structure their module, and drops what Keras 3 refuses.
func (u *upgrader) moduleless(v any, module string, depth int) {
	if depth > maxWrappers {
		return
	}
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			u.moduleless(x, module, depth+1)
		}
	case *pyjson.Object:
		class := v.String("class_name")
		config := v.Object("config")
		if class == "" || config == nil {
			for _, k := range v.Keys() {
				u.moduleless(v.Get(k), module, depth+1)
			}
			return
		}
		if v.String("module") == "" && !strings.Contains(class, ">") {
			u.setClass(v, module, class, nil)
		}
		if module == "keras.losses" {
			if config.Get("reduction") == "auto" {
				config.Set("reduction", "sum_over_batch_size")
			}
			u.drop(class, config, "fn")
		}
	}
}
