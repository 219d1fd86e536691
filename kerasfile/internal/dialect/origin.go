package dialect

import (
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile/internal/release"
)

// Origin says which writer a config is from, as far as it is known.
type Origin struct {
	Release release.Release // unknown if the file does not say
	Legacy  bool            // from a whole-model HDF5 file: records without modules
	Old     bool            // the release is not known, and the config has forms of Keras 2
}

// OriginOf tells the origin of a model's record from the release that its file names: records without a module come from
// whole-model HDF5 files.
func OriginOf(config *pyjson.Object, from release.Release) Origin {
	_, module := config.Lookup("module")
	o := Origin{Release: from, Legacy: !module}
	if !from.Known() && module {
		o.Old = looksOld(config.Object("config").Get("layers"), 0)
	}
	return o
}

// Keras2 reports whether the config has to be taken for one of Keras 1 or 2.
func (o Origin) Keras2() bool {
	return o.Old || o.Release.Known() && o.Release.Major() < 3 || !o.Release.Known() && o.Legacy
}

// Before reports whether the release is known and older than that of the given numbers.
func (o Origin) Before(major, minor uint16) bool { return o.Release.Before(v{major, minor}) }

// looksOld finds what only Keras 2 writes: batch_input_shape, and calls as lists.
func looksOld(layers any, depth int) bool {
	list, _ := layers.([]any)
	for _, l := range list {
		record, ok := l.(*pyjson.Object)
		if !ok || depth > maxWrappers {
			continue
		}
		config := record.Object("config")
		if _, ok := config.Lookup("batch_input_shape"); ok {
			return true
		}
		for _, call := range record.List("inbound_nodes") {
			if _, ok := call.([]any); ok {
				return true
			}
		}
		if looksOld(config.Get("layers"), depth+1) {
			return true
		}
	}
	return false
}
