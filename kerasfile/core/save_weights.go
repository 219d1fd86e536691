package core

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/hornml/horn/internal/fault"
	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/kerasfile/internal/container"
	"github.com/hornml/horn/kerasfile/internal/release"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// SaveWeights writes the variables of a model (Model.save_weights): into an HDF5 file if the name ends in .weights.h5,
// into shards with a map of them if it ends in .weights.json, into an .npz file of plain arrays named by their paths, or,
// with another name that ends in .h5, into an HDF5 file of the legacy form. Files appear whole or not at all.
func SaveWeights(m *nn.Model, path string, opts ...SaveOption) (err error) {
	defer fault.Catch(&err, "saving weights")
	o := saveSettings(opts)
	if err := ready(m); err != nil {
		return err
	}
	target, err := o.weightsRelease(m)
	if err != nil {
		return err
	}
	switch lower := strings.ToLower(path); {
	case strings.HasSuffix(lower, ".weights.h5"), strings.HasSuffix(lower, ".weights.json"), strings.HasSuffix(lower, ".npz"):
		groups, err := o.groups(m, target)
		if err != nil {
			return err
		}
		return o.saveGroups(groups, path)
	case strings.HasSuffix(lower, ".h5"), strings.HasSuffix(lower, ".hdf5"):
		return o.place().File(path, func(w io.Writer) error { return o.writeByLayer(w, m, target) })
	}
	return fmt.Errorf("%s: the name of a weights file ends in .weights.h5, .weights.json or .npz", path)
}

// saveGroups writes variables by their paths.
func (o *saveOptions) saveGroups(groups []container.Group, path string) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".json":
		dir, name := filepath.Split(path)
		parts, err := container.ShardParts(name, groups, o.shard)
		if err != nil {
			return err
		}
		return o.place().Files(dir, parts)
	case ".npz":
		return o.place().File(path, func(w io.Writer) error { return container.WriteArchive(w, groups) })
	}
	tree, err := container.WeightsTree(groups)
	if err != nil {
		return err
	}
	return o.place().File(path, func(w io.Writer) error {
		_, err := tree.WriteTo(w)
		return err
	})
}

// weightsRelease is the release of Keras that a weights file is for: the one asked for, or the model's own.
func (o *saveOptions) weightsRelease(m *nn.Model) (release.Release, error) {
	if o.target == "" {
		return release.Parse(m.Origin.KerasVersion), nil
	}
	target, err := release.ParseTarget(o.target)
	if err != nil {
		return target, err
	}
	return target, refuseFormerInt4(m, target)
}

// savedValue is what a weights file has for a variable.
func savedValue(l layer.Layer, v *layer.Variable) (tensor.Any, error) {
	if s, ok := l.(layer.ValueSaver); ok {
		return s.SavedValue(v)
	}
	return v.Value()
}

// groups lists what a weights file has, in Keras's order.
func (o *saveOptions) groups(m *nn.Model, target release.Release) ([]container.Group, error) {
	var out []container.Group
	for _, obj := range walk(m) {
		g := container.Group{Path: naming.JoinPath(obj.path, "vars"), Name: obj.layer.Name()}
		for i, v := range layer.SavedVariables(obj.layer) {
			t, err := savedValue(obj.layer, v)
			if err != nil {
				return nil, err
			}
			key := v.FileKey
			if key == "" {
				key = strconv.Itoa(i)
			}
			g.Keys, g.Values = append(g.Keys, key), append(g.Values, t)
		}
		out = append(out, g)
	}
	if o.target != "" && target.Before(release.Release{3, 3}) {
		out = append(out, bidirectionalTwins(m, out)...)
	}
	if !o.optimizer {
		return out, nil
	}
	for _, group := range m.Optimizer {
		variables := group.Variables
		if group.Path == "optimizer" && target.Major() == 3 {
			variables = rearrangeOptimizer(m, variables, target, false)
		}
		g := container.Group{Path: naming.JoinPath(group.Path, "vars"),
			Name: m.CompileConfig().Object("optimizer").Object("config").String("name")}
		for i, v := range variables {
			t, err := v.Value()
			if err != nil {
				return nil, err
			}
			g.Keys, g.Values = append(g.Keys, strconv.Itoa(i)), append(g.Values, t)
		}
		out = append(out, g)
	}
	return out, nil
}

// bidirectionalTwins repeats the forward layer of each Bidirectional under "layer", a third layer that Keras before 3.3 has
// there and never saved the variables of, so that it could not load its own files.
func bidirectionalTwins(m *nn.Model, groups []container.Group) []container.Group {
	var out []container.Group
	for _, obj := range walk(m) {
		if obj.layer.Class().Name != "Bidirectional" {
			continue
		}
		for _, g := range groups {
			if rest, ok := strings.CutPrefix(g.Path, naming.JoinPath(obj.path, "forward_layer")+"/"); ok {
				g.Path = naming.JoinPath(obj.path, "layer") + "/" + rest
				out = append(out, g)
			}
		}
	}
	return out
}
