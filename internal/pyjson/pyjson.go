// Package pyjson reads and writes JSON as Python's json module does: NaN and Infinity are numbers, integers have any
// length, the last of duplicate keys wins, keys keep their order, and text is written in ASCII. Keras's config.json is
// such JSON.
//
// A document is made of nil, bool, [Number], string, []any and *[Object]. Half of a surrogate pair, which Python allows
// in its strings, is kept as the three bytes that UTF-8 would give it.
package pyjson

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Number is a JSON number as it was written, or "NaN", "Infinity", "-Infinity".
type Number string

// IsInt reports whether the number was written as an integer.
func (n Number) IsInt() bool {
	return !strings.ContainsAny(string(n), ".eEN") && !strings.Contains(string(n), "I")
}

// Int returns the number as an int; ok is false where it is no integer or does not fit.
//
//go:noinline
func (n Number) Int() (v int, ok bool) {
	i, err := strconv.ParseInt(string(n), 10, strconv.IntSize)
	return int(i), err == nil
}

// Int64 returns the number as an int64; ok is false where it is no integer or does not fit.
//
//go:noinline
func (n Number) Int64() (v int64, ok bool) {
	i, err := strconv.ParseInt(string(n), 10, 64)
	return i, err == nil
}

// Float returns the number as a float64; what is too large is infinite, as in Python.
func (n Number) Float() float64 {
	switch n {
	case "NaN":
		return math.NaN()
	case "Infinity":
		return math.Inf(1)
	case "-Infinity":
		return math.Inf(-1)
	}
	f, _ := strconv.ParseFloat(string(n), 64) // out of range: the infinity that it returns is right
	return f
}

// Int returns the Number of an integer.
//
//go:noinline
func Int(v int) Number { return Number(strconv.Itoa(v)) }

// Float returns the Number of a float, written as Python's repr does: the shortest digits that read back the same, and
// always recognisable as a float.
func Float(v float64) Number {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "Infinity"
	case math.IsInf(v, -1):
		return "-Infinity"
	}
	format := byte('f')
	if a := math.Abs(v); a != 0 && (a < 1e-4 || a >= 1e16) {
		format = 'e'
	}
	s := strconv.FormatFloat(v, format, -1, 64)
	if format == 'f' && !strings.Contains(s, ".") {
		s += ".0"
	}
	return Number(s)
}

// Object is a JSON object with its keys in order. The zero value is an empty one.
type Object struct {
	keys   []string
	values []any          // of the keys
	places map[string]int // of the keys, in objects that have many; nil in others
}

// manyKeys is from how many keys on an object has a map of them.
const manyKeys = 12

// NewObject returns an object of the given keys and values in turn.
//
//go:noinline
func NewObject(pairs ...any) *Object {
	o := new(Object)
	for i := 0; i+1 < len(pairs); i += 2 {
		o.Set(pairs[i].(string), pairs[i+1])
	}
	return o
}

// objectOf returns an object of the given keys and values, which it copies; of a key that is there twice the last value holds.
func objectOf(keys []string, values []any) *Object {
	o := &Object{keys: slices.Clone(keys), values: slices.Clone(values)}
	o.number()
	twice := o.places != nil && len(o.places) < len(keys)
	for i := 1; i < len(keys) && o.places == nil && !twice; i++ {
		twice = slices.Contains(keys[:i], keys[i])
	}
	if !twice {
		return o
	}
	*o = Object{}
	for i, k := range keys {
		o.Set(k, values[i])
	}
	return o
}

// Keys returns the keys in order; the caller must not change them.
func (o *Object) Keys() []string {
	if o == nil {
		return nil
	}
	return o.keys
}

// Len returns the number of keys.
func (o *Object) Len() int { return len(o.Keys()) }

// place returns where a key is, -1 if it is not there.
func (o *Object) place(key string) int {
	if o.places == nil {
		return slices.Index(o.keys, key)
	}
	if i, ok := o.places[key]; ok {
		return i
	}
	return -1
}

// number makes the map of an object that has many keys.
func (o *Object) number() {
	o.places = nil
	if len(o.keys) >= manyKeys {
		o.places = make(map[string]int, 2*len(o.keys))
		for i, k := range o.keys {
			o.places[k] = i
		}
	}
}

// Get returns the value of a key, nil if there is none.
//
//go:noinline
func (o *Object) Get(key string) any {
	v, _ := o.Lookup(key)
	return v
}

// Lookup returns the value of a key and whether it is there.
//
//go:noinline
func (o *Object) Lookup(key string) (any, bool) {
	if o == nil {
		return nil, false
	}
	if i := o.place(key); i >= 0 {
		return o.values[i], true
	}
	return nil, false
}

// String returns the value of a key if it is a string, else "".
//
//go:noinline
func (o *Object) String(key string) string {
	s, _ := o.Get(key).(string)
	return s
}

// Object returns the value of a key if it is an object, else nil.
//
//go:noinline
func (o *Object) Object(key string) *Object {
	v, _ := o.Get(key).(*Object)
	return v
}

// List returns the value of a key if it is a list, else nil.
//
//go:noinline
func (o *Object) List(key string) []any {
	v, _ := o.Get(key).([]any)
	return v
}

// Set stores a value; a new key goes to the end.
//
//go:noinline
func (o *Object) Set(key string, value any) {
	if i := o.place(key); i >= 0 {
		o.values[i] = value
		return
	}
	o.keys, o.values = append(o.keys, key), append(o.values, value)
	if o.places != nil {
		o.places[key] = len(o.keys) - 1
	} else {
		o.number()
	}
}

// Delete removes a key.
func (o *Object) Delete(key string) {
	if o == nil {
		return
	}
	if i := o.place(key); i >= 0 {
		// New lists: somebody may be going through the keys.
		o.keys = slices.Delete(slices.Clone(o.keys), i, i+1)
		o.values = slices.Delete(slices.Clone(o.values), i, i+1)
		o.number()
	}
}

// Rename gives a value another key, in the same place of the order. A value that the new key had is lost.
func (o *Object) Rename(from, to string) {
	v, ok := o.Lookup(from)
	if !ok || from == to {
		return
	}
	o.Delete(to)
	i := o.place(from)
	o.keys = slices.Clone(o.keys)
	o.keys[i], o.values[i] = to, v
	o.number()
}

// Clone copies a document deeply.
func Clone(v any) any {
	switch v := v.(type) {
	case []any:
		c := make([]any, len(v))
		for i := range v {
			c[i] = Clone(v[i])
		}
		return c
	case *Object:
		if v == nil {
			return v
		}
		c := &Object{keys: slices.Clone(v.keys), values: make([]any, len(v.values))}
		for i, x := range v.values {
			c.values[i] = Clone(x)
		}
		c.number()
		return c
	}
	return v
}

// Equal reports whether two documents have the same meaning: the order of keys and the way a number is written do not
// count, its being an integer or a float does.
func Equal(a, b any) bool {
	switch a := a.(type) {
	case Number:
		b, ok := b.(Number)
		if !ok || a.IsInt() != b.IsInt() {
			return false
		}
		if a.IsInt() {
			return a == b
		}
		x, y := a.Float(), b.Float()
		return x == y || math.IsNaN(x) && math.IsNaN(y)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, Equal)
	case *Object:
		b, ok := b.(*Object)
		if !ok || a.Len() != b.Len() {
			return false
		}
		for _, k := range a.Keys() {
			v, ok := b.Lookup(k)
			if !ok || !Equal(a.Get(k), v) {
				return false
			}
		}
		return true
	}
	return a == b
}

// Describe names the JSON type of a value in words, for error messages.
func Describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return fmt.Sprintf("the bool %v", v)
	case Number:
		return fmt.Sprintf("the number %s", shorten(string(v)))
	case string:
		return fmt.Sprintf("the string %q", shorten(v))
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	case *Object:
		if c := v.String("class_name"); c != "" {
			return fmt.Sprintf("an object of class %q", shorten(c))
		}
		return "an object"
	}
	return fmt.Sprintf("%T", v)
}

func shorten(s string) string {
	if len(s) > 60 {
		return s[:57] + "..."
	}
	return s
}

// Shape reads a shape: a list of lengths with null, for which -1 stands, for unknown ones. problem says what is wrong, ""
// for nothing.
func Shape(v any) (shape []int, problem string) {
	list, ok := v.([]any)
	if !ok {
		return nil, "a list of dimensions is expected"
	}
	out := make([]int, len(list))
	for i, d := range list {
		if d == nil {
			out[i] = -1
			continue
		}
		n, ok := ToInt(d)
		if !ok || n < 0 {
			return nil, "dimensions must be null or integers of 0 or more"
		}
		out[i] = n
	}
	return out, ""
}

// NewShape writes a shape as Shape reads it.
func NewShape(shape []int) any {
	out := make([]any, len(shape))
	for i, d := range shape {
		if d >= 0 {
			out[i] = Int(d)
		}
	}
	return out
}

// ToInt reads an integer, or a float without a fraction, which Python takes in most places.
func ToInt(v any) (n int, ok bool) {
	x, ok := v.(Number)
	if !ok {
		return 0, false
	}
	if i, ok := x.Int(); ok {
		return i, true
	}
	f := x.Float()
	if x.IsInt() || f != math.Trunc(f) || math.Abs(f) >= 1<<31 {
		return 0, false
	}
	return int(f), true
}
