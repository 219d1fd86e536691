package graph

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
)

// AppendKey appends what tells an op from every op that means something else: its type and all of its fields, whatever they
// are. No op has a key of its own making, so none can leave out a setting. Pointers to functions of numbers ([Unary], [Binary]
// ...) stand for themselves by name, a [Source] by its key, the body of a loop by its nodes.
//
// An [Impure] op is the same as another only while it points to the same things: its pointers stand for their addresses. For
// other ops it panics at a field that has no form, a function or a map.
func AppendKey(key []byte, op Op) []byte {
	k := keyWriter{byAddress: IsImpure(op)}
	return k.value(key, reflect.ValueOf(op))
}

type keyWriter struct{ byAddress bool }

func (k keyWriter) value(key []byte, v reflect.Value) []byte {
	if !v.IsValid() {
		return append(key, 0)
	}
	t := v.Type()
	if v.CanInterface() {
		switch x := v.Interface().(type) {
		case Source:
			return appendText(append(key, 's'), x.Key())
		case *Param:
			return binary.AppendUvarint(append(key, 'p'), x.id)
		case *Graph:
			return AppendGraphKey(append(key, 'g'), x)
		}
	}
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			return append(key, 1)
		}
		return append(key, 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return binary.AppendVarint(key, v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return binary.AppendUvarint(key, v.Uint())
	case reflect.Float32, reflect.Float64:
		return binary.LittleEndian.AppendUint64(key, math.Float64bits(v.Float()))
	case reflect.String:
		return appendText(key, v.String())
	case reflect.Slice, reflect.Array:
		key = binary.AppendUvarint(key, uint64(v.Len()))
		for i := range v.Len() {
			key = k.value(key, v.Index(i))
		}
		return key
	case reflect.Struct:
		key = appendText(append(key, '{'), t.String())
		for i := range v.NumField() {
			key = k.value(key, v.Field(i))
		}
		return key
	case reflect.Interface:
		return k.value(key, v.Elem())
	case reflect.Pointer:
		if v.IsNil() {
			return append(key, 0)
		}
		if name := v.Elem(); name.Kind() == reflect.Struct && name.NumField() > 0 && t.Elem().Field(0).Name == "Name" {
			return appendText(appendText(append(key, 'n'), t.String()), name.Field(0).String())
		}
		if k.byAddress {
			return binary.AppendUvarint(append(key, '@'), uint64(v.Pointer()))
		}
		return k.value(append(key, '*'), v.Elem())
	}
	panic(fmt.Sprintf("graph: an op has a field of type %s, which has no key", t))
}

func appendText(key []byte, s string) []byte {
	return append(binary.AppendUvarint(key, uint64(len(s))), s...)
}

// AppendGraphKey appends what a graph computes: its nodes, and which values they read. Graphs of one key are the same.
func AppendGraphKey(key []byte, g *Graph) []byte {
	number := make(map[*Node]int, len(g.Nodes))
	values := func(vs []*Value) {
		key = binary.AppendUvarint(key, uint64(len(vs)))
		for _, v := range vs {
			key = binary.AppendUvarint(binary.AppendUvarint(key, uint64(number[v.Node])), uint64(v.Index))
		}
	}
	for i, n := range g.Nodes {
		number[n] = i
		key = AppendKey(key, n.Op)
		values(n.In)
	}
	values(g.Inputs)
	values(g.Outputs)
	return key
}
