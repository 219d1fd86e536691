package layer

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/tree"
)

// Class names a class as config.json does.
type Class struct {
	Module string // the public module, such as "keras.layers"
	Name   string // the exported name, such as "Dense"
	Python string // the name of the Python class where that differs; it gives the paths in weights files
	// Registered is the registered_name that files have for a class that is not one of Keras's layers: a model, an operation,
	// or a class of the caller's own.
	Registered string
}

// PythonName returns the name of the Python class.
func (c Class) PythonName() string {
	if c.Python != "" {
		return c.Python
	}
	return c.Name
}

// Registry is what may stand in a model: the classes of layers, the operations, the activations, and the objects such as
// initializers, losses and optimizers, each under the names that files have for them. A program holds the code of what its
// registries name and of nothing else, so that a small program names little. Families such as layers.All and
// layers.Convolution fill one. A nil Registry is an empty one. It may be used by many goroutines once it is filled.
type Registry struct {
	classes     map[string]*entry // by module.name, all aliases
	byName      map[string][]*entry
	refused     map[string]string // module.name -> why
	ops         map[string]OpFunc // "numpy.Add" -> how
	refusedOps  map[string]string
	activations map[string]ActivationFunc
	objects     map[string]map[string]objectEntry
	custom      CustomObjects
	patterns    func(pattern, text string) bool
}

type entry struct {
	class Class
	make  func() Layer
}

func (e *entry) new() Layer {
	l := e.make()
	l.base().make = e.make
	return l
}

// Family adds classes that belong together to a registry. What is added twice counts once.
type Family func(r *Registry)

// OpFunc writes the ops of a keras.ops function.
type OpFunc func(o *OpCall) any

// ActivationFunc writes the ops of a function of keras.activations.
type ActivationFunc = func(*graph.Builder, *graph.Value) *graph.Value

// NewRegistry returns a registry of some families.
func NewRegistry(families ...Family) *Registry {
	r := &Registry{
		classes: map[string]*entry{}, byName: map[string][]*entry{}, refused: map[string]string{},
		ops: map[string]OpFunc{}, refusedOps: map[string]string{}, activations: map[string]ActivationFunc{},
		objects: map[string]map[string]objectEntry{},
	}
	r.Add(families...)
	return r
}

// Add adds families.
//
//go:noinline
func (r *Registry) Add(families ...Family) {
	for i, f := range families {
		if f == nil {
			panic(fmt.Sprintf("layer: family %d is nil; a family is a function such as layers.All", i+1))
		}
		f(r)
	}
}

// orEmpty returns r to be read, an empty registry for nil.
func (r *Registry) orEmpty() *Registry {
	if r == nil {
		return new(Registry)
	}
	return r
}

// Extended returns a registry that has r's classes and those of more families.
func (r *Registry) Extended(families ...Family) *Registry {
	out := NewRegistry()
	if r != nil {
		maps.Copy(out.classes, r.classes)
		for name, list := range r.byName {
			out.byName[name] = slices.Clone(list)
		}
		maps.Copy(out.refused, r.refused)
		maps.Copy(out.ops, r.ops)
		maps.Copy(out.refusedOps, r.refusedOps)
		maps.Copy(out.activations, r.activations)
		for kind, list := range r.objects {
			out.objects[kind] = maps.Clone(list)
		}
		out.custom, out.patterns = r.custom, r.patterns
	}
	out.Add(families...)
	return out
}

// RegistryOf returns the registry with which a layer was read; nil for one made in Go.
func RegistryOf(l Layer) *Registry {
	if d := l.base().decoder; d != nil {
		return d.Registry
	}
	return nil
}

// Register adds a layer class; alias names it may also have are given as "module.Name".
//
//go:noinline
func (r *Registry) Register(module, name string, make func() Layer, aliases ...string) {
	r.RegisterClass(Class{Module: module, Name: name}, make, aliases...)
}

// RegisterClass is Register for a class whose Python name differs from its exported one.
func (r *Registry) RegisterClass(class Class, make func() Layer, aliases ...string) {
	e := &entry{class: class, make: make}
	key := class.Module + "." + class.Name
	if old := r.classes[key]; old != nil && old.class == class {
		return
	}
	for _, key := range append(aliases, key) {
		if r.classes[key] != nil {
			panic("layer: " + key + " is another class already")
		}
		r.classes[key] = e
		name := key[strings.LastIndex(key, ".")+1:]
		r.byName[name] = append(r.byName[name], e)
	}
	if class.Python != "" { // what files without modules call it
		r.byName[class.Python] = append(r.byName[class.Python], e)
	}
}

// Refuse records why a class of Keras cannot run here, for error messages and docs/coverage.md.
func (r *Registry) Refuse(module, name, reason string) { r.refused[module+"."+name] = reason }

// Classes returns the layer classes that models may use, sorted.
func (r *Registry) Classes() []Class {
	seen := map[*entry]bool{}
	var out []Class
	for _, e := range r.orEmpty().classes {
		if !seen[e] {
			seen[e] = true
			out = append(out, e.class)
		}
	}
	sort.Slice(out, func(i, j int) bool {
		return out[i].Module+"."+out[i].Name < out[j].Module+"."+out[j].Name
	})
	return out
}

// Refused returns, by module and class, why certain classes of Keras cannot run here.
func (r *Registry) Refused() map[string]string { return r.orEmpty().refused }

// findClass looks a class up as Keras does; without a module, or with one that is gone, the name alone decides among
// layers.
func (r *Registry) findClass(module, name string) *entry {
	if r == nil {
		return nil
	}
	if e := r.classes[module+"."+name]; e != nil {
		return e
	}
	if module == "" || strings.HasPrefix(module, "keras.src.") || strings.HasPrefix(module, "tensorflow.") ||
		strings.HasPrefix(module, "tf_keras.") {
		for _, e := range r.byName[name] {
			if e.class.Module != opModule {
				return e
			}
		}
	}
	return nil
}

// FindClass looks a layer class up as a model's config names it; module may be "" or one of an older Keras.
func (r *Registry) FindClass(module, name string) (Class, bool) {
	e := r.findClass(module, name)
	if e == nil {
		return Class{}, false
	}
	return e.class, true
}

// FindOp returns the module of the keras.src.ops class of the given name, such as "keras.src.ops.numpy" for "Add", ""
// if there is none. Of equal names the one in numpy counts, then nn, math, core, linalg, image.
func (r *Registry) FindOp(class string) string {
	r = r.orEmpty()
	for _, m := range []string{"numpy", "nn", "math", "core", "linalg", "image", "einops"} {
		key := m + "." + class
		if _, ok := r.refusedOps[key]; ok || r.ops[key] != nil {
			return opModule + "." + m
		}
	}
	return ""
}

// opModule stands for the modules keras.src.ops.* in a Class.
const opModule = "keras.src.ops"

// RegisterOp adds a class of keras.src.ops: module is "numpy", "nn", "math", "core", "linalg", "image" or "einops".
//
//go:noinline
func (r *Registry) RegisterOp(module, class string, f OpFunc) { r.ops[module+"."+class] = f }

// RefuseOp records why a class of keras.src.ops cannot run here.
func (r *Registry) RefuseOp(module, class, reason string) { r.refusedOps[module+"."+class] = reason }

// Ops returns the keras.src.ops classes that models may use as "module.Class", sorted, and those refused with the reason.
func (r *Registry) Ops() (supported []string, refusedWhy map[string]string) {
	r = r.orEmpty()
	return slices.Sorted(maps.Keys(r.ops)), r.refusedOps
}

// RegisterActivation adds a function of keras.activations, under all its names.
func (r *Registry) RegisterActivation(f ActivationFunc, names ...string) {
	for _, n := range names {
		r.activations[n] = f
	}
}

// RegisterPatterns adds what tells whether a pattern, a regular expression as Python has them, matches all of a text: the keys of
// a DTypePolicyMap need it.
func (r *Registry) RegisterPatterns(match func(pattern, text string) bool) { r.patterns = match }

// Activations returns the names of all activation functions, sorted.
func (r *Registry) Activations() []string { return tree.Keys(r.orEmpty().activations) }

// Activation returns the activation function of the given name, "" standing for "linear".
func (r *Registry) Activation(name string) (Activation, bool) {
	if name == "" || name == "linear" {
		return Activation{Name: "linear", plain: true}, true
	}
	if r == nil || r.activations[name] == nil {
		return Activation{}, false
	}
	return NewActivation(name, r.activations[name]), true
}
