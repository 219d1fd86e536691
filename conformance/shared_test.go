package conformance

import (
	"path/filepath"
	"testing"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/kerasfile"
)

// TestSharedLayers loads files that Keras 3.15.1 wrote and cannot load again: a layer in two models, a layer in a wrapper
// and outside of it. The copy, which Keras can load (conformance/live), gives the same answers.
func TestSharedLayers(t *testing.T) {
	cases, err := golden.Find("../kerasfile/testdata")
	if err != nil || len(cases) != 2 {
		t.Fatal(len(cases), err)
	}
	for _, c := range cases {
		if r := c.Run(golden.Compiled); r.Status != "pass" {
			t.Errorf("%s: %s", c.Name, r.Message)
		}
		m, err := kerasfile.Load(c.Model)
		if err != nil {
			t.Fatal(err)
		}
		c.Model = filepath.Join(t.TempDir(), "copy.keras")
		if err := kerasfile.Save(m, c.Model); err != nil {
			t.Fatal(err)
		}
		if r := c.Run(golden.Interpreted); r.Status != "pass" {
			t.Errorf("the copy of %s: %s", c.Name, r.Message)
		}
	}
}
