package main

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/kerasfile"
)

// TestSummaryIsKeras compares with the tables that Keras printed.
func TestSummaryIsKeras(t *testing.T) {
	cases := strings.Split(string(readFile(t, "testdata/summaries.txt")), "### ")[1:]
	if len(cases) < 50 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		title, want, _ := strings.Cut(c, "\n")
		f := strings.Fields(title)
		t.Setenv("COLUMNS", f[2])
		args := []string{"summary", goldensDir + f[0] + ".keras"}
		if f[1] == "full" {
			args = append(args, "--expand-nested", "--show-trainable")
		}
		if diff := cmp.Diff(want, must(t, args...)); diff != "" {
			t.Errorf("%s (-Keras +ours):\n%s", title, diff)
		}
	}
}

func TestSummaryWidth(t *testing.T) {
	for line := range strings.Lines(must(t, "summary", examplesDir+"wine.keras", "--width", "60")) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n != 60 && strings.ContainsAny(line, "│┃") {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestInspect(t *testing.T) {
	var info kerasfile.Info
	parse(t, must(t, "inspect", "--json", examplesDir+"digits.keras"), &info)
	if info.Format != "keras zip" || info.KerasVersion != "3.15.1" || info.Class != "Sequential" || info.Name != "digits" ||
		len(info.Entries) != 3 || len(info.Problems) > 0 || info.Damaged {
		t.Errorf("%+v", info)
	}
	if len(info.Inputs) != 1 || info.Inputs[0].Name != "image" || len(info.Inputs[0].Shape) != 4 || info.Inputs[0].Shape[0] != nil ||
		info.Inputs[0].DType != "float32" || len(info.Outputs) != 1 {
		t.Errorf("%+v %+v", info.Inputs, info.Outputs)
	}
	first := info.Variables[0]
	if first.Path != "layers/batch_normalization/vars/0" || first.Variable != "batch_normalization/gamma" || first.DType != "float32" ||
		len(first.Shape) != 1 {
		t.Errorf("%+v", first)
	}
	if info.Compile == nil || info.Compile.Params.Params != 28790 {
		t.Errorf("%+v", info.Compile)
	}
	for _, c := range info.Classes {
		if !c.Compile && !c.Supported {
			t.Errorf("%+v", c)
		}
	}
	out := must(t, "inspect", examplesDir+"digits.keras")
	for _, want := range []string{`input      "image" (None, 8, 8, 1) float32`, "model.weights.h5", "layers/dense/vars/0",
		"keras.layers.Conv2D", "digit/kernel"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// TestInspectEveryGolden looks into every model that the conformance tests have.
func TestInspectEveryGolden(t *testing.T) {
	cases, err := golden.Find(goldensDir)
	if err != nil || len(cases) < 900 {
		t.Fatalf("%d cases: %v", len(cases), err)
	}
	for i, c := range cases {
		if testing.Short() && i%20 > 0 {
			continue
		}
		var info kerasfile.Info
		parse(t, must(t, "inspect", "--json", c.Model), &info)
		unsupported := 0
		for _, u := range info.Classes {
			if !u.Supported && !u.Compile {
				unsupported++
				if len(u.Reasons) == 0 || len(u.Paths) == 0 {
					t.Errorf("%s: %+v", c.Name, u)
				}
			}
		}
		if c.Name == "format/extras/custom" {
			if unsupported == 0 || len(info.Problems) == 0 || len(info.Variables) == 0 {
				t.Errorf("%s: %+v", c.Name, info)
			}
			out := must(t, "inspect", c.Model)
			if !strings.Contains(out, "NOT SUPPORTED") || !strings.Contains(out, "cannot be loaded") {
				t.Error(out)
			}
		} else if unsupported > 0 || len(info.Problems) > 0 {
			t.Errorf("%s: %d classes, %q", c.Name, unsupported, info.Problems)
		}
	}
}

// rezip writes the parts of digits.keras, changed, into a zip or, for a name without ending, a directory.
func rezip(t *testing.T, name string, change func(entry string, data []byte) []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	r, err := zip.OpenReader(examplesDir + "digits.keras")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range r.File {
		data, err := fs.ReadFile(r, f.Name)
		if err != nil {
			t.Fatal(err)
		}
		data = change(f.Name, data)
		if filepath.Ext(name) == "" {
			if err := os.MkdirAll(path, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(path, f.Name), data, 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		e, err := w.Create(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if filepath.Ext(name) == "" {
		return path
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return writeTemp(t, name, b.Bytes())
}

// TestDirectory runs the commands on a model in Keras's unzipped form.
func TestDirectory(t *testing.T) {
	dir := rezip(t, "digits", func(_ string, data []byte) []byte { return data })
	if out := must(t, "predict", dir, examplesDir+"digit_7.png"); !strings.Contains(out, "class 7, 99.95 %") {
		t.Error(out)
	}
	if a, b := must(t, "summary", dir), must(t, "summary", examplesDir+"digits.keras"); a != b {
		t.Error(cmp.Diff(b, a))
	}
	if out := must(t, "inspect", dir); !strings.Contains(out, "format     directory, Keras 3.15.1") ||
		!strings.Contains(out, "model.weights.h5") {
		t.Error(out)
	}
}

// TestUnknownLoss: what only training needs is a note where a model is run or looked at.
func TestUnknownLoss(t *testing.T) {
	model := rezip(t, "x.keras", func(entry string, data []byte) []byte {
		return bytes.Replace(data, []byte(`"loss": "sparse_categorical_crossentropy"`),
			[]byte(`"loss": {"module": "my_project", "class_name": "MyLoss", "config": {}, "registered_name": "my_project>MyLoss"}`), 1)
	})
	for _, args := range [][]string{{"predict", model, examplesDir + "digit_7.png"}, {"summary", model}, {"bench", model, "--seconds", "0.01"},
		{"plot", model, "-o", filepath.Join(t.TempDir(), "x.svg")}} {
		code, _, err := horn(t, args...)
		if code != 0 || !strings.HasPrefix(err, "horn: note: ") || !strings.Contains(err, "my_project.MyLoss") || strings.Count(err, "\n") != 1 {
			t.Errorf("%s: exit %d: %q", args[0], code, err)
		}
	}
	if out := must(t, "inspect", model); !strings.Contains(out, "my_project.MyLoss") || !strings.Contains(out, "predictions do not need it") ||
		strings.Contains(out, "problems") {
		t.Error(out)
	}
	if _, _, err := horn(t, "predict", examplesDir+"digits.keras", examplesDir+"digit_7.png"); err != "" {
		t.Errorf("a note for Keras's own: %s", err)
	}
}

func TestPlot(t *testing.T) {
	for _, name := range []string{"graph/small_unet", "graph/nested_three_levels_with_a_repeat", "graph/names_with_spaces_and_punctuation",
		"graph/functional_unused_inputs", "attention/transformer_encoder_decoder"} {
		for _, args := range [][]string{nil, {"--expand-nested"}, {"--left-to-right"}} {
			file := filepath.Join(t.TempDir(), "x.svg")
			must(t, append([]string{"plot", goldensDir + name + ".keras", "-o", file}, args...)...)
			d := xml.NewDecoder(strings.NewReader(string(readFile(t, file))))
			for {
				_, err := d.Token()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
		}
	}
	dir := t.TempDir()
	must(t, "plot", examplesDir+"wine.keras", "-o", filepath.Join(dir, "x.dot"))
	must(t, "plot", examplesDir+"wine.keras", "-o", filepath.Join(dir, "x.mmd"))
	dot, mmd := string(readFile(t, filepath.Join(dir, "x.dot"))), string(readFile(t, filepath.Join(dir, "x.mmd")))
	if !strings.HasPrefix(dot, "digraph \"wine\" {\n") || !strings.Contains(dot, `[label="dense_1\nDense\n(None, 32)"`) ||
		strings.Count(dot, " -> ") != 7 {
		t.Error(dot)
	}
	if !strings.HasPrefix(mmd, "flowchart TD\n") || !strings.Contains(mmd, `["dense_1<br/>Dense<br/>(None, 32)"]`) ||
		strings.Count(mmd, " --> ") != 7 {
		t.Error(mmd)
	}
	refused(t, 1, "cannot be written", "plot", examplesDir+"wine.keras", "-o", filepath.Join(dir, "no", "x.svg"))
}
