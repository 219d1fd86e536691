package container

import (
	"errors"
	"io/fs"
	"path"
	"strings"
)

// ErrOrbax is for directories of Orbax, into which Keras 3.14 and later write checkpoints, and which they load as models.
var ErrOrbax = errors.New("it is an Orbax checkpoint, which is not read here: load it in Keras (keras.saving.load_model, or load_weights " +
	"into the model) and save the model as .keras or .weights.h5")

// isOrbax tells a checkpoint of Orbax by the names in its directory: those that Orbax writes into a checkpoint, or into the
// directory of one step among several, whose name is a number.
func isOrbax(fsys fs.FS, root string) bool {
	return orbaxNames(fsys, root, true)
}

func orbaxNames(fsys fs.FS, dir string, steps bool) bool {
	const most = 1000 // entries that are looked at
	d, err := fsys.Open(dir)
	if err != nil {
		return false
	}
	defer d.Close()
	list, ok := d.(fs.ReadDirFile)
	if !ok {
		return false
	}
	entries, err := list.ReadDir(most)
	if err != nil {
		return false
	}
	for _, e := range entries {
		name := e.Name()
		switch {
		case name == "orbax.checkpoint", name == "checkpoint_metadata", name == "_CHECKPOINT_METADATA", name == "manifest.ocdbt",
			strings.Contains(name, "orbax-checkpoint"):
			return true
		case steps && e.IsDir() && strings.Trim(strings.TrimPrefix(name, "step_"), "0123456789") == "":
			if orbaxNames(fsys, path.Join(dir, name), false) {
				return true
			}
		}
	}
	return false
}
