package dialect

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile/internal/release"
)

// goldenConfig is the config.json of a golden of the conformance tests.
func goldenConfig(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("../../../conformance/testdata/goldens", name))
	if err != nil {
		tb.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		tb.Fatal(err)
	}
	f, err := z.Open("config.json")
	if err != nil {
		tb.Fatal(err)
	}
	config, err := io.ReadAll(f)
	if err != nil {
		tb.Fatal(err)
	}
	return config
}

var goldenNames = []string{
	"format/keras-3.15.1/mlp.keras", "format/keras-3.15.1/multi.keras", "format/keras-3.15.1/mha.keras", "format/keras-3.15.1/cnn.keras",
	"format/keras-3.0.5/seq.keras", "format/extras/nested_io.keras", "format/extras/text.keras",
}

// FuzzUpgrade takes any document for a config of any release: nothing panics, what was upgraded is upgraded, and what is
// written for today's release stays as it is when that is done again.
func FuzzUpgrade(f *testing.F) {
	for _, name := range goldenNames {
		f.Add(goldenConfig(f, name), "3.15.1", "3.3")
		f.Add(goldenConfig(f, name), "2.15.0", "3.16")
	}
	for _, text := range []string{
		`{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"batch_input_shape": [null, 2], "output_dim": 2}}]}`,
		`{"class_name": "Model", "config": {"name": "m", "layers": [{"class_name": "InputLayer", "name": "a", "config": ` +
			`{"batch_input_shape": [null, 2]}, "inbound_nodes": []},
		 {"class_name": "TFOpLambda", "name": "t", "config": {"function": "math.multiply"},
		  "inbound_nodes": [["a", 0, 0, {"y": ["_CONSTANT_VALUE", -1, 2.5]}]]}],
		 "input_layers": [["a", 0, 0]], "output_layers": [["t", 0, 0]]},
		 "compile_config": {"optimizer": {"class_name": "Custom>Adam", "config": {"lr": 1}},
		 "loss": [{"class_name": "MSE", "config": {"reduction": "auto"}}]}}`,
		`{"class_name": "Bidirectional", "config": {"layer": {"class_name": "CuDNNLSTM", "config": {"dtype": {"class_name": "Policy", ` +
			`"config": {"name": "float16"}}}}}}`,
	} {
		f.Add([]byte(text), "2.4.0", "3.0")
		f.Add([]byte(text), "", "3.0")
		f.Add([]byte(text), "1.2.2", "3.0")
	}
	f.Fuzz(func(t *testing.T, data []byte, from, to string) {
		v, err := pyjson.Parse(data)
		root, ok := v.(*pyjson.Object)
		if err != nil || !ok {
			return
		}
		CompileConfig(root)
		TrainingConfig(root)
		FindEllipsis(root, "")
		today := isToday(root)
		before := pyjson.Marshal(root)
		Upgrade(root, OriginOf(root, release.Parse(from)), known{})
		if after := pyjson.Marshal(root); today && release.Parse(from).Compare(release.Release{3, 6}) >= 0 && !bytes.Equal(before, after) {
			t.Fatalf("a config of %s is changed:\n%s\n%s", from, before, after)
		}
		RenumberShared(root, false)
		if target, err := release.ParseTarget(to); err == nil {
			Express(root, release.Parse(from), &Target{Release: target})
		}
		once, _, problems := Express(root, release.Newest(), &Target{Release: release.Newest()})
		if len(problems) > 0 {
			t.Fatalf("today's release cannot express %s: %q", pyjson.Marshal(root), problems)
		}
		Upgrade(once, OriginOf(once, release.Newest()), known{})
		twice, _, problems := Express(once, release.Newest(), &Target{Release: release.Newest()})
		if len(problems) > 0 || today && !pyjson.Equal(once, twice) {
			t.Fatalf("what was written for today is not stable:\n%s\n%s", pyjson.Marshal(once), pyjson.Marshal(twice))
		}
	})
}

// isToday reports whether a document has the form of a record of Keras 3's .keras files, without what is repaired whatever
// the release: the optimizers of the torch backend.
func isToday(root *pyjson.Object) bool {
	return root.String("module") != "" && !bytes.Contains(pyjson.Marshal(root), []byte(torchOptimizers))
}

// TestGoldensStay upgrades configs of Keras 3 and writes them for the release that they are from: they stay as they are.
func TestGoldensStay(t *testing.T) {
	for _, name := range goldenNames[:4] {
		root := parse(t, string(goldenConfig(t, name)))
		root.Delete("compile_config") // they were saved on torch, whose optimizers are repaired whatever the release
		before := pyjson.Marshal(root)
		if notes := Upgrade(root, OriginOf(root, release.Written()), known{}); len(notes) > 0 {
			t.Errorf("%s: %q", name, notes)
		}
		out, note, problems := Express(root, release.Written(), &Target{Release: release.Written()})
		if len(problems) > 0 || note != "" || !bytes.Equal(pyjson.Marshal(out), before) {
			t.Errorf("%s became\n%s\nfrom\n%s, %q %q", name, pyjson.Marshal(out), before, note, problems)
		}
	}
}
