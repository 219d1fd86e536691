// Package style checks what no formatter does.
package style

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	root    = "../.."
	columns = 140
)

// TestLinesFit finds lines of more than 140 characters, a tab being one, in what people write.
func TestLinesFit(t *testing.T) {
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if name := d.Name(); path != root && strings.HasPrefix(name, ".") {
				return filepath.SkipDir
			}
			return nil
		case filepath.Ext(path) != ".go":
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text := string(data)
		if first, _, _ := strings.Cut(text, "\n"); strings.HasPrefix(first, "// Code generated ") {
			return nil
		}
		files++
		for i, line := range strings.Split(text, "\n") {
			if n := utf8.RuneCountInString(line); n > columns {
				t.Errorf("%s:%d has %d characters, at most %d are allowed", strings.TrimPrefix(filepath.ToSlash(path), root+"/"), i+1, n, columns)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 100 {
		t.Errorf("only %d files were read", files)
	}
}
