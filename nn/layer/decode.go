package layer

import (
	"fmt"
	"reflect"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/internal/pyjson"
)

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

	made     string                                                                    // the class of what is made in Go, "" for what is read
	objectOf func(d *Decoder, kind string, v Configurable, path, layer string) *Object // the function of that name for what is made in Go
	errs     Errors
	shared   map[string]Layer
	count    int
	depth    int
	names    map[string]int
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
	custom, wrong := d.customLayer(record, class, name)
	if custom != nil {
		return d.newCustom(custom, record, Class{Module: module, Name: class}, config, name, path)
	}
	if isOp(module, class) {
		return d.newOp(record, module, class, config, name, path)
	}
	e := d.Registry.findClass(module, class)
	if e == nil {
		if wrong == "" {
			wrong = d.Registry.unknownReason(module, class, record)
		}
		d.fail(&UnsupportedError{Path: path, Module: module, Class: class, Layer: name, Reason: wrong})
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

// newCustom reads a layer by the Go form that the caller gave.
func (d *Decoder) newCustom(make func() Layer, record *pyjson.Object, class Class, config *pyjson.Object, name, path string) Layer {
	l := make()
	problem := ""
	switch {
	case isNothing(l):
		problem = "returned nil"
	case l.base().decoder == d:
		problem = fmt.Sprintf("returned the same %T again; each call has to make a new one", l)
	}
	if problem != "" {
		d.fail(&UnsupportedError{Path: path, Module: class.Module, Class: class.Name, Layer: name,
			Reason: fmt.Sprintf("the custom object %q %s", customName(record, class.Name), problem)})
		return nil
	}
	b := l.base()
	b.self, b.class, b.trainable, b.make = l, class, true, make
	return d.fill(l, record, config, name, path)
}

func (r *Registry) unknownReason(module, class string, record *pyjson.Object) string {
	if class == "Lambda" {
		name := record.Object("config").String("name")
		if name == "" {
			name = "<layer name>"
		}
		return "it holds Python code, which is never run; " + r.giveForm("Lambda:"+name, reflect.TypeFor[LambdaFunc]())
	}
	if r != nil && r.refused[module+"."+class] != "" {
		return r.refused[module+"."+class]
	}
	return "not a layer of Keras that is known here; " + r.giveForm(customName(record, class), reflect.TypeFor[func() Layer]())
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
