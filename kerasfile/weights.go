package kerasfile

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"github.com/hornml/horn/h5lite"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/tensor"
)

// loadWeights gives the variables of a model the elements in a weights file (model.weights.h5).
func loadWeights(m *nn.Model, f *h5lite.File) error {
	var errs Errors
	for _, o := range walk(m) {
		errs = append(errs, loadObject(f.Root(), o)...)
	}
	if len(errs) > 0 {
		return errs
	}
	return nil
}

// loadObject reads the group "vars" of one layer.
func loadObject(root *h5lite.Group, o object) Errors {
	variables := nn.SavedVariables(o.layer)
	path := join(o.path, "vars")
	g, err := root.Group(path)
	if errors.Is(err, fs.ErrNotExist) {
		if len(variables) == 0 {
			return nil
		}
		return Errors{&WeightError{Path: path, Variable: variables[0].Path, Msg: fmt.Sprintf("the group is missing; the layer has %d variables", len(variables))}}
	}
	if err != nil {
		return Errors{&WeightError{Path: path, Msg: "cannot be read", Err: err}}
	}
	names, err := g.Names()
	if err != nil {
		return Errors{&WeightError{Path: path, Msg: "cannot be read", Err: err}}
	}
	if len(names) != len(variables) {
		return Errors{&WeightError{Path: path, Msg: fmt.Sprintf("the layer %q has %d variables, the file has %d", o.layer.Name(), len(variables), len(names))}}
	}
	var errs Errors
	for i, v := range variables {
		name := v.FileKey
		if name == "" {
			name = strconv.Itoa(i)
		}
		d, err := g.Dataset(name)
		if err != nil {
			errs = append(errs, &WeightError{Path: path + "/" + name, Variable: v.Path, Msg: "cannot be read", Err: err})
			continue
		}
		if err := assign(v, d); err != nil {
			errs = append(errs, &WeightError{Path: path + "/" + name, Variable: v.Path, Msg: "does not fit", Err: err})
		}
	}
	return errs
}

// assign reads a dataset into a variable: straight into its memory where the types agree, else with a conversion.
func assign(v *nn.Variable, d *h5lite.Dataset) error {
	if d.IsNull() || !tensor.SameShape(d.Shape(), v.Shape) {
		return fmt.Errorf("the shape is %s, it must be %s", tensor.FormatShape(d.Shape()), tensor.FormatShape(v.Shape))
	}
	t, err := readDataset(d)
	if err != nil {
		return err
	}
	if t, err = tensor.Convert(t, v.DType); err != nil {
		return err
	}
	return v.Assign(t)
}

// readDataset reads a dataset as a tensor of the file's type. Keras stores bfloat16 as opaque pairs of bytes with an
// attribute that names the type.
func readDataset(d *h5lite.Dataset) (tensor.Any, error) {
	data, err := d.Read()
	if err != nil {
		return nil, err
	}
	switch raw := data.(type) {
	case []h5lite.Float16:
		half := make([]tensor.Half, len(raw))
		for i, v := range raw {
			half[i] = tensor.Half(v)
		}
		data = half
	case []byte:
		if d.Type().Class() == h5lite.Opaque {
			a, err := d.Attribute("dtype")
			if err != nil {
				return nil, fmt.Errorf("an opaque type without the attribute dtype")
			}
			if name, err := a.String(); err != nil || name != "bfloat16" || len(raw) != 2*d.Len() {
				return nil, fmt.Errorf("an opaque type of dtype %q", name)
			}
			half := make([]tensor.BHalf, d.Len())
			for i := range half {
				half[i] = tensor.BHalf(raw[2*i]) | tensor.BHalf(raw[2*i+1])<<8
			}
			data = half
		}
	}
	t, ok := tensor.FromAny(data, d.Shape())
	if !ok {
		return nil, fmt.Errorf("elements of type %s", d.Type())
	}
	return t, nil
}

// loadAssets gives layers with vocabularies theirs.
func loadAssets(m *nn.Model, c container) error {
	var errs Errors
	for _, o := range walk(m) {
		a, ok := o.layer.(nn.AssetLoader)
		if !ok {
			continue
		}
		if err := a.LoadAssets(func(name string) ([]byte, error) { return c.asset(join(o.path, name)) }); err != nil {
			errs = append(errs, &FormatError{Entry: "assets/" + o.path, Msg: fmt.Sprintf("the layer %q", o.layer.Name()), Err: err})
		}
	}
	if len(errs) > 0 {
		return errs
	}
	return nil
}
