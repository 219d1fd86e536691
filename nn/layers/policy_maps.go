package layers

import (
	"regexp"

	"github.com/hornml/horn/nn/layer"
)

// PolicyMaps is the family without which no model with a DTypePolicyMap is read, whose keys may be patterns. They run in linear
// time; one that is not valid matches nothing.
func PolicyMaps(r *layer.Registry) {
	r.RegisterPatterns(func(pattern, text string) bool {
		re, err := regexp.Compile("^(?:" + pattern + ")$")
		return err == nil && re.MatchString(text)
	})
}
