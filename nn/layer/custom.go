package layer

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/tree"
)

// CustomObjects gives Go forms of classes and functions that Keras does not have, by their registered name such as
// "my_package>MyLayer" (or the bare class name):
//
//   - for a layer a func() Layer that makes a new one; it may return the layer's own type;
//   - for an initializer, regularizer, constraint, loss, metric or optimizer a func() Configurable, likewise;
//   - for an activation a func(*graph.Builder, *graph.Value) *graph.Value;
//   - for a Lambda layer, by its name as "Lambda:name" or by the registered name of its function, a
//     func(*Call, *graph.Value) *graph.Value, or a func(*Call) any where it has several inputs or outputs; a func() Layer, if it
//     is to read the arguments of the Lambda;
//   - for an operation of keras.ops an OpFunc;
//   - for a TextVectorization's standardize or split a func(string) string or func(string) []string.
type CustomObjects map[string]any

// LambdaFunc writes the ops of a Lambda layer with one input and one output.
type LambdaFunc = func(c *Call, x *graph.Value) *graph.Value

// forms are the types that a custom object may have, and for what.
var forms = []struct {
	typ reflect.Type
	use string
}{
	{reflect.TypeFor[func() Layer](), "a layer"},
	{reflect.TypeFor[LambdaFunc](), "a Lambda layer"},
	{reflect.TypeFor[func(*Call) any](), "a Lambda layer of several inputs or outputs"},
	{reflect.TypeFor[ActivationFunc](), "an activation"},
	{reflect.TypeFor[func() Configurable](), "an initializer, a loss, a metric or the like"},
	{reflect.TypeFor[func(*OpCall) any](), "an operation of keras.ops"},
	{reflect.TypeFor[func(string) string](), "the standardize of a TextVectorization"},
	{reflect.TypeFor[func(string) []string](), "the split of a TextVectorization"},
}

// Check says which of the objects have types that nothing could be made with, nil if all are good.
func (o CustomObjects) Check() error {
	var errs Errors
	for _, name := range tree.Keys(o) {
		if _, err := settled(o[name]); err != nil {
			errs = append(errs, fmt.Errorf("the custom object %q %w", name, err))
		}
	}
	if len(errs) > 0 {
		return errs
	}
	return nil
}

// settled brings a custom object to one of the forms.
func settled(v any) (any, error) {
	value := reflect.ValueOf(v)
	if !value.IsValid() {
		return nil, fmt.Errorf("is nil: %s is expected", expected())
	}
	t := value.Type()
	if t.Kind() != reflect.Func {
		if made := maker(t); made != "" {
			return nil, fmt.Errorf("is a %s; what makes a new one is expected: %s", t, made)
		}
		return nil, fmt.Errorf("is a %s; %s is expected", t, expected())
	}
	if value.IsNil() {
		return nil, fmt.Errorf("is a nil %s", t)
	}
	for _, f := range forms {
		if t.ConvertibleTo(f.typ) {
			return value.Convert(f.typ).Interface(), nil
		}
	}
	if t.NumIn() == 0 && t.NumOut() == 1 {
		switch out := t.Out(0); {
		case out.Implements(reflect.TypeFor[Layer]()):
			return func() Layer { l, _ := value.Call(nil)[0].Interface().(Layer); return l }, nil
		case out.Implements(reflect.TypeFor[Configurable]()):
			return func() Configurable { o, _ := value.Call(nil)[0].Interface().(Configurable); return o }, nil
		}
	}
	return nil, fmt.Errorf("is a %s; %s is expected", t, expected())
}

// maker is the function that makes objects of a type, "" for one that is no layer and no other object.
func maker(t reflect.Type) string {
	p := t
	if t.Kind() != reflect.Pointer {
		p = reflect.PointerTo(t)
	}
	switch {
	case p.Implements(reflect.TypeFor[Layer]()):
		return fmt.Sprintf("func() layer.Layer { return new(%s) }", p.Elem())
	case p.Implements(reflect.TypeFor[Configurable]()):
		return fmt.Sprintf("func() layer.Configurable { return new(%s) }", p.Elem())
	}
	return ""
}

func expected() string {
	parts := make([]string, len(forms))
	for i, f := range forms {
		parts[i] = fmt.Sprintf("a %s for %s", strings.ReplaceAll(f.typ.String(), "interface {}", "any"), f.use)
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " or " + parts[len(parts)-1]
}

// With returns a registry that has r's classes, and the caller's own Go forms before them.
func (r *Registry) With(custom CustomObjects) *Registry {
	if len(custom) == 0 {
		return r
	}
	out := new(Registry)
	if r != nil {
		*out = *r
	}
	out.custom = CustomObjects{}
	for name, v := range r.orEmpty().custom {
		out.custom[name] = v
	}
	for name, v := range custom {
		if form, err := settled(v); err == nil {
			v = form
		}
		out.custom[name] = v
	}
	return out
}

// Custom returns the caller's own Go form for a name, nil if there is none.
func (r *Registry) Custom(name string) any {
	if r == nil {
		return nil
	}
	return r.custom[name]
}

// customOf returns the caller's Go form of type T for the first of some names that has one; wrong says, where there are only such
// of other types, what is wrong with the first.
func customOf[T any](r *Registry, use string, names ...string) (form T, ok bool, wrong string) {
	for _, name := range names {
		v := r.Custom(name)
		if form, ok = v.(T); ok {
			return form, true, ""
		}
		if v != nil && wrong == "" {
			wrong = fmt.Sprintf("the custom object %q is a %T; for %s a %s is expected", name, v, use, reflect.TypeFor[T]())
		}
	}
	return form, false, wrong
}

// giveForm says under which name the Go form of something can be given, and asks where a custom object has a name like it.
func (r *Registry) giveForm(name string, form reflect.Type) string {
	s := fmt.Sprintf("give its Go form, a %s, as the custom object %q", strings.ReplaceAll(form.String(), "interface {}", "any"), name)
	if alike := naming.Closest(name, tree.Keys(r.orEmpty().custom)); alike != "" {
		s += fmt.Sprintf("; the one that was given is called %q", alike)
	}
	return s
}

// customName is the name by which the caller may have given a Go form: the registered name if there is one.
func customName(v any, class string) string {
	if o, ok := v.(*pyjson.Object); ok {
		if r := o.String("registered_name"); r != "" && r != "function" {
			return r
		}
	}
	return class
}

// customLayer finds the Go form of a layer that is not Keras's; wrong is as for customOf.
func (d *Decoder) customLayer(record *pyjson.Object, class, name string) (make func() Layer, wrong string) {
	if class != "Lambda" {
		make, _, wrong = customOf[func() Layer](d.Registry, "a layer", customName(record, class), class)
		return make, wrong
	}
	names := []string{"Lambda:" + name}
	if f := record.Object("config").Object("function"); f.String("class_name") == "function" {
		if s := f.String("config"); s != "" {
			names = append(names, s)
		}
	}
	for _, n := range names {
		switch f := d.Registry.Custom(n).(type) {
		case nil:
		case func() Layer:
			return f, ""
		case LambdaFunc:
			return lambdaOf(func(c *Call) any { return f(c, c.X()) }), ""
		case ActivationFunc:
			return lambdaOf(func(c *Call) any { return f(c.Builder, c.X()) }), ""
		case func(*Call) any:
			return lambdaOf(f), ""
		default:
			wrong = fmt.Sprintf("the custom object %q is a %T; for a Lambda layer a %s is expected", n, f, reflect.TypeFor[LambdaFunc]())
		}
	}
	return nil, wrong
}

// lambda is a Lambda layer by its Go form. What Python code its record holds is not looked at.
type lambda struct {
	Base
	call func(c *Call) any
}

func lambdaOf(call func(c *Call) any) func() Layer {
	return func() Layer { return &lambda{call: call} }
}

// Config implements Layer.
func (*lambda) Config(c *Config) { c.Inert("function", "arguments", "output_shape", "mask") }

// Call implements Layer.
func (l *lambda) Call(c *Call) any {
	if out := l.call(c); !isNothing(out) {
		return out
	}
	c.Fail("the Go form of the Lambda layer returned nil")
	return nil
}

// isNothing reports whether v is nil, or a nil pointer.
func isNothing(v any) bool {
	r := reflect.ValueOf(v)
	return !r.IsValid() || r.Kind() == reflect.Pointer && r.IsNil()
}
