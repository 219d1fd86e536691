package core

import (
	"fmt"
	"io"
	"strings"

	"github.com/hornml/horn/h5lite"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile/internal/container"
	"github.com/hornml/horn/kerasfile/internal/dialect"
	"github.com/hornml/horn/kerasfile/internal/release"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// writeWhole writes a whole model as one HDF5 file. The layers in it are full records: without their modules, as Keras
// writes them there, Keras itself does not find operations again and takes some strings for functions.
func (o *saveOptions) writeWhole(w io.Writer, m *nn.Model) error {
	r, err := o.record(m)
	if err != nil {
		return err
	}
	if err := r.refuseForHDF5(); err != nil {
		return err
	}
	root, target := r.root, r.target
	tree := h5lite.NewTree()
	backend := o.backend(m)
	tree.SetAttribute("backend", nil, backend)
	tree.SetAttribute("keras_version", nil, target.String())
	model := pyjson.NewObject("class_name", root.Get("class_name"), "config", root.Get("config"))
	if name := root.String("registered_name"); strings.Contains(name, ">") {
		model.Set("class_name", name)
	}
	tree.SetAttribute("model_config", nil, h5lite.As(h5lite.TypeASCII, []string{string(pyjson.Marshal(model))}))
	if compile := root.Object("compile_config"); compile.Len() > 0 {
		if compile.Object("optimizer").String("class_name") == "Lamb" {
			o.note("Keras does not find the optimizer Lamb again in an .h5 file, its own included: " +
				"load it with compile=False, or save the model as .keras")
		}
		tree.SetAttribute("training_config", nil, h5lite.As(h5lite.TypeASCII, []string{string(pyjson.Marshal(dialect.TrainingConfig(compile)))}))
	}
	if err := writeLayers(tree.Group("model_weights"), m, backend, target); err != nil {
		return err
	}
	if variables := m.OptimizerVariables(); len(variables) > 0 && o.optimizer && m.CompileConfig() != nil {
		variables = rearrangeOptimizer(m, variables, target, false)
		if err := writeLayersOptimizer(tree.Group("optimizer_weights"), m, variables); err != nil {
			return err
		}
	}
	_, err = tree.WriteTo(w)
	return err
}

// refuseForHDF5 refuses what has no place in a whole-model HDF5 file, or what Keras could not load from there.
func (r *record) refuseForHDF5() error {
	assets, err := assetParts(r.model)
	if err != nil {
		return err
	}
	if len(assets) > 0 {
		name := strings.TrimPrefix(assets[0].Name, container.AssetsName+"/")
		return fmt.Errorf("the vocabulary of %q cannot be kept in an .h5 file: save the model as .keras", name)
	}
	if path := dialect.FindEllipsis(r.root.Get("config"), "/config"); path != "" {
		msg := `an index with "..." cannot be kept in an .h5 file, which Keras could not load: save the model as .keras`
		return &ConfigError{Path: path, Msg: msg}
	}
	return nil
}

func (o *saveOptions) backend(m *nn.Model) string {
	if m.Origin.Backend != "" {
		return m.Origin.Backend
	}
	return "tensorflow"
}

// writeByLayer writes a weights file of the legacy form.
func (o *saveOptions) writeByLayer(w io.Writer, m *nn.Model, target release.Release) error {
	tree := h5lite.NewTree()
	if target.Major() < 3 {
		target = release.Written()
	}
	if err := writeLayers(tree.TreeGroup, m, o.backend(m), target); err != nil {
		return err
	}
	_, err := tree.WriteTo(w)
	return err
}

// writeLayers writes a group for each layer, with its variables in the order that Keras expects there.
func writeLayers(g *h5lite.TreeGroup, m *nn.Model, backend string, target release.Release) error {
	var layers []string
	for _, l := range m.Layers() {
		layers = append(layers, l.Name())
		var list []string
		group := g.Group(l.Name())
		used := map[string]bool{}
		for _, v := range savedOrder(l, target) {
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
			container.WriteDataset(group, name, t)
		}
		container.SetNames(group, "weight_names", list)
	}
	container.SetNames(g, "layer_names", layers)
	container.SetNames(g.Group("top_level_model_weights"), "weight_names", nil)
	g.SetAttribute("backend", nil, backend)
	g.SetAttribute("keras_version", nil, target.String())
	return nil
}

func writeLayersOptimizer(g *h5lite.TreeGroup, m *nn.Model, variables []*layer.Variable) error {
	name := m.CompileConfig().Object("optimizer").Object("config").String("name")
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
		container.WriteDataset(g, path, t)
	}
	container.SetNames(g, "weight_names", list)
	return nil
}
