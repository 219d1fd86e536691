package kerasfile_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/hornml/horn/kerasfile"
)

// TestForReleases writes goldens for older releases: with a part of the config that is expected, or of the error. Which of
// them those releases load is checked by conformance/live.
func TestForReleases(t *testing.T) {
	for _, c := range []struct{ golden, release, config, err string }{
		{"ops/maximum_minimum", "3.14", "", "the operation Fmax came with 3.15"},
		{"ops/scatter_update", "3.12", "", "the argument came with 3.14, and its value is"},
		{"core/activation_celu_elu_gelu_hard_shrink_hard_sigmoid", "3.6", "", "celu came with 3.7"},
		{"ops/activations_options", "3.10", `"threshold_value"`, ""},
		{"ops/determinants", "3.10", `"class_name": "Det", "config": {}`, ""},
		{"attention/mha_self_mask_pooled", "3.9", `"keras_history": ["saved_not_equal", 0, 0]`, ""},
		{"attention/mha_self_mask_pooled", "3.10", `"keras_history": ["not_equal", 0, 0]`, ""},
		{"reshape/concatenate_of_masked_inputs", "3.10", "", "an operation whose automatic name"},
		{"reshape/concatenate_of_masked_inputs", "3.11", `"concatenate_1"`, ""},
		{"attention/gqa_scores", "3.14", "", "the attention scores of a GroupQueryAttention"},
		{"graph/functional_unused_inputs", "3.9", `"unused"`, ""},
		{"graph/functional_unused_inputs", "3.10", "", "an input that nothing uses"},
		{"graph/nested_three_levels_with_a_repeat", "3.6", "", "called again on what comes of a later one"},
		{"reshape/dot_vectors", "3.1", `"class_name": "Dot"`, ""},
		{"format/keras-3.16.0/seq", "3.15", "", "a call without the mask that travels along"},
		{"format/quant-3.12.0/dense_int4", "3.13", `"int4`, ""},
		{"format/quant-3.12.0/dense_int4", "3.15", "", "packed as 3.11 to 3.13 have it"},
		{"format/quant-3.12.0/dense_int4", "3.10", "", "quantization to int4 came with 3.11"},
	} {
		t.Run(c.golden+" for "+c.release, func(t *testing.T) {
			m, err := kerasfile.Load("../conformance/testdata/goldens/" + c.golden + ".keras")
			if err != nil {
				t.Fatal(err)
			}
			var buf bytes.Buffer
			switch err := kerasfile.Write(&buf, m, kerasfile.WithKeras(c.release)); {
			case c.err == "" && err != nil:
				t.Error(err)
			case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
				t.Errorf("%v, want an error that says %q", err, c.err)
			case c.err == "" && !strings.Contains(buf.String(), c.config):
				t.Errorf("%s is not in the file", c.config)
			}
		})
	}
}
