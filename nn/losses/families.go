package losses

import "github.com/hornml/horn/nn/layer"

// All is the family of the classes and functions of keras.losses.
func All(r *layer.Registry) {
	r.Add(addBinaryCrossentropy, addCategoricalCrossentropy, addCircle, addCtc, addDivergence, addHinge, addLoss, addOverlap, addRegression)
}
