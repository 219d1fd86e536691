package nn

import (
	"github.com/hornml/horn/nn/pyjson"
)

// ConfigOf returns the arguments of a layer's constructor as its fields have them (Layer.get_config), whatever the record
// says from which it was read.
func ConfigOf(l Layer) *pyjson.Object {
	config := new(pyjson.Object)
	c := &Config{out: config}
	l.base().config(c)
	l.Config(c)
	return config
}
