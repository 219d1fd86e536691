package core

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/hornml/horn/internal/fault"
	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/internal/place"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile/internal/container"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
)

// Save writes a model into a file, as Model.save does. The end of the name says how: .keras is Keras 3's zip, .h5 and
// .hdf5 the legacy whole-model file, a name that ends in a slash a directory in Keras's unzipped form.
//
// What a model was loaded from is kept: every key of its config, compile state, optimizer variables, vocabularies; fields
// of layers that were changed since are written as they are now. Not kept are the state of metrics and of seed generators,
// which no file of Keras has, and what no layer owns. An existing file is replaced unless WithOverwrite(false) is given.
// The file appears whole or not at all: it is written under another name in the same directory, brought to the disk, and
// renamed.
func Save(m *nn.Model, path string, opts ...SaveOption) (err error) {
	defer fault.Catch(&err, "saving a model")
	o := saveSettings(opts)
	switch lower := strings.ToLower(path); {
	case strings.HasSuffix(path, "/") || strings.HasSuffix(path, string(filepath.Separator)):
		parts, err := o.parts(m)
		if err != nil {
			return err
		}
		return o.place().Directory(path, parts, container.OnlyModel)
	case strings.HasSuffix(lower, ".weights.h5"):
		return fmt.Errorf("%s: the name is that of a weights file: use SaveWeights", path)
	case strings.HasSuffix(lower, ".keras"):
		return o.place().File(path, func(w io.Writer) error { return o.writeZip(w, m) })
	case strings.HasSuffix(lower, ".h5"), strings.HasSuffix(lower, ".hdf5"):
		return o.place().File(path, func(w io.Writer) error { return o.writeWhole(w, m) })
	}
	return fmt.Errorf("%s: the name of a model's file ends in .keras, or in .h5 for the legacy form", path)
}

// Write writes a model in the form of a .keras file. Memory does not grow with the weights. The bytes depend on the model
// and on the date alone (WithDate).
func Write(w io.Writer, m *nn.Model, opts ...SaveOption) (err error) {
	defer fault.Catch(&err, "saving a model")
	return saveSettings(opts).writeZip(w, m)
}

func (o *saveOptions) writeZip(w io.Writer, m *nn.Model) error {
	parts, err := o.parts(m)
	if err != nil {
		return err
	}
	return container.WriteZip(w, parts, o.date)
}

// parts are what a .keras file is made of, in Keras's order.
func (o *saveOptions) parts(m *nn.Model) ([]place.Part, error) {
	r, err := o.record(m)
	if err != nil {
		return nil, err
	}
	assets, err := assetParts(m)
	if err != nil {
		return nil, err
	}
	groups, err := o.groups(m, r.target)
	if err != nil {
		return nil, err
	}
	weights, err := container.WeightsTree(groups)
	if err != nil {
		return nil, err
	}
	metadata := pyjson.NewObject("keras_version", r.target.String(), "date_saved", o.date.Format("2006-01-02@15:04:05"))
	return append([]place.Part{
		container.Document(container.MetadataName, pyjson.Marshal(metadata)),
		container.Document(container.ConfigName, pyjson.Marshal(r.root)),
		{Name: container.WeightsName, Body: weights},
	}, assets...), nil
}

// assetParts are the vocabularies of a model.
func assetParts(m *nn.Model) ([]place.Part, error) {
	var out []place.Part
	var errs Errors
	for _, obj := range walk(m) {
		a, ok := obj.layer.(layer.AssetSaver)
		if !ok {
			continue
		}
		err := a.SaveAssets(func(name string, data []byte) error {
			out = append(out, container.Document(naming.JoinPath(naming.JoinPath(container.AssetsName, obj.path), name), bytes.Clone(data)))
			return nil
		})
		if err != nil {
			errs = append(errs, fmt.Errorf("the layer %q: %w", obj.layer.Name(), err))
		}
	}
	if len(errs) > 0 {
		return nil, errs
	}
	return out, nil
}
