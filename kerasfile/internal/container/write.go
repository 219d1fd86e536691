package container

import (
	"io"

	"github.com/hornml/horn/h5lite"
	"github.com/hornml/horn/internal/place"
	"github.com/hornml/horn/tensor"
)

// Document is a part of which the bytes are there.
func Document(name string, data []byte) place.Part {
	return place.Part{Name: name, Body: document(data)}
}

type document []byte

func (d document) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(d)
	return int64(n), err
}

// Group is a group "vars" to write: the variables of one object.
type Group struct {
	Path   string // with "vars"
	Name   string // of the layer or optimizer
	Keys   []string
	Values []tensor.Any // as many as keys
}

// WeightsTree lays groups out as one HDF5 file.
func WeightsTree(groups []Group) (*h5lite.Tree, error) {
	tree := h5lite.NewTree()
	for _, g := range groups {
		group := tree.Group(g.Path)
		group.SetAttribute("name", nil, g.Name)
		for i, key := range g.Keys {
			WriteDataset(group, key, g.Values[i])
		}
	}
	return tree, tree.Err()
}
