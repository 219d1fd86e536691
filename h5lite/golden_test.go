package h5lite

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// goldenFile is a record of testdata/h5/expected.json.
type goldenFile struct {
	File       string
	Superblock struct{ At, Version int }
	RootAttrs  map[string]goldenAttr `json:"root_attrs"`
	Objects    map[string]goldenObject
}

type goldenAttr struct {
	Dtype  string
	Shape  []int
	Value  any
	Values []any
	Digest string
}

type goldenObject struct {
	Kind, Dtype, Layout, Digest, Target, File, As string
	Names                                         int
	Shape                                         *[]int
	Chunks, Filters                               []int
	Attrs                                         map[string]goldenAttr
}

func readJSON(t testing.TB, name string, v any) {
	t.Helper()
	b, err := os.ReadFile(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func openGolden(t testing.TB, name string) *File {
	t.Helper()
	f, err := Open(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// mayRefuse says whether a reader may refuse values of a dtype as the goldens
// write it.
func mayRefuse(dtype string) bool {
	for _, s := range []string{"[(", "array", "variable-length sequence", "object reference", "region reference", "<c", "enum", "float", "integer", "int", "bits"} {
		if strings.HasPrefix(dtype, s) && !strings.Contains(dtype, "(bool)") {
			return true
		}
	}
	return dtype == "<f1" || dtype == "|f1"
}

func TestGoldenFiles(t *testing.T) {
	var files []goldenFile
	readJSON(t, "testdata/h5/expected.json", &files)
	for _, g := range files {
		t.Run(g.File, func(t *testing.T) {
			f := openGolden(t, "testdata/h5/"+g.File)
			if f.SuperblockVersion() != g.Superblock.Version || f.UserBlock() != int64(g.Superblock.At) {
				t.Errorf("superblock %d at %d, want %+v", f.SuperblockVersion(), f.UserBlock(), g.Superblock)
			}
			checkGoldenAttrs(t, f.Root(), g.RootAttrs)
			for path, o := range g.Objects {
				checkGolden(t, f, path, o)
			}
		})
	}
}

func checkGolden(t *testing.T, f *File, path string, want goldenObject) {
	t.Helper()
	dir, name := "", path
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		dir, name = path[:i], path[i+1:]
	}
	parent, err := f.Root().Group(dir)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	links, err := parent.Links()
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	i := slices.IndexFunc(links, func(l Link) bool { return l.Name == name })
	if i < 0 {
		t.Errorf("%s: not listed", path)
		return
	}
	l := links[i]
	switch want.Kind {
	case "soft":
		if l.Kind != SoftLink || l.Target != want.Target {
			t.Errorf("%s: %+v", path, l)
		}
		return
	case "external":
		var u *UnsupportedError
		if l.Kind != ExternalLink || l.Target != want.Target || l.File != want.File {
			t.Errorf("%s: %+v", path, l)
		}
		if _, err := f.Root().Get(path); !errors.As(err, &u) {
			t.Errorf("%s: %v", path, err)
		}
		return
	}
	o, err := f.Root().Get(path)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	if want.Kind == "same" {
		as, err := f.Root().Get(want.As)
		if err != nil || as.address() != o.address() {
			t.Errorf("%s: not the same as %s: %v", path, want.As, err)
		}
		return
	}
	checkGoldenAttrs(t, o, want.Attrs)
	switch o := o.(type) {
	case *Group:
		names, err := o.Names()
		if want.Kind != "group" || len(names) != want.Names || err != nil {
			t.Errorf("%s: a group of %d: %v; want %+v", path, len(names), err, want)
		}
	case *NamedType:
		if want.Kind != "datatype" || !mayRefuse(want.Dtype) && o.Type().NumpyName() != want.Dtype {
			t.Errorf("%s: type %v, want %+v", path, o.Type(), want)
		}
	case *Dataset:
		checkGoldenDataset(t, path, o, want)
	}
}

// numpyDtype is a golden's dtype as NumpyName writes it.
func numpyDtype(s string) string {
	switch {
	case s == "enum of |i1 (bool)":
		return "|b1"
	case strings.HasPrefix(s, "enum of "):
		return strings.TrimPrefix(s, "enum of ")
	case strings.HasPrefix(s, "string variable"):
		return "str"
	case strings.HasPrefix(s, "string "):
		return "|S" + strings.Fields(s)[1]
	}
	return s
}

func checkGoldenDataset(t *testing.T, path string, d *Dataset, want goldenObject) {
	t.Helper()
	var shape []int
	if want.Shape != nil {
		shape = *want.Shape
	}
	if want.Kind != "dataset" || !slices.Equal(d.Shape(), shape) || d.IsNull() != (want.Shape == nil) {
		t.Errorf("%s: shape %v, want %+v", path, d.Shape(), want)
	}
	l := d.Layout()
	if l.Kind.String() != want.Layout || want.Chunks != nil && !slices.Equal(l.Chunk, want.Chunks) || len(l.Filters) != len(want.Filters) {
		t.Errorf("%s: layout %+v, want %+v", path, l, want)
	}
	h := sha256.New()
	_, err := d.WriteTo(h)
	if err != nil {
		var u *UnsupportedError
		refuse := mayRefuse(want.Dtype) || want.Layout == "virtual" || l.External || slices.ContainsFunc(want.Filters, func(id int) bool { return id > 3 })
		if !errors.As(err, &u) || !refuse {
			t.Errorf("%s (%s): %v", path, want.Dtype, err)
		}
		return
	}
	if got := hex.EncodeToString(h.Sum(nil))[:16]; want.Digest != "" && got != want.Digest {
		t.Errorf("%s (%s): digest %s, want %s", path, want.Dtype, got, want.Digest)
	}
	if got := d.Type().NumpyName(); got != numpyDtype(want.Dtype) {
		t.Errorf("%s: type %s, want %s", path, got, want.Dtype)
	}
	if _, err := d.Read(); err != nil {
		t.Errorf("%s: %v", path, err)
	}
}

func checkGoldenAttrs(t *testing.T, o Object, want map[string]goldenAttr) {
	t.Helper()
	list, err := o.Attributes()
	if err != nil {
		t.Errorf("%s: %v", o.Path(), err)
	}
	if len(list) != len(want) {
		t.Errorf("%s: %d attributes, want %d", o.Path(), len(list), len(want))
	}
	for _, a := range list {
		w, ok := want[a.Name()]
		if !ok || !slices.Equal(a.Shape(), w.Shape) || a.IsNull() != (w.Shape == nil) {
			t.Errorf("%s@%s: shape %v, want %+v", o.Path(), a.Name(), a.Shape(), w)
		}
		v, err := a.Read()
		if err != nil {
			if !mayRefuse(w.Dtype) {
				t.Errorf("%s@%s (%s): %v", o.Path(), a.Name(), w.Dtype, err)
			}
			continue
		}
		if got := a.Type().NumpyName(); got != numpyDtype(w.Dtype) {
			t.Errorf("%s@%s: type %s, want %s", o.Path(), a.Name(), got, w.Dtype)
		}
		_ = v
	}
}
