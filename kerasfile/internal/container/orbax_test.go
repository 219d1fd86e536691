package container

import (
	"errors"
	"testing"
	"testing/fstest"
)

// TestOrbax tells checkpoints of Orbax, which have no config.json, from other directories.
func TestOrbax(t *testing.T) {
	for name, orbax := range map[string]bool{
		"m/_CHECKPOINT_METADATA":                   true,
		"m/checkpoint_metadata":                    true,
		"m/pytree.orbax-checkpoint":                true,
		"m/7/_CHECKPOINT_METADATA":                 true,
		"m/12/manifest.ocdbt":                      true,
		"m/3.orbax-checkpoint-tmp-17/d/x":          true,
		"m/7/8/_CHECKPOINT_METADATA":               false,
		"m/seven/_CHECKPOINT_METADATA":             false,
		"m/model.weights.h5":                       false,
		"m/7":                                      false,
		"other/_CHECKPOINT_METADATA/orbax-x/a.txt": false,
	} {
		fsys := fstest.MapFS{name: {Data: []byte("x")}, "m/readme": {}}
		_, err := OpenFS(fsys, "m", limits())
		if err == nil || errors.Is(err, ErrOrbax) != orbax {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := OpenWeightsFS(fsys, "m", limits()); err == nil || errors.Is(err, ErrOrbax) != orbax {
			t.Errorf("%s, as weights: %v", name, err)
		}
	}
}
