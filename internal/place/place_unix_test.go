//go:build unix

package place

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestModes has every way of writing under two umasks: new files are as the process wants them, old ones stay as they were.
func TestModes(t *testing.T) {
	for _, mask := range []int{0o022, 0o077} {
		func() {
			defer syscall.Umask(syscall.Umask(mask))
			dir := t.TempDir()
			is := func(path string, want fs.FileMode) {
				t.Helper()
				if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
					t.Errorf("umask %03o: %s has mode %v, %v; want %03o", mask, path, info.Mode(), err, want)
				}
			}
			file, model := filepath.Join(dir, "file"), filepath.Join(dir, "model")
			config, weights := filepath.Join(model, "config"), filepath.Join(model, "sub", "weights")
			parts := []Part{{"config", body{text: "c"}}, {"sub/weights", body{text: "w"}}}
			for range 2 {
				p := &Place{Overwrite: true}
				if err := p.File(file, write("x")); err != nil {
					t.Fatal(err)
				}
				if err := p.Directory(model, parts, anything); err != nil {
					t.Fatal(err)
				}
				is(file, 0o666&^fs.FileMode(mask))
				is(weights, 0o666&^fs.FileMode(mask))
				is(filepath.Dir(weights), 0o777&^fs.FileMode(mask))
				is(model, 0o777&^fs.FileMode(mask))
			}
			for _, mode := range []fs.FileMode{0o600, 0o640, 0o664} {
				for path, m := range map[string]fs.FileMode{file: mode, config: mode, model: mode | 0o111&(mode>>2)} {
					if err := os.Chmod(path, m); err != nil {
						t.Fatal(err)
					}
				}
				p := &Place{Overwrite: true}
				if err := p.File(file, write("x")); err != nil {
					t.Fatal(err)
				}
				if err := p.Directory(model, parts, anything); err != nil {
					t.Fatal(err)
				}
				is(file, mode)
				is(config, mode)
				is(model, mode|0o111&(mode>>2))
			}
		}()
	}
}

// TestLinks has a link stay, and what it leads to change; one that leads nowhere is refused, and so is a pipe.
func TestLinks(t *testing.T) {
	dir := t.TempDir()
	file, link, lost, pipe := filepath.Join(dir, "file"), filepath.Join(dir, "link"), filepath.Join(dir, "lost"), filepath.Join(dir, "pipe")
	put(t, file, "old", 0o600)
	for name, to := range map[string]string{link: "file", lost: "nothing"} {
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	p := &Place{Overwrite: true}
	if err := p.File(link, write("new")); err != nil {
		t.Fatal(err)
	}
	content(t, file, "new")
	if to, err := os.Readlink(link); err != nil || to != "file" {
		t.Errorf("the link leads to %q, %v", to, err)
	}
	for path, words := range map[string]string{lost: "leads to nothing", pipe: "not a regular file"} {
		if err := p.File(path, write("new")); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", path, err)
		}
	}
	only(t, dir, "file", "link", "lost", "pipe")
}
