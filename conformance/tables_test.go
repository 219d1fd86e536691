package conformance

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/pyjson"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/npy"
)

// table is a folder of testdata with the answers of Keras to losses, metrics or optimizers: manifest.json and one archive.
type table struct {
	manifest any
	arrays   *npy.Archive
}

func openTable(t *testing.T, name string) *table {
	t.Helper()
	dir := filepath.Join("testdata", name)
	data, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := pyjson.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	arrays, err := npy.OpenArchive(filepath.Join(dir, name+".npz"))
	if err != nil {
		t.Fatal(err)
	}
	return &table{manifest, arrays}
}

func records(t *testing.T, v any) []*pyjson.Object {
	t.Helper()
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		t.Fatal("a table without cases")
	}
	out := make([]*pyjson.Object, len(list))
	for i, r := range list {
		out[i] = r.(*pyjson.Object)
	}
	return out
}

// get returns an array of the table, nil if there is none.
func (a *table) get(t *testing.T, name string) tensor.Any {
	t.Helper()
	if !a.arrays.Has(name) {
		return nil
	}
	x, err := a.arrays.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// object makes the object of a record, with extra arguments that Keras takes but does not write.
func object(t *testing.T, kind string, record any, extra ...any) *nn.Object {
	t.Helper()
	r := pyjson.Clone(record).(*pyjson.Object)
	for i := 0; i < len(extra); i += 2 {
		r.Object("config").Set(extra[i].(string), extra[i+1])
	}
	d := &nn.Decoder{}
	o := d.Object(kind, r, "", "")
	if err := d.Err(); err != nil {
		t.Fatal(err)
	}
	return o
}

// doubled returns floats as float64, other types as they are.
func doubled(x tensor.Any) tensor.Any {
	if x == nil || !x.DType().IsFloat() {
		return x
	}
	d, _ := tensor.Convert(x, tensor.Float64) // numeric: cannot fail
	return d
}
