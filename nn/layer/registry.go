package layer

import (
	"fmt"
	"sort"
	"strings"

	"github.com/hornml/horn/nn/graph"
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

type entry struct {
	class Class
	make  func() Layer
}

var (
	classes = map[string]*entry{} // by module.name, all aliases
	byName  = map[string][]*entry{}
	refused = map[string]string{} // module.name -> why
)

// Register adds a layer class to the table from which models are read; alias names it may also have are given as
// "module.Name". Packages call it from init.
func Register(module, name string, make func() Layer, aliases ...string) {
	RegisterClass(Class{Module: module, Name: name}, make, aliases...)
}

// RegisterClass is Register for a class whose Python name differs from its exported one.
func RegisterClass(class Class, make func() Layer, aliases ...string) {
	e := &entry{class: class, make: make}
	for _, key := range append(aliases, class.Module+"."+class.Name) {
		if classes[key] != nil {
			panic("layer: " + key + " is registered twice")
		}
		classes[key] = e
		name := key[strings.LastIndex(key, ".")+1:]
		byName[name] = append(byName[name], e)
	}
	if class.Python != "" { // what files without modules call it
		byName[class.Python] = append(byName[class.Python], e)
	}
}

// Refuse records why a class of Keras cannot run here, for error messages and docs/coverage.md.
func Refuse(module, name, reason string) { refused[module+"."+name] = reason }

// Classes returns the layer classes that models may use, sorted.
func Classes() []Class {
	seen := map[*entry]bool{}
	var out []Class
	for _, e := range classes {
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
func Refused() map[string]string { return refused }

// findClass looks a class up as Keras does; without a module, or with one that is gone, the name alone decides among
// layers.
func findClass(module, name string) *entry {
	if e := classes[module+"."+name]; e != nil {
		return e
	}
	if module == "" || strings.HasPrefix(module, "keras.src.") || strings.HasPrefix(module, "tensorflow.") ||
		strings.HasPrefix(module, "tf_keras.") {
		for _, e := range byName[name] {
			if e.class.Module != opModule {
				return e
			}
		}
	}
	return nil
}

// FindClass looks a layer class up as a model's config names it; module may be "" or one of an older Keras.
func FindClass(module, name string) (Class, bool) {
	e := findClass(module, name)
	if e == nil {
		return Class{}, false
	}
	return e.class, true
}

// FindOp returns the module of the keras.src.ops class of the given name, such as "keras.src.ops.numpy" for "Add", ""
// if there is none. Of equal names the one in numpy counts, then nn, math, core, linalg, image.
func FindOp(class string) string {
	for _, m := range []string{"numpy", "nn", "math", "core", "linalg", "image", "einops"} {
		key := m + "." + class
		if _, ok := refusedOps[key]; ok || opTable[key] != nil {
			return opModule + "." + m
		}
	}
	return ""
}

// New returns a new layer of a registered class with Keras's default arguments, before its own Config has run; the
// packages that build layers in Go and the decoder use it.
func newLayer(e *entry) Layer {
	l := e.make()
	b := l.base()
	b.self, b.class, b.trainable = l, e.class, true
	return l
}

// opModule stands for the modules keras.src.ops.* in a Class.
const opModule = "keras.src.ops"

// OpFunc writes the ops of a keras.ops function.
type OpFunc func(o *OpCall) any

var (
	opTable     = map[string]OpFunc{} // "numpy.Add" -> how
	refusedOps  = map[string]string{}
	activations = map[string]func(*graph.Builder, *graph.Value) *graph.Value{}
)

// RegisterOp adds a class of keras.src.ops to the table from which models are read: module is "numpy", "nn", "math",
// "core", "linalg", "image" or "einops".
func RegisterOp(module, class string, f OpFunc) {
	key := module + "." + class
	if opTable[key] != nil {
		panic("layer: the op " + key + " is registered twice")
	}
	opTable[key] = f
}

// RefuseOp records why a class of keras.src.ops cannot run here.
func RefuseOp(module, class, reason string) { refusedOps[module+"."+class] = reason }

// Ops returns the keras.src.ops classes that models may use as "module.Class", sorted, and those refused with the reason.
func Ops() (supported []string, refusedWhy map[string]string) {
	for key := range opTable {
		supported = append(supported, key)
	}
	sort.Strings(supported)
	return supported, refusedOps
}

// RegisterActivation adds a function of keras.activations, under all its names.
func RegisterActivation(f func(*graph.Builder, *graph.Value) *graph.Value, names ...string) {
	for _, n := range names {
		if activations[n] != nil {
			panic("layer: the activation " + n + " is registered twice")
		}
		activations[n] = f
	}
}

// Activations returns the names of all activation functions, sorted.
func Activations() []string {
	var out []string
	for n := range activations {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

// MustActivation returns the activation function of the given name for layers built in Go; it panics for an unknown name.
func MustActivation(name string) Activation {
	if name == "" {
		name = "linear"
	}
	f := activations[name]
	if f == nil {
		panic(fmt.Sprintf("layer: there is no activation %q", name))
	}
	return Activation{Name: name, apply: func(c *Call, x *graph.Value) *graph.Value { return f(c.Builder, x) }}
}
