package conformance

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
)

// changes are the beginnings of notes on what saving changes in files of Keras 3: they name an optimizer that only Keras on
// torch has.
var changes = []string{"the optimizer "}

// TestRoundTrip loads every golden, saves it, and loads that: config, variables, optimizer, assets must be those of the
// original, and so must the answers.
func TestRoundTrip(t *testing.T) {
	cases, err := golden.Find(goldens)
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(goldens + "/format/vocab/*.keras")
	for _, f := range files {
		cases = append(cases, golden.Case{Name: strings.TrimSuffix(f[len(goldens)+1:], ".keras"), Model: f})
	}
	dir := t.TempDir()
	for _, c := range cases {
		if mustFail[c.Name] != "" {
			continue
		}
		t.Run(c.Name, func(t *testing.T) { roundTrip(t, c, filepath.Join(dir, "copy.keras")) })
	}
}

// compareAfterSaving looks whether saving a model has changed it.
func compareAfterSaving(t *testing.T, c golden.Case, saved *nn.Model) {
	t.Helper()
	fresh, inputs, err := c.Load()
	if err != nil || c.Golden == "" {
		return
	}
	want, err := fresh.PredictAll(inputs...)
	if err != nil {
		return
	}
	got, err := saved.PredictAll(inputs...)
	if err != nil {
		t.Error("after saving: ", err)
		return
	}
	for i := range want {
		if r := golden.Compare(got[i], want[i], nil, golden.HalfPolicy(fresh)); r.Problem != "" {
			t.Errorf("after saving, output %d: %s", i, r.Problem)
		}
	}
}

func roundTrip(t *testing.T, c golden.Case, path string) {
	var notes []string
	m, err := kerasfile.Load(c.Model, kerasfile.WithNotes(func(s string) { notes = append(notes, s) }))
	if err != nil {
		t.Fatal(err)
	}
	date := kerasfile.WithDate(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
	var first, second bytes.Buffer
	if err := kerasfile.Write(&first, m, date); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, first.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := kerasfile.Load(path)
	if err != nil {
		t.Fatal("the copy: ", err)
	}
	if a, b := digests(t, m), digests(t, again); !slices.Equal(a, b) {
		t.Errorf("the variables are\n%q\nthey were\n%q", b, a)
	}
	compareOptimizers(t, m, again)
	compareAfterSaving(t, c, m)
	data, err := os.ReadFile(c.Model)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.HasPrefix(data, []byte("\x89HDF")) {
		return
	}
	before, after := entries(t, c.Model), entries(t, path)
	if problem := compareConfigs(before["config.json"], after["config.json"], notes); problem != "" {
		t.Error(problem)
	}
	for name, want := range before {
		want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n")) // as Keras on Windows wrote it
		if strings.HasPrefix(name, "assets/") && name != "assets/" && !strings.HasSuffix(name, "/") && !bytes.Equal(want, after[name]) {
			t.Errorf("%s is %q, it was %q", name, after[name], want)
		}
	}
	if err := kerasfile.Write(&second, again, date); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("saving the copy gives other bytes")
	}
	if c.Golden != "" {
		c.Model = path
		if r := c.Run(golden.Compiled); r.Status != "pass" {
			t.Error("the copy: ", r.Message)
		}
	}
}

func compareOptimizers(t *testing.T, a, b *nn.Model) {
	t.Helper()
	if len(a.Optimizer) != len(b.Optimizer) {
		t.Errorf("%d groups of optimizer variables, there were %d", len(b.Optimizer), len(a.Optimizer))
		return
	}
	for i, g := range a.Optimizer {
		h := b.Optimizer[i]
		if g.Path != h.Path || len(g.Variables) != len(h.Variables) {
			t.Errorf("optimizer group %s with %d variables, it was %s with %d", h.Path, len(h.Variables), g.Path, len(g.Variables))
			return
		}
		for k, v := range g.Variables {
			x, _ := v.Value()
			y, _ := h.Variables[k].Value()
			if x.DType() != y.DType() || digest(x) != digest(y) {
				t.Errorf("optimizer variable %s/%d is not the same", g.Path, k)
			}
		}
	}
}

// entries unpacks a zip.
func entries(t *testing.T, path string) map[string][]byte {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	out := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if out[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		r.Close()
	}
	return out
}

// compareConfigs compares two configs; where a note says so the optimizer's module may differ.
func compareConfigs(before, after []byte, notes []string) string {
	a, err := pyjson.Parse(before)
	if err != nil {
		return err.Error()
	}
	b, err := pyjson.Parse(after)
	if err != nil {
		return err.Error()
	}
	changed := false
	for _, n := range notes {
		if !slices.ContainsFunc(changes, func(c string) bool { return strings.HasPrefix(n, c) }) {
			return "" // an older form, which is written in today's
		}
		changed = true
	}
	if changed {
		publicOptimizer(a)
	}
	if !pyjson.Equal(a, b) {
		return "config.json is not the same:\n" + string(pyjson.Marshal(b)) + "\nit was\n" + string(pyjson.Marshal(a))
	}
	return ""
}

// publicOptimizer gives optimizers of the torch backend their public names.
func publicOptimizer(v any) {
	o, ok := v.(*pyjson.Object)
	if !ok {
		return
	}
	if strings.Contains(o.String("module"), ".torch.") {
		o.Set("module", "keras.optimizers")
		o.Set("registered_name", nil)
	}
	for _, key := range o.Keys() {
		publicOptimizer(o.Get(key))
	}
}
