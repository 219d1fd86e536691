package dialect

import (
	"fmt"

	"github.com/hornml/horn/internal/pyjson"
)

// FindEllipsis returns the path of a Python Ellipsis in a config. Keras reads it from .keras files only.
func FindEllipsis(config any, path string) string { return findEllipsis(config, path, 0) }

func findEllipsis(v any, path string, depth int) string {
	if depth > pyjson.MaxDepth {
		return ""
	}
	switch v := v.(type) {
	case []any:
		for i, x := range v {
			if found := findEllipsis(x, fmt.Sprintf("%s/%d", path, i), depth+1); found != "" {
				return found
			}
		}
	case *pyjson.Object:
		if v.String("class_name") == "__ellipsis__" {
			return path
		}
		for _, k := range v.Keys() {
			if found := findEllipsis(v.Get(k), path+"/"+k, depth+1); found != "" {
				return found
			}
		}
	}
	return ""
}
