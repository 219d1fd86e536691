package metrics

import "github.com/hornml/horn/nn/layer"

// All is the family of the classes and functions of keras.metrics.
func All(r *layer.Registry) {
	r.Add(addAccuracy, addAuc, addConfusion, addCorrelation, addFScore, addIou, addMean, addR2Score, addSensitivity)
}
