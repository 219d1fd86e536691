package dialect

import (
	"strings"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
)

// TestSharedIdentities has records of one layer, the first without its id, in places with and without variables.
func TestSharedIdentities(t *testing.T) {
	l := func(id, class, name, more string) string {
		if id != "" {
			id = `, "shared_object_id": ` + id
		}
		return `{"module": "keras.layers", "class_name": "` + class + `", "config": {"name": "` + name + `"` + more + `}` + id + `}`
	}
	model := func(name string, layers ...string) string {
		return `{"module": "keras.src.models.functional", "class_name": "Functional", "config": {"name": "` + name + `", "layers": [` +
			strings.Join(layers, ", ") + `]}}`
	}
	d, shared := l("", "Dense", "d", ""), l("7", "Dense", "d", "")
	for _, c := range []struct {
		what, root string
		stored     string // paths with variables
		want       string // the ids in the order of the records that get them, with those of their models
	}{
		{"nothing", model("m", d, l("", "Dense", "e", "")), "layers/dense layers/dense_1", ""},
		{"two models", model("m", model("a", d), model("b", shared)), "layers/functional/layers/dense", "7"},
		{"two models that each have their own", model("m", model("a", d), model("b", shared)),
			"layers/functional/layers/dense layers/functional_1/layers/dense", ""},
		{"no variables at all", model("m", model("a", d), model("b", shared)), "", ""},
		{"the first has the id", model("m", model("a", shared), model("b", shared)), "layers/functional/layers/dense", ""},
		{"another name", model("m", model("a", l("", "Dense", "e", "")), model("b", shared)), "layers/functional/layers/dense", ""},
		{"another config", model("m", model("a", l("", "Dense", "d", `, "units": 3`)), model("b", shared)), "layers/functional/layers/dense", ""},
		{"another policy's identity", model("m", model("a", l("", "Dense", "d", `, "dtype": {"class_name": "DTypePolicy", "config": {}}`)),
			model("b", l("7", "Dense", "d", `, "dtype": {"class_name": "DTypePolicy", "config": {}, "shared_object_id": 8}`))),
			"layers/functional/layers/dense", "7"},
		{"a wrapper and outside", model("m", l("", "TimeDistributed", "t", `, "layer": `+d), shared),
			"layers/time_distributed layers/time_distributed/layer", "7"},
		{"in a Bidirectional, under another attribute", model("m", l("", "Bidirectional", "b", `, "layer": `+d), shared),
			"layers/bidirectional/forward_layer", "7"},
		{"the attribute's own name", model("m", l("", "Bidirectional", "b", `, "layer": `+d), shared), "layers/bidirectional/layer", ""},
		{"three models", model("m", model("a", d), model("b", shared), model("c", shared)), "layers/functional/layers/dense", "7"},
		{"two of one config", model("m", model("a", d), model("b", d), model("c", shared), model("e", l("9", "Dense", "d", ""))),
			"layers/functional/layers/dense layers/functional_1/layers/dense", "7 9"},
		{"the Python name", model("m", model("a", l("", "GroupQueryAttention", "g", "")), l("7", "GroupQueryAttention", "g", "")),
			"layers/functional/layers/grouped_query_attention", "7"},
		{"the second before the first", model("m", shared, model("a", d)), "layers/functional/layers/dense", ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			stored := func(path string) bool {
				for _, p := range strings.Fields(c.stored) {
					if p == path || strings.HasPrefix(p, path+"/") || path == "" {
						return true
					}
				}
				return false
			}
			var got []string
			for _, id := range SharedIdentities(parse(t, c.root), "layers", stored, known{}) {
				if id.Record.Get("shared_object_id") != nil {
					t.Error("the record has an id")
				}
				got = append(got, string(id.ID.(pyjson.Number)))
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("the ids are %q, not %q", got, c.want)
			}
		})
	}
}

// TestRenumberShared counts the calls of a layer in models inside before those outside.
func TestRenumberShared(t *testing.T) {
	call := func(from string) string {
		return `{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["` + from + `", 0, 0]}}], "kwargs": {}}`
	}
	l := func(id, name, from string) string {
		return `{"class_name": "Dense", "name": "` + name + `", "config": {"name": "` + name + `"}, "shared_object_id": ` + id +
			`, "inbound_nodes": [` + call(from) + `]}`
	}
	root := parse(t, `{"class_name": "Functional", "config": {"layers": [
	  {"class_name": "Functional", "name": "a", "config": {"layers": [`+l("1", "d", "x")+
		`], "output_layers": ["d", 0, 0]}, "inbound_nodes": [`+call("y")+`]}, `+
		l("1", "d", "y")+`, `+l("2", "e", "d")+`], "output_layers": [["d", 0, 0], ["e", 0, 0]]}}`)
	before := string(pyjson.Marshal(root))
	out, changed := RenumberShared(root, false)
	text := string(pyjson.Marshal(out))
	if !changed || !strings.Contains(text, `"keras_history": ["d", 1, 0]`) ||
		!strings.Contains(text, `"output_layers": [["d", 1, 0], ["e", 0, 0]]`) || !strings.Contains(text, `"output_layers": ["d", 0, 0]`) {
		t.Errorf("changed: %v, %s", changed, text)
	}
	if string(pyjson.Marshal(root)) != before {
		t.Error("the original is changed")
	}
	root = parse(t, `{"class_name": "Functional", "config": {"layers": [`+l("1", "d", "x")+`, `+l("2", "e", "d")+
		`], "output_layers": ["e", 0, 0]}}`)
	if out, changed := RenumberShared(root, false); changed || out != root {
		t.Error("a model without shared layers is changed")
	}
}

func TestFindEllipsis(t *testing.T) {
	for text, want := range map[string]string{
		`{"a": [1, {"class_name": "__ellipsis__", "config": {}}]}`: "/config/a/1", `{"a": [1, {"class_name": "__slice__"}]}`: "", `{}`: "",
	} {
		if got := FindEllipsis(parse(t, text), "/config"); got != want {
			t.Errorf("%s: %q", text, got)
		}
	}
}
