package h5lite

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
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
	Values                                        any
	Attrs                                         map[string]goldenAttr
}

func readJSON(t testing.TB, name string, v any) {
	t.Helper()
	b, err := os.ReadFile(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber() // 64-bit integers must not be rounded
	if err := d.Decode(v); err != nil {
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
	for _, s := range []string{"[(", "array", "variable-length sequence", "object reference", "region reference", "<c", "enum", "float",
		"integer", "int", "bits"} {
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
		refuse := mayRefuse(want.Dtype) || want.Layout == "virtual" || l.External ||
			slices.ContainsFunc(want.Filters, func(id int) bool { return id > 3 })
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
	v, err := d.Read()
	if err != nil {
		t.Errorf("%s: %v", path, err)
	} else if diff := valuesDiffer(v, d.Type(), want.Values); diff != "" {
		t.Errorf("%s: %s", path, diff)
	}
}

// valuesDiffer compares the first elements of a slice with values from JSON.
func valuesDiffer(got any, typ Type, want any) string {
	list := flatten(want)
	g := reflect.ValueOf(got)
	per := 1
	if typ.Class() == Opaque {
		per = typ.Size()
	}
	if g.Len() < len(list)*per {
		return fmt.Sprintf("%d elements, want %v", g.Len(), list)
	}
	for i, w := range list {
		var x any = g.Index(i).Interface()
		switch v := x.(type) {
		case string, bool:
		case Float16:
			x = float64(v.Float32())
		case float32:
			x = float64(v)
		case float64:
		default:
			if n, ok := w.(json.Number); ok {
				w, x = n.String(), fmt.Sprint(v)
			}
		}
		if n, ok := w.(json.Number); ok {
			f, _ := n.Float64()
			w = f
			if g.Type().Elem().Kind() == reflect.Float32 {
				w = float64(float32(f))
			}
		}
		if f, ok := x.(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
			x = map[bool]string{true: "nan", false: map[bool]string{true: "inf", false: "-inf"}[f > 0]}[f != f]
		}
		if m, ok := w.(map[string]any); ok {
			w = m["hex"]
			x = hex.EncodeToString(got.([]byte)[i*per : (i+1)*per])
		}
		if x != w {
			return fmt.Sprintf("element %d is %v (%T), want %v (%T)", i, x, x, w, w)
		}
	}
	return ""
}

// flatten gives the leaves of nested lists; nil has none.
func flatten(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		var all []any
		for _, x := range v {
			all = append(all, flatten(x)...)
		}
		return all
	}
	return []any{v}
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
		values := any(w.Values)
		if w.Values == nil {
			values = w.Value
		}
		if diff := valuesDiffer(v, a.Type(), values); diff != "" {
			t.Errorf("%s@%s: %s", o.Path(), a.Name(), diff)
		}
		if w.Digest != "" {
			if got := hashAttribute(a, v)[:16]; got != w.Digest {
				t.Errorf("%s@%s: digest %s, want %s", o.Path(), a.Name(), got, w.Digest)
			}
		}
	}
}
