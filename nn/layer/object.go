package layer

import (
	"fmt"
	"reflect"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/internal/tree"
)

// Configurable is what an initializer, a regularizer, a constraint, a loss, a metric or an optimizer has in common with
// a layer: arguments under Keras's names.
type Configurable interface{ Config(c *Config) }

// Object is a serialized object that is no layer, such as an initializer.
type Object struct {
	Kind string // "initializers", "regularizers", "constraints", ...
	Name string // the class, such as "GlorotUniform"
	Impl Configurable
	Raw  any // as the file has it; nil for an object made in Go
}

type objectEntry struct {
	name string
	make func() Configurable
}

// RegisterObject adds a class of keras.<kind>, with the other names that Keras knows for it, such as "glorot_uniform".
//
//go:noinline
func (r *Registry) RegisterObject(kind, name string, make func() Configurable, aliases ...string) {
	if r.objects[kind] == nil {
		r.objects[kind] = map[string]objectEntry{}
	}
	for _, n := range append(aliases, name) {
		if old, ok := r.objects[kind][n]; ok && old.name != name {
			panic("layer: " + kind + "." + n + " is another class already")
		}
		r.objects[kind][n] = objectEntry{name, make}
	}
}

// Object returns an object of keras.<kind> by class or short name, with Keras's default arguments, nil if there is none.
func (r *Registry) Object(kind, name string) *Object {
	e, ok := r.object(kind, name)
	if !ok {
		return nil
	}
	o := &Object{Kind: kind, Name: e.name, Impl: e.make()}
	o.Impl.Config(&Config{registry: r})
	return o
}

func (r *Registry) object(kind, name string) (objectEntry, bool) {
	if r == nil {
		return objectEntry{}, false
	}
	e, ok := r.objects[kind][name]
	return e, ok
}

// Objects returns the classes and functions of keras.<kind> that are known, such as those of "initializers", by all their
// names, sorted.
func (r *Registry) Objects(kind string) []string { return tree.Keys(r.orEmpty().objects[kind]) }

// Initializer visits an initializer; def is a name such as "glorot_uniform".
//
//go:noinline
func (c *Config) Initializer(key string, field **Object, def string) {
	c.Object("initializers", key, field, def)
}

// Regularizer visits a regularizer or null, the default.
//
//go:noinline
func (c *Config) Regularizer(key string, field **Object) { c.Object("regularizers", key, field, "") }

// Constraint visits a constraint or null, the default.
//
//go:noinline
func (c *Config) Constraint(key string, field **Object) { c.Object("constraints", key, field, "") }

// Object visits an object of keras.<kind>: a record, a name, or null; def is the name of the default, "" for null.
func (c *Config) Object(kind, key string, field **Object, def string) {
	if c.out != nil {
		c.out.Set(key, c.RecordOf(*field))
		return
	}
	if v, ok := c.Value(key); ok {
		*field = c.decoder.Object(kind, v, c.path+"/"+key, c.layer)
		return
	}
	record(c, key, []string{def})
	*field = nil
	if def == "" {
		return
	}
	if *field = c.registry.Object(kind, def); *field == nil && c.decoder != nil && c.decoder.made != "" {
		c.Errorf(key, "the default is %q, but %s", def, c.registry.noObject(kind, def))
	} else if *field == nil && c.decoder != nil {
		c.decoder.fail(&UnsupportedError{Path: c.path + "/" + key, Module: "keras." + kind, Class: def, Layer: c.layer,
			Reason: c.registry.unknownObject(def)})
	}
}

// unknownObject is why an object cannot be made.
func (r *Registry) unknownObject(name string) string {
	return "not known here; " + r.giveForm(name, reflect.TypeFor[func() Configurable]())
}

// noObject is unknownObject for an argument of what is made in Go.
func (r *Registry) noObject(kind, name string) string {
	names := r.Objects(kind)
	if len(names) == 0 {
		return "the registry has no keras." + kind + "; layer.NewRegistry(layers.Arguments) has what arguments may name"
	}
	return "there is none of this name" + naming.DidYouMean(name, names)
}

// objectOf is an object that was made in Go as one of keras.<kind>, nil if no class of the registry has its type. Its fields are read
// as arguments: they may hold Go values, and are checked.
func objectOf(d *Decoder, kind string, v Configurable, path, layer string) *Object {
	if d.Registry == nil || isNothing(v) {
		return nil
	}
	for _, e := range d.Registry.objects[kind] {
		o := &Object{Kind: kind, Name: e.name, Impl: e.make()}
		if reflect.TypeOf(o.Impl) != reflect.TypeOf(v) {
			continue
		}
		config := new(pyjson.Object)
		v.Config(&Config{out: config})
		for _, k := range config.Keys() {
			config.Set(k, fromGo(config.Get(k)))
		}
		d.read(o.Impl, config, path, layer)
		return o
	}
	return nil
}

// Object reads an object of keras.<kind>; it reports what is wrong and returns nil then, and for null.
func (d *Decoder) Object(kind string, v any, path, layer string) *Object {
	config := new(pyjson.Object)
	name := ""
	switch v := v.(type) {
	case nil:
		return nil
	case *Object: // made in Go
		return v
	case Configurable:
		if d.objectOf != nil {
			if o := d.objectOf(d, kind, v, path, layer); o != nil {
				return o
			}
		}
		d.fail(&ConfigError{Path: path, Layer: layer, Msg: fmt.Sprintf("one of keras.%s is expected, not a %T", kind, v)})
		return nil
	case string:
		name = v
	case *pyjson.Object:
		name = v.String("class_name")
		switch inner := v.Get("config").(type) {
		case *pyjson.Object:
			config = inner
		case string:
			if name == "function" {
				name = inner
			}
		}
	default:
		d.fail(&ConfigError{Path: path, Layer: layer, Msg: fmt.Sprintf("a name or a record of keras.%s is expected, not %s", kind,
			pyjson.Describe(v))})
		return nil
	}
	custom := customName(v, name)
	make, ok, wrong := customOf[func() Configurable](d.Registry, "one of keras."+kind, custom)
	if ok {
		o := &Object{Kind: kind, Name: name, Impl: make(), Raw: v}
		if isNothing(o.Impl) {
			d.fail(&UnsupportedError{Path: path, Module: "keras." + kind, Class: name, Layer: layer,
				Reason: fmt.Sprintf("the custom object %q returned nil", custom)})
			return nil
		}
		d.read(o.Impl, config, path+"/config", layer)
		return o
	}
	e, ok := d.Registry.object(kind, name)
	if !ok {
		if wrong == "" {
			wrong = d.Registry.unknownObject(custom)
			if d.made != "" {
				wrong = d.Registry.noObject(kind, name)
			}
		}
		d.fail(&UnsupportedError{Path: path, Module: "keras." + kind, Class: name, Layer: layer, Reason: wrong})
		return nil
	}
	o := &Object{Kind: kind, Name: e.name, Impl: e.make(), Raw: v}
	d.read(o.Impl, config, path+"/config", layer)
	return o
}

// read lets an object visit its arguments in config, and reports keys that it does not know.
func (d *Decoder) read(o Configurable, config *pyjson.Object, path, layer string) {
	c := &Config{decoder: d, registry: d.Registry, in: config, path: path, layer: layer, used: map[string]bool{}}
	o.Config(c)
	c.finish()
}

// Record returns the serialized form of the object, null for nil.
func (o *Object) Record() any { return o.record(Record) }

// RecordOf returns the serialized form of an object while its owner is written, null for nil.
func (c *Config) RecordOf(o *Object) any { return o.record(c.recordOf) }

func (o *Object) record(recordOf func(Layer) *pyjson.Object) any {
	if o == nil {
		return nil
	}
	if r, ok := o.Raw.(*pyjson.Object); ok {
		return r
	}
	config := new(pyjson.Object)
	o.Impl.Config(&Config{out: config, recordOf: recordOf})
	return pyjson.NewObject("module", "keras."+o.Kind, "class_name", o.Name, "config", config, "registered_name", nil)
}

// Init returns the initializer that an object of keras.initializers is, nil for none.
//
//go:noinline
func (o *Object) Init() Initializer {
	if o == nil {
		return nil
	}
	i, _ := o.Impl.(Initializer)
	return i
}

// ObjectIn reads an object of keras.<kind> that stands somewhere inside the value of a key; at is its place there, such as
// "optimizer_map/kernel". It reports what is wrong and returns nil then, and for null.
func (c *Config) ObjectIn(kind string, v any, at string) *Object {
	return c.decoder.Object(kind, v, c.path+"/"+at, c.layer)
}
