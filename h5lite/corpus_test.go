package h5lite

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
)

// openZip gives the files of an archive of testdata; a later call gives the
// same ones.
var openZip = func() func(t testing.TB, name string) map[string][]byte {
	var mu sync.Mutex
	kept := map[string]map[string][]byte{}
	return func(t testing.TB, name string) map[string][]byte {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if m := kept[name]; m != nil {
			return m
		}
		z, err := zip.OpenReader("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		m := map[string][]byte{}
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			if m[f.Name], err = io.ReadAll(r); err != nil {
				t.Fatal(err)
			}
		}
		kept[name] = m
		return m
	}
}()

// rawName is a string of a manifest, or bytes that are not UTF-8.
type rawName string

func (n *rawName) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*n = rawName(s)
		return nil
	}
	var v struct{ B64 string }
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(v.B64)
	*n = rawName(raw)
	return err
}

// content is what a manifest says of one object.
type content struct {
	Path    rawName
	Kind    string
	Members []rawName
	Attrs   []contentAttr
	Type    contentType
	Shape   *[]int
	Layout  string
	Chunks  []int
	Filters []any
	Sha256  string
	Refuse  []string `json:"may_refuse"`
	TooBig  bool     `json:"too_big_to_read"`
	Target  rawName
	File    rawName
	Of      rawName
	Class   int
	Error   any
}

type contentAttr struct {
	Name   rawName
	Type   contentType
	Shape  *[]int
	Sha256 string
	Refuse []string `json:"may_refuse"`
	Error  any
}

type contentType struct {
	Class string
	Size  int
	Order string
	Vlen  bool
}

// found is what a walk saw of an object or an attribute.
type found struct {
	kind    string
	shape   []int
	null    bool
	class   string
	dtype   string
	size    int
	sha     string
	target  string
	file    string
	of      string
	layout  string
	chunks  []int
	members []string
	attrs   []string
	err     error // why the values are missing
}

// snapshot is everything that a walk saw, by path, attributes as path@name.
type snapshot struct {
	objects map[string]*found
	errs    []error // all but links that are not followed
}

func (s *snapshot) fail(err error) {
	s.errs = append(s.errs, err)
}

// take opens and walks a file and reads everything.
func take(b []byte, opts ...Option) *snapshot {
	s := &snapshot{objects: map[string]*found{}}
	f, err := NewFile(bytes.NewReader(b), int64(len(b)), opts...)
	if err != nil {
		s.fail(err)
		return s
	}
	err = Walk(f.Root(), func(e Entry) error {
		o := &found{}
		s.objects[e.Path] = o
		if dir, name := split(e.Path); name != "" {
			if p := s.objects[dir]; p != nil {
				p.members = append(p.members, name)
			}
		}
		switch {
		case e.Link.Kind == SoftLink:
			o.kind, o.target = "soft", e.Link.Target
			return nil
		case e.Link.Kind == ExternalLink:
			o.kind, o.target, o.file = "external", e.Link.Target, e.Link.File
			return nil
		case e.Link.Kind == UserLink:
			o.kind, o.size = "user-link", e.Link.Class
			return nil
		case e.SameAs != "":
			o.kind, o.of = "alias", e.SameAs
			return nil
		case e.Err != nil:
			s.fail(e.Err)
			o.kind, o.err = "error", e.Err
			if e.Object == nil {
				return nil
			}
		}
		switch x := e.Object.(type) {
		case *Group:
			o.kind = "group"
		case *NamedType:
			o.kind = "datatype"
			o.setType(x.Type())
		case *Dataset:
			o.kind = "dataset"
			o.setType(x.Type())
			o.shape, o.null = x.Shape(), x.IsNull()
			o.layout, o.chunks = x.Layout().Kind.String(), x.Layout().Chunk
			h := sha256.New()
			n, err := x.WriteTo(h)
			if err == nil && !x.Type().IsVariable() && n != int64(x.Len())*int64(x.Type().Size()) {
				err = fmt.Errorf("%s: a stream of %d bytes", e.Path, n)
			}
			if o.err = err; err != nil {
				s.fail(err)
			} else {
				o.sha = hex.EncodeToString(h.Sum(nil))
			}
		}
		attrs, err := e.Object.Attributes()
		if err != nil {
			s.fail(err)
		}
		for _, a := range attrs {
			o.attrs = append(o.attrs, a.Name())
			fa := &found{kind: "attribute", shape: a.Shape(), null: a.IsNull()}
			fa.setType(a.Type())
			s.objects[e.Path+"@"+a.Name()] = fa
			v, err := a.Read()
			if fa.err = err; err != nil {
				s.fail(err)
				continue
			}
			fa.sha = hashAttribute(a, v)
		}
		return nil
	})
	if err != nil {
		s.fail(err)
	}
	return s
}

func split(path string) (dir, name string) {
	i := strings.LastIndexByte(path, '/')
	if i <= 0 {
		return "/", path[1:]
	}
	return path[:i], path[i+1:]
}

func (o *found) setType(t Type) {
	o.class, o.size, o.dtype = t.Class().String(), t.Size(), t.NumpyName()
	if t.Class() == Sequence {
		o.class = "vlen"
	}
}

func hashAttribute(a *Attribute, v any) string {
	h := sha256.New()
	if a.Type().IsVariable() {
		for _, s := range v.([]string) {
			n := len(s)
			h.Write([]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)})
			h.Write([]byte(s))
		}
	} else {
		b := append([]byte(nil), a.Raw()...)
		a.Type().toLittle(b)
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// typed reports whether an error is one that this package promises.
func typed(err error) bool {
	var f *FormatError
	var u *UnsupportedError
	var l *LimitError
	return errors.As(err, &f) || errors.As(err, &u) || errors.As(err, &l)
}

func isUnsupported(err error) bool {
	var u *UnsupportedError
	return errors.As(err, &u)
}

// differs says where a snapshot differs from what a manifest has; "" if it does
// not. Objects of which only says false are left out; missing ones are, too, if
// partly is set.
func (s *snapshot) differs(objects []content, partly bool, only func(path string) bool) string {
	for _, w := range objects {
		path := string(w.Path)
		if only != nil && !only(path) {
			continue
		}
		o := s.objects[path]
		if o == nil || partly && o.kind == "error" {
			if partly || w.Kind == "error" {
				continue
			}
			return path + " is missing"
		}
		if d := o.differs(w, partly, s); d != "" {
			return path + ": " + d
		}
	}
	if partly {
		return ""
	}
	for path, o := range s.objects {
		if o.kind != "attribute" && !slices.ContainsFunc(objects, func(w content) bool { return string(w.Path) == path }) &&
			(only == nil || only(path)) {
			return path + " should not be there"
		}
	}
	return ""
}

func (o *found) differs(w content, partly bool, s *snapshot) string {
	if w.Kind == "error" {
		return ""
	}
	if o.kind != w.Kind {
		if o.kind == "error" && (isUnsupported(o.err) && w.Refuse != nil) {
			return ""
		}
		return fmt.Sprintf("%s (%v), want %s", o.kind, o.err, w.Kind)
	}
	switch w.Kind {
	case "soft", "external":
		if o.target != string(w.Target) || o.file != string(w.File) {
			return fmt.Sprintf("%q in %q, want %q in %q", o.target, o.file, w.Target, w.File)
		}
	case "alias":
		if o.of != string(w.Of) {
			return fmt.Sprintf("the same as %s, want %s", o.of, w.Of)
		}
	case "user-link":
		if o.size != w.Class {
			return fmt.Sprintf("class %d, want %d", o.size, w.Class)
		}
	case "group":
		for i, m := range w.Members {
			if !partly && (i >= len(o.members) || o.members[i] != string(m)) {
				return fmt.Sprintf("members %q, want %q", o.members, w.Members)
			}
		}
	case "dataset", "datatype":
		if d := o.differsValue(w.Type, w.Shape, w.Sha256, w.Refuse != nil || w.TooBig || w.Error != nil, w.Kind == "dataset", partly); d != "" {
			return d
		}
		if w.Layout != "" && o.layout != w.Layout || w.Chunks != nil && !slices.Equal(o.chunks, w.Chunks) {
			return fmt.Sprintf("%s %v, want %s %v", o.layout, o.chunks, w.Layout, w.Chunks)
		}
	}
	for _, a := range w.Attrs {
		fa := s.objects[string(w.Path)+"@"+string(a.Name)]
		if fa == nil {
			if partly || a.Error != nil {
				continue
			}
			return fmt.Sprintf("the attribute %q is missing", a.Name)
		}
		if d := fa.differsValue(a.Type, a.Shape, a.Sha256, a.Refuse != nil || a.Error != nil, true, partly); d != "" {
			return fmt.Sprintf("attribute %q: %s", a.Name, d)
		}
	}
	if len(o.attrs) > len(w.Attrs) || !partly && len(o.attrs) != len(w.Attrs) {
		return fmt.Sprintf("attributes %q, want %d", o.attrs, len(w.Attrs))
	}
	return ""
}

func (o *found) differsValue(t contentType, shape *[]int, sha string, refuse, hasShape, partly bool) string {
	class := t.Class
	if o.class != class || o.size != t.Size && !t.Vlen && class != "vlen" { // of those the manifests give the size in memory
		return fmt.Sprintf("%s of %d, want %s of %d", o.class, o.size, class, t.Size)
	}
	if hasShape && (o.null != (shape == nil) || shape != nil && !slices.Equal(o.shape, *shape)) {
		return fmt.Sprintf("shape %v, null %v, want %v", o.shape, o.null, shape)
	}
	if o.err != nil {
		if partly {
			return ""
		}
		if refuse && (isUnsupported(o.err) || sha == "") {
			return ""
		}
		return o.err.Error()
	}
	if sha != "" && o.sha != sha {
		return fmt.Sprintf("sha256 %s, want %s", o.sha, sha)
	}
	return ""
}

// TestCorpus reads files of other projects. Everything within scope must come
// out bit for bit, everything else be refused at its place.
func TestCorpus(t *testing.T) {
	files := openZip(t, "h5corpus.zip")
	var m struct {
		Files []struct {
			File, Need, Expect, Note string
			Objects                  []content
		}
	}
	if err := json.Unmarshal(files["manifest.json"], &m); err != nil {
		t.Fatal(err)
	}
	for _, r := range m.Files {
		t.Run(r.File, func(t *testing.T) {
			s := take(files[r.File])
			for _, err := range s.errs {
				if !typed(err) {
					t.Errorf("not a typed error: %v", err)
				}
			}
			switch r.Expect {
			case "ok":
				for _, err := range s.errs {
					t.Error(err)
				}
				if d := s.differs(r.Objects, false, nil); d != "" {
					t.Error(d)
				}
			case "refuse_or_ok":
				for _, err := range s.errs {
					if !isUnsupported(err) {
						t.Error(err)
					}
				}
				if d := s.differs(r.Objects, false, nil); d != "" {
					t.Error(d)
				}
			case "error":
				if len(s.errs) == 0 {
					t.Error("no error")
				}
			case "error_or_ok":
				if d := s.differs(r.Objects, len(s.errs) > 0, nil); d != "" && len(r.Objects) > 0 {
					t.Error(d)
				}
			}
		})
	}
}
