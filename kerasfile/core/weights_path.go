package core

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/hornml/horn/h5lite"
	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile/internal/container"
	"github.com/hornml/horn/kerasfile/internal/dialect"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// pathSource has the variables of each object at the path that Keras's saving gives it.
type pathSource struct {
	index *container.Index
	from  dialect.Origin
}

func (s *pathSource) identities(config *pyjson.Object, r *layer.Registry) []dialect.Identity {
	return dialect.SharedIdentities(config, s.index.Root(), s.index.HasVariables, registered{r})
}

func (s *pathSource) announce(m *nn.Model) error {
	for _, o := range walkIn(m, s.index, 1) {
		r, ok := o.layer.(layer.SavedReader)
		if !ok {
			continue
		}
		g, err := s.index.Vars(o.path)
		if errors.Is(err, fs.ErrNotExist) {
			r.ReadSaved(nil)
			continue
		}
		if err != nil {
			return &WeightError{Path: naming.JoinPath(o.path, "vars"), Msg: "cannot be read", Err: err}
		}
		var saved []layer.SavedVariable
		for _, name := range g.Names {
			d := g.Datasets[name]
			saved = append(saved, layer.SavedVariable{Key: name, Shape: d.Shape(), DType: container.DatasetType(d)})
		}
		r.ReadSaved(saved)
	}
	return nil
}

func (s *pathSource) assign(m *nn.Model, o options) error {
	objects := s.objects(m)
	var errs Errors
	for _, obj := range objects {
		if err := o.ended(); err != nil {
			return err
		}
		errs = append(errs, o.skip(s.object(obj))...)
	}
	if len(errs) > 0 {
		return errs
	}
	s.optimizers(m, objects, o)
	return nil
}

// objects pairs the layers of a model with their paths in the file.
func (s *pathSource) objects(m *nn.Model) []object {
	objects := walkIn(m, s.index, 1)
	if s.index.Root() != container.Dependencies {
		return objects
	}
	other := walkIn(m, s.index, 2)
	if found := s.found(other) - s.found(objects); found > 0 || found == 0 && s.from.Before(2, 14) {
		return other
	}
	return objects
}

// found counts the layers with variables whose group is there.
func (s *pathSource) found(objects []object) int {
	n := 0
	for _, o := range objects {
		g := s.index.Group(naming.JoinPath(o.path, "vars"))
		if g != nil && len(g.Names) > 0 && len(layer.SavedVariables(o.layer)) == len(g.Names) {
			n++
		}
	}
	return n
}

// object reads the group "vars" of one layer.
func (s *pathSource) object(o object) Errors {
	variables := layer.SavedVariables(o.layer)
	path := naming.JoinPath(o.path, "vars")
	g, err := s.index.Vars(o.path)
	if errors.Is(err, fs.ErrNotExist) {
		if len(variables) == 0 {
			return nil
		}
		msg := fmt.Sprintf("the group is missing; the layer has %d variables", len(variables))
		return Errors{&WeightError{Path: path, Variable: variables[0].Path, Msg: msg}}
	}
	if err != nil {
		return Errors{&WeightError{Path: path, Msg: "cannot be read", Err: err}}
	}
	if len(g.Names) != len(variables) {
		msg := fmt.Sprintf("the layer %q has %d variables, the file has %d", o.layer.Name(), len(variables), len(g.Names))
		return Errors{&WeightError{Path: path, Msg: msg}}
	}
	var errs Errors
	values := make([]tensor.Any, len(variables))
	for i, v := range variables {
		name := v.FileKey
		if name == "" {
			name = strconv.Itoa(i)
		}
		d := g.Datasets[name]
		if d == nil {
			errs = append(errs, &WeightError{Path: path + "/" + name, Variable: v.Path, Msg: "is missing"})
			continue
		}
		if values[i], err = fit(v, d); err != nil {
			errs = append(errs, &WeightError{Path: path + "/" + name, Variable: v.Path, Msg: "does not fit", Err: err})
		}
	}
	if len(errs) > 0 {
		return errs
	}
	for i, v := range variables {
		if err := v.Assign(values[i]); err != nil {
			errs = append(errs, err)
		}
	}
	for _, v := range layer.OwnVariables(o.layer) { // those of LoRA, which Keras sets to zero
		if !slices.Contains(variables, v) {
			v.Clear()
		}
	}
	return errs
}

// optimizers reads the variables of optimizers into the model: without the compile state only those of models inside. As in
// Keras what cannot be read is left out with a note.
func (s *pathSource) optimizers(m *nn.Model, objects []object, o options) {
	taken := map[string]bool{}
	for _, obj := range objects {
		taken[naming.JoinPath(obj.path, "vars")] = true
	}
	for _, path := range s.index.Groups() {
		if !strings.Contains("/"+path+"/", "/optimizer/") || taken[path] || !o.compile && strings.HasPrefix(path, "optimizer/") {
			continue
		}
		g := s.index.Group(path)
		group := &nn.VariableGroup{Path: strings.TrimSuffix(strings.TrimSuffix(path, "vars"), "/")}
		for _, name := range g.Names {
			t, err := container.ReadDataset(g.Datasets[name])
			if err != nil {
				o.note(fmt.Sprintf("the optimizer's state is not kept: %s/%s: %v", path, name, err))
				group = nil
				break
			}
			group.Variables = append(group.Variables, layer.NewVariable(name, path+"/"+name, t))
		}
		if group != nil {
			setOptimizer(m, group)
		}
	}
	upgradeOptimizer(m, s.from, o.note)
}

// fit reads a dataset as the elements of a variable.
func fit(v *layer.Variable, d *h5lite.Dataset) (tensor.Any, error) {
	if d.IsNull() || !slices.Equal(d.Shape(), v.Shape) {
		return nil, fmt.Errorf("the shape is %s, it must be %s", tensor.FormatShape(d.Shape()), tensor.FormatShape(v.Shape))
	}
	t, err := container.ReadDataset(d)
	if err != nil {
		return nil, err
	}
	return t.Convert(v.DType)
}
