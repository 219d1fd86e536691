package core

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hornml/horn/h5lite"
	"github.com/hornml/horn/kerasfile/internal/container"
	"github.com/hornml/horn/kerasfile/internal/dialect"
	"github.com/hornml/horn/kerasfile/internal/release"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// layerSource has the variables by layer, as whole-model HDF5 files do: the k-th group with weights belongs to the k-th
// layer with weights.
type layerSource struct {
	noSource
	file    *container.ByLayer
	from    dialect.Origin
	release release.Release // from's, or that of the group of the weights
}

func openLayerSource(f *h5lite.File, from dialect.Origin) (*layerSource, error) {
	file, err := container.OpenByLayer(f)
	if err != nil {
		return nil, err
	}
	s := &layerSource{file: file, from: from, release: from.Release}
	if !s.release.Known() {
		if s.release = release.Parse(file.Version); file.Unversioned {
			s.release = release.Release{1}
		}
	}
	return s, nil
}

func (s *layerSource) assign(m *nn.Model, o options) error {
	var stored []container.Arrays
	for _, name := range s.file.Layers {
		a, err := s.file.Of(name)
		if err != nil {
			return &WeightError{Path: s.file.Path() + "/" + name, Msg: "cannot be read", Err: err}
		}
		if len(a.Datasets) > 0 {
			stored = append(stored, a)
		}
	}
	var layers []layer.Layer
	for _, l := range m.Layers() {
		if len(savedOrder(l, s.release)) > 0 {
			layers = append(layers, l)
		}
	}
	if o.byName {
		layers, stored = pairByName(layers, stored)
	}
	if len(stored) != len(layers) {
		msg := fmt.Sprintf("the file has weights for %d layers, the model has %d with weights", len(stored), len(layers))
		return &WeightError{Path: s.file.Path(), Msg: msg}
	}
	var errs Errors
	for i, l := range layers {
		if err := o.ended(); err != nil {
			return err
		}
		errs = append(errs, o.skip(s.arrays(l, stored[i]))...)
	}
	if len(errs) > 0 {
		return errs
	}
	if o.compile && m.CompileConfig() != nil {
		s.optimizer(m, o.note)
	}
	return nil
}

// pairByName leaves the layers whose names the file has, and what it has for them.
func pairByName(layers []layer.Layer, stored []container.Arrays) (found []layer.Layer, theirs []container.Arrays) {
	byName := map[string]container.Arrays{}
	for _, a := range stored {
		byName[a.Layer] = a
	}
	for _, l := range layers {
		if a, ok := byName[l.Name()]; ok {
			found, theirs = append(found, l), append(theirs, a)
		}
	}
	return found, theirs
}

// arrays gives one layer its arrays.
func (s *layerSource) arrays(l layer.Layer, a container.Arrays) Errors {
	variables := savedOrder(l, s.release)
	path := s.file.Path() + "/" + a.Layer
	arrays := make([]tensor.Any, len(a.Datasets))
	for i, d := range a.Datasets {
		if err := plausibleSize(d, variables); err != nil {
			return Errors{&WeightError{Path: path + "/" + a.Names[i], Msg: "does not fit", Err: err}}
		}
		t, err := container.ReadDataset(d)
		if err != nil {
			return Errors{&WeightError{Path: path + "/" + a.Names[i], Msg: "cannot be read", Err: err}}
		}
		arrays[i] = t
	}
	arrays, err := upgradeArrays(variables, arrays, s.release)
	if err != nil {
		return Errors{&WeightError{Path: path, Msg: "cannot be brought into today's form", Err: err}}
	}
	if len(arrays) != len(variables) {
		msg := fmt.Sprintf("the layer %q has %d variables, the file has %d", l.Name(), len(variables), len(arrays))
		return Errors{&WeightError{Path: path, Msg: msg}}
	}
	var errs Errors
	for i, v := range variables {
		at := path
		if len(a.Names) == len(variables) {
			at += "/" + a.Names[i]
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

// savedOrder lists the variables of a layer in the order of whole-model files: over the whole subtree first those that
// training changes, then the others; those of a frozen layer in the order of their creation. Keras 3 leaves out those that it
// does not list among a layer's weights.
func savedOrder(l layer.Layer, r release.Release) []*layer.Variable {
	variables := l.Variables()
	if r.Major() >= 3 {
		variables = slices.DeleteFunc(slices.Clone(variables), (*layer.Variable).Untracked)
	}
	if !l.Trainable() {
		return variables
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
	for _, v := range variables {
		if v.Trainable && !frozen[v] {
			first = append(first, v)
		} else {
			last = append(last, v)
		}
	}
	return append(first, last...)
}

// optimizer reads the variables of the optimizer.
func (s *layerSource) optimizer(m *nn.Model, note func(string)) {
	a, err := s.file.Optimizer()
	if err != nil {
		note(fmt.Sprintf("the optimizer's state is not kept: %v", err))
		return
	}
	if len(a.Names) == 0 {
		return
	}
	group := &nn.VariableGroup{Path: "optimizer"}
	for i, name := range a.Names {
		t, err := container.ReadDataset(a.Datasets[i])
		if err != nil {
			note(fmt.Sprintf("the optimizer's state is not kept: %s: %v", name, err))
			return
		}
		group.Variables = append(group.Variables, layer.NewVariable(strconv.Itoa(i), strings.TrimSuffix(name, ":0"), t))
	}
	setOptimizer(m, group)
	upgradeOptimizer(m, s.from, note)
}
