// Package ops registers the operations of keras.ops that may stand in a Functional model, one entry each; they write the
// primitive ops of nn/graph. It also has the image functions that preprocessing layers need: [Resize], [AffineTransform],
// [PerspectiveTransform], [GaussianBlur], [SobelEdges], [CropImages], [RGBToGrayscale], [RGBToHSV], [HSVToRGB].
//
// A file holds a family: arithmetic.go, compare.go, elementwise.go, reduce.go, shape.go, getitem.go and so on, named as
// in Keras's documentation. What an operation gives for each type of its arguments follows Keras; layer.ResultType has the
// lattice.
//
// Where Keras's backends differ, the answers are those of torch, from which the goldens are, odd as some are: a comment at
// the place says so. Affected are the nonzero counts along an axis (reversed axes), sparsemax, Quantile (its method is left out),
// Pad (one pair is for the last axis; "symmetric" repeats the border), AveragePool (uneven "same" padding), Argpartition
// (floats are truncated), AffineTransform (a transform used twice), GaussianBlur (kernels that are not square),
// bicubic Resize without antialias (coefficient -0.75) and ISTFT (at the ends of a signal).
package ops
