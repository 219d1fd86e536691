package container

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"github.com/hornml/horn/h5lite"
)

// ByLayer are the weights in a whole-model HDF5 file, or in a weights file of that form: groups by the name of a layer, and
// in each the order of its arrays.
type ByLayer struct {
	Layers  []string // all names in order
	Version string   // of Keras, as the group of the weights says
	// Unversioned says that the group does not have any, as in releases before 1.0.7.
	Unversioned bool

	root, group *h5lite.Group
}

// Arrays are datasets in the order of their names in an attribute.
type Arrays struct {
	Layer    string // whose they are
	Names    []string
	Datasets []*h5lite.Dataset
}

// OpenByLayer finds the weights.
func OpenByLayer(f *h5lite.File) (*ByLayer, error) {
	w := &ByLayer{root: f.Root(), group: f.Root()}
	if g, err := f.Root().Group("model_weights"); err == nil {
		w.group = g
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, &FormatError{Entry: "model_weights", Msg: "cannot be read", Err: err}
	}
	version, ok, err := text(w.group, "keras_version")
	w.Version, w.Unversioned = version, err == nil && !ok
	if w.Layers, err = names(w.group, "layer_names"); err != nil {
		return nil, &FormatError{Entry: w.group.Path(), Msg: "the attribute layer_names cannot be read", Err: err}
	}
	return w, nil
}

// Path is that of the group with the layers.
func (w *ByLayer) Path() string { return w.group.Path() }

// Of returns the arrays of one layer.
func (w *ByLayer) Of(layer string) (Arrays, error) {
	g, err := w.group.Group(layer)
	if err != nil {
		return Arrays{}, err
	}
	a, err := arraysIn(g)
	a.Layer = layer
	return a, err
}

// Optimizer returns the arrays of the optimizer, none if the file has no group for them.
func (w *ByLayer) Optimizer() (Arrays, error) {
	g, err := w.root.Group("optimizer_weights")
	if errors.Is(err, fs.ErrNotExist) {
		return Arrays{}, nil
	}
	if err != nil {
		return Arrays{}, err
	}
	return arraysIn(g)
}

// arraysIn finds the datasets that the attribute weight_names of a group names.
func arraysIn(g *h5lite.Group) (Arrays, error) {
	list, err := names(g, "weight_names")
	if errors.Is(err, fs.ErrNotExist) {
		return Arrays{}, nil
	}
	if err != nil {
		return Arrays{}, fmt.Errorf("the attribute weight_names cannot be read: %w", err)
	}
	a := Arrays{Names: list, Datasets: make([]*h5lite.Dataset, len(list))}
	for i, name := range list {
		if a.Datasets[i], err = g.Dataset(name); err != nil {
			return Arrays{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	return a, nil
}

// names reads an attribute of names, which may be split in parts as it would be too large for one.
func names(g *h5lite.Group, name string) ([]string, error) {
	a, err := g.Attribute(name)
	if err == nil {
		return attributeStrings(a)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var out []string
	for i := 0; ; i++ {
		a, partErr := g.Attribute(name + strconv.Itoa(i))
		if errors.Is(partErr, fs.ErrNotExist) {
			if i == 0 {
				return nil, err
			}
			return out, nil
		}
		if partErr != nil {
			return nil, partErr
		}
		part, partErr := attributeStrings(a)
		if partErr != nil {
			return nil, partErr
		}
		out = append(out, part...)
	}
}

func attributeStrings(a *h5lite.Attribute) ([]string, error) {
	if a.Len() == 0 { // h5py writes an empty list as floats
		return nil, nil
	}
	return a.Strings()
}

// maxNames is how many names fit into one attribute; Keras reads more from layer_names0, layer_names1, ...
const maxNames = 4000

// SetNames writes an attribute of names, in parts if they are too many for one.
func SetNames(g *h5lite.TreeGroup, name string, list []string) {
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
