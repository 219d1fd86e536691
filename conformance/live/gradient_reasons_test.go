package live

import "path"

// gradientApart says why a golden's gradients are not those that Keras on JAX has, or why there are none.
type gradientApart struct {
	golden string // or a pattern of path.Match
	of     string // input_0 .., or a pattern of variables' paths; "Keras's" where Keras has none, "ours" where there are none of ours
	why    string
}

var gradientsApart = []gradientApart{
	{"keras2/keypoint_bn_2.15.0", "Keras's", noKeras2},
	{"keras2/point_history_2.15.0", "Keras's", noKeras2},
	{"format/quant-3.12.0/*_int4", "Keras's", "kernels of int4 are packed otherwise since Keras 3.14, which does not load the former ones"},
	{"format/keras-3.16.0/seq", "*/*", newerMask},
	{"format/keras-3.16.0/seq", "*/*/*", newerMask},
	{"format/keras-3.16.0/seq", "*/*/*/*", newerMask},

	{"ops/bincount_weights", "Keras's", "weights that are constants are a list in a file, which JAX does not take"},
	{"ops/cholesky", "Keras's", "CholeskyInverse of a batch fails on JAX"},
	{"ops/nextafter", "Keras's", "JAX has no gradient of it; it is 0 here"},
	{"ops/pool2d", "Keras's", "AveragePool without strides fails on JAX, which extends the pool size twice"},
	{"ops/scatter_update", "Keras's", noProduct},
	{"ops/segments", "Keras's", noProduct},
	{"ops/ctc_decode_beam", "ours", "the scores of a beam search have none here, and NaN on JAX"},

	{"ops/affine_transform", "input_0", "the answers are those of torch, where each second operation of one transform finds it exchanged"},
	{"ops/argpartition_kth", "input_0", "which elements stand where besides the k-th is open, and JAX has others"},
	{"ops/blur_and_edges", "input_0", "the answers are those of torch, where a blurred image has another shape"},
	{"ops/map_coordinates_order0", "input_0", "JAX rounds halves away from zero, the torch of the answers to even numbers"},
	{"ops/pad", "input_0", "the answers are those of torch, which pads the last axis alone where one number is given"},
	{"ops/perspective_transform", "input_[12]", "a pixel is another exactly, at a kink: which side it takes is rounding"},
	{"ops/resize_bicubic", "input_0", bicubic},
	{"preprocessing/resizing_bicubic", "input_0", bicubic},
	{"reshape/up_sampling2d_bicubic_of_the_torch_backend", "input_0", bicubic},
}

const (
	noKeras2  = "Keras 3 does not load the .keras files of Keras 2"
	newerMask = "a null for a mask stands for none in Keras 3.16; 3.15 takes the one that travels along"
	noProduct = "JAX has no gradient of a product of what is scattered to one place"
	bicubic   = "the answers are those of torch, whose bicubic kernel has the coefficient -0.75, JAX's -0.5"
)

// explained returns the entry that explains a difference.
func explained(name, of string) (gradientApart, bool) {
	for _, a := range gradientsApart {
		first, _ := path.Match(a.golden, name)
		second, _ := path.Match(a.of, of)
		if first && second {
			return a, true
		}
	}
	return gradientApart{}, false
}
