package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestCurrent compares what kernelgen writes with what is checked in.
func TestCurrent(t *testing.T) {
	files, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	const folder = "../../tensor/kernel"
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not current: run go run . in tools/kernelgen", name)
		}
	}
	have, err := filepath.Glob(filepath.Join(folder, "*.s"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range have {
		if name := filepath.Base(path); files[name] == nil {
			t.Errorf("%s is checked in, but kernelgen does not write it", name)
		}
	}
}
