package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hornml/horn/nn"
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
	alone    bool // there is no other input
}

func ports(m *nn.Model) []port {
	var out []port
	keys := m.InputKeys()
	for i, s := range m.Inputs() {
		p := port{index: i, name: s.Name, shape: s.Shape, dtype: s.DType, optional: m.InputOptional(i), alone: len(m.Inputs()) == 1}
		if i < len(keys) {
			p.key = keys[i]
		}
		out = append(out, p)
	}
	if len(out) == 0 {
		out = []port{{name: "input", alone: true}}
	}
	return out
}

// waysToCall is how many ways there are to name arrays after inputs.
const waysToCall = 4

// called lists the names under which a file may have the input, best first: its own, a number, NumPy's for an array without
// a name, and what a lone input is often called.
func (p port) called(way int) []string {
	switch way {
	case 0:
		if p.key != "" && p.key != p.name {
			return []string{p.name, p.key}
		}
		return []string{p.name}
	case 1:
		return []string{fmt.Sprintf("input_%d", p.index)}
	case 2:
		return []string{fmt.Sprintf("arr_%d", p.index)}
	}
	if p.alone {
		return []string{"input", "x"}
	}
	return nil
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
	outputs  []string // names of the model's outputs, which data may have beside the inputs
	budget   *budget
	pixels   pixelFlags
	pictures bool // some input was one
}

func (a *app) newInputReader(m *nn.Model, memory *memoryFlag) *inputReader {
	r := &inputReader{app: a, ports: ports(m), budget: memory.budget()}
	for _, o := range m.Outputs() {
		r.outputs = append(r.outputs, o.Name)
	}
	return r
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
		t, err := r.readArray(file, want[0])
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
	data, err := r.readText(file)
	if file == "-" {
		file = "standard input"
	}
	if err != nil {
		return nil, fail(file, err)
	}
	t, err := r.readJSON(file, data, want)
	return t, fail(file, err)
}

// readText reads a document from a file or, where it is called "-", from standard input. What its values will take is
// counted while it is read: a stream may have no end.
func (r *inputReader) readText(file string) ([]byte, error) {
	in := r.app.in
	if file != "-" {
		f, info, err := openRegular(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if err := r.budget.fits(info.Size(), "the file"); err != nil {
			return nil, err
		}
		in = f
	}
	var data []byte
	values := int64(1)
	buf := make([]byte, 1<<16)
	for {
		n, err := in.Read(buf)
		for _, c := range buf[:n] {
			if c == ',' || c == '[' || c == ':' {
				values++
			}
		}
		if len(data) == 0 {
			if c := bytes.TrimLeft(buf[:n], " \t\r\n"); len(c) > 0 && !bytes.ContainsRune([]byte(`[{"-0123456789tfnNI`), rune(c[0])) {
				return nil, fmt.Errorf("is not JSON: it starts with %q", c[:1])
			}
		}
		data = append(data, buf[:n]...)
		if errors.Is(err, io.EOF) {
			return data, r.budget.take(int64(len(data))+values*memoryOfJSON, "a document of %d values", values)
		}
		if err != nil {
			return nil, err
		}
		if err := r.budget.fits(2*int64(len(data))+values*memoryOfJSON, "a document of %d values or more", values); err != nil {
			return nil, err
		}
	}
}

// fit brings an array to the type and rank of the input. A single example gets a batch dimension.
func (p port) fit(t tensor.Any) (out tensor.Any, single bool, err error) {
	shape, single, err := p.arrange(t.Shape())
	if err != nil {
		return nil, false, err
	}
	if t, err = p.convert(t); err != nil {
		return nil, false, err
	}
	if !slices.Equal(shape, t.Shape()) {
		t = tensor.Reshape(t, shape...)
	}
	return t, single, nil
}

// expects says why an array cannot be the input, by what it says of itself: before anything of it is read.
func (p port) expects(h *npy.Header) error {
	if _, _, err := p.arrange(h.Shape); err != nil {
		return err
	}
	return p.typed(h.DType)
}

// arrange returns the shape that an array has as the input, and whether it is a single example.
func (p port) arrange(have []int) (shape []int, single bool, err error) {
	want := p.shape
	if want == nil {
		return have, false, nil
	}
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
		return have, false, nil
	case len(want) > 0 && dims(have, want[1:]):
		return append([]int{1}, have...), true, nil
	case thin && dims(have, want[:last]):
		return append(slices.Clone(have), 1), false, nil
	case thin && dims(have, want[1:last]):
		return append(append([]int{1}, have...), 1), true, nil
	}
	return nil, false, fmt.Errorf("the array for the input %q has shape %s; the model takes %s, or one example of %s", p.name,
		tensor.FormatShape(have), tensor.FormatShape(want), tensor.FormatShape(want[min(1, len(want)):]))
}

// typed refuses text where the model takes numbers, and numbers where it takes text.
func (p port) typed(d tensor.DType) error {
	if p.dtype != tensor.Invalid && (d == tensor.String) != (p.dtype == tensor.String) {
		return fmt.Errorf("the array for the input %q is %s; the model takes %s", p.name, d, p.dtype)
	}
	return nil
}

// convert makes integers of floats that are whole numbers where the model takes integers.
func (p port) convert(t tensor.Any) (tensor.Any, error) {
	if err := p.typed(t.DType()); err != nil {
		return nil, err
	}
	if p.dtype.IsInt() && t.DType().IsFloat() {
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
