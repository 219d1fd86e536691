package kerasfile

import (
	"fmt"
	"io"
	"strings"

	"github.com/hornml/horn/h5lite"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/pyjson"
	"github.com/hornml/horn/tensor"
)

// writeLegacy writes a whole model as one HDF5 file. The layers in it are full records: without their modules, as Keras
// writes them there, Keras itself does not find operations again and takes some strings for functions.
func (o *saveOptions) writeLegacy(w io.Writer, m *nn.Model) error {
	root, version, err := o.document(m)
	if err != nil {
		return err
	}
	if files, err := assets(m); err != nil {
		return err
	} else if len(files) > 0 {
		return fmt.Errorf("the vocabulary of %q cannot be kept in an .h5 file: save the model as .keras", files[0].path)
	}
	if path := findEllipsis(root.Get("config"), "/config", 0); path != "" {
		return &ConfigError{Path: path, Msg: `an index with "..." cannot be kept in an .h5 file, which Keras could not load: save the model as .keras`}
	}
	tree := h5lite.NewTree()
	backend := o.backend(m)
	tree.SetAttribute("backend", nil, backend)
	tree.SetAttribute("keras_version", nil, version)
	model := pyjson.NewObject("class_name", root.Get("class_name"), "config", root.Get("config"))
	if name := root.String("registered_name"); strings.Contains(name, ">") {
		model.Set("class_name", name)
	}
	tree.SetAttribute("model_config", nil, h5lite.As(h5lite.TypeASCII, []string{string(pyjson.Marshal(model))}))
	if compile := root.Object("compile_config"); compile.Len() > 0 {
		if compile.Object("optimizer").String("class_name") == "Lamb" {
			o.note("Keras does not find the optimizer Lamb again in an .h5 file, its own included: load it with compile=False, or save the model as .keras")
		}
		tree.SetAttribute("training_config", nil, h5lite.As(h5lite.TypeASCII, []string{string(pyjson.Marshal(legacyTraining(compile)))}))
	}
	if err := writeLegacyGroups(tree.Group("model_weights"), m, backend, version); err != nil {
		return err
	}
	if variables := m.OptimizerVariables(); len(variables) > 0 && o.optimizer && m.Compile != nil {
		variables = rearrangeOptimizer(m, variables, origin{version: parseVersion(version)}, false)
		if err := writeLegacyOptimizer(tree.Group("optimizer_weights"), m, variables); err != nil {
			return err
		}
	}
	_, err = tree.WriteTo(w)
	return err
}

// findEllipsis returns the path of a Python Ellipsis in a config. Keras reads it from .keras files only.
func findEllipsis(v any, path string, depth int) string {
	if depth > pyjson.MaxDepth {
		return ""
	}
	switch v := v.(type) {
	case []any:
		for i, x := range v {
			if found := findEllipsis(x, fmt.Sprintf("%s/%d", path, i), depth+1); found != "" {
				return found
			}
		}
	case *pyjson.Object:
		if v.String("class_name") == "__ellipsis__" {
			return path
		}
		for _, k := range v.Keys() {
			if found := findEllipsis(v.Get(k), path+"/"+k, depth+1); found != "" {
				return found
			}
		}
	}
	return ""
}

func (o *saveOptions) backend(m *nn.Model) string {
	if m.Origin.Backend != "" {
		return m.Origin.Backend
	}
	return "tensorflow"
}

// writeLegacyWeights writes a weights file of the legacy form.
func (o *saveOptions) writeLegacyWeights(w io.Writer, m *nn.Model, version string) error {
	tree := h5lite.NewTree()
	if parseVersion(version)[0] < 3 {
		version = writtenVersion
	}
	if err := writeLegacyGroups(tree.TreeGroup, m, o.backend(m), version); err != nil {
		return err
	}
	_, err := tree.WriteTo(w)
	return err
}

// writeLegacyGroups writes a group for each layer, with its variables in the order that Keras expects there.
func writeLegacyGroups(g *h5lite.TreeGroup, m *nn.Model, backend, version string) error {
	var layers []string
	for _, l := range m.Layers() {
		layers = append(layers, l.Name())
		var list []string
		group := g.Group(l.Name())
		used := map[string]bool{}
		for _, v := range legacyOrder(l) {
			t, err := v.Value()
			if err != nil {
				return err
			}
			name := v.Path
			for i := 1; used[name]; i++ {
				name = fmt.Sprintf("%s_%d", v.Path, i)
			}
			used[name] = true
			list = append(list, name)
			writeDataset(group, name, t)
		}
		setNames(group, "weight_names", list)
	}
	setNames(g, "layer_names", layers)
	setNames(g.Group("top_level_model_weights"), "weight_names", nil)
	g.SetAttribute("backend", nil, backend)
	g.SetAttribute("keras_version", nil, version)
	return nil
}

// maxNames is how many names fit into one attribute; Keras reads more from layer_names0, layer_names1, ...
const maxNames = 4000

func setNames(g *h5lite.TreeGroup, name string, list []string) {
	switch {
	case len(list) == 0:
		g.SetAttribute(name, []int{0}, []float64{})
	case len(list) <= maxNames:
		g.SetAttribute(name, []int{len(list)}, list)
	default:
		for i := 0; len(list) > 0; i++ {
			n := min(len(list), maxNames)
			g.SetAttribute(fmt.Sprint(name, i), []int{n}, list[:n])
			list = list[n:]
		}
	}
}

func writeLegacyOptimizer(g *h5lite.TreeGroup, m *nn.Model, variables []*nn.Variable) error {
	name := m.Compile.Object("optimizer").Object("config").String("name")
	if name == "" || strings.Contains(name, "/") {
		name = "optimizer"
	}
	var list []string
	for i, v := range variables {
		t, err := v.Value()
		if err != nil {
			return err
		}
		path := fmt.Sprintf("%s/variable_%d", name, i)
		switch {
		case i == 0:
			path = name + "/iteration"
		case i == 1 && t.Rank() == 0 && t.DType() == tensor.Float32:
			path = name + "/learning_rate"
		}
		list = append(list, path)
		writeDataset(g, path, t)
	}
	setNames(g, "weight_names", list)
	return nil
}

// legacyTraining turns a compile_config into a training_config. A loss or metric that is a short name becomes a record:
// releases of Keras 3 fail on the name when they read an .h5 file.
func legacyTraining(compile *pyjson.Object) *pyjson.Object {
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
		if n := optimizerNames[strings.ToLower(name)]; n != "" {
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
	"mse": "MeanSquaredError", "mean_squared_error": "MeanSquaredError", "mae": "MeanAbsoluteError", "mean_absolute_error": "MeanAbsoluteError",
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
