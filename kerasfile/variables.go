package kerasfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hornml/horn/nn"
)

// object is a layer with its path in a weights file, such as "layers/dense" ("" for the model itself).
type object struct {
	path  string
	layer nn.Layer
}

// walk lists the layers of a model in the order and under the paths that Keras's saving gives them: attributes in the
// order of their names, those that start with an underscore last, the members of a list under the name of their class,
// each object once (keras.src.saving.saving_lib).
func walk(m *nn.Model) []object {
	w := &walker{seen: map[nn.Layer]bool{}}
	w.visit("", m)
	return w.out
}

type walker struct {
	out  []object
	seen map[nn.Layer]bool
}

func (w *walker) visit(path string, l nn.Layer) {
	if w.seen[l] {
		return
	}
	w.seen[l] = true
	w.out = append(w.out, object{path, l})
	c, ok := l.(nn.Container)
	if !ok {
		return
	}
	children := slices.Clone(c.Children())
	slices.SortStableFunc(children, func(a, b nn.Child) int { return strings.Compare(attributeKey(a.Attr), attributeKey(b.Attr)) })
	for _, child := range children {
		at := join(path, child.Attr)
		if child.Layer != nil {
			w.visit(at, child.Layer)
		}
		count := map[string]int{}
		for _, member := range child.List {
			name := nn.SnakeCase(nn.PythonClass(member))
			n := count[name]
			count[name]++
			if n > 0 {
				name = fmt.Sprintf("%s_%d", name, n)
			}
			w.visit(join(at, name), member)
		}
	}
}

// attributeKey sorts private attributes behind the others.
func attributeKey(name string) string {
	if strings.HasPrefix(name, "_") {
		return "~" + name
	}
	return name
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "/" + name
}
