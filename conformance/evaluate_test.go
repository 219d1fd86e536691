package conformance

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/tensor"
)

// TestEvaluate compares Model.Evaluate with what Keras answers for the compiled models among the goldens (made by
// tools/goldens/evaluate.py): losses and metrics in every form of the arguments of compile, masks, sample weights,
// regularizers, a last batch that is smaller.
func TestEvaluate(t *testing.T) {
	table := openTable(t, "evaluate")
	for _, r := range records(t, table.manifest) {
		name := r.String("name")
		t.Run(name, func(t *testing.T) {
			model, err := kerasfile.Load(filepath.Join(goldens, r.String("model")))
			if err != nil {
				t.Fatal(err)
			}
			numbered := func(prefix string) (list []tensor.Any) {
				for i := 0; table.arrays.Has(fmt.Sprintf("%s/%s_%d", name, prefix, i)); i++ {
					list = append(list, table.get(t, fmt.Sprintf("%s/%s_%d", name, prefix, i)))
				}
				return list
			}
			batch, _ := r.Get("batch_size").(pyjson.Number).Int()
			scores, err := model.Evaluate(numbered("input"), numbered("target"),
				nn.EvaluateOptions{BatchSize: batch, SampleWeights: numbered("weight")})
			if err != nil {
				t.Fatal(err)
			}
			limit := 1e-5
			if strings.Contains(name, "mixed_precision") {
				limit = 8 * 0x1p-10
			}
			want := r.Object("scores")
			for _, s := range scores {
				n, ok := want.Get(s.Name).(pyjson.Number)
				if !ok || len(s.Values) != 1 || !(math.Abs(s.Value-n.Float()) <= limit*math.Max(1, math.Abs(n.Float()))) {
					t.Errorf("%s is %v, Keras has %v", s.Name, s.Values, want.Get(s.Name))
				}
			}
			if len(scores) != want.Len() {
				t.Errorf("%d scores, Keras has %q", len(scores), want.Keys())
			}
		})
	}
}
