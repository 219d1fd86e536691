package layer

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
)

// Config visits the arguments of a constructor by their Keras names: when a model is read it stores what the file says
// into the layer's fields, when one is written it collects them. Each method takes the key, a pointer to the field and
// Keras's default; without a default the key is required. What a method does not like it reports with the key's path;
// keys that no method asked for are reported too.
type Config struct {
	decoder  *Decoder       // nil while writing
	registry *Registry      // nil while writing
	in       *pyjson.Object // nil while writing or taking defaults
	out      *pyjson.Object
	recordOf func(Layer) *pyjson.Object // Record while writing: programs that only read do not link it
	path     string
	layer    string
	used     map[string]bool

	arguments *[]Argument // that were visited, for Arguments
}

// Reading reports whether the fields are being filled from a file.
func (c *Config) Reading() bool { return c.in != nil }

// Writing reports whether the fields are being written to a file.
func (c *Config) Writing() bool { return c.out != nil }

// Errorf reports what is wrong with the value of a key.
func (c *Config) Errorf(key, format string, args ...any) {
	if c.decoder == nil {
		panic(fmt.Sprintf("layer: %s: "+format, append([]any{key}, args...)...))
	}
	c.decoder.fail(&ConfigError{Path: c.path + "/" + key, Layer: c.layer, Msg: fmt.Sprintf(format, args...)})
}

// Unsupported reports that the value of a key asks for something that this package does not do.
func (c *Config) Unsupported(key, format string, args ...any) {
	if c.decoder == nil {
		panic(fmt.Sprintf("layer: %s: "+format, append([]any{key}, args...)...))
	}
	c.decoder.fail(&UnsupportedError{Path: c.path + "/" + key, Class: key, Layer: c.layer, Reason: fmt.Sprintf(format, args...)})
}

// Report reports an error that says itself where it is.
func (c *Config) Report(err error) { c.decoder.fail(err) }

// Path is the JSON pointer of the arguments in config.json, as errors name it.
func (c *Config) Path() string { return c.path }

// Decoder returns what reads the model, nil while writing.
func (c *Config) Decoder() *Decoder { return c.decoder }

// Registry returns what may stand in the model.
func (c *Config) Registry() *Registry { return c.registry }

// Value returns the raw value of a key while reading, and whether it is there; the key counts as asked for.
//
//go:noinline
func (c *Config) Value(key string) (v any, ok bool) {
	if c.in == nil {
		return nil, false
	}
	c.used[key] = true
	return c.in.Lookup(key)
}

// Put writes a raw value while writing.
func (c *Config) Put(key string, v any) {
	if c.out != nil {
		c.out.Set(key, v)
	}
}

// visit is the common part of the methods: parse is given the file's value, write gives the value to write.
func visit[T any](c *Config, key string, field *T, def []T, parse func(v any) (T, string), write func(T) any) {
	switch {
	case c.out != nil:
		c.out.Set(key, write(*field))
	case c.in == nil:
		if len(def) > 0 {
			*field = def[0]
		}
	default:
		v, ok := c.Value(key)
		if !ok {
			record(c, key, def)
			if len(def) == 0 {
				c.Errorf(key, "the key is missing")
				return
			}
			*field = def[0]
			return
		}
		got, problem := parse(v)
		if problem != "" {
			c.Errorf(key, "%s, not %s", problem, pyjson.Describe(v))
			return
		}
		*field = got
	}
}

// parseInt reads an integer. Numbers so low that arithmetic on lengths would take them for unknown ones are none.
func parseInt(v any) (int, string) {
	if i, ok := pyjson.ToInt(v); ok && (i >= 0 || graph.Negative(i)) {
		return i, ""
	}
	return 0, "an integer is expected"
}

func parseFloat(v any) (float64, string) {
	if n, ok := v.(pyjson.Number); ok {
		return n.Float(), ""
	}
	return 0, "a number is expected"
}

// Int visits an integer.
func (c *Config) Int(key string, field *int, def ...int) {
	visit(c, key, field, def, parseInt, func(v int) any { return pyjson.Int(v) })
}

// Positive visits an integer of 1 or more.
func (c *Config) Positive(key string, field *int, def ...int) {
	visit(c, key, field, def, func(v any) (int, string) {
		i, problem := parseInt(v)
		if problem == "" && i < 1 {
			problem = "a positive integer is expected"
		}
		return i, problem
	}, func(v int) any { return pyjson.Int(v) })
}

// IntOrNone visits an integer or null; nil stands for null and is the default.
func (c *Config) IntOrNone(key string, field **int) {
	visit(c, key, field, []*int{nil}, func(v any) (*int, string) {
		if v == nil {
			return nil, ""
		}
		i, problem := parseInt(v)
		return &i, problem
	}, func(v *int) any {
		if v == nil {
			return nil
		}
		return pyjson.Int(*v)
	})
}

// Float visits a number.
func (c *Config) Float(key string, field *float64, def ...float64) {
	visit(c, key, field, def, parseFloat, func(v float64) any { return pyjson.Float(v) })
}

// FloatOrNone visits a number or null; nil stands for null and is the default.
func (c *Config) FloatOrNone(key string, field **float64) {
	visit(c, key, field, []*float64{nil}, func(v any) (*float64, string) {
		if v == nil {
			return nil, ""
		}
		f, problem := parseFloat(v)
		return &f, problem
	}, func(v *float64) any {
		if v == nil {
			return nil
		}
		return pyjson.Float(*v)
	})
}

// Floats visits a list of numbers; a single number is a list of one.
func (c *Config) Floats(key string, field *[]float64, def ...[]float64) {
	visit(c, key, field, def, func(v any) ([]float64, string) {
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		out := make([]float64, len(list))
		for i, x := range list {
			f, problem := parseFloat(x)
			if problem != "" {
				return nil, "a number or a list of numbers is expected"
			}
			out[i] = f
		}
		return out, ""
	}, func(v []float64) any {
		list := make([]any, len(v))
		for i, x := range v {
			list[i] = pyjson.Float(x)
		}
		return list
	})
}

// Bool visits a bool.
func (c *Config) Bool(key string, field *bool, def ...bool) {
	visit(c, key, field, def, func(v any) (bool, string) {
		b, ok := v.(bool)
		if !ok {
			return false, "true or false is expected"
		}
		return b, ""
	}, func(v bool) any { return v })
}

// String visits a string.
func (c *Config) String(key string, field *string, def ...string) {
	visit(c, key, field, def, func(v any) (string, string) {
		s, ok := v.(string)
		if !ok {
			return "", "a string is expected"
		}
		return s, ""
	}, func(v string) any { return v })
}

// StringOrNone visits a string or null; "" stands for null and is the default.
func (c *Config) StringOrNone(key string, field *string) {
	visit(c, key, field, []string{""}, func(v any) (string, string) {
		if v == nil {
			return "", ""
		}
		s, ok := v.(string)
		if !ok {
			return "", "a string or null is expected"
		}
		return s, ""
	}, func(v string) any {
		if v == "" {
			return nil
		}
		return v
	})
}

// Choice visits a string that is one of a few; the first is the default.
func (c *Config) Choice(key string, field *string, allowed ...string) {
	visit(c, key, field, allowed[:1], func(v any) (string, string) {
		s, ok := v.(string)
		if !ok || !slices.Contains(allowed, s) {
			return "", fmt.Sprintf("one of %q is expected", allowed)
		}
		return s, ""
	}, func(v string) any { return v })
}

// Ints visits a list of integers; a single number is a list of one.
func (c *Config) Ints(key string, field *[]int, def ...[]int) {
	visit(c, key, field, def, func(v any) ([]int, string) { return parseInts(v, 0) }, writeInts)
}

// IntsOrNone visits a list of integers, a single number, or null; nil stands for null and is the default.
func (c *Config) IntsOrNone(key string, field *[]int) {
	visit(c, key, field, [][]int{nil}, func(v any) ([]int, string) {
		if v == nil {
			return nil, ""
		}
		return parseInts(v, 0)
	}, func(v []int) any {
		if v == nil {
			return nil
		}
		return writeInts(v)
	})
}

// Tuple visits a tuple of n positive integers, for which a file may have a single number; def is a single number too.
func (c *Config) Tuple(key string, field *[]int, n int, def ...int) {
	var defs [][]int
	for _, d := range def {
		defs = append(defs, slices.Repeat([]int{d}, n))
	}
	visit(c, key, field, defs, func(v any) ([]int, string) {
		t, problem := parseInts(v, n)
		for _, x := range t {
			if x < 1 {
				problem = fmt.Sprintf("%d positive integers are expected", n)
			}
		}
		return t, problem
	}, writeInts)
}

// parseInts reads a list of integers; with n > 0 it must have n of them, or a single number stands for all.
func parseInts(v any, n int) ([]int, string) {
	list, ok := v.([]any)
	if !ok {
		list = slices.Repeat([]any{v}, max(n, 1))
	}
	out := make([]int, len(list))
	for i, x := range list {
		d, problem := parseInt(x)
		if problem != "" {
			return nil, "an integer or a list of integers is expected"
		}
		out[i] = d
	}
	if n > 0 && len(out) != n {
		return nil, fmt.Sprintf("%d integers are expected", n)
	}
	return out, ""
}

func writeInts(v []int) any {
	list := make([]any, len(v))
	for i, x := range v {
		list[i] = pyjson.Int(x)
	}
	return list
}

// Raw visits a value of any form, which the layer itself understands.
func (c *Config) Raw(key string, field *any, def ...any) {
	visit(c, key, field, def, func(v any) (any, string) { return v, "" }, func(v any) any { return v })
}

// Inert names keys whose values do not matter to this package, whatever they are; they are kept when a model is saved.
//
//go:noinline
func (c *Config) Inert(keys ...string) {
	for _, k := range keys {
		c.Value(k)
	}
}

// Activation is an activation function, from keras.activations, a layer, or one that the caller registered.
type Activation struct {
	Name  string // "linear" for none
	Raw   any
	Layer Layer // set if it is a layer: a child of the layer that has the activation
	apply func(c *Call, x *graph.Value) *graph.Value
	plain bool // it is one of Keras's functions
}

// NewActivation returns a function of keras.activations, for layers that have it by themselves.
func NewActivation(name string, f ActivationFunc) Activation {
	return Activation{Name: name, plain: true, apply: func(c *Call, x *graph.Value) *graph.Value { return f(c.Builder, x) }}
}

// Apply writes the activation's ops.
//
//go:noinline
func (a Activation) Apply(c *Call, x *graph.Value) *graph.Value {
	if a.apply == nil {
		return x
	}
	return a.apply(c, x)
}

// Elementwise reports whether the activation is one of Keras's that work on each element alone.
func (a Activation) Elementwise() bool {
	if _, named := a.Raw.(string); a.Layer != nil || a.Raw != nil && !named {
		return false
	}
	switch a.Name {
	case "softmax", "log_softmax", "sparsemax", "glu":
		return false
	}
	return a.plain
}

// Children returns the activation as an attribute of the layer that has it, if it is a layer itself.
func (a Activation) Children(attr string) []Child {
	if a.Layer == nil {
		return nil
	}
	return []Child{{Attr: attr, Layer: a.Layer}}
}

// Activation visits an activation: a name, null (linear), a function record or a layer record; def is the name of the
// default, "" for linear.
func (c *Config) Activation(key string, field *Activation, def string) {
	if c.out != nil {
		switch {
		case field.Raw != nil:
			c.out.Set(key, field.Raw)
		case field.Layer != nil:
			c.out.Set(key, c.layerForm(field.Layer))
		default:
			c.out.Set(key, field.Name)
		}
		return
	}
	v, ok := c.Value(key)
	if !ok {
		record(c, key, []string{def})
		a, known := c.registry.Activation(def)
		if !known && c.decoder != nil {
			c.Unsupported(key, "the activation %q is not known here", def)
		}
		*field = a
		return
	}
	a, problem := c.activation(key, v)
	if problem != "" {
		c.Errorf(key, "%s, not %s", problem, pyjson.Describe(v))
		return
	}
	*field = a
}

// RequiredActivation is Activation for a key that has no default.
func (c *Config) RequiredActivation(key string, field *Activation) {
	if _, ok := c.Value(key); c.Reading() && !ok {
		record[Activation](c, key, nil)
		c.Errorf(key, "the key is missing")
		return
	}
	c.Activation(key, field, "")
}

// layerActivation is a layer as an activation.
func layerActivation(l Layer, raw any) Activation {
	return Activation{Name: l.Name(), Raw: raw, Layer: l, apply: func(c *Call, x *graph.Value) *graph.Value {
		y, ok := c.Run(l, x).(*graph.Value)
		if !ok {
			c.Fail("the layer %q as an activation must have one output", l.Name())
		}
		return y
	}}
}

func (c *Config) activation(key string, v any) (Activation, string) {
	switch v := v.(type) {
	case nil:
		a, _ := c.registry.Activation("linear")
		return a, ""
	case string:
		f, ok, wrong := customOf[ActivationFunc](c.registry, "an activation", v)
		if ok {
			return Activation{Name: v, Raw: v, apply: func(c *Call, x *graph.Value) *graph.Value { return f(c.Builder, x) }}, ""
		}
		a, known := c.registry.Activation(v)
		if !known || v == "" || v != strings.ToLower(v) {
			if wrong != "" {
				return Activation{}, wrong
			}
			return Activation{}, "the name of an activation is expected" + naming.DidYouMean(v, lower(c.registry.Activations()))
		}
		a.Raw = v
		return a, ""
	case *pyjson.Object:
		name := v.String("class_name")
		if name == "function" {
			name, _ = v.Get("config").(string)
			a, problem := c.activation(key, name)
			if problem != "" {
				c.Unsupported(key, "the function %q is not known here; %s", name, c.registry.giveForm(name, reflect.TypeFor[ActivationFunc]()))
				return Activation{}, ""
			}
			a.Raw = v
			return a, ""
		}
		if a, known := c.registry.Activation(name); known && name != "" && v.String("module") != "keras.layers" {
			a.Raw = v
			return a, ""
		}
		l := c.decoder.Layer(v, c.path+"/"+key)
		if l == nil {
			return Activation{}, "" // reported by the decoder
		}
		return layerActivation(l, v), ""
	case Layer: // made in Go
		if !c.hold(key, v) {
			return Activation{}, ""
		}
		return layerActivation(v, nil), ""
	}
	if reflect.TypeOf(v).Kind() == reflect.Func {
		return Activation{}, "the name of an activation or a layer is expected, such as one of layers.Custom: a file has no place for a function"
	}
	return Activation{}, "an activation is expected"
}

// lower are the names that are all small letters: others are of classes.
func lower(names []string) []string {
	return slices.DeleteFunc(names, func(s string) bool { return s != strings.ToLower(s) })
}

// Layer visits a layer inside a layer.
func (c *Config) Layer(key string, field *Layer) {
	visit(c, key, field, nil, func(v any) (Layer, string) {
		if l, ok := v.(Layer); ok { // made in Go
			if !c.hold(key, l) {
				return nil, ""
			}
			return l, ""
		}
		if _, ok := v.(*pyjson.Object); !ok {
			return nil, "a layer is expected"
		}
		return c.decoder.Layer(v, c.path+"/"+key), ""
	}, func(l Layer) any { return c.layerForm(l) })
}

// LayerOrNone visits a layer or null; nil stands for null and is the default.
func (c *Config) LayerOrNone(key string, field *Layer) {
	if c.out != nil && *field == nil {
		c.out.Set(key, nil)
		return
	}
	if v, ok := c.Value(key); c.in != nil && (!ok || v == nil) || c.in == nil && c.out == nil {
		record(c, key, []Layer{nil})
		*field = nil
		return
	}
	c.Layer(key, field)
}

// Layers visits a list of layers.
func (c *Config) Layers(key string, field *[]Layer) {
	visit(c, key, field, nil, func(v any) ([]Layer, string) {
		list, ok := v.([]any)
		if !ok {
			return nil, "a list of layers is expected"
		}
		var out []Layer
		for i, item := range list {
			if l, ok := item.(Layer); ok {
				if c.hold(fmt.Sprintf("%s/%d", key, i), l) {
					out = append(out, l)
				}
			} else if l := c.decoder.Layer(item, fmt.Sprintf("%s/%s/%d", c.path, key, i)); l != nil {
				out = append(out, l)
			}
		}
		return out, ""
	}, func(ls []Layer) any {
		var list []any
		for _, l := range ls {
			list = append(list, c.layerForm(l))
		}
		return list
	})
}

// layerForm is a layer inside another one as it is written: its record, or the layer itself where Go values are wanted.
func (c *Config) layerForm(l Layer) any {
	if c.recordOf == nil {
		return l
	}
	return c.recordOf(l)
}

// hold notes that the layer being made in Go holds another one, if that can be held.
func (c *Config) hold(key string, l Layer) bool {
	if err := Constructed(l); err != nil {
		c.Errorf(key, "it is %v", err)
		return false
	}
	if b := l.base(); b.input != nil && b.models == 0 {
		c.Errorf(key, `the layer %q has the argument "input_shape" (or "input_dim"): give that to the layer that holds it, if it is the first `+
			`of a Sequential`, l.Name())
	}
	l.base().holders++
	return true
}

// Custom returns the Go form that the caller gave for a function or class of the file under its name or registered name
// (see CustomObjects), nil if there is none.
func (c *Config) Custom(name string) any {
	return c.registry.Custom(name)
}

// finish reports keys that nothing asked for.
func (c *Config) finish() {
	var unknown []string
	for _, k := range c.in.Keys() {
		if !c.used[k] {
			unknown = append(unknown, k)
		}
	}
	if c.decoder.made != "" && c.path == "" {
		var known []string
		for k := range c.used {
			if _, given := c.in.Lookup(k); !given || !slices.Contains(unknown, k) {
				known = append(known, k)
			}
		}
		slices.Sort(known)
		for _, k := range unknown {
			c.Errorf(k, "%s has no such argument%s", c.decoder.made, naming.DidYouMean(k, known))
		}
		return
	}
	if len(unknown) > 0 {
		c.Errorf(unknown[0], "unknown argument (%s); it may come from a newer Keras", naming.Some(unknown))
	}
}
