package layer

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
)

// op is a keras.ops node (keras.src.ops.*) as a layer.
type op struct {
	Base
	key    string // "numpy.Add"
	config *pyjson.Object
	f      OpFunc
}

// IsOp reports whether a layer is a keras.ops node.
func IsOp(l Layer) bool {
	_, ok := l.(*op)
	return ok
}

func isOp(module, class string) bool {
	if strings.HasPrefix(module, opModule+".") {
		return true
	}
	return module == "keras.src.activations.activations" && class == "ReLU"
}

// op returns how an operation is written, or why it is refused, "" for one that is not known.
func (r *Registry) op(key string) (f OpFunc, why string) {
	if r == nil {
		return nil, ""
	}
	return r.ops[key], r.refusedOps[key]
}

func (d *Decoder) newOp(record *pyjson.Object, module, class string, config *pyjson.Object, name, path string) Layer {
	key := strings.TrimPrefix(module, opModule+".") + "." + class
	if !strings.HasPrefix(module, opModule+".") {
		key = "activations." + class
	}
	f, why := d.Registry.op(key)
	if f == nil {
		custom, ok, reason := customOf[func(*OpCall) any](d.Registry, "an operation", class)
		switch {
		case reason != "":
		case why != "":
			reason = why
		default:
			reason = "this operation is not known here" + d.Registry.opsLike(module, class) + "; " +
				d.Registry.giveForm(class, reflect.TypeFor[func(*OpCall) any]())
		}
		if ok {
			f = custom
		} else {
			d.fail(&UnsupportedError{Path: path, Module: module, Class: class, Layer: name, Reason: reason})
			return nil
		}
	}
	o := &op{key: key, config: config, f: f}
	// Ops neither cast nor stop masks; a mask stays behind all the same, as tensors that ops make have none.
	o.self, o.class, o.record, o.name = o, Class{Module: module, Name: class, Registered: class}, record, name
	o.policy, o.NoAutocast, o.built = DefaultPolicy(), true, true
	if o.name == "" {
		o.name = d.automaticName(o.class)
	}
	return o
}

// opsLike asks for the operation that may be meant by a name that is none.
func (r *Registry) opsLike(module, class string) string {
	names, _ := r.Ops()
	return naming.DidYouMean(strings.TrimPrefix(module, opModule+".")+"."+class, names)
}

// Config implements Layer; the op's arguments stay in their raw form.
func (o *op) Config(c *Config) {
	for _, k := range o.config.Keys() {
		if k != "name" {
			c.Put(k, o.config.Get(k))
		}
	}
}

// Call implements Layer.
func (o *op) Call(c *Call) any {
	oc := &OpCall{Call: c, op: o, used: map[string]bool{"name": true}, maxArg: -1}
	out := o.f(oc)
	oc.finish()
	return out
}

// OpCall is one call of a keras.ops function: its arguments may stand in the constructor's config or in the call, by
// position or by name. Each method looks in all three places; arguments that the op never asked for are an error, so that no
// option is ignored.
type OpCall struct {
	*Call
	op     *op
	used   map[string]bool
	maxArg int
}

// Get returns an argument of any form by its position in the call (negative: it has none) and its name.
func (o *OpCall) Get(i int, name string) (v any, ok bool) {
	o.used[name] = true
	o.maxArg = max(o.maxArg, i)
	if i >= 0 && i < len(o.Args) {
		return o.Args[i], true
	}
	if v, ok := o.Kwargs[name]; ok {
		return v, true
	}
	return o.op.config.Lookup(name)
}

// finish fails for arguments that nobody asked for.
func (o *OpCall) finish() {
	for _, k := range o.op.config.Keys() {
		if !o.used[k] {
			o.Fail("%s: unknown argument %q", o.op.key, k)
		}
	}
	for k := range o.Kwargs {
		if !o.used[k] {
			o.Fail("%s: unknown argument %q", o.op.key, k)
		}
	}
	if len(o.Args) > o.maxArg+1 {
		o.Fail("%s: %d arguments where at most %d are expected", o.op.key, len(o.Args), o.maxArg+1)
	}
}

// Inert names arguments that do not change the result.
func (o *OpCall) Inert(names ...string) {
	for _, n := range names {
		o.used[n] = true
	}
}

// Tensor returns an argument that is a tensor; numbers and nested lists of numbers become constants of the given weak kind (see
// Constant).
func (o *OpCall) Tensor(i int, name string) *graph.Value {
	v, ok := o.Get(i, name)
	if !ok || v == nil {
		o.Fail("%s: the tensor %q is missing", o.op.key, name)
	}
	x, ok := o.AsTensor(v)
	if !ok {
		o.Fail("%s: the argument %q must be a tensor", o.op.key, name)
	}
	return x
}

// TensorOrNone returns an argument that is a tensor or absent or null: nil then.
func (o *OpCall) TensorOrNone(i int, name string) *graph.Value {
	if v, ok := o.Get(i, name); !ok || v == nil {
		return nil
	}
	return o.Tensor(i, name)
}

// Tensors returns an argument that is a list of tensors, or one tensor.
func (o *OpCall) Tensors(i int, name string) []*graph.Value {
	v, ok := o.Get(i, name)
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	var out []*graph.Value
	for _, x := range list {
		t, isTensor := o.AsTensor(x)
		if !ok || !isTensor {
			o.Fail("%s: the argument %q must be a list of tensors", o.op.key, name)
		}
		out = append(out, t)
	}
	return out
}

func optional[T any](o *OpCall, i int, name string, def []T, parse func(v any) (T, string)) T {
	v, ok := o.Get(i, name)
	if !ok {
		if len(def) == 0 {
			o.Fail("%s: the argument %q is missing", o.op.key, name)
		}
		return def[0]
	}
	got, problem := parse(v)
	if problem != "" {
		o.Fail("%s: the argument %q: %s, not %s", o.op.key, name, problem, describeArg(v))
	}
	return got
}

func describeArg(v any) string {
	if x, ok := v.(*graph.Value); ok {
		return "the tensor " + x.String()
	}
	return pyjson.Describe(v)
}

// Int returns an integer argument.
//
//go:noinline
func (o *OpCall) Int(i int, name string, def ...int) int { return optional(o, i, name, def, parseInt) }

// IntOrNone returns an integer argument, nil if it is null or absent.
func (o *OpCall) IntOrNone(i int, name string) *int {
	if v, ok := o.Get(i, name); !ok || v == nil {
		return nil
	}
	n := o.Int(i, name)
	return &n
}

// Ints returns an argument that is a list of integers or a single one, nil if it is null or absent.
func (o *OpCall) Ints(i int, name string) []int {
	v, ok := o.Get(i, name)
	if !ok || v == nil {
		return nil
	}
	return optional(o, i, name, nil, func(v any) ([]int, string) { return parseInts(v, 0) })
}

// Float returns a number.
//
//go:noinline
func (o *OpCall) Float(i int, name string, def ...float64) float64 {
	return optional(o, i, name, def, parseFloat)
}

// FloatOrNone returns a number, nil if it is null or absent.
func (o *OpCall) FloatOrNone(i int, name string) *float64 {
	if v, ok := o.Get(i, name); !ok || v == nil {
		return nil
	}
	f := o.Float(i, name)
	return &f
}

// Bool returns a bool argument.
func (o *OpCall) Bool(i int, name string, def ...bool) bool {
	return optional(o, i, name, def, func(v any) (bool, string) {
		b, ok := v.(bool)
		if !ok {
			return false, "true or false is expected"
		}
		return b, ""
	})
}

// Str returns a string argument, "" for null.
func (o *OpCall) Str(i int, name string, def ...string) string {
	return optional(o, i, name, def, func(v any) (string, string) {
		if v == nil {
			return "", ""
		}
		s, ok := v.(string)
		if !ok {
			return "", "a string is expected"
		}
		return s, ""
	})
}

// Choice returns a string argument that is one of a few.
func (o *OpCall) Choice(i int, name string, allowed ...string) string {
	s := o.Str(i, name, allowed[0])
	for _, a := range allowed {
		if s == a {
			return s
		}
	}
	o.Fail("%s: the argument %q is %q; supported are %q", o.op.key, name, s, allowed)
	return ""
}

// Absent fails unless an argument is null or absent; why says what is not supported.
func (o *OpCall) Absent(i int, name, why string) {
	if v, ok := o.Get(i, name); ok && v != nil {
		o.Fail("%s: the argument %q is not supported: %s", o.op.key, name, why)
	}
}

// String describes the op in errors.
func (o *OpCall) String() string { return fmt.Sprintf("keras.src.ops.%s", o.op.key) }
