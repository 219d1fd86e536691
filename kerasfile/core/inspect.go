package core

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hornml/horn/h5lite"
	"github.com/hornml/horn/internal/fault"
	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile/internal/container"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Info is what stands in a model file, found without reading weights. It is complete, too, for a model that cannot be
// loaded: Classes and Problems then say why. The JSON form is that of "horn inspect --json".
type Info struct {
	Format       string     `json:"format"` // "keras zip", "directory" or "legacy hdf5"
	KerasVersion string     `json:"keras_version"`
	DateSaved    string     `json:"date_saved"`
	Entries      []Entry    `json:"entries"`
	Class        string     `json:"class"` // of the model
	Name         string     `json:"name"`
	Inputs       []Port     `json:"inputs"`
	Outputs      []Port     `json:"outputs"`
	Variables    []Stored   `json:"variables"` // in the order of the paths
	Compile      *Compile   `json:"compile"`   // nil if the model is not compiled
	Classes      []ClassUse `json:"classes"`   // all that the config names, in the order in which they come first
	Problems     []string   `json:"problems"`  // why the model cannot be loaded, each with its path in the config
	Damaged      bool       `json:"damaged"`   // a part of the file cannot be read: the last of Problems
	Wrong        bool       `json:"wrong"`     // there are problems, and none is that something is not supported

	unsupported bool
}

// Entry is a file inside the container.
type Entry struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`   // bytes, unpacked
	Stored int64  `json:"stored"` // bytes in the container
}

// Port is an input or output of the model.
type Port struct {
	Name  string `json:"name"`
	Shape []any  `json:"shape"` // int, or nil for a dimension that may vary; nil where the shape is not known
	DType string `json:"dtype"` // "" where it is not known
}

// Stored is a variable in the weights file.
type Stored struct {
	Path     string `json:"path"`     // in the weights file, such as "layers/dense/vars/0"
	Variable string `json:"variable"` // in the model, such as "dense/kernel"; "" for what is not the model's or if it cannot be built
	Shape    []int  `json:"shape"`    // nil for a null dataspace
	DType    string `json:"dtype"`
}

// Compile is the compile state in short.
type Compile struct {
	Optimizer any             `json:"optimizer"` // as the file has it
	Loss      any             `json:"loss"`
	Metrics   any             `json:"metrics"`
	Params    OptimizerParams `json:"optimizer_params"`
}

// OptimizerParams counts the optimizer's variables.
type OptimizerParams struct {
	Variables int     `json:"variables"` // in the file
	Params    int64   `json:"params"`    // scalars of those that Keras makes when it loads the model, or that the file has
	Bytes     float64 `json:"bytes"`
}

// Inspect looks into a model file without reading its weights and without making a model of it where that is not
// possible. The error is for what is no model file at all; damage further inside is among the Problems.
func Inspect(path string, r *layer.Registry, opts ...Option) (info *Info, err error) {
	defer fault.Catch(&err, "inspecting a model")
	o := settings(r, opts)
	options := o.container()
	options.Unchecked = true
	c, err := container.Open(path, options)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return inspect(c, o)
}

func inspect(c container.Container, o options) (*Info, error) {
	info := &Info{Format: c.Kind().String(), Entries: []Entry{}, Inputs: []Port{}, Outputs: []Port{}, Variables: []Stored{},
		Classes: []ClassUse{}, Problems: []string{}}
	for _, e := range c.Entries() {
		info.Entries = append(info.Entries, Entry(e))
	}
	d, err := readDocument(c)
	if err != nil {
		return nil, err
	}
	config := d.config
	meta, err := c.Metadata()
	if err != nil {
		info.damage(err)
	}
	info.KerasVersion, info.DateSaved = meta.String("keras_version"), meta.String("date_saved")
	info.Class, info.Name = config.String("class_name"), config.Object("config").String("name")
	compile := config.Object("compile_config")
	w := newClassWalk(o.registry)
	w.visit(config, "", false, 0)
	o.compile = false
	d.upgrade(o)
	model, err := d.decode(o)
	if err != nil {
		w = newClassWalk(o.registry) // the errors are about the config in today's form
		w.visit(config, "", false, 0)
		w.blame(err, info)
		info.Inputs = configInputs(config)
	} else {
		w.acquit()
		info.build(model, c)
	}
	info.Classes = append(info.Classes, w.uses...)
	weights, err := c.Weights()
	if err != nil {
		info.damage(err)
	} else {
		info.variables(weights.Files[0], model)
	}
	if compile.Len() > 0 {
		info.Compile = &Compile{Optimizer: compile.Get("optimizer"), Loss: compile.Get("loss"), Metrics: compile.Get("metrics"),
			Params: optimizerParams(info, compile, model)}
	}
	return info, nil
}

// problem adds an error, each part of several on its own.
func (info *Info) problem(err error) {
	var list layer.Errors
	if errors.As(err, &list) {
		for _, e := range list {
			info.problem(e)
		}
		return
	}
	info.Problems = append(info.Problems, err.Error())
	info.unsupported = info.unsupported || errors.Is(err, layer.ErrUnsupported)
	info.Wrong = !info.unsupported // what is not supported may lead to other problems
}

// damage adds the error of a part that cannot be read.
func (info *Info) damage(err error) {
	info.problem(err)
	info.Damaged = true
}

// build works out the shapes of a model that could be decoded.
func (info *Info) build(model *nn.Model, c container.Container) {
	err := loadAssets(model, c)
	if err == nil {
		err = model.Build()
	}
	if err != nil {
		info.problem(err)
	}
	for _, s := range model.Inputs() {
		info.Inputs = append(info.Inputs, Port{s.Name, portShape(s.Shape), s.DType.String()})
	}
	for _, s := range model.Outputs() {
		info.Outputs = append(info.Outputs, Port{s.Name, portShape(s.Shape), s.DType.String()})
	}
}

func portShape(shape []int) []any {
	if shape == nil {
		return nil
	}
	out := make([]any, len(shape))
	for i, d := range shape {
		if d >= 0 {
			out[i] = d
		}
	}
	return out
}

// configInputs reads the InputLayers of a model that cannot be decoded.
func configInputs(config *pyjson.Object) []Port {
	ports := []Port{}
	for _, v := range config.Object("config").List("layers") {
		l, ok := v.(*pyjson.Object)
		if !ok || l.String("class_name") != "InputLayer" {
			continue
		}
		c := l.Object("config")
		shape := c.List("batch_shape")
		if shape == nil {
			shape = c.List("batch_input_shape")
		}
		p := Port{Name: c.String("name"), DType: c.String("dtype")}
		for _, d := range shape {
			n, ok := d.(pyjson.Number)
			if i, fits := n.Int(); ok && fits {
				p.Shape = append(p.Shape, i)
			} else {
				p.Shape = append(p.Shape, nil)
			}
		}
		ports = append(ports, p)
	}
	return ports
}

// variables lists the datasets of the weights file, with the model's names for them.
func (info *Info) variables(f *h5lite.File, model *nn.Model) {
	names := map[string]string{}
	if model != nil {
		for _, o := range walk(model) {
			for i, v := range layer.SavedVariables(o.layer) {
				key := v.FileKey
				if key == "" {
					key = fmt.Sprint(i)
				}
				names[naming.JoinPath(naming.JoinPath(o.path, "vars"), key)] = v.Path
			}
		}
	}
	err := h5lite.Walk(f.Root(), func(e h5lite.Entry) error {
		if e.Err != nil {
			info.damage(&FormatError{Entry: container.WeightsName, Msg: e.Path, Err: e.Err})
			return nil
		}
		d, ok := e.Object.(*h5lite.Dataset)
		if !ok {
			return nil
		}
		s := Stored{Path: strings.TrimPrefix(e.Path, "/"), DType: dtypeName(d)}
		s.Variable = names[s.Path]
		if !d.IsNull() {
			s.Shape = d.Shape()
			if s.Shape == nil {
				s.Shape = []int{}
			}
		}
		info.Variables = append(info.Variables, s)
		return nil
	})
	if err != nil {
		info.damage(&FormatError{Entry: container.WeightsName, Msg: "cannot be listed to its end", Err: err})
	}
}

// dtypeName is Keras's name for the type of a dataset; HDF5's where Keras has none.
func dtypeName(d *h5lite.Dataset) string {
	name := d.Type().NumpyName()
	switch {
	case name == "|b1":
		return "bool"
	case d.Type().Class() == h5lite.String:
		return "string"
	case d.Type().Class() == h5lite.Opaque:
		if a, err := d.Attribute("dtype"); err == nil {
			if s, err := a.String(); err == nil {
				return s
			}
		}
	case d.Type().Class() == h5lite.Integer || d.Type().Class() == h5lite.Float:
		bits := fmt.Sprint(8 * d.Type().Size())
		return map[byte]string{'i': "int", 'u': "uint", 'f': "float"}[name[1]] + bits
	}
	return name
}

// optimizerParams counts the optimizer's variables: those that Keras makes when it loads the model. The optimizer of a whole-model
// HDF5 file it builds for no variables.
func optimizerParams(info *Info, compile *pyjson.Object, model *nn.Model) OptimizerParams {
	var n OptimizerParams
	for _, v := range info.Variables {
		// An optimizer lists the variables of those inside it, too: what stands below their own paths is a copy.
		if !strings.HasPrefix(v.Path, "optimizer/vars/") && !strings.HasPrefix(v.Path, "optimizer_weights/") {
			continue
		}
		size, _ := tensor.SizeOf(v.Shape)
		n.Variables++
		n.Params += int64(size)
		if d, err := tensor.ParseDType(v.DType); err == nil && d != tensor.String {
			n.Bytes += float64(size) * float64(d.Size())
		}
	}
	record := compile.Object("optimizer")
	if model == nil || record == nil {
		return n
	}
	if !model.IsBuilt() {
		return OptimizerParams{}
	}
	variables := model.TrainableVariables()
	if info.Format == container.WholeHDF5.String() {
		variables = nil
	}
	if params, bytes, ok := nn.SizeOfOptimizer(record, variables); ok {
		n.Variables, n.Params, n.Bytes = max(n.Variables, 1), params, bytes
	}
	return n
}
