package conformance

import (
	"slices"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
)

// TestRecordsFromArguments writes the config of every layer in the goldens from the layer's fields, as for one made in Go,
// and compares it with what Keras wrote.
func TestRecordsFromArguments(t *testing.T) {
	cases, err := golden.Find(goldens)
	if err != nil {
		t.Fatal(err)
	}
	classes := map[string]int{}
	bad := map[string]string{}
	for _, c := range cases {
		if mustFail[c.Name] != "" || strings.HasPrefix(c.Name, "keras2") {
			continue
		}
		m, err := kerasfile.Load(c.Model, kerasfile.WithoutWeights())
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		if v := m.Origin.KerasVersion; v != "3.15.1" && v != "" {
			continue // other releases write other keys
		}
		layer.Each(m, func(l layer.Layer) {
			record := layer.FileRecord(l)
			if _, isModel := l.(*nn.Model); isModel || record == nil || strings.HasPrefix(record.String("module"), "keras.src.") {
				return
			}
			class := record.String("class_name")
			classes[class]++
			got, want := layer.FreshRecord(l).Object("config"), record.Object("config")
			if key := differs(got, want); key != "" && bad[class] == "" {
				bad[class] = c.Name + ": " + key
			}
		})
	}
	for class, where := range bad {
		t.Errorf("%s: %s", class, where)
	}
	t.Logf("%d layers of %d classes", total(classes), len(classes))
}

func total(m map[string]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}

// differs names a key of a config, and both values, that is not the same. Identities of shared objects do not count.
func differs(got, want *pyjson.Object) string {
	for _, k := range want.Keys() {
		v, ok := got.Lookup(k)
		if !ok {
			return k + " is missing"
		}
		if !alike(v, want.Get(k)) {
			return k + " is " + string(pyjson.Marshal(v)) + ", in Keras's file " + string(pyjson.Marshal(want.Get(k)))
		}
	}
	for _, k := range got.Keys() {
		if _, ok := want.Lookup(k); !ok && k != "seed" { // Keras takes it, and forgets it in two classes
			return k + " is not in Keras's file"
		}
	}
	return ""
}

// alike compares values as Keras's constructors take them: numbers by value, a number as a tuple of it.
func alike(a, b any) bool {
	x, okA := a.(pyjson.Number)
	y, okB := b.(pyjson.Number)
	if okA && okB {
		return x.Float() == y.Float() || x == y
	}
	p, okA := a.([]any)
	q, okB := b.([]any)
	switch {
	case okA && okB:
		return slices.EqualFunc(p, q, alike)
	case okA && len(p) > 0 && b != nil:
		return !slices.ContainsFunc(p, func(v any) bool { return !alike(v, b) })
	case okB && len(q) > 0 && a != nil:
		return !slices.ContainsFunc(q, func(v any) bool { return !alike(a, v) })
	}
	o, okA := a.(*pyjson.Object)
	r, okB := b.(*pyjson.Object)
	if !okA || !okB {
		return a == b
	}
	for _, k := range r.Keys() {
		if v, ok := o.Lookup(k); k != "shared_object_id" && k != "build_config" && (!ok || !alike(v, r.Get(k))) {
			return false
		}
	}
	return true
}
