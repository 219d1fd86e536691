package main

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const h5Dir = "../../h5lite/testdata/"

// h5Node is an object of "h5 dump --json".
type h5Node struct {
	Path, Kind, Dtype, Target, Reason string
	SHA256                            *string
	SameAs                            string `json:"same_as"`
	Shape                             *[]int
	Attributes                        map[string]any
	Children                          map[string]*h5Node
}

// find goes down a path.
func (n *h5Node) find(path string) *h5Node {
	for n != nil && path != "" {
		name, rest, _ := strings.Cut(path, "/")
		n, path = n.Children[name], rest
	}
	return n
}

func numpyName(words string) string {
	switch {
	case words == "enum of |i1 (bool)":
		return "|b1"
	case strings.HasPrefix(words, "enum of "):
		return strings.TrimPrefix(words, "enum of ")
	case strings.HasPrefix(words, "string variable"):
		return "str"
	case strings.HasPrefix(words, "string "):
		return "|S" + strings.Fields(words)[1]
	}
	return words
}

// TestH5DumpGoldens compares with what h5py read, file by file.
func TestH5DumpGoldens(t *testing.T) {
	type attribute struct {
		Value any
	}
	var files []struct {
		File      string
		RootAttrs map[string]attribute `json:"root_attrs"`
		Objects   map[string]struct {
			Kind, Dtype, Digest, Target, As string
			Shape                           *[]int
			Attrs                           map[string]attribute
		}
	}
	parse(t, string(readFile(t, h5Dir+"h5/expected.json")), &files)
	same := func(a, b any) bool { return fmt.Sprint(a) == fmt.Sprint(b) }
	for _, f := range files {
		var root h5Node
		parse(t, must(t, "h5", "dump", "--json", h5Dir+"h5/"+f.File), &root)
		must(t, "h5", "ls", h5Dir+"h5/"+f.File)
		must(t, "h5", "dump", h5Dir+"h5/"+f.File)
		attrs := func(where string, n *h5Node, want map[string]attribute) {
			for name, w := range want {
				got, ok := n.Attributes[name]
				if o, is := got.(map[string]any); !ok || w.Value != nil && !same(got, w.Value) && !(is && o["kind"] == "unsupported") {
					t.Errorf("%s: %s@%s = %v, want %v", f.File, where, name, got, w.Value)
				}
			}
		}
		attrs("/", &root, f.RootAttrs)
		for path, o := range f.Objects {
			n := root.find(path)
			if n == nil {
				t.Errorf("%s: no %s", f.File, path)
				continue
			}
			kind := map[string]string{"soft": "link", "external": "unsupported", "datatype": "type", "same": n.Kind}[o.Kind]
			if kind == "" {
				kind = o.Kind
			}
			switch {
			case n.Kind == "unsupported" && o.Kind == "dataset":
				if n.Reason == "" {
					t.Errorf("%s: %s has no reason", f.File, path)
				}
				continue
			case n.Kind != kind, o.Kind == "same" && n.SameAs != "/"+strings.TrimPrefix(o.As, "/"), o.Kind == "soft" && n.Target != o.Target:
				t.Errorf("%s: %s is %+v, want %+v", f.File, path, n, o)
				continue
			}
			if o.Kind == "dataset" {
				if (n.Shape == nil) != (o.Shape == nil) || n.Shape != nil && !same(*n.Shape, *o.Shape) || n.Dtype != numpyName(o.Dtype) ||
					n.SHA256 == nil || o.Digest != "" && (*n.SHA256)[:16] != o.Digest {
					t.Errorf("%s: %s is %+v, want %+v", f.File, path, n, o)
				}
			}
			attrs(path, n, o.Attrs)
		}
	}
}

// unhashed is a hash that could not be made, with the reason.
var unhashed = regexp.MustCompile(`"sha256": null,\s*"reason": "[^"]`)

// TestH5Hostile: damage is one line and exit code 1, what is sound is listed, and JSON stays JSON.
func TestH5Hostile(t *testing.T) {
	z, err := zip.OpenReader(h5Dir + "hostile.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	path := filepath.Join(t.TempDir(), "x.h5")
	count, failed := 0, 0
	for i, f := range z.File {
		if filepath.Ext(f.Name) != ".h5" || testing.Short() && i%10 > 0 {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		count++
		for _, args := range [][]string{{"dump", "--json", path}, {"dump", path}, {"ls", path}} {
			code, out, errText := horn(t, append([]string{"h5"}, args...)...)
			if code > 1 || strings.Contains(errText, "internal error") || strings.Count(errText, "\n") != code {
				t.Errorf("%s: %v: exit %d: %s", f.Name, args, code, errText)
			}
			if args[1] == "--json" {
				failed += code
				if out != "" && !json.Valid([]byte(out)) {
					t.Errorf("%s: not JSON: %.200s", f.Name, out)
				}
				if strings.Count(out, `"sha256": null`) != len(unhashed.FindAllString(out, -1)) {
					t.Errorf("%s: a hash is null without a reason: %s", f.Name, out)
				}
				if code == 1 && out != "" && !strings.Contains(out, `"kind": "error"`) {
					t.Errorf("%s: fails with %q, but nothing in the listing says where", f.Name, errText)
				}
			}
		}
	}
	if failed == 0 || failed == count {
		t.Errorf("%d of %d fail", failed, count)
	}
}

func TestH5Wrong(t *testing.T) {
	refused(t, 1, "is a zip, not HDF5; 'horn inspect'", "h5", "ls", examplesDir+"digits.keras")
	refused(t, 1, "not an HDF5 file", "h5", "dump", "--json", examplesDir+"digit_1.png")
	refused(t, 1, "there is no such file", "h5", "ls", "no.h5")
	refused(t, 1, "is a directory", "h5", "ls", t.TempDir())
}

func TestTextName(t *testing.T) {
	for in, want := range map[string]string{"plain": "plain", "ünï": "ünï", "a\xff\xc3": `a\xff\xc3`} {
		if got := textName(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if s, ok := textValue([]byte("ok")).(string); !ok || s != "ok" {
		t.Error(s)
	}
	if _, ok := textValue([]byte{0xff}).(string); ok {
		t.Error("bytes that are not UTF-8 became a string")
	}
}
