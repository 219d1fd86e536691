package metrics_test

import (
	"fmt"

	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/metrics"
	"github.com/hornml/horn/tensor"
)

// A metric takes batch after batch.
func Example() {
	auc := layer.NewRegistry(metrics.All).Object("metrics", "AUC").Impl.(metrics.Metric)
	for _, batch := range []struct{ targets, predictions []float32 }{
		{[]float32{0, 0, 1, 1}, []float32{0, 0.5, 0.3, 0.9}},
		{[]float32{1, 0}, []float32{0.8, 0.2}},
	} {
		if err := auc.UpdateState(tensor.FromSlice(batch.targets, len(batch.targets)),
			tensor.FromSlice(batch.predictions, len(batch.predictions)), nil, nil); err != nil {
			fmt.Println(err)
			return
		}
	}
	result, err := auc.Result()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s %.3f\n", auc.MetricName(), result.At())
	// Output: auc 0.889
}
