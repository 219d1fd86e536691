package initializers

import (
	"math/rand/v2"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/layer"
)

// seed visits a seed: null, an integer, or a keras.random.SeedGenerator.
func seed(c *layer.Config, field *any) {
	c.Raw("seed", field, nil)
	if !c.Reading() || *field == nil {
		return
	}
	if _, ok := seedNumber(*field); !ok {
		if o, isObject := (*field).(*pyjson.Object); isObject && o.String("class_name") == "SeedGenerator" {
			return // without a number of its own
		}
		c.Errorf("seed", "an integer, a SeedGenerator or null is expected, not %s", pyjson.Describe(*field))
	}
}

// seedNumber is the number in a seed.
func seedNumber(v any) (uint64, bool) {
	if o, ok := v.(*pyjson.Object); ok && o.String("class_name") == "SeedGenerator" {
		v = o.Object("config").Get("seed")
	}
	switch n := v.(type) {
	case int:
		return uint64(n), true
	case pyjson.Number:
		i, ok := n.Int64()
		return uint64(i), ok
	}
	return 0, false
}

// source returns random numbers that a seed determines; without one they are different each time. The numbers are not
// those of Keras, which differ from one of its backends to the other.
func source(seed any) *rand.Rand {
	n, ok := seedNumber(seed)
	if !ok {
		n = rand.Uint64()
	}
	return rand.New(rand.NewPCG(n, 0x6b65726173))
}
