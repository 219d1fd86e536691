package kerasfile_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layers"
)

// TestSaveOnFullFilesystem saves a model that does not fit over one that does, on a small file system of its own: the old
// file stays, and nothing else is left.
func TestSaveOnFullFilesystem(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=256k", "horn-test", dir).CombinedOutput(); err != nil {
		t.Skipf("no small file system can be mounted here: %v %s", err, out)
	}
	t.Cleanup(func() {
		if err := exec.Command("umount", dir).Run(); err != nil {
			t.Error(err)
		}
	})
	small, err := nn.NewSequential(nn.NewInputLayer([]int{3}), layers.NewDense(2))
	if err != nil {
		t.Fatal(err)
	}
	large, err := nn.NewSequential(nn.NewInputLayer([]int{300}), layers.NewDense(300))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "model.keras")
	if err := kerasfile.Save(small, path); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := kerasfile.Save(large, path); err == nil {
		t.Fatal("a model of 360 kB was saved on a file system of 256 kB")
	} else {
		t.Log(err)
	}
	after, err := os.ReadFile(path)
	if err != nil || string(after) != string(before) {
		t.Errorf("the old file did not survive: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%d files are left, %v", len(entries), err)
	}
}
