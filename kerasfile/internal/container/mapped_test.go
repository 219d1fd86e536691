package container

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/exp/mmap"
)

func TestFileShortenedWhileItIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.keras")
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := mmap.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := os.Truncate(path, 10); err != nil {
		t.Skip("a mapped file cannot be shortened on this system")
	}
	if n, err := (mapped{r}).ReadAt(make([]byte, 4096), 1<<19); err == nil && n == 4096 {
		t.Log("the system still has the old content")
	} else if err == nil {
		t.Errorf("%d bytes without an error", n)
	}
}
