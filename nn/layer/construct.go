package layer

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/internal/tree"
	"github.com/hornml/horn/tensor"
)

// Args are the keyword arguments of a layer's constructor, by Keras's names: Args{"activation": "relu", "use_bias": false}.
// Values are nil, bool, int, float64, string, lists of them, a Layer where Keras takes one, and what Registry.Object gives for an
// initializer, regularizer or constraint, of which the name will do mostly: "he_normal".
type Args map[string]any

// constructions numbers layers made in Go in the order of their creation, by which they get their automatic names.
var constructions atomic.Uint64

// Construct gives a new layer its class and its arguments, with Keras's defaults for those not named; names of activations,
// initializers and the like are looked up in r. Constructors such as layers.NewDense call it. A wrong argument is a mistake in
// the program: it panics with a sentence that names the argument.
func Construct[L Layer](r *Registry, l L, class Class, args ...Args) L {
	if isNothing(l) {
		panic(fmt.Sprintf("layer: Construct: a new %T is expected, not nil", l))
	}
	if class.Name == "" {
		panic(`layer: Construct: the class has no name; that of a layer of your own is its registered name, such as "my_package>Scale"`)
	}
	if err := r.construct(l, class, args); err != nil {
		panic("layer: " + class.Name + ": " + err.Error())
	}
	return l
}

// Constructed returns an error that says what is wrong with a layer that is nil, or that no constructor has made; nil for a layer
// that can be used.
func Constructed(l Layer) error {
	if v := reflect.ValueOf(l); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		if !v.IsValid() {
			return errors.New("nil: a layer is expected")
		}
		return fmt.Errorf("a nil %s: a layer is expected", v.Type())
	}
	if l.base().self == nil {
		return fmt.Errorf("a %T that is not ready: make it with its constructor, such as layers.NewDense, or, if it is of your own, with "+
			`layers.Custom(l, "my_package>Name")`, l)
	}
	return nil
}

// New returns a layer of one of the registry's classes by its name, such as "Dense"; the typed constructors are in nn/layers.
// It is an error if there is no such class, or if an argument does not fit.
func (r *Registry) New(class string, args ...Args) (Layer, error) {
	e := r.findClass("keras.layers", class)
	if e == nil {
		if e = r.findClass("", class); e == nil {
			var names []string
			for _, c := range r.Classes() {
				names = append(names, c.Name)
			}
			if len(names) == 0 {
				return nil, fmt.Errorf("%q: the registry has no layers; layer.NewRegistry(layers.All) has those of Keras", class)
			}
			return nil, fmt.Errorf("%q is no layer of Keras that is known here%s", class, naming.DidYouMean(class, names))
		}
	}
	l := e.new()
	if err := r.construct(l, e.class, args); err != nil {
		return nil, fmt.Errorf("%s: %w", class, err)
	}
	return l, nil
}

// Make returns a new layer of a class, which has no arguments yet, nil if the registry does not have the class.
func (r *Registry) Make(module, name string) (Layer, Class) {
	e := r.findClass(module, name)
	if e == nil {
		return nil, Class{}
	}
	return e.new(), e.class
}

// CustomClass is the class of a layer of the caller's own under its registered name, such as "my_package>Scale".
func CustomClass(registered string) Class {
	return Class{Name: registered[strings.LastIndex(registered, ">")+1:], Registered: registered}
}

func (r *Registry) construct(l Layer, class Class, args []Args) error {
	in := new(pyjson.Object)
	for _, a := range args {
		for _, k := range tree.Keys(a) {
			in.Set(k, fromGo(a[k]))
		}
	}
	return (&Decoder{Registry: r, made: class.Name, objectOf: objectOf}).construct(l, class, in)
}

// NewInput returns an input of the given shape without the batch, -1 for lengths that may vary: what a model that is read and has none
// needs. It takes no Go values apart, and programs that only read do not link what does.
func NewInput(shape []int) *InputLayer {
	batch := []any{nil}
	for _, d := range shape {
		if d < 0 {
			batch = append(batch, nil)
		} else {
			batch = append(batch, pyjson.Int(d))
		}
	}
	l := new(InputLayer)
	class := Class{Module: "keras.layers", Name: "InputLayer"}
	if err := (&Decoder{made: class.Name}).construct(l, class, pyjson.NewObject("batch_shape", batch)); err != nil {
		panic("layer: InputLayer: " + err.Error())
	}
	return l
}

// construct lets a new layer visit its arguments.
func (d *Decoder) construct(l Layer, class Class, in *pyjson.Object) error {
	r := d.Registry
	b := l.base()
	Begin(l, class)
	c := &Config{decoder: d, registry: r, in: in, used: map[string]bool{"name": true}}
	switch name := in.Get("name").(type) {
	case nil:
	case string:
		if strings.Contains(name, "/") {
			c.Errorf("name", "a name without / is expected, not %q", name)
		} else if name != "" {
			b.name, b.automatic = name, false
			c.layer = name
		}
	default:
		c.Errorf("name", "a string is expected, not %s", pyjson.Describe(name))
	}
	b.config(c)
	l.Config(c)
	b.inputShape(c)
	c.finish()
	return d.madeErr()
}

// madeErr is Err for what was made in Go, where arguments have names, and no places in a file.
func (d *Decoder) madeErr() error {
	var errs Errors
	for _, err := range d.errs {
		switch e := err.(type) {
		case *ConfigError:
			e.Path = strings.TrimPrefix(e.Path, "/")
		case *UnsupportedError:
			e.Path = strings.TrimPrefix(e.Path, "/")
		}
		if !slices.ContainsFunc(errs, func(x error) bool { return x.Error() == err.Error() }) {
			errs = append(errs, err)
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return errs
}

// fromGo turns a Go value into the form that a file would have; layers and objects stay what they are.
func fromGo(v any) any {
	switch v := v.(type) {
	case int:
		return pyjson.Int(v)
	case int64:
		return pyjson.Number(fmt.Sprint(v))
	case float64:
		return pyjson.Float(v)
	case float32:
		return pyjson.Float(float64(v))
	case []int:
		return list(v)
	case []float64:
		return list(v)
	case []string:
		return list(v)
	case []bool:
		return list(v)
	case [][]int:
		return list(v)
	case []Layer:
		return list(v)
	case []any:
		return list(v)
	case map[string]any:
		o := new(pyjson.Object)
		for _, k := range tree.Keys(v) {
			o.Set(k, fromGo(v[k]))
		}
		return o
	case tensor.DType:
		return v.String()
	case nil, bool, string, pyjson.Number, *pyjson.Object, Layer, Configurable, *Object:
		return v
	}
	return byKind(v)
}

// byKind is fromGo for types of other names, such as int32, [2]int or a type of the caller's.
func byKind(v any) any {
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return pyjson.Number(strconv.FormatInt(r.Int(), 10))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return pyjson.Number(strconv.FormatUint(r.Uint(), 10))
	case reflect.Float32, reflect.Float64:
		return pyjson.Float(r.Float())
	case reflect.String:
		return r.String()
	case reflect.Bool:
		return r.Bool()
	case reflect.Slice, reflect.Array:
		out := make([]any, r.Len())
		for i := range out {
			out[i] = fromGo(r.Index(i).Interface())
		}
		return out
	case reflect.Map:
		if r.Type().Key().Kind() != reflect.String {
			return v
		}
		all := map[string]any{}
		for _, k := range r.MapKeys() {
			all[k.String()] = r.MapIndex(k).Interface()
		}
		return fromGo(all)
	}
	return v
}

func list[T any](v []T) []any {
	out := make([]any, len(v))
	for i, x := range v {
		out[i] = fromGo(x)
	}
	return out
}
