package naming_test

import (
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
