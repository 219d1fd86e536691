package kerasfile

import (
	"strings"
)

// addition is an argument that a class of Keras has since some release, and its default there: a file for an older one
// leaves it out if it has the default.
type addition struct {
	classes string // names; or a module such as "keras.losses", or one class in it as "keras.losses:Dice"
	key     string
	since   [3]int
	def     string // in JSON
}

// additions are the arguments that came with releases of Keras 3, as far as files of older ones are concerned.
var additions = []addition{
	{"keras.initializers", "input_axes", [3]int{3, 15}, "null"},
	{"keras.initializers", "output_axes", [3]int{3, 15}, "null"},
	{"Dense EinsumDense Embedding ReversibleEmbedding", "quantization_config", [3]int{3, 13}, "null"},
	{"Dense EinsumDense Embedding", "lora_rank", [3]int{3, 0, 3}, "null"},
	{"Conv1D Conv2D Conv3D", "lora_rank", [3]int{3, 3}, "null"},
	{"Dense EinsumDense Embedding Conv1D Conv2D Conv3D", "lora_alpha", [3]int{3, 10}, "null"},
	{"EinsumDense", "gptq_unpacked_column_size", [3]int{3, 12}, "null"},
	{"BatchNormalization", "renorm", [3]int{3, 14}, "false"},
	{"BatchNormalization", "renorm_clipping", [3]int{3, 14}, "null"},
	{"BatchNormalization", "renorm_momentum", [3]int{3, 14}, "0.99"},
	{"LayerNormalization", "rms_scaling", [3]int{3, 4}, "false"},
	{"MultiHeadAttention", "seed", [3]int{3, 4}, "null"},
	{"GroupQueryAttention", "seed", [3]int{3, 7}, "null"},
	{"MultiHeadAttention GroupQueryAttention", "flash_attention", [3]int{3, 7}, "null"},
	{"MultiHeadAttention GroupQueryAttention", "use_gate", [3]int{3, 14}, "false"},
	{"MultiHeadAttention GroupQueryAttention", "sliding_window", [3]int{3, 15}, "null"},
	{"LSTM GRU", "use_cudnn", [3]int{3, 2}, `"auto"`},
	{"Conv1DTranspose Conv2DTranspose Conv3DTranspose", "output_padding", [3]int{3, 11}, "null"},
	{"CategoryEncoding", "sparse", [3]int{3, 2}, "false"},
	{"ZeroPadding1D", "data_format", [3]int{3, 5}, `"channels_last"`},
	{"Resizing", "pad_to_aspect_ratio", [3]int{3, 3}, "false"},
	{"Resizing", "fill_mode", [3]int{3, 3}, `"constant"`},
	{"Resizing", "fill_value", [3]int{3, 3}, "0.0"},
	{"Resizing", "antialias", [3]int{3, 9}, "false"},
	{"CenterCrop RandomCrop RandomFlip RandomTranslation RandomZoom Resizing", "factor", [3]int{3, 6}, "null"},
	{"CenterCrop RandomBrightness RandomContrast RandomCrop RandomFlip RandomRotation RandomTranslation RandomZoom Resizing", "bounding_box_format", [3]int{3, 6}, "null"},
	{"RandomBrightness RandomContrast RandomFlip", "data_format", [3]int{3, 6}, `"channels_last"`},
	{"RandomContrast", "value_range", [3]int{3, 8}, "[0, 255]"},
	{"StringLookup IntegerLookup", "salt", [3]int{3, 14}, "null"},
	{"StringLookup IntegerLookup", "oov_method", [3]int{3, 14}, `"floormod"`},
	{"keras.optimizers", "gradient_accumulation_steps", [3]int{3, 0, 2}, "null"},
	{"Muon", "adam_weight_decay", [3]int{3, 13}, "0.004"},
	{"Muon", "rms_rate", [3]int{3, 13}, "0.2"},
	{"keras.losses", "dtype", [3]int{3, 4}, `"float32"`},
	{"keras.losses:SparseCategoricalCrossentropy", "axis", [3]int{3, 10}, "-1"},
	{"keras.losses:Dice", "axis", [3]int{3, 4}, "null"},
	{"keras.losses:Tversky", "axis", [3]int{3, 8}, "null"},
	{"keras.metrics:SparseCategoricalCrossentropy", "ignore_class", [3]int{3, 14}, "null"},
	{"keras.metrics:SparseTopKCategoricalAccuracy", "from_sorted_ids", [3]int{3, 7}, "false"},
}

// opAdditions are the arguments that came to operations (keras.src.ops).
var opAdditions = []addition{
	{"OnesLike ZerosLike", "dtype", [3]int{3, 1}, "null"},
	{"OneHot MultiHot Bincount", "sparse", [3]int{3, 2}, "false"},
	{"Resize", "crop_to_aspect_ratio", [3]int{3, 3}, "false"},
	{"Resize", "pad_to_aspect_ratio", [3]int{3, 3}, "false"},
	{"Resize", "fill_mode", [3]int{3, 3}, `"constant"`},
	{"Resize", "fill_value", [3]int{3, 3}, "0.0"},
	{"Argmax Argmin", "keepdims", [3]int{3, 3}, "false"},
	{"NanToNum", "nan", [3]int{3, 3}, "0.0"},
	{"NanToNum", "posinf", [3]int{3, 3}, "null"},
	{"NanToNum", "neginf", [3]int{3, 3}, "null"},
	{"PadImages CropImages", "data_format", [3]int{3, 4}, `"channels_last"`},
	{"Normalize", "epsilon", [3]int{3, 6}, "null"},
	{"ConvertToTensor", "ragged", [3]int{3, 11}, "null"},
	{"DotProductAttention", "flash_attention", [3]int{3, 11}, "null"},
	{"DotProductAttention", "attn_logits_soft_cap", [3]int{3, 11}, "null"},
	{"Isclose", "rtol", [3]int{3, 11}, "1e-05"},
	{"Isclose", "atol", [3]int{3, 11}, "1e-08"},
	{"Isclose", "equal_nan", [3]int{3, 11}, "false"},
	{"SearchSorted", "side", [3]int{3, 11}, `"left"`},
	{"Cholesky", "upper", [3]int{3, 12}, "false"},
	{"ScatterUpdate", "reduction", [3]int{3, 14}, "null"},
}

// newClasses are the classes that came with releases of Keras 3, found by asking 3.0.5, 3.1.1, .. 3.15.1 for theirs.
var newClasses = func() map[string][3]int {
	classes := map[string][3]int{}
	for minor, names := range map[int]string{
		1: "MelSpectrogram", 2: "Dice", 3: "Tversky QuantizedFloat8DTypePolicy", 4: "DTypePolicyMap", 5: "Lamb",
		6: "AutoContrast Pipeline Solarization",
		7: "STFT MaxNumBoundingBoxes STFTSpectrogram Circle ConcordanceCorrelation PearsonCorrelation",
		8: "Equalization MixUp RandAugment RandomColorDegeneration RandomColorJitter RandomGrayscale RandomHue RandomPosterization " +
			"RandomSaturation RandomSharpness RandomShear",
		9:  "AugMix CutMix RMSNormalization RandomErasing RandomGaussianBlur RandomInvert RandomPerspective",
		10: "RandomElasticTransform CategoricalGeneralizedCrossEntropy Muon",
		12: "GPTQDTypePolicy ReversibleEmbedding",
		13: "AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D",
		14: "AWQDTypePolicy Int4DTypePolicy ContrastLimitedAdaptiveHistogramEqualization ScheduleFreeAdamW",
		15: "MultiOptimizer OptimizerMap",
	} {
		for _, name := range strings.Fields(names) {
			classes[name] = [3]int{3, minor}
		}
	}
	return classes
}()

// newOps are the operations that came with releases of Keras 3, found in the same way.
var newOps = func() map[string][3]int {
	ops := map[string][3]int{}
	for minor, names := range map[int]string{
		1: "CropImages", 2: "Correlate", 3: "RGBToGrayscale Eigh CTCDecode CTCLoss PSNR Select Slogdet",
		4: "Map Scan Switch HSVToRGB RGBToHSV Lstsq Argpartition", 5: "AssociativeScan SegmentReduction SearchSorted",
		6: "SaturateCast Logdet DotProductAttention BitwiseAnd BitwiseInvert BitwiseLeftShift BitwiseNot BitwiseOr BitwiseRightShift " +
			"BitwiseXor Histogram LeftShift RightShift Trunc",
		7: "ConvertToTensor IFFT2 Celu Glu HardShrink HardTanh SoftShrink Squareplus TanhShrink Exp2 Inner",
		8: "SparsePlus Sparsemax Threshold Diagflat UnravelIndex", 9: "Rearrange GaussianBlur PerspectiveTransform Polar Rot90 Signbit",
		10: "ElasticTransform ViewAsComplex ViewAsReal SparseSigmoid Angle Bartlett Blackman Hamming",
		11: "RMSNorm VectorizedMap LayerNorm Cbrt Corrcoef Deg2rad Hanning Heaviside Kaiser",
		12: "ExtractPatches3D ScaleAndTranslate CholeskyInverse JVP Unfold Gcd Hypot IsIn Isneginf Isposinf Isreal Kron Lcm Logaddexp2 " +
			"Trapezoid View",
		13: "AdaptiveAveragePool AdaptiveMaxPool ArraySplit EmptyLike Ldexp Vander",
		14: "DepthToSpace Fold SpaceToDepth AllClose Dstack Fliplr Flipud Fmod Geomspace Hsplit I0 Nanargmax Nanargmin Nancumprod " +
			"Nancumsum Nanmax Nanmean Nanmedian Nanmin Nanprod Nanquantile Nanstd Nansum Nanvar Nextafter Ptp Rad2deg Sinc Vsplit",
		15: "SSIM SobelEdges MatrixRank Pinv CDist Erfc SegmentMin SegmentProd Dsplit Fabs Fmax Fmin Nanpercentile Percentile Unique",
	} {
		for _, name := range strings.Fields(names) {
			ops[name] = [3]int{3, minor}
		}
	}
	return ops
}()

// nameless are the operations that have no argument "name" before 3.11.
var nameless = func() map[string]bool {
	ops := map[string]bool{}
	for _, name := range strings.Fields("AffineTransform All Amax Amin Any Append Argmax Argmin Argsort AssociativeScan Average BinaryCrossentropy Bincount " +
		"BitwiseAnd BitwiseInvert BitwiseLeftShift BitwiseNot BitwiseOr BitwiseRightShift BitwiseXor CTCDecode CTCLoss " +
		"CategoricalCrossentropy Celu Cholesky Concatenate Conv Correlate CountNonzero Cross Cumprod Cumsum DepthwiseConv Det " +
		"Diag Diagflat Diagonal Diff DotProductAttention Eig Eigh ElasticTransform Elu Eye FFT FFT2 Flip GaussianBlur Gelu Glu " +
		"HSVToRGB HardShrink HardTanh Histogram IFFT2 IRFFT Inv LeakyRelu LeftShift Linspace LogSoftmax Logdet Logspace Logsumexp " +
		"Lstsq LuFactor Map MapCoordinates Max Mean Median Meshgrid Min MultiHot NanToNum Norm Normalize PadImages " +
		"PerspectiveTransform Polar Prod Qr Quantile RFFT RGBToGrayscale RGBToHSV RightShift Rot90 Round SVD Scan SegmentMax " +
		"SegmentReduction SegmentSum Select SeparableConv Slogdet SoftShrink Softmax Solve SolveTriangular Sort " +
		"SparseCategoricalCrossentropy Sparsemax Squareplus Squeeze Stack Std StopGradient Sum Take TakeAlongAxis TanhShrink " +
		"Tensordot Trace Transpose Tri Tril Triu Trunc Unstack Var") {
		ops[name] = true
	}
	return ops
}()

// newFunctions are the activations, losses and metrics by name that came with releases of Keras 3.
var newFunctions = map[string][3]int{
	"dice": {3, 2}, "tversky": {3, 3}, "circle": {3, 7}, "concordance_correlation": {3, 7}, "pearson_correlation": {3, 7},
	"celu": {3, 7}, "glu": {3, 7}, "hard_shrink": {3, 7}, "hard_tanh": {3, 7}, "log_sigmoid": {3, 7}, "soft_shrink": {3, 7},
	"squareplus": {3, 7}, "tanh_shrink": {3, 7}, "sparse_plus": {3, 8}, "sparsemax": {3, 8}, "threshold": {3, 8},
	"sparse_sigmoid": {3, 10}, "categorical_generalized_cross_entropy": {3, 10},
}

func (a addition) of(class, module string) bool {
	if strings.HasPrefix(a.classes, "keras.") {
		only, name, one := strings.Cut(a.classes, ":")
		return module == only && (!one || class == name)
	}
	for _, c := range strings.Fields(a.classes) {
		if c == class && !strings.HasPrefix(module, "keras.src.") {
			return true
		}
	}
	return false
}
