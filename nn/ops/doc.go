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
// bicubic Resize without antialias (coefficient -0.75), ISTFT (at the ends of a signal) and TopK (its indices are int64).
//
// Elsewhere it is what two of three backends do: NaN is 0 for soft_shrink and hard_shrink, and below every threshold for
// Threshold, as for JAX and TensorFlow (torch keeps NaN); beyond the borders of SobelEdges is 0, as for JAX and torch
// (TensorFlow reflects the image); a recurrent layer with unroll and zero_output_for_mask has zeros at masked steps, as for
// TensorFlow and torch (JAX repeats the output before), which for a sequence that goes backwards mask in the order of time.
// Integers that are made floats first wrap around where Keras's do, as in x*x of squareplus. conformance/edges_test.go holds all
// of this against the backends.
package ops
