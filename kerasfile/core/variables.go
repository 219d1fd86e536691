package core

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/kerasfile/internal/container"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
)

// object is a layer with its path in a weights file, such as "layers/dense" ("" for the model itself).
type object struct {
	path  string
	layer layer.Layer
}

// walk lists the layers of a model in the order and under the paths that Keras's saving gives them: attributes in the
// order of their names, those that start with an underscore last, the members of a list under the name of their class,
// each object once (keras.src.saving.saving_lib).
func walk(m *nn.Model) []object { return walkIn(m, nil, 1) }

// walkIn is walk with the names that a certain file has where old releases gave others: the root of the layers, and
// attributes that were private once. step is 2 for the numbering of tf.keras 2.13.
func walkIn(m *nn.Model, file *container.Index, step int) []object {
	w := &walker{seen: map[layer.Layer]bool{}, file: file, step: step}
	w.visit("", m)
	return w.out
}

type walker struct {
	out  []object
	seen map[layer.Layer]bool
	file *container.Index
	step int
}

func (w *walker) visit(path string, l layer.Layer) {
	if w.seen[l] {
		return
	}
	w.seen[l] = true
	w.out = append(w.out, object{path, l})
	c, ok := l.(layer.Container)
	if !ok {
		return
	}
	children := slices.Clone(c.Children())
	sort.SliceStable(children, func(i, j int) bool {
		return naming.AttributeKey(children[i].Attr) < naming.AttributeKey(children[j].Attr)
	})
	_, model := l.(*nn.Model)
	for _, child := range children {
		at := w.attribute(path, child.Attr, model)
		if child.Layer != nil {
			w.visit(at, child.Layer)
		}
		w.members(at, child.List, model)
	}
}

// members visits a list of layers. Each member counts, saved elsewhere or not; in tf.keras 2.13 the members of a model
// that have variables stand twice in its list, in 2.14 only new ones count.
func (w *walker) members(at string, list []layer.Layer, model bool) {
	count := map[string]int{}
	old := model && w.file != nil && w.file.Root() == container.Dependencies
	for _, member := range list {
		name := naming.SnakeCase(member.Class().PythonName())
		if old && w.step == 1 && w.seen[member] {
			continue
		}
		n := count[name]
		count[name]++
		if old && w.step == 2 && len(member.Variables()) > 0 {
			count[name]++
		}
		if n > 0 {
			name = fmt.Sprintf("%s_%d", name, n)
		}
		w.visit(naming.JoinPath(at, name), member)
	}
}

// attribute returns the path of an attribute: in an old file maybe under another name.
func (w *walker) attribute(path, name string, model bool) string {
	at := naming.JoinPath(path, name)
	if w.file == nil || w.file.HasGroup(at) {
		return at
	}
	if model && name == container.LayersName && w.file.Root() != name {
		return naming.JoinPath(path, w.file.Root())
	}
	other := "_" + name
	if rest, ok := strings.CutPrefix(name, "_"); ok {
		other = rest
	}
	if w.file.HasGroup(naming.JoinPath(path, other)) {
		return naming.JoinPath(path, other)
	}
	return at
}
