package ops

import (
	"github.com/hornml/horn/nn/layer"
)

// The families of keras.ops, by what they are about.

// All is the family of all operations, and of the reasons why some of Keras's are refused.
func All(r *layer.Registry) {
	r.Add(Elementwise, Shapes, Reductions, Sorting, Neural, Linear, Signals, Images, addRefused)
}

// Elementwise are the operations on each element alone, and conversions.
func Elementwise(r *layer.Registry) {
	r.Add(addActivation, addArithmetic, addCast, addCompare, addCreate, addElementwise)
}

// Shapes are the operations that move elements: reshaping, slicing, gathering, padding.
func Shapes(r *layer.Registry) {
	r.Add(addDiagonal, addEinops, addGetitem, addPad, addScatter, addShape, addTake)
}

// Reductions are sums, means, extremes and the like, cumulative ones too.
func Reductions(r *layer.Registry) { r.Add(addDifference, addNan, addQuantile, addReduce) }

// Sorting are the operations that order elements.
func Sorting(r *layer.Registry) { r.Add(addOrder, addPartition, addUnique) }

// Neural are the operations of keras.ops.nn: convolutions, normalizations, losses, attention.
func Neural(r *layer.Registry) {
	r.Add(addAttention, addConv, addCrossentropy, addCtc, addNorm, addPatches)
}

// Linear are products and the operations of keras.ops.linalg.
func Linear(r *layer.Registry) { r.Add(addDistance, addLinalg, addLinalgNorm, addMatmul) }

// Signals are the Fourier transforms.
func Signals(r *layer.Registry) { r.Add(addFft) }

// Images are the operations of keras.ops.image.
func Images(r *layer.Registry) {
	r.Add(addImageColor, addImageCrop, addImageFilter, addImageResize, addImageScale, addImageTransform)
}

// Apply calls a keras.ops function on tensors of a model that is being built: Apply("numpy", "Add", nil, x, y). config has
// the arguments of the operation's constructor, such as layer.Args{"axis": -1}; args are the arguments of its call.
func Apply(module, class string, config layer.Args, args ...any) (*layer.KerasTensor, error) {
	return layer.NewRegistry(All).Apply(module, class, config, args...)
}
