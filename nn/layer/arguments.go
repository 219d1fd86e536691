package layer

import (
	"reflect"

	"github.com/hornml/horn/internal/pyjson"
)

// Argument is an argument of a class's constructor.
type Argument struct {
	Key      string
	Type     reflect.Type // of the field that holds it
	Required bool         // it has no default
	Default  any          // the value of the field; nil for a required one
}

// Arguments lists the arguments that a class's Config method visits when nothing is given, in its order, without those that
// every layer has.
func Arguments(o Configurable) []Argument {
	var list []Argument
	d := &Decoder{}
	o.Config(&Config{decoder: d, in: new(pyjson.Object), used: map[string]bool{}, arguments: &list})
	return list
}

// record notes an argument where someone asks for the list.
func record[T any](c *Config, key string, def []T) {
	if c.arguments == nil {
		return
	}
	a := Argument{Key: key, Type: reflect.TypeFor[T](), Required: len(def) == 0}
	if len(def) > 0 {
		a.Default = def[0]
	}
	*c.arguments = append(*c.arguments, a)
}
