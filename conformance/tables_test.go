package conformance

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn/layer"
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
func object(t *testing.T, kind string, record any, extra ...any) *layer.Object {
	t.Helper()
	r := pyjson.Clone(record).(*pyjson.Object)
	for i := 0; i < len(extra); i += 2 {
		r.Object("config").Set(extra[i].(string), extra[i+1])
	}
	d := &layer.Decoder{Registry: kerasfile.Registry()}
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
	d, _ := x.Convert(tensor.Float64) // numeric: cannot fail
	return d
}

// TestTableConfigs writes the objects of all tables anew: their configs have every key that Keras wrote, with its value.
func TestTableConfigs(t *testing.T) {
	optimizers := openTable(t, "optimizers").manifest.(*pyjson.Object)
	for kind, list := range map[string]any{"losses": openTable(t, "losses").manifest, "metrics": openTable(t, "metrics").manifest,
		"optimizers": optimizers.Get("optimizers"), "optimizers.schedules": optimizers.Get("schedules")} {
		for _, r := range records(t, list) {
			o := object(t, kind, r.Get("config"))
			o.Raw = nil // as if made in Go
			have, want := o.Record().(*pyjson.Object), r.Object("config")
			if have.String("class_name") != want.String("class_name") {
				t.Errorf("%s %s: the class is %q", kind, r.String("name"), have.String("class_name"))
			}
			sameConfig(t, kind+" "+r.String("name"), have.Object("config"), want.Object("config"))
		}
	}
}

func sameConfig(t *testing.T, what string, have, want *pyjson.Object) {
	t.Helper()
	if have.Len() != want.Len() {
		t.Errorf("%s has the arguments %q, Keras writes %q", what, have.Keys(), want.Keys())
	}
	for _, k := range want.Keys() {
		x, y := have.Get(k), want.Get(k)
		if inner, ok := y.(*pyjson.Object); ok && inner.Object("config") != nil {
			mine, ok := x.(*pyjson.Object)
			if !ok {
				t.Errorf("%s: %s is %s", what, k, pyjson.Describe(x))
				continue
			}
			sameConfig(t, what+"/"+k, mine.Object("config"), inner.Object("config"))
			continue
		}
		if k == "reduction" && y == nil {
			y = "none" // the same to Keras
		}
		if !equalNumbers(x, y) {
			t.Errorf("%s: %s is %s, Keras writes %s", what, k, pyjson.Marshal(x), pyjson.Marshal(y))
		}
	}
}

// equalNumbers is pyjson.Equal, but 1 and 1.0 are one number, as they are to Keras.
func equalNumbers(x, y any) bool {
	switch a := x.(type) {
	case pyjson.Number:
		b, ok := y.(pyjson.Number)
		return ok && a.Float() == b.Float()
	case []any:
		b, ok := y.([]any)
		return ok && slices.EqualFunc(a, b, equalNumbers)
	}
	return pyjson.Equal(x, y)
}
