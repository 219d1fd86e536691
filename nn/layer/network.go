package layer

import (
	"fmt"
	"sort"
	"sync"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/tensor"
)

// What a model needs to know of layers; their authors do not need it.

// Network is a layer that runs a graph of other layers: a model, which may stand inside a model. Its masks and variables are
// those of its layers.
type Network interface {
	// Operations returns the layers and the keras.ops nodes of the graph.
	Operations() []Layer
	// CompleteRecord adds to a new record of the network what stands there beside its config.
	CompleteRecord(record *pyjson.Object)
	// RewriteCalls writes the calls of the network's layers into the record from which it was read; see RewriteCalls.
	RewriteCalls(record *pyjson.Object)
}

// SetNetwork says that l is the network n.
func SetNetwork(l Layer, n Network) { l.base().network = n }

// Begin makes l a layer of the given class that is made in Go, with the name that the class gives. Construct calls it; what is
// not constructed from arguments, such as a model, is begun by who makes it.
func Begin(l Layer, class Class) {
	b := l.base()
	b.self, b.class, b.trainable, b.order = l, class, true, constructions.Add(1)
	b.name, b.automatic = naming.SnakeCase(class.PythonName()), true
}

// SetCalls keeps what a trace found out about a layer's calls: the shapes of their first arguments and of their outputs,
// with -1 for unknown dimensions, and the types of the outputs in flat order.
func SetCalls(l Layer, inputs, outputs []any, types [][]tensor.DType) {
	b := l.base()
	b.inputShapes, b.outputShapes, b.outputTypes = inputs, outputs, types
}

// SetBuilt says that a layer needs no Build: a model whose layers are built.
func SetBuilt(l Layer) { l.base().built = true }

// OutputTypes returns the types of the outputs of each call of a layer, flat.
func OutputTypes(l Layer) [][]tensor.DType { return l.base().outputTypes }

// RewriteCalls lets Record write the calls of all layers, with the shapes of their tensors, into the records from which a model and
// the models inside it were read; for records of older releases, which have no shapes there.
func RewriteCalls(model Layer) {
	Each(model, func(l Layer) {
		if b := l.base(); b.network != nil && b.record != nil {
			b.rewriting = new(sync.Once)
		}
	})
}

// Unbuild forgets the variables of layers and of the layers inside them: those that a failed trace has made.
func Unbuild(layers []Layer) {
	for _, l := range layers {
		b := l.base()
		_, isOp := l.(*op)
		b.variables, b.built = nil, isOp
		Unbuild(Sublayers(l))
	}
}

// GiveNames makes the names of the layers of one model unique: of those that got theirs automatically the later ones have
// "_1", "_2" and so on, as in Keras.
func GiveNames(layers []Layer) error {
	taken := map[string]bool{}
	seen := map[Layer]bool{} // a layer may stand in a Sequential more than once
	var automatic []Layer
	for _, l := range layers {
		if seen[l] {
			continue
		}
		seen[l] = true
		if b := l.base(); b.automatic {
			automatic = append(automatic, l)
		} else if taken[b.name] {
			return fmt.Errorf(`the name %q is used by two layers: give one of them another ("name")`, b.name)
		} else {
			taken[b.name] = true
		}
	}
	sort.SliceStable(automatic, func(i, j int) bool { return automatic[i].base().order < automatic[j].base().order })
	for _, l := range automatic {
		b := l.base()
		if b.models > 0 && !taken[b.name] { // another model knows it by this name
			taken[b.name] = true
			continue
		}
		base := naming.SnakeCase(b.class.PythonName())
		name := base
		for i := 1; taken[name]; i++ {
			name = fmt.Sprintf("%s_%d", base, i)
		}
		b.name = name
		taken[name] = true
	}
	for _, l := range layers {
		if b := l.base(); b.order == 0 { // it was read from a file, and is shared now
			b.order = constructions.Add(1)
		}
		if l.base().holders++; seen[l] {
			l.base().models++
		}
		delete(seen, l)
	}
	return nil
}

// Older reports whether a was made before b; layers that were read from a file come first.
func Older(a, b Layer) bool { return a.base().order < b.base().order }
