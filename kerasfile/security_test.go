package kerasfile_test

import (
	"strings"
	"testing"

	"github.com/hornml/horn/kerasfile"
)

// TestKerasSecurityFixes has, for each hole that Keras closed in a model's config in 2025 and 2026, a config that would go through
// it: each is refused when it is read, with a sentence that names what it asks for. The holes in zips and HDF5 files have theirs
// in the tests of kerasfile/internal/container and h5lite.
func TestKerasSecurityFixes(t *testing.T) {
	layer := func(module, class, config string) string {
		return `{"module": "` + module + `", "class_name": "` + class + `", "config": ` + config + `, "registered_name": null}`
	}
	for _, test := range []struct{ name, layer, want string }{
		{"code in a Lambda (CVE-2024-3660)",
			layer("keras.layers", "Lambda", `{"name": "l", "function": {"class_name": "__lambda__", "config": {"code": "4wAA"}}}`), "Lambda"},
		{"any function of any module (CVE-2025-1550)", layer("subprocess", "Popen", `{"args": ["id"]}`), "Popen"},
		{"a helper that downloads (CVE-2025-8747)",
			layer("keras.utils", "get_file", `{"fname": "/tmp/x", "origin": "http://127.0.0.1/x"}`), "get_file"},
		{"switching the checks off (CVE-2025-9906)",
			layer("keras.config", "enable_unsafe_deserialization", `{}`), "enable_unsafe_deserialization"},
		{"pickles of torch (CVE-2025-49655)",
			layer("keras.layers", "TorchModuleWrapper", `{"name": "t", "module": "gASV"}`), "TorchModuleWrapper"},
		{"a vocabulary that is a path (CVE-2025-12058)",
			layer("keras.layers", "StringLookup", `{"name": "s", "vocabulary": "/etc/passwd"}`), "never opened"},
		{"a SavedModel elsewhere (CVE-2026-1462)", layer("keras.layers", "TFSMLayer", `{"name": "t", "filepath": "/tmp/model"}`), "TFSMLayer"},
		{"a function in place of a layer (keras#22974)", layer("keras.activations", "deserialize", `{"config": "relu"}`), "deserialize"},
		{"code behind another name (keras#23055)",
			layer("keras.src.layers.core.lambda_layer", "Lambda", `{"name": "l", "function": {"class_name": "__lambda__", "config": {}}}`),
			"Lambda"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := `{"module": "keras", "class_name": "Sequential", "registered_name": null, "config": {"name": "m", "layers": [` +
				test.layer + `]}}`
			_, err := kerasfile.FromJSON([]byte(text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, it should name %q", err, test.want)
			}
		})
	}
}
