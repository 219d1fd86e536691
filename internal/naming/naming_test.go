package naming_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/naming"
)

func TestSnakeCase(t *testing.T) {
	for class, want := range map[string]string{
		"Dense": "dense", "Conv2DTranspose": "conv2d_transpose", "ReLU": "re_lu", "LSTM": "lstm", "MultiHeadAttention": "multi_head_attention",
		"GlobalAveragePooling1D": "global_average_pooling1d", "my-Layer": "my_layer", "": "", "AUC": "auc", "F1Score": "f1_score",
	} {
		if got := naming.SnakeCase(class); got != want {
			t.Errorf("%s is %q, not %q", class, got, want)
		}
	}
}

// FuzzSnakeCase compares with the patterns by which Keras does it.
func FuzzSnakeCase(f *testing.F) {
	notWord, beforeWord, beforeCaps := regexp.MustCompile(`\W+`), regexp.MustCompile(`(.)([A-Z][a-z]+)`), regexp.MustCompile(`([a-z])([A-Z])`)
	for _, s := range []string{"Dense", "ABcDEf", "aBC", "XxYyZ", "A_Bc", "É1Ab", "HTTPServerX2Y", "AbAbAb", "__Ab", "abABabCd"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, class string) {
		want := notWord.ReplaceAllString(class, "")
		want = beforeWord.ReplaceAllString(want, "${1}_$2")
		want = strings.ToLower(beforeCaps.ReplaceAllString(want, "${1}_$2"))
		if got := naming.SnakeCase(class); got != want {
			t.Errorf("%q is %q, not %q", class, got, want)
		}
	})
}

func TestClosest(t *testing.T) {
	names := []string{"activation", "use_bias", "kernel_initializer", "units"}
	for name, want := range map[string]string{"Activation": "activation", "useBias": "use_bias", "activaton": "activation", "unit": "units",
		"kernel_initialiser": "kernel_initializer", "untis": "units", "colour": "", "": "", "x": ""} {
		if got := naming.Closest(name, names); got != want {
			t.Errorf("for %q: %q, not %q", name, got, want)
		}
	}
	if got := naming.DidYouMean("unit", names); got != ` (did you mean "units"?)` {
		t.Errorf("%q", got)
	}
}
