// Package naming makes names as Keras does (keras.src.utils.naming).
package naming

import (
	"regexp"
	"strings"
)

var (
	notWord    = regexp.MustCompile(`\W+`)
	beforeWord = regexp.MustCompile(`(.)([A-Z][a-z]+)`)
	beforeCaps = regexp.MustCompile(`([a-z])([A-Z])`)
)

// SnakeCase turns the name of a Python class into the form that Keras uses for automatic names and for the paths in
// weights files, such as "conv2d_transpose" or "re_lu".
func SnakeCase(class string) string {
	s := notWord.ReplaceAllString(class, "")
	s = beforeWord.ReplaceAllString(s, "${1}_$2")
	s = beforeCaps.ReplaceAllString(s, "${1}_$2")
	return strings.ToLower(s)
}
