package kerasfile

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/hornml/horn/nn/pyjson"
)

// addition is an argument that a class of Keras has since some release, and its default there: a file for an older one
// leaves it out if it has the default.
type addition struct {
	classes string // names; or a module such as "keras.losses", or one class in it as "keras.losses:Dice"
	key     string
	since   [3]int
	def     string // in JSON
}

// additions are the arguments that came with releases of Keras 3, as far as files of older ones are concerned.
var additions = []addition{
	{"keras.initializers", "input_axes", [3]int{3, 15}, "null"},
	{"keras.initializers", "output_axes", [3]int{3, 15}, "null"},
	{"Dense EinsumDense Embedding ReversibleEmbedding", "quantization_config", [3]int{3, 13}, "null"},
	{"Dense EinsumDense Embedding", "lora_rank", [3]int{3, 0, 3}, "null"},
	{"Conv1D Conv2D Conv3D", "lora_rank", [3]int{3, 3}, "null"},
	{"Dense EinsumDense Embedding Conv1D Conv2D Conv3D", "lora_alpha", [3]int{3, 10}, "null"},
	{"EinsumDense", "gptq_unpacked_column_size", [3]int{3, 12}, "null"},
	{"BatchNormalization", "renorm", [3]int{3, 14}, "false"},
	{"BatchNormalization", "renorm_clipping", [3]int{3, 14}, "null"},
	{"BatchNormalization", "renorm_momentum", [3]int{3, 14}, "0.99"},
	{"LayerNormalization", "rms_scaling", [3]int{3, 0}, "false"},
	{"MultiHeadAttention", "seed", [3]int{3, 4}, "null"},
	{"GroupQueryAttention", "seed", [3]int{3, 7}, "null"},
	{"MultiHeadAttention GroupQueryAttention", "flash_attention", [3]int{3, 7}, "null"},
	{"MultiHeadAttention GroupQueryAttention", "use_gate", [3]int{3, 14}, "false"},
	{"MultiHeadAttention GroupQueryAttention", "sliding_window", [3]int{3, 15}, "null"},
	{"LSTM GRU", "use_cudnn", [3]int{3, 2}, `"auto"`},
	{"Conv1DTranspose Conv2DTranspose Conv3DTranspose", "output_padding", [3]int{3, 11}, "null"},
	{"CategoryEncoding", "sparse", [3]int{3, 2}, "false"},
	{"ZeroPadding1D", "data_format", [3]int{3, 5}, `"channels_last"`},
	{"Resizing", "pad_to_aspect_ratio", [3]int{3, 3}, "false"},
	{"Resizing", "fill_mode", [3]int{3, 3}, `"constant"`},
	{"Resizing", "fill_value", [3]int{3, 3}, "0.0"},
	{"Resizing", "antialias", [3]int{3, 9}, "false"},
	{"CenterCrop RandomCrop RandomFlip RandomTranslation RandomZoom Resizing", "factor", [3]int{3, 6}, "null"},
	{"CenterCrop RandomBrightness RandomContrast RandomCrop RandomFlip RandomRotation RandomTranslation RandomZoom Resizing", "bounding_box_format", [3]int{3, 6}, "null"},
	{"RandomBrightness RandomContrast RandomFlip", "data_format", [3]int{3, 6}, `"channels_last"`},
	{"RandomContrast", "value_range", [3]int{3, 8}, "[0, 255]"},
	{"StringLookup IntegerLookup", "salt", [3]int{3, 14}, "null"},
	{"StringLookup IntegerLookup", "oov_method", [3]int{3, 14}, `"floormod"`},
	{"keras.optimizers", "gradient_accumulation_steps", [3]int{3, 0, 2}, "null"},
	{"Muon", "adam_weight_decay", [3]int{3, 13}, "0.004"},
	{"Muon", "rms_rate", [3]int{3, 13}, "0.2"},
	{"keras.losses", "dtype", [3]int{3, 4}, `"float32"`},
	{"keras.losses:SparseCategoricalCrossentropy", "axis", [3]int{3, 10}, "-1"},
	{"keras.losses:Dice", "axis", [3]int{3, 4}, "null"},
	{"keras.losses:Tversky", "axis", [3]int{3, 8}, "null"},
	{"keras.metrics:SparseCategoricalCrossentropy", "ignore_class", [3]int{3, 14}, "null"},
	{"keras.metrics:SparseTopKCategoricalAccuracy", "from_sorted_ids", [3]int{3, 7}, "false"},
}

// newClasses are the classes that came with releases of Keras 3, found by asking 3.0.5, 3.1.1, .. 3.15.1 for theirs.
var newClasses = func() map[string][3]int {
	classes := map[string][3]int{}
	for minor, names := range map[int]string{
		1: "MelSpectrogram", 2: "Dice", 3: "Tversky QuantizedFloat8DTypePolicy", 4: "DTypePolicyMap", 5: "Lamb",
		6: "AutoContrast Pipeline Solarization",
		7: "STFT MaxNumBoundingBoxes STFTSpectrogram Circle ConcordanceCorrelation PearsonCorrelation",
		8: "Equalization MixUp RandAugment RandomColorDegeneration RandomColorJitter RandomGrayscale RandomHue RandomPosterization " +
			"RandomSaturation RandomSharpness RandomShear",
		9:  "AugMix CutMix RMSNormalization RandomErasing RandomGaussianBlur RandomInvert RandomPerspective",
		10: "RandomElasticTransform CategoricalGeneralizedCrossEntropy Muon",
		12: "GPTQDTypePolicy ReversibleEmbedding",
		13: "AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D",
		14: "AWQDTypePolicy Int4DTypePolicy ContrastLimitedAdaptiveHistogramEqualization ScheduleFreeAdamW",
		15: "MultiOptimizer OptimizerMap",
	} {
		for _, name := range strings.Fields(names) {
			classes[name] = [3]int{3, minor}
		}
	}
	return classes
}()

// newest is the latest release whose form is known.
const newest = 16

// parseTarget reads a release such as "3.3", "3.12.1" or "keras-3.3".
func parseTarget(s string) (v [3]int, err error) {
	parts := strings.Split(strings.TrimPrefix(s, "keras-"), ".")
	for i := range min(len(parts), 3) {
		n, convErr := strconv.Atoi(parts[i])
		if convErr != nil || n < 0 {
			return v, fmt.Errorf("%q is no release of Keras; such are 3.0 and 3.12.1", s)
		}
		v[i] = n
	}
	if len(parts) < 2 || v[0] != 3 || v[1] > newest {
		return v, fmt.Errorf("files can be written for Keras 3.0 to 3.%d, not for %q", newest, s)
	}
	return v, nil
}

// fullVersion gives a release three numbers, as metadata.json has it.
func fullVersion(s string) string {
	v, err := parseTarget(s)
	if err != nil {
		return s
	}
	return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2])
}

// express writes a config for a release of Keras. With strict it is an error if that cannot say what the config says;
// without, what only a newer one can say stays, and the file needs that.
func express(root *pyjson.Object, target string, strict bool, note func(string)) (*pyjson.Object, error) {
	v, err := parseTarget(target)
	if err != nil {
		return nil, err
	}
	root = pyjson.Clone(root).(*pyjson.Object)
	e := &expresser{target: v, strict: strict, dropped: map[string]bool{}}
	e.value(root, "", 0)
	if len(e.errs) > 0 {
		return nil, e.errs
	}
	if len(e.dropped) > 0 && strict {
		var keys []string
		for k := range e.dropped {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		note(fmt.Sprintf("for Keras %d.%d without %s", v[0], v[1], strings.Join(keys, ", ")))
	}
	return root, nil
}

type expresser struct {
	target  [3]int
	strict  bool
	errs    Errors
	dropped map[string]bool
}

func (e *expresser) older(than ...int) bool {
	v := [3]int{}
	copy(v[:], than)
	for i := range v {
		if e.target[i] != v[i] {
			return e.target[i] < v[i]
		}
	}
	return false
}

func (e *expresser) value(v any, path string, depth int) {
	if depth > pyjson.MaxDepth {
		return
	}
	switch v := v.(type) {
	case []any:
		for i, x := range v {
			e.value(x, fmt.Sprintf("%s/%d", path, i), depth+1)
		}
	case *pyjson.Object:
		e.policy(v, path)
		for _, k := range v.Keys() {
			e.value(v.Get(k), path+"/"+k, depth+1)
		}
		if class := v.String("class_name"); class != "" {
			if config := v.Object("config"); config != nil {
				e.record(v, class, config, path)
			}
		}
	}
}

// policy writes dtype policies by their names for releases that do not have records of them.
func (e *expresser) policy(o *pyjson.Object, path string) {
	record := o.Object("dtype")
	if record == nil || !e.older(3, 4) {
		return
	}
	config := record.Object("config")
	switch class := record.String("class_name"); class {
	case "DTypePolicy", "FloatDTypePolicy":
		o.Set("dtype", config.Get("name"))
	case "QuantizedDTypePolicy":
		if e.older(3, 3) {
			e.cannot(path+"/dtype", "quantized layers came with 3.3")
			return
		}
		o.Set("dtype", config.String("mode")+"_from_"+config.String("source_name"))
	default:
		e.cannot(path+"/dtype", class+" is not known there")
	}
}

// cannot reports what the target does not have; leniently it stays.
func (e *expresser) cannot(path, why string) {
	if e.strict {
		e.errs = append(e.errs, &ConfigError{Path: path, Msg: fmt.Sprintf("Keras %d.%d cannot express it: %s", e.target[0], e.target[1], why)})
	}
}

// oldNames are the names of initializers that every release before 3.7 finds. It wrote IdentityInitializer itself, and did not
// find that again.
var oldNames = map[string]string{"Orthogonal": "OrthogonalInitializer", "IdentityInitializer": "Identity"}

func (e *expresser) record(record *pyjson.Object, class string, config *pyjson.Object, path string) {
	module := record.String("module")
	if old := oldNames[class]; old != "" && module == "keras.initializers" && e.older(3, 7) {
		record.Set("class_name", old)
	}
	if since, ok := newClasses[class]; ok && e.older(since[:]...) && strings.HasPrefix(module, "keras.") {
		e.cannot(path, fmt.Sprintf("%s came with %d.%d", class, since[0], since[1]))
	}
	for _, a := range additions {
		v, has := config.Lookup(a.key)
		if !has || !e.older(a.since[:]...) || !a.of(class, module) {
			continue
		}
		def, _ := pyjson.Parse([]byte(a.def))
		if a.key == "lora_alpha" {
			def = config.Get("lora_rank")
		}
		if equalNumbers(v, def) || v == nil && (a.key == "data_format" || a.key == "dtype") {
			config.Delete(a.key)
			e.dropped[class+"."+a.key] = true
		} else {
			e.cannot(path+"/config/"+a.key, fmt.Sprintf("the argument came with %d.%d, and its value is %s", a.since[0], a.since[1], pyjson.Marshal(v)))
		}
	}
	if strings.HasPrefix(module, "keras.src.ops.") && e.older(3, 11) && config.Len() > 1 {
		config.Delete("name") // the record has it
	}
	for _, gap := range gaps {
		if gap.class == class && e.older(gap.until[:]...) && gap.has(record, config) {
			e.cannot(path, "it cannot load "+gap.what)
		}
	}
	if compile, ok := record.Lookup("compile_config"); ok && e.older(3, 10) {
		if o, isObject := compile.(*pyjson.Object); isObject && o.Len() == 0 {
			record.Delete("compile_config")
		}
	}
	if class == "Functional" && e.older(3, 11) {
		for _, key := range []string{"input_layers", "output_layers"} {
			config.Set(key, e.ends(config.Get(key)))
		}
	}
}

// gaps are what releases cannot load although they have it, their own files included.
var gaps = []struct {
	class string
	until [2]int
	what  string
	has   func(record, config *pyjson.Object) bool
}{
	{"GetItem", [2]int{3, 2}, "an index of several parts", func(record, _ *pyjson.Object) bool { return hasListKey(record) }},
	{"Functional", [2]int{3, 3}, "a Functional model as the last layer of another", func(_, config *pyjson.Object) bool { return endsInFunctional(config) }},
	{"Identity", [2]int{3, 2}, "this initializer", func(record, _ *pyjson.Object) bool { return record.String("module") == "keras.initializers" }},
	{"IdentityInitializer", [2]int{3, 2}, "this initializer", func(record, _ *pyjson.Object) bool { return true }},
	{"Bidirectional", [2]int{3, 3}, "merge_mode None with return_state", func(_, config *pyjson.Object) bool {
		return config.Get("merge_mode") == nil && config.Object("layer").Object("config").Get("return_state") == true
	}},
	{"Pipeline", [2]int{3, 7}, "a Pipeline", func(_, _ *pyjson.Object) bool { return true }},
	{"MultiHeadAttention", [2]int{3, 7}, "an output_shape", func(_, config *pyjson.Object) bool { return config.List("output_shape") != nil }},
}

// hasListKey reports whether a GetItem is called with a list of indices.
func hasListKey(record *pyjson.Object) bool {
	for _, n := range record.List("inbound_nodes") {
		call, _ := n.(*pyjson.Object)
		if args := call.List("args"); len(args) > 1 {
			if _, ok := args[1].([]any); ok {
				return true
			}
		}
	}
	return false
}

// endsInFunctional reports whether an output of a model is that of a Functional model inside.
func endsInFunctional(config *pyjson.Object) bool {
	inner := map[string]bool{}
	for _, l := range config.List("layers") {
		if record, ok := l.(*pyjson.Object); ok && record.String("class_name") == "Functional" {
			inner[record.String("name")] = true
		}
	}
	var ends [][]any
	flattenEnds(config.Get("output_layers"), &ends, 0)
	for _, end := range ends {
		if name, _ := end[0].(string); inner[name] {
			return true
		}
	}
	return false
}

// ends writes the inputs or outputs of a Functional as a list; before 3.4 there are no other structures.
func (e *expresser) ends(v any) any {
	list, ok := v.([]any)
	if ok && len(list) == 3 {
		if _, bare := list[0].(string); bare {
			return []any{list}
		}
	}
	if !e.older(3, 4) {
		return v
	}
	var flat [][]any
	flattenEnds(v, &flat, 0)
	out := []any{}
	for _, x := range flat {
		out = append(out, x)
	}
	return out
}

// flattenEnds lists [layer, call, output] in the order of predict: dicts by sorted key.
func flattenEnds(v any, out *[][]any, depth int) {
	if depth > maxWrappers {
		return
	}
	switch v := v.(type) {
	case []any:
		if len(v) == 3 {
			if _, ok := v[0].(string); ok {
				*out = append(*out, v)
				return
			}
		}
		for _, x := range v {
			flattenEnds(x, out, depth+1)
		}
	case *pyjson.Object:
		keys := append([]string(nil), v.Keys()...)
		sort.Strings(keys)
		for _, k := range keys {
			flattenEnds(v.Get(k), out, depth+1)
		}
	}
}

func (a addition) of(class, module string) bool {
	if strings.HasPrefix(a.classes, "keras.") {
		only, name, one := strings.Cut(a.classes, ":")
		return module == only && (!one || class == name)
	}
	for _, c := range strings.Fields(a.classes) {
		if c == class && !strings.HasPrefix(module, "keras.src.") {
			return true
		}
	}
	return false
}

// equalNumbers is pyjson.Equal for which 0 and 0.0 are the same.
func equalNumbers(a, b any) bool {
	x, okA := a.(pyjson.Number)
	y, okB := b.(pyjson.Number)
	if okA && okB {
		return x.Float() == y.Float()
	}
	l, okA := a.([]any)
	m, okB := b.([]any)
	if okA && okB && len(l) == len(m) {
		for i := range l {
			if !equalNumbers(l[i], m[i]) {
				return false
			}
		}
		return true
	}
	return pyjson.Equal(a, b)
}
