package main

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/npy"
)

// port is an input of the model; of one that is not built yet, only the place is known.
type port struct {
	index    int
	name     string
	key      string // where the model takes a dict, else ""
	shape    []int  // with the batch; nil if nothing is known
	dtype    tensor.DType
	optional bool
}

func ports(m *nn.Model) []port {
	var out []port
	keys := m.InputKeys()
	for i, s := range m.Inputs() {
		p := port{index: i, name: s.Name, shape: s.Shape, dtype: s.DType, optional: m.InputOptional(i)}
		if i < len(keys) {
			p.key = keys[i]
		}
		out = append(out, p)
	}
	if len(out) == 0 {
		out = []port{{name: "input"}}
	}
	return out
}

// called lists the names under which a file may have the input, best first.
func (p port) called() []string {
	names := []string{p.name}
	if p.key != "" && p.key != p.name {
		names = append(names, p.key)
	}
	return append(names, fmt.Sprintf("input_%d", p.index))
}

func portNames(ports []port) string {
	names := make([]string, len(ports))
	for i, p := range ports {
		names[i] = fmt.Sprintf("%q", p.name)
	}
	return strings.Join(names, ", ")
}

// inputs are what the model will be called with.
type inputs struct {
	arrays []tensor.Any
	single bool     // one example without a batch dimension
	labels []string // names of the examples, of pictures only
}

// examples is the number of examples, 1 where the inputs do not agree in it and cannot be cut.
func (in *inputs) examples() int {
	n := -1
	for _, t := range in.arrays {
		if t == nil {
			continue
		}
		if t.Rank() == 0 || n >= 0 && t.Shape()[0] != n {
			return 1
		}
		n = t.Shape()[0]
	}
	return n
}

type inputReader struct {
	app      *app
	ports    []port
	resize   bool
	pictures bool // some input was one
}

// ending is the lower-case ending of a file's name; "-" for standard input.
func ending(file string) string {
	if file == "-" {
		return "-"
	}
	return strings.ToLower(filepath.Ext(file))
}

func isPicture(file string) bool {
	return slices.Contains([]string{".png", ".jpg", ".jpeg", ".gif"}, ending(file))
}

func checkInputName(file string) error {
	if slices.Contains([]string{"-", ".npy", ".npz", ".csv", ".json"}, ending(file)) || isPicture(file) {
		return nil
	}
	return fmt.Errorf("%s: an input is a .npy, .npz, .csv, .json, .png, .jpg or .gif file, or - for JSON on standard input", file)
}

// read reads the inputs of the model from files.
func (r *inputReader) read(files []string) (*inputs, error) {
	in := &inputs{arrays: make([]tensor.Any, len(r.ports))}
	switch {
	case len(r.ports) == 1 && isPicture(files[0]) && !slices.ContainsFunc(files, func(f string) bool { return !isPicture(f) }):
		t, err := r.readPictures(files, r.ports[0])
		if err != nil {
			return nil, err
		}
		in.arrays[0], in.single = t, len(files) == 1
		for _, f := range files {
			in.labels = append(in.labels, filepath.Base(f))
		}
		return in, nil
	case len(files) == 1:
		arrays, err := r.readFile(files[0], r.ports)
		if err != nil {
			return nil, err
		}
		in.arrays = arrays
	case len(files) == len(r.ports):
		for i, f := range files {
			t, err := r.readFile(f, r.ports[i:i+1])
			if err != nil {
				return nil, err
			}
			in.arrays[i] = t[0]
		}
	default:
		if len(r.ports) == 1 {
			return nil, fmt.Errorf("%d files for a model with one input; only pictures are put together to a batch", len(files))
		}
		return nil, fmt.Errorf("%d files for a model with the %d inputs %s; give one file with all of them, or one for each", len(files),
			len(r.ports), portNames(r.ports))
	}
	first := -1
	for i, t := range in.arrays {
		if t == nil {
			continue
		}
		file := files[min(i, len(files)-1)]
		fitted, single, err := r.ports[i].fit(t)
		if err != nil {
			return nil, fail(file, err)
		}
		if first >= 0 && single != in.single && fitted.Shape()[0] == 1 && in.arrays[first].Shape()[0] == 1 {
			single = true // a batch of one beside a single example
		}
		if first >= 0 && single && !in.single && in.arrays[first].Shape()[0] != 1 || first >= 0 && !single && in.single {
			return nil, failf(file, "the inputs %q and %q do not agree: one has a batch dimension, the other has none", r.ports[first].name,
				r.ports[i].name)
		}
		in.arrays[i], in.single, first = fitted, single, i
	}
	return in, nil
}

// readFile reads one file for the given inputs.
func (r *inputReader) readFile(file string, want []port) ([]tensor.Any, error) {
	kind := ending(file)
	switch {
	case kind == ".npy":
		if len(want) > 1 {
			return nil, failf(file, "holds one array, the model has the %d inputs %s; give one file for each, or a .npz or .json with all",
				len(want), portNames(want))
		}
		t, err := npy.ReadFile(file)
		return []tensor.Any{t}, fail(file, err)
	case kind == ".npz":
		t, err := r.readArchive(file, want)
		return t, fail(file, err)
	case kind == ".csv":
		t, err := r.readCSV(file, want)
		return t, fail(file, err)
	case isPicture(file):
		if len(want) > 1 {
			return nil, failf(file, "is one picture, the model has the %d inputs %s; give one file for each", len(want), portNames(want))
		}
		t, err := r.readPictures([]string{file}, want[0])
		return []tensor.Any{t}, err
	}
	var data []byte
	var err error
	if file == "-" {
		file = "standard input"
		data, err = io.ReadAll(r.app.in)
	} else {
		data, err = readRegular(file)
	}
	if err != nil {
		return nil, fail(file, err)
	}
	t, err := readJSON(data, want)
	return t, fail(file, err)
}

// pick takes the inputs out of named arrays; get reads one of them.
func pick(names []string, want []port, get func(name string, p port) (tensor.Any, error)) ([]tensor.Any, error) {
	out := make([]tensor.Any, len(want))
	for i, p := range want {
		found := ""
		for _, name := range p.called() {
			if slices.Contains(names, name) {
				found = name
				break
			}
		}
		if found == "" && len(want) == 1 && len(names) == 1 {
			found = names[0]
		}
		if found == "" {
			if p.optional {
				continue
			}
			return nil, fmt.Errorf("has no array for the input %q; it has %q", p.name, names)
		}
		t, err := get(found, p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", found, err)
		}
		out[i] = t
	}
	return out, nil
}

func (r *inputReader) readArchive(file string, want []port) ([]tensor.Any, error) {
	z, err := npy.OpenArchive(file)
	if err != nil {
		return nil, err
	}
	return pick(z.Names(), want, func(name string, _ port) (tensor.Any, error) { return z.Read(name) })
}

func readJSON(data []byte, want []port) ([]tensor.Any, error) {
	v, err := pyjson.Parse(data)
	if err != nil {
		return nil, err
	}
	array := func(v any, p port) (tensor.Any, error) {
		d := p.dtype
		if d == tensor.Invalid { // not built: floats, unless it is text
			t, err := layer.ArrayOf(v, tensor.Invalid)
			if err != nil || t.DType() == tensor.String {
				return t, err
			}
			return t.Convert(tensor.Float32)
		}
		return layer.ArrayOf(v, d)
	}
	o, ok := v.(*pyjson.Object)
	if !ok {
		if len(want) > 1 {
			return nil, fmt.Errorf("the model has the %d inputs %s: give an object with their names", len(want), portNames(want))
		}
		t, err := array(v, want[0])
		return []tensor.Any{t}, err
	}
	for _, k := range o.Keys() {
		if !slices.ContainsFunc(want, func(p port) bool { return slices.Contains(p.called(), k) }) && !(len(want) == 1 && o.Len() == 1) {
			return nil, fmt.Errorf("the model has no input %q; it has %s", k, portNames(want))
		}
	}
	return pick(o.Keys(), want, func(name string, p port) (tensor.Any, error) { return array(o.Get(name), p) })
}

// fit brings an array to the type and rank of the input. A single example gets a batch dimension.
func (p port) fit(t tensor.Any) (out tensor.Any, single bool, err error) {
	if t, err = p.convert(t); err != nil || p.shape == nil {
		return t, false, err
	}
	have, want := t.Shape(), p.shape
	dims := func(have, want []int) bool {
		if len(have) != len(want) {
			return false
		}
		for i, d := range want {
			if d >= 0 && d != have[i] {
				return false
			}
		}
		return true
	}
	last := len(want) - 1
	thin := last > 0 && want[last] == 1 // a last dimension of 1 may be left out
	switch {
	case dims(have, want), len(have) == len(want)+1 && have[len(want)] == 1 && dims(have[:len(want)], want):
		return t, false, nil
	case len(want) > 0 && dims(have, want[1:]):
		return tensor.Reshape(t, append([]int{1}, have...)...), true, nil
	case thin && dims(have, want[:last]):
		return tensor.Reshape(t, append(slices.Clone(have), 1)...), false, nil
	case thin && dims(have, want[1:last]):
		return tensor.Reshape(t, append(append([]int{1}, have...), 1)...), true, nil
	}
	return nil, false, fmt.Errorf("the array for the input %q has shape %s; the model takes %s, or one example of %s", p.name,
		tensor.FormatShape(have), tensor.FormatShape(want), tensor.FormatShape(want[min(1, len(want)):]))
}

// convert makes integers of floats that are whole numbers where the model takes integers.
func (p port) convert(t tensor.Any) (tensor.Any, error) {
	switch {
	case p.dtype == tensor.Invalid:
		return t, nil
	case (t.DType() == tensor.String) != (p.dtype == tensor.String):
		return nil, fmt.Errorf("the array for the input %q is %s; the model takes %s", p.name, t.DType(), p.dtype)
	case p.dtype.IsInt() && t.DType().IsFloat():
		f := make([]float64, t.Len())
		if err := t.Float64s(f); err != nil {
			return nil, err
		}
		for i, v := range f {
			if v != math.Trunc(v) || math.Abs(v) > 1<<53 {
				return nil, fmt.Errorf("the array for the input %q has the value %v at element %d; the model takes integers (%s)", p.name, v, i,
					p.dtype)
			}
		}
		return t.Convert(p.dtype)
	}
	return t, nil
}
