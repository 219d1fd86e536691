// Package optest checks what is true of every op, whatever package it is from.
package optest

import (
	"fmt"
	"iter"
	"reflect"
	"testing"
	"unsafe"

	"github.com/hornml/horn/nn/graph"
)

// Keys checks that ops, samples of all types that a package has, are told apart by their keys, also when any one setting
// is changed.
func Keys(t *testing.T, ops []graph.Op) {
	t.Helper()
	seen := map[string]graph.Op{}
	for _, op := range ops {
		key := string(graph.AppendKey(nil, op))
		if other, ok := seen[key]; ok {
			t.Errorf("%T and %T have one key", op, other)
		}
		seen[key] = op
		for path, changed := range Variants(op) {
			if string(graph.AppendKey(nil, changed)) == key {
				t.Errorf("%T: %s changed, and the key stays", op, path)
			}
		}
		if again := string(graph.AppendKey(nil, op)); again != key {
			t.Errorf("%T: the key changes", op)
		}
	}
}

// Variants yields op with one setting changed after the other, and the name of the setting. Functions of numbers, sources
// and states have no variants.
func Variants(op graph.Op) iter.Seq2[string, graph.Op] {
	return func(yield func(string, graph.Op) bool) {
		count := 0
		each(reflect.ValueOf(op), "", func(string) bool { count++; return false })
		for i := range count {
			changed := reflect.New(reflect.TypeOf(op)).Elem()
			changed.Set(reflect.ValueOf(op))
			at, name := 0, ""
			each(changed, "", func(path string) bool {
				at++
				if at-1 == i {
					name = path
				}
				return at-1 == i
			})
			if !yield(name, changed.Interface().(graph.Op)) {
				return
			}
		}
	}
}

// each visits the settings in v; change says whether the one of the given name is to be another.
func each(v reflect.Value, path string, change func(path string) bool) {
	switch v.Kind() {
	case reflect.Bool:
		if change(path) {
			settable(v).SetBool(!v.Bool())
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if change(path) {
			settable(v).SetInt(v.Int() + 1)
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if change(path) {
			settable(v).SetUint(v.Uint() ^ 1)
		}
	case reflect.Float32, reflect.Float64:
		if change(path) {
			settable(v).SetFloat(v.Float() + 0.5)
		}
	case reflect.String:
		if change(path) {
			settable(v).SetString(v.String() + "x")
		}
	case reflect.Struct:
		for i := range v.NumField() {
			each(v.Field(i), path+"."+v.Type().Field(i).Name, change)
		}
	case reflect.Slice:
		for i := range v.Len() {
			each(v.Index(i), fmt.Sprintf("%s[%d]", path, i), func(p string) bool {
				if !change(p) {
					return false
				}
				// The elements are the original's: the change goes into a copy.
				own := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
				reflect.Copy(own, v)
				settable(v).Set(own)
				each(own.Index(i), "", func(string) bool { return true })
				return false
			})
		}
	case reflect.Interface:
		if inner := v.Elem(); inner.IsValid() && inner.Kind() == reflect.Struct && v.CanInterface() {
			each(inner, path, func(p string) bool {
				if !change(p) {
					return false
				}
				own := reflect.New(inner.Type()).Elem()
				own.Set(inner)
				done := false
				each(own, path, func(q string) bool {
					hit := q == p && !done
					done = done || hit
					return hit
				})
				settable(v).Set(own)
				return false
			})
		}
	}
}

// settable returns a field for writing, also where its name is not exported; a value that cannot be addressed is only
// being counted.
func settable(v reflect.Value) reflect.Value {
	if v.CanSet() || !v.CanAddr() {
		return v
	}
	return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
}
