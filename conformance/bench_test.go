package conformance

import (
	"testing"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/tensor"
)

func benchmarkModel(b *testing.B) (*nn.Model, []tensor.Any) {
	const name = "attention/transformer_encoder_classifier"
	c := golden.Case{Name: name, Model: goldens + "/" + name + ".keras", Golden: goldens + "/" + name + ".npz"}
	m, inputs, err := c.Load()
	if err != nil {
		b.Fatal(err)
	}
	return m, inputs
}

// BenchmarkPredict is one caller after the other; BenchmarkPredictConcurrent has eight callers for each core, who
// share them: its time per call is that of one core divided by the cores, if nothing is lost.
func BenchmarkPredict(b *testing.B) {
	m, inputs := benchmarkModel(b)
	m.SetThreads(1)
	outputs, err := m.PredictAll(inputs...)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := m.PredictInto(outputs, inputs...); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPredictConcurrent(b *testing.B) {
	m, inputs := benchmarkModel(b)
	b.ReportAllocs()
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		outputs, err := m.PredictAll(inputs...)
		if err != nil {
			b.Error(err)
			return
		}
		for pb.Next() {
			if err := m.PredictInto(outputs, inputs...); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
