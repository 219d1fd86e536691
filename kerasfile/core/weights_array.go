package core

import (
	"fmt"
	"slices"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/kerasfile/internal/container"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/npy"
)

// arraySource is an .npz file with the paths of a weights file as names.
type arraySource struct {
	noSource
	archive *npy.Archive
}

func (s arraySource) assign(m *nn.Model, o options) error {
	var errs Errors
	for _, obj := range walk(m) {
		if err := o.ended(); err != nil {
			return err
		}
		for i, v := range layer.SavedVariables(obj.layer) {
			key := variableKey(obj.path, i, v)
			if err := s.variable(key, v); err != nil {
				errs = append(errs, o.skip(Errors{&WeightError{Path: key, Variable: v.Path, Msg: "does not fit", Err: err}})...)
			}
		}
	}
	if len(errs) > 0 {
		return errs
	}
	return nil
}

func (s arraySource) variable(key string, v *layer.Variable) error {
	h, err := s.archive.Header(key)
	if err != nil {
		return err
	}
	if !slices.Equal(h.Shape, v.Shape) {
		return fmt.Errorf("the shape is %s, it must be %s", tensor.FormatShape(h.Shape), tensor.FormatShape(v.Shape))
	}
	t, err := s.archive.Read(key)
	if err != nil {
		return err
	}
	if t, err = container.ArchiveValue(t, v.DType); err != nil {
		return err
	}
	return v.Assign(t)
}

// variableKey is the path of a variable in a weights file.
func variableKey(path string, i int, v *layer.Variable) string {
	key := v.FileKey
	if key == "" {
		key = fmt.Sprint(i)
	}
	return naming.JoinPath(path, "vars") + "/" + key
}
