package container

import (
	"io"
	"io/fs"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/npy"
)

// archive is an .npz file of plain arrays, named by the paths of a weights file. Keras has no such form.
type archive struct {
	weightsAlone
	arrays *npy.Archive
}

func (archive) Metadata() (*pyjson.Object, error) { return nil, nil }

func (a archive) Weights() (*Weights, error) { return &Weights{Archive: a.arrays}, nil }

func (archive) Asset(string) ([]byte, error) { return nil, fs.ErrNotExist }

func (archive) Close() error { return nil }

// WriteArchive writes groups as plain arrays by their paths. bfloat16, which .npy does not have, is written as its bits in
// uint16.
func WriteArchive(w io.Writer, groups []Group) error {
	arrays := map[string]tensor.Any{}
	for _, g := range groups {
		for i, key := range g.Keys {
			t := g.Values[i]
			if x, ok := t.(*tensor.Of[tensor.BHalf]); ok {
				bits := tensor.Zeros[uint16](t.Shape()...)
				for i, b := range x.Data() {
					bits.Data()[i] = uint16(b)
				}
				t = bits
			}
			arrays[g.Path+"/"+key] = t
		}
	}
	return npy.EncodeArchive(w, arrays)
}

// ArchiveValue converts an array of an archive to the type of its variable.
func ArchiveValue(t tensor.Any, d tensor.DType) (tensor.Any, error) {
	if bits, ok := t.(*tensor.Of[uint16]); ok && d == tensor.BFloat16 {
		out := tensor.Zeros[tensor.BHalf](bits.Shape()...)
		for i, b := range bits.Data() {
			out.Data()[i] = tensor.BHalf(b)
		}
		return out, nil
	}
	return t.Convert(d)
}
