package layer

import (
	"fmt"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/internal/pyjson"
)

// CustomObjects gives Go forms of classes and functions that Keras does not have, by their registered name such as
// "my_package>MyLayer" (or the bare class name): a func() Layer for a layer, a
// func(*graph.Builder, *graph.Value) *graph.Value for an activation, an OpFunc for an operation, a func() Configurable
// for an initializer, loss, metric or optimizer, a func(string) string or func(string) []string for a TextVectorization's
// standardize or split. A Lambda layer is looked up by its name as "Lambda:name".
type CustomObjects map[string]any

// Decoder turns serialized objects into layers. It goes on after an error, so that all problems of a model are found at
// once.
type Decoder struct {
	Registry *Registry // what may stand in a model
	// MaxObjects bounds the number of objects of a model; 0 stands for a million.
	MaxObjects int
	// LiteralMasks says that a null for the argument "mask" of a call means none, as Keras 3.16 writes it; before that it
	// means the mask that travels with the input.
	LiteralMasks bool
	// UnreducedCalls says that calls may be numbered with others that the model does not have, as Keras before 3.2 did.
	UnreducedCalls bool

	errs   Errors
	shared map[string]Layer
	count  int
	depth  int
	names  map[string]int
}

func (d *Decoder) fail(err error) { d.errs = append(d.errs, err) }

// Err returns everything that was wrong so far: nil or Errors.
func (d *Decoder) Err() error {
	if len(d.errs) == 0 {
		return nil
	}
	return d.errs
}

// MaxNesting bounds models inside models, which are read recursively.
const MaxNesting = 64

// Layer reads a layer, a model or an op from its record; where that fails it reports why and returns nil.
func (d *Decoder) Layer(v any, path string) Layer {
	record, ok := v.(*pyjson.Object)
	if !ok {
		d.fail(&ConfigError{Path: path, Msg: fmt.Sprintf("a layer is expected, not %s", pyjson.Describe(v))})
		return nil
	}
	d.depth++
	d.count++
	defer func() { d.depth-- }()
	limit := d.MaxObjects
	if limit == 0 {
		limit = 1_000_000
	}
	if d.depth > MaxNesting || d.count > limit {
		if d.count <= limit+1 {
			d.fail(&ConfigError{Path: path, Msg: fmt.Sprintf("layers are nested more than %d deep, or there are more than %d", MaxNesting, limit)})
		}
		return nil
	}
	id := ""
	if n, ok := record.Get("shared_object_id").(pyjson.Number); ok {
		id = string(n)
		if l := d.shared[id]; l != nil {
			return l
		}
	}
	l := d.newLayer(record, path)
	if l != nil && id != "" {
		if d.shared == nil {
			d.shared = map[string]Layer{}
		}
		d.shared[id] = l
	}
	return l
}

func (d *Decoder) newLayer(record *pyjson.Object, path string) Layer {
	class := record.String("class_name")
	module := record.String("module")
	config, ok := record.Get("config").(*pyjson.Object)
	if class == "" || !ok {
		d.fail(&ConfigError{Path: path, Msg: "a layer needs a class_name and a config"})
		return nil
	}
	name := config.String("name")
	if name == "" {
		name = record.String("name")
	}
	if make, ok := d.custom(record, class, name); ok {
		l := make()
		b := l.base()
		b.self, b.class, b.trainable, b.make = l, Class{Module: module, Name: class}, true, make
		return d.fill(l, record, config, name, path)
	}
	if isOp(module, class) {
		return d.newOp(record, module, class, config, name, path)
	}
	e := d.Registry.findClass(module, class)
	if e == nil {
		d.fail(&UnsupportedError{Path: path, Module: module, Class: class, Layer: name, Reason: d.Registry.unknownReason(module, class)})
		return nil
	}
	if v, given := record.Lookup("module"); given && module == "" && v != "" {
		d.fail(&ConfigError{Path: path + "/module", Layer: name, Msg: fmt.Sprintf("the name of a module is expected for %s, not %s", class,
			pyjson.Describe(v))})
		return nil
	}
	l := e.new()
	b := l.base()
	b.self, b.class, b.trainable = l, e.class, true
	return d.fill(l, record, config, name, path)
}

func (d *Decoder) custom(record *pyjson.Object, class, name string) (func() Layer, bool) {
	keys := []string{record.String("registered_name"), class}
	if class == "Lambda" {
		keys = []string{"Lambda:" + name}
	}
	for _, k := range keys {
		if make, ok := d.Registry.Custom(k).(func() Layer); ok {
			return make, true
		}
	}
	return nil, false
}

func (r *Registry) unknownReason(module, class string) string {
	if class == "Lambda" {
		return `it holds Python code, which is never run; give its Go form as the custom object "Lambda:` + "<layer name>" + `"`
	}
	if r != nil && r.refused[module+"."+class] != "" {
		return r.refused[module+"."+class]
	}
	return "not a layer of Keras that is known here; give its Go form as a custom object under its registered name"
}

// fill lets a layer visit its arguments.
func (d *Decoder) fill(l Layer, record, config *pyjson.Object, name, path string) Layer {
	b := l.base()
	b.record, b.name, b.decoder = record, name, d
	c := &Config{decoder: d, registry: d.Registry, in: config, path: path + "/config", layer: name, used: map[string]bool{"name": true}}
	b.config(c)
	l.Config(c)
	b.inputShape(c)
	c.finish()
	if b.name == "" {
		b.name = d.automaticName(b.class)
	}
	b.policy = b.policy.forPath(b.name)
	return l
}

// automaticName gives the name that Keras would make up.
func (d *Decoder) automaticName(class Class) string {
	if d.names == nil {
		d.names = map[string]int{}
	}
	base := naming.SnakeCase(class.PythonName())
	n := d.names[base]
	d.names[base]++
	if n == 0 {
		return base
	}
	return fmt.Sprintf("%s_%d", base, n)
}

// config visits the arguments that every layer has.
func (b *Base) config(c *Config) {
	if c.out != nil {
		c.out.Set("name", b.name)
		c.out.Set("trainable", b.trainable)
		c.out.Set("dtype", b.policy.record())
		if b.ActivityRegularizer != nil {
			c.Regularizer("activity_regularizer", &b.ActivityRegularizer)
		}
		return
	}
	b.policy = DefaultPolicy()
	c.Bool("trainable", &b.trainable, true)
	if v, ok := c.Value("dtype"); ok {
		p, err := parsePolicy(v)
		if err != nil {
			c.Errorf("dtype", "%v", err)
			return
		}
		if len(p.byPath) > 0 {
			if c.registry != nil {
				p.match = c.registry.patterns
			}
			if p.match == nil {
				c.Unsupported("dtype", "a DTypePolicyMap has patterns, for which the registry needs the family layers.PolicyMaps")
				return
			}
		}
		b.policy = p
	}
	if _, ok := c.Value("activity_regularizer"); ok {
		c.Regularizer("activity_regularizer", &b.ActivityRegularizer)
	}
}
