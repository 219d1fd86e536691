package layers

import (
	"github.com/hornml/horn/nn/internal/pattern"
	"github.com/hornml/horn/nn/layer"
)

// PolicyMaps is the family without which no model with a DTypePolicyMap is read, whose keys may be patterns. They run in linear
// time; one that is not valid matches nothing.
func PolicyMaps(r *layer.Registry) {
	r.RegisterPatterns(func(key, text string) bool {
		p, err := pattern.Compile(key)
		return err == nil && p.Matches(text)
	})
}
