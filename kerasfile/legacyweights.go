package kerasfile

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/hornml/horn/h5lite"
	"github.com/hornml/horn/kerasfile/internal/dialect"
	"github.com/hornml/horn/kerasfile/internal/release"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// legacyWeights are the weights in a whole-model HDF5 file, or in a weights file of that form: groups by layer name, and
// in each the order of its arrays.
type legacyWeights struct {
	group  *h5lite.Group
	layers []string // all layer names in order
	origin dialect.Origin
}

// openLegacyWeights finds the weights; the version on their group counts where the root has none.
func openLegacyWeights(f *h5lite.File, o dialect.Origin) (*legacyWeights, error) {
	w := &legacyWeights{group: f.Root(), origin: o}
	if g, err := f.Root().Group("model_weights"); err == nil {
		w.group = g
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, &WeightError{Path: "model_weights", Msg: "cannot be read", Err: err}
	}
	if !w.origin.Release.Known() {
		if s, ok, err := text(w.group, "keras_version"); err == nil && ok {
			w.origin.Release = release.Parse(s)
		} else if err == nil {
			w.origin.Release = release.Of(1) // releases before 1.0.7 did not write any
		}
	}
	var err error
	w.layers, err = names(w.group, "layer_names")
	if err != nil {
		return nil, &WeightError{Path: w.group.Path(), Msg: "the attribute layer_names cannot be read", Err: err}
	}
	return w, nil
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

// arrays reads the datasets of one layer in the order of its weight_names.
func (w *legacyWeights) arrays(inner string) ([]*h5lite.Dataset, []string, error) {
	g, err := w.group.Group(inner)
	if err != nil {
		return nil, nil, err
	}
	list, err := names(g, "weight_names")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("the attribute weight_names cannot be read: %w", err)
	}
	sets := make([]*h5lite.Dataset, len(list))
	for i, name := range list {
		if sets[i], err = g.Dataset(name); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return sets, list, nil
}

// stored is what the file has for one layer.
type stored struct {
	name  string
	sets  []*h5lite.Dataset
	names []string
}

// loadLegacyWeights gives a model the weights in a whole-model file: the k-th group with weights belongs to the k-th
// layer with weights.
func loadLegacyWeights(m *nn.Model, f *h5lite.File, o dialect.Origin, opts options) error {
	w, err := openLegacyWeights(f, o)
	if err != nil {
		return err
	}
	if err := w.load(m, opts); err != nil {
		return err
	}
	if opts.compile && m.CompileConfig() != nil {
		loadLegacyOptimizer(m, f, o, opts.note)
	}
	return nil
}

func (w *legacyWeights) load(m *nn.Model, opts options) error {
	var groups []stored
	for _, name := range w.layers {
		sets, list, err := w.arrays(name)
		if err != nil {
			return &WeightError{Path: w.group.Path() + "/" + name, Msg: "cannot be read", Err: err}
		}
		if len(sets) > 0 {
			groups = append(groups, stored{name, sets, list})
		}
	}
	var layers []layer.Layer
	for _, l := range m.Layers() {
		if len(l.Variables()) > 0 {
			layers = append(layers, l)
		}
	}
	var errs Errors
	if opts.byName {
		byName := map[string]stored{}
		for _, g := range groups {
			byName[g.name] = g
		}
		for _, l := range layers {
			if g, ok := byName[l.Name()]; ok {
				errs = append(errs, w.layer(l, g, opts)...)
			}
		}
	} else {
		if len(groups) != len(layers) {
			return &WeightError{Path: w.group.Path(), Msg: fmt.Sprintf("the file has weights for %d layers, the model has %d with weights", len(groups), len(layers))}
		}
		for i, l := range layers {
			errs = append(errs, w.layer(l, groups[i], opts)...)
		}
	}
	if len(errs) > 0 {
		return errs
	}
	return nil
}

// layer gives one layer its weights.
func (w *legacyWeights) layer(l layer.Layer, g stored, opts options) Errors {
	errs := w.assign(l, g)
	if len(errs) > 0 && opts.skipMismatch {
		for _, e := range errs {
			opts.note(fmt.Sprintf("skipped: %v", e))
		}
		return nil
	}
	return errs
}

func (w *legacyWeights) assign(l layer.Layer, g stored) Errors {
	variables := legacyOrder(l)
	path := w.group.Path() + "/" + g.name
	arrays := make([]tensor.Any, len(g.sets))
	for i, d := range g.sets {
		if err := plausibleSize(d, variables); err != nil {
			return Errors{&WeightError{Path: path + "/" + g.names[i], Msg: "does not fit", Err: err}}
		}
		t, err := readDataset(d)
		if err != nil {
			return Errors{&WeightError{Path: path + "/" + g.names[i], Msg: "cannot be read", Err: err}}
		}
		arrays[i] = t
	}
	arrays, err := upgradeArrays(variables, arrays, w.origin)
	if err != nil {
		return Errors{&WeightError{Path: path, Msg: "cannot be brought into today's form", Err: err}}
	}
	if len(arrays) != len(variables) {
		return Errors{&WeightError{Path: path, Msg: fmt.Sprintf("the layer %q has %d variables, the file has %d", l.Name(), len(variables), len(arrays))}}
	}
	var errs Errors
	for i, v := range variables {
		at := path
		if len(g.names) == len(variables) {
			at += "/" + g.names[i]
		}
		t := arrays[i]
		if !slices.Equal(t.Shape(), v.Shape) {
			errs = append(errs, &WeightError{Path: at, Variable: v.Path, Msg: "does not fit", Err: fmt.Errorf("the shape is %s, it must be %s",
				tensor.FormatShape(t.Shape()), tensor.FormatShape(v.Shape))})
			continue
		}
		if t, err = t.Convert(v.DType); err == nil {
			err = v.Assign(t)
		}
		if err != nil {
			errs = append(errs, &WeightError{Path: at, Variable: v.Path, Msg: "does not fit", Err: err})
		}
	}
	return errs
}

// plausibleSize refuses, before it is read, an array that has more elements than all variables of the layer together.
func plausibleSize(d *h5lite.Dataset, variables []*layer.Variable) error {
	n := int64(0)
	for _, v := range variables {
		n += int64(v.Size())
	}
	if int64(d.Len()) > 2*n {
		return fmt.Errorf("the shape is %s; the layer has %d elements altogether", tensor.FormatShape(d.Shape()), n)
	}
	return nil
}

// legacyOrder lists the variables of a layer in the order of whole-model files: over the whole subtree first those that
// training changes, then the others; those of a frozen layer in the order of their creation.
func legacyOrder(l layer.Layer) []*layer.Variable {
	if !l.Trainable() {
		return l.Variables()
	}
	frozen := map[*layer.Variable]bool{}
	layer.Each(l, func(inner layer.Layer) {
		if !inner.Trainable() {
			for _, v := range inner.Variables() {
				frozen[v] = true
			}
		}
	})
	var first, last []*layer.Variable
	for _, v := range l.Variables() {
		if v.Trainable && !frozen[v] {
			first = append(first, v)
		} else {
			last = append(last, v)
		}
	}
	return append(first, last...)
}

// loadLegacyOptimizer reads the optimizer's variables in the order of weight_names.
func loadLegacyOptimizer(m *nn.Model, f *h5lite.File, o dialect.Origin, note func(string)) {
	g, err := f.Root().Group("optimizer_weights")
	if err != nil {
		return
	}
	list, err := names(g, "weight_names")
	if err != nil {
		note(fmt.Sprintf("the optimizer's state is not kept: weight_names: %v", err))
		return
	}
	group := &nn.VariableGroup{Path: "optimizer"}
	for i, name := range list {
		var t tensor.Any
		d, err := g.Dataset(name)
		if err == nil {
			t, err = readDataset(d)
		}
		if err != nil {
			note(fmt.Sprintf("the optimizer's state is not kept: %s: %v", name, err))
			return
		}
		v := layer.NewVariable(strconv.Itoa(i), strings.TrimSuffix(name, ":0"), t)
		group.Variables = append(group.Variables, v)
	}
	m.Optimizer = append(m.Optimizer, group)
}
