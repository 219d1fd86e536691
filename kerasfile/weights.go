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
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// weightsLoader gives the variables of a model the elements in a weights file.
type weightsLoader struct {
	model        *nn.Model
	file         *weightsFile
	objects      []object
	skipMismatch bool
	note         func(string)
}

// newWeightsLoader pairs the layers of a model with the groups of a file written by the given version of Keras.
func newWeightsLoader(m *nn.Model, f *weightsFile, o dialect.Origin, note func(string)) *weightsLoader {
	l := &weightsLoader{model: m, file: f, note: note, objects: walkIn(m, f, 1)}
	if f.root != dependencies {
		return l
	}
	other := walkIn(m, f, 2)
	if found := l.found(other) - l.found(l.objects); found > 0 || found == 0 && o.Before(2, 14) {
		l.objects = other
	}
	return l
}

// found counts the layers with variables whose group is there.
func (l *weightsLoader) found(objects []object) int {
	n := 0
	for _, o := range objects {
		if g := l.file.groups[join(o.path, "vars")]; g != nil && len(g.names) > 0 && len(layer.SavedVariables(o.layer)) == len(g.names) {
			n++
		}
	}
	return n
}

// announce shows layers what the file has for them, before they are built.
func announce(m *nn.Model, f *weightsFile) error {
	for _, o := range walkIn(m, f, 1) {
		r, ok := o.layer.(layer.SavedReader)
		if !ok {
			continue
		}
		g, err := f.vars(o.path)
		if errors.Is(err, fs.ErrNotExist) {
			r.ReadSaved(nil)
			continue
		}
		if err != nil {
			return &WeightError{Path: join(o.path, "vars"), Msg: "cannot be read", Err: err}
		}
		var saved []layer.SavedVariable
		for _, name := range g.names {
			d := g.datasets[name]
			saved = append(saved, layer.SavedVariable{Key: name, Shape: d.Shape(), DType: datasetType(d)})
		}
		r.ReadSaved(saved)
	}
	return nil
}

// datasetType is the type that readDataset will give; Invalid where it will fail.
func datasetType(d *h5lite.Dataset) tensor.DType {
	switch t := d.Type(); {
	case t.Class() == h5lite.Opaque:
		return tensor.BFloat16
	case t.IsBool():
		return tensor.Bool
	default:
		name := strings.TrimLeft(t.NumpyName(), "<>|")
		if dtype, ok := numpyTypes[name]; ok {
			return dtype
		}
	}
	return tensor.Invalid
}

var numpyTypes = map[string]tensor.DType{
	"f2": tensor.Float16, "f4": tensor.Float32, "f8": tensor.Float64, "i1": tensor.Int8, "i2": tensor.Int16, "i4": tensor.Int32,
	"i8": tensor.Int64, "u1": tensor.Uint8, "u2": tensor.Uint16, "u4": tensor.Uint32, "u8": tensor.Uint64, "str": tensor.String,
}

// load reads the variables of all layers. Everything that does not fit is reported together.
func (l *weightsLoader) load() error {
	var errs Errors
	for _, o := range l.objects {
		err := l.object(o)
		if len(err) > 0 && l.skipMismatch {
			for _, e := range err {
				l.note(fmt.Sprintf("skipped: %v", e))
			}
			continue
		}
		errs = append(errs, err...)
	}
	if len(errs) > 0 {
		return errs
	}
	return nil
}

// object reads the group "vars" of one layer.
func (l *weightsLoader) object(o object) Errors {
	variables := layer.SavedVariables(o.layer)
	path := join(o.path, "vars")
	g, err := l.file.vars(o.path)
	if errors.Is(err, fs.ErrNotExist) {
		if len(variables) == 0 {
			return nil
		}
		return Errors{&WeightError{Path: path, Variable: variables[0].Path, Msg: fmt.Sprintf("the group is missing; the layer has %d variables", len(variables))}}
	}
	if err != nil {
		return Errors{&WeightError{Path: path, Msg: "cannot be read", Err: err}}
	}
	if len(g.names) != len(variables) {
		return Errors{&WeightError{Path: path, Msg: fmt.Sprintf("the layer %q has %d variables, the file has %d", o.layer.Name(), len(variables), len(g.names))}}
	}
	var errs Errors
	values := make([]tensor.Any, len(variables))
	for i, v := range variables {
		name := v.FileKey
		if name == "" {
			name = strconv.Itoa(i)
		}
		d := g.datasets[name]
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
	for _, v := range o.layer.OwnVariables() { // those of LoRA, which Keras sets to zero
		if !slices.Contains(variables, v) {
			if err := v.Assign(tensor.NewAny(v.DType, v.Shape...)); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errs
}

// optimizers reads the variables of optimizers into the model. As in Keras what cannot be read is left out with a note.
func (l *weightsLoader) optimizers() {
	var paths []string
	taken := map[string]bool{}
	for _, o := range l.objects {
		taken[join(o.path, "vars")] = true
	}
	for path, g := range l.file.groups {
		if strings.Contains("/"+path+"/", "/optimizer/") && !taken[path] && len(g.names) > 0 {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	for _, path := range paths {
		g := l.file.groups[path]
		group := &nn.VariableGroup{Path: strings.TrimSuffix(strings.TrimSuffix(path, "vars"), "/")}
		for _, name := range g.names {
			t, err := readDataset(g.datasets[name])
			if err != nil {
				l.note(fmt.Sprintf("the optimizer's state is not kept: %s/%s: %v", path, name, err))
				group = nil
				break
			}
			group.Variables = append(group.Variables, layer.NewVariable(name, path+"/"+name, t))
		}
		if group != nil {
			l.model.Optimizer = append(l.model.Optimizer, group)
		}
	}
}

// fit reads a dataset as the elements of a variable.
func fit(v *layer.Variable, d *h5lite.Dataset) (tensor.Any, error) {
	if d.IsNull() || !slices.Equal(d.Shape(), v.Shape) {
		return nil, fmt.Errorf("the shape is %s, it must be %s", tensor.FormatShape(d.Shape()), tensor.FormatShape(v.Shape))
	}
	t, err := readDataset(d)
	if err != nil {
		return nil, err
	}
	return t.Convert(v.DType)
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
	return tensor.FromRaw(data, d.Shape())
}

// loadAssets gives layers with vocabularies theirs.
func loadAssets(m *nn.Model, c container) error {
	var errs Errors
	for _, o := range walk(m) {
		a, ok := o.layer.(layer.AssetLoader)
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
