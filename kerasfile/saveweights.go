package kerasfile

import (
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/hornml/horn/h5lite"
	"github.com/hornml/horn/kerasfile/internal/dialect"
	"github.com/hornml/horn/kerasfile/internal/release"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/npy"
)

// SaveWeights writes the variables of a model (Model.save_weights): into an HDF5 file if the name ends in .weights.h5,
// into shards with a map of them if it ends in .weights.json, into an .npz file of plain arrays named by their paths, or,
// with another name that ends in .h5, into an HDF5 file of the legacy form. Files appear whole or not at all.
func SaveWeights(m *nn.Model, path string, opts ...SaveOption) error {
	o := saveSettings(opts)
	if err := ready(m); err != nil {
		return err
	}
	target, err := o.weightsRelease(m)
	if err != nil {
		return err
	}
	switch lower := strings.ToLower(path); {
	case strings.HasSuffix(lower, ".weights.h5"):
		tree, err := o.weightsTree(m, target)
		if err != nil {
			return err
		}
		return o.replaceFile(path, func(w io.Writer) error {
			_, err := tree.WriteTo(w)
			return err
		})
	case strings.HasSuffix(lower, ".weights.json"):
		return o.saveShards(m, path, target)
	case strings.HasSuffix(lower, ".npz"):
		return o.saveArchive(m, path, target)
	case strings.HasSuffix(lower, ".h5"), strings.HasSuffix(lower, ".hdf5"):
		return o.replaceFile(path, func(w io.Writer) error { return o.writeLegacyWeights(w, m, target) })
	}
	return fmt.Errorf("%s: the name of a weights file ends in .weights.h5, .weights.json or .npz", path)
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
	return target, formerInt4(m, target)
}

// savedValue is what a weights file has for a variable.
func savedValue(l layer.Layer, v *layer.Variable) (tensor.Any, error) {
	if s, ok := l.(layer.ValueSaver); ok {
		return s.SavedValue(v)
	}
	return v.Value()
}

// savedGroup is a group "vars" to write.
type savedGroup struct {
	path   string // with "vars"
	name   string // of the layer or optimizer
	keys   []string
	values []tensor.Any
}

// savedGroups lists what a weights file has, in Keras's order.
func (o *saveOptions) savedGroups(m *nn.Model, target release.Release) ([]savedGroup, error) {
	var out []savedGroup
	for _, obj := range walk(m) {
		g := savedGroup{path: join(obj.path, "vars"), name: obj.layer.Name()}
		for i, v := range layer.SavedVariables(obj.layer) {
			t, err := savedValue(obj.layer, v)
			if err != nil {
				return nil, err
			}
			key := v.FileKey
			if key == "" {
				key = strconv.Itoa(i)
			}
			g.keys, g.values = append(g.keys, key), append(g.values, t)
		}
		out = append(out, g)
	}
	if o.target != "" && target.Before(release.Of(3, 3)) {
		out = append(out, bidirectionalTwins(m, out)...)
	}
	if !o.optimizer {
		return out, nil
	}
	for _, group := range m.Optimizer {
		variables := group.Variables
		if group.Path == "optimizer" && target.Major() == 3 {
			variables = rearrangeOptimizer(m, variables, dialect.Origin{Release: target}, false)
		}
		g := savedGroup{path: join(group.Path, "vars"), name: m.CompileConfig().Object("optimizer").Object("config").String("name")}
		for i, v := range variables {
			t, err := v.Value()
			if err != nil {
				return nil, err
			}
			g.keys, g.values = append(g.keys, strconv.Itoa(i)), append(g.values, t)
		}
		out = append(out, g)
	}
	return out, nil
}

// bidirectionalTwins repeats the forward layer of each Bidirectional under "layer", a third layer that Keras before 3.3 has
// there and never saved the variables of, so that it could not load its own files.
func bidirectionalTwins(m *nn.Model, groups []savedGroup) []savedGroup {
	var out []savedGroup
	for _, obj := range walk(m) {
		if obj.layer.Class().Name != "Bidirectional" {
			continue
		}
		for _, g := range groups {
			if rest, ok := strings.CutPrefix(g.path, join(obj.path, "forward_layer")+"/"); ok {
				g.path = join(obj.path, "layer") + "/" + rest
				out = append(out, g)
			}
		}
	}
	return out
}

// weightsTree lays out the HDF5 file of a model's variables.
func (o *saveOptions) weightsTree(m *nn.Model, target release.Release) (*h5lite.Tree, error) {
	groups, err := o.savedGroups(m, target)
	if err != nil {
		return nil, err
	}
	tree := h5lite.NewTree()
	for _, g := range groups {
		writeGroup(tree, g)
	}
	return tree, tree.Err()
}

func writeGroup(tree *h5lite.Tree, g savedGroup) {
	group := tree.Group(g.path)
	group.SetAttribute("name", nil, g.name)
	for i, key := range g.keys {
		writeDataset(group, key, g.values[i])
	}
}

// writeDataset adds a tensor without copying it: 16-bit floats go through a function. bfloat16 is stored as Keras does it.
func writeDataset(g *h5lite.TreeGroup, name string, t tensor.Any) {
	switch x := t.(type) {
	case *tensor.Of[tensor.Half]:
		g.DatasetFrom(name, h5lite.TypeFloat16, t.Shape(), func(w io.Writer) error { return write16(w, x.Data()) })
	case *tensor.Of[tensor.BHalf]:
		d := g.DatasetFrom(name, h5lite.OpaqueType(2, ""), t.Shape(), func(w io.Writer) error { return write16(w, x.Data()) })
		d.SetAttribute("dtype", nil, "bfloat16")
	case *tensor.Of[uint8]:
		g.Dataset(name, t.Shape(), h5lite.As(h5lite.TypeUint8, x.Data()))
	default:
		g.Dataset(name, t.Shape(), t.Raw())
	}
}

func write16[T ~uint16](w io.Writer, data []T) error {
	buf := make([]byte, 0, 1<<16)
	for len(data) > 0 {
		n := min(len(data), cap(buf)/2)
		buf = buf[:0]
		for _, v := range data[:n] {
			buf = binary.LittleEndian.AppendUint16(buf, uint16(v))
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

// saveArchive writes plain arrays by their paths. bfloat16, which .npy does not have, is written as its bits in uint16.
func (o *saveOptions) saveArchive(m *nn.Model, path string, target release.Release) error {
	groups, err := o.savedGroups(m, target)
	if err != nil {
		return err
	}
	arrays := map[string]tensor.Any{}
	for _, g := range groups {
		for i, key := range g.keys {
			t := g.values[i]
			if x, ok := t.(*tensor.Of[tensor.BHalf]); ok {
				bits := tensor.Zeros[uint16](t.Shape()...)
				for i, b := range x.Data() {
					bits.Data()[i] = uint16(b)
				}
				t = bits
			}
			arrays[g.path+"/"+key] = t
		}
	}
	return o.replaceFile(path, func(w io.Writer) error { return npy.EncodeArchive(w, arrays) })
}
