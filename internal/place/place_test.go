package place

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// body is a part of some bytes, and of an error after them.
type body struct {
	text string
	err  error
}

func (b body) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, b.text)
	return int64(n), errors.Join(err, b.err)
}

func write(text string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
}

func anything(string) error { return nil }

// only checks that a directory holds certain names and nothing else.
func only(t *testing.T, dir string, names ...string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, e := range list {
		have = append(have, e.Name())
	}
	if strings.Join(have, " ") != strings.Join(names, " ") {
		t.Errorf("in the directory are %q, want %q", have, names)
	}
}

func content(t *testing.T, path, want string) {
	t.Helper()
	if data, err := os.ReadFile(path); err != nil || string(data) != want {
		t.Errorf("%s is %q, %v; want %q", path, data, err, want)
	}
}

func put(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// TestWholeOrNotAtAll has every way of writing fail in the middle, by an error and by a context that ends: what was there
// stays, nothing is left.
func TestWholeOrNotAtAll(t *testing.T) {
	broken := errors.New("broken")
	for name, place := range map[string]func(p *Place, path string, b body) error{
		"file": func(p *Place, path string, b body) error {
			return p.File(path, func(w io.Writer) error { _, err := b.WriteTo(w); return err })
		},
		"files": func(p *Place, path string, b body) error {
			return p.Files(filepath.Dir(path), []Part{{filepath.Base(path), b}})
		},
		"directory": func(p *Place, path string, b body) error {
			return p.Directory(path, []Part{{"a/b", body{text: "whole"}}, {"c", b}}, anything)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path, member := filepath.Join(dir, "m"), filepath.Join(dir, "m")
			if name == "directory" {
				if err := os.Mkdir(path, 0o700); err != nil {
					t.Fatal(err)
				}
				member = filepath.Join(path, "c")
			}
			put(t, member, "old", 0o600)
			if err := place(&Place{Overwrite: true}, path, body{"half", broken}); !errors.Is(err, broken) {
				t.Errorf("the error is %v", err)
			}
			if err := place(&Place{}, path, body{text: "new"}); !errors.Is(err, fs.ErrExist) {
				t.Errorf("without overwriting the error is %v", err)
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			p := &Place{Overwrite: true, Context: ctx, Progress: func(int64) { cancel(broken) }}
			if err := place(p, path, body{text: strings.Repeat("long", piece/2)}); !errors.Is(err, broken) {
				t.Errorf("after the context has ended the error is %v", err)
			}
			if err := place(p, path, body{}); !errors.Is(err, broken) {
				t.Errorf("where nothing is to be written the error is %v", err)
			}
			content(t, member, "old")
			only(t, dir, "m")
			if err := place(&Place{Overwrite: true}, path, body{text: "new"}); err != nil {
				t.Fatal(err)
			}
			content(t, member, "new")
			only(t, dir, "m")
		})
	}
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	file, sub := filepath.Join(dir, "file"), filepath.Join(dir, "sub")
	put(t, file, "old", 0o600)
	if err := os.MkdirAll(filepath.Join(sub, "src"), 0o700); err != nil {
		t.Fatal(err)
	}
	over := func() *Place { return &Place{Overwrite: true} }
	foreign := errors.New("holds something else")
	for _, c := range []struct {
		words string
		err   error
	}{
		{"is a directory", over().File(sub, write("x"))},
		{"is no directory", over().Directory(file, nil, anything)},
		{foreign.Error(), over().Directory(sub, nil, func(string) error { return foreign })},
		{"cannot be written", over().File(filepath.Join(dir, "no", "file"), write("x"))},
		{"cannot be written", over().Directory(filepath.Join(dir, "no", "model"), nil, anything)},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.words) || strings.Contains(c.err.Error(), ".horn-") {
			t.Errorf("%v, want %q", c.err, c.words)
		}
	}
	content(t, file, "old")
	only(t, sub, "src")
	only(t, dir, "file", "sub")
}

func TestEmptyDirectoryIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	never := func(string) error { return errors.New("asked about an empty directory") }
	if err := (&Place{Overwrite: true}).Directory(path+"/", []Part{{"a", body{text: "x"}}}, never); err != nil {
		t.Fatal(err)
	}
	content(t, filepath.Join(path, "a"), "x")
}
