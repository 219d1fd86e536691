package layers

import (
	"github.com/hornml/horn/nn/layer"
)

// The constructors take the arguments that Keras has no default for, in Keras's order; the others may be named in args, and
// have Keras's defaults. A wrong argument panics: it is a mistake in the program. Sizes and strides are an int or a []int,
// as in Keras a number or a tuple.

// build makes a layer of a class from positional arguments, each after its name, and those named.
func build[L layer.Layer](class string, named []layer.Args, positional ...any) L {
	args := layer.Args{}
	for i := 0; i+1 < len(positional); i += 2 {
		args[positional[i].(string)] = positional[i+1]
	}
	l, err := layer.New(class, append([]layer.Args{args}, named...)...)
	if err != nil {
		panic("layers: " + err.Error())
	}
	return l.(L)
}

// NewActivation returns an Activation layer (keras.layers.Activation).
func NewActivation(activation any, args ...layer.Args) *Activation {
	return build[*Activation]("Activation", args, "activation", activation)
}

// NewActivityRegularization returns an ActivityRegularization layer (keras.layers.ActivityRegularization).
func NewActivityRegularization(args ...layer.Args) *ActivityRegularization {
	return build[*ActivityRegularization]("ActivityRegularization", args)
}

// NewAdaptiveAveragePooling1D returns an AdaptiveAveragePooling1D layer (keras.layers.AdaptiveAveragePooling1D).
func NewAdaptiveAveragePooling1D(outputSize any, args ...layer.Args) *AdaptiveAveragePooling1D {
	return build[*AdaptiveAveragePooling1D]("AdaptiveAveragePooling1D", args, "output_size", outputSize)
}

// NewAdaptiveAveragePooling2D returns an AdaptiveAveragePooling2D layer (keras.layers.AdaptiveAveragePooling2D).
func NewAdaptiveAveragePooling2D(outputSize any, args ...layer.Args) *AdaptiveAveragePooling2D {
	return build[*AdaptiveAveragePooling2D]("AdaptiveAveragePooling2D", args, "output_size", outputSize)
}

// NewAdaptiveAveragePooling3D returns an AdaptiveAveragePooling3D layer (keras.layers.AdaptiveAveragePooling3D).
func NewAdaptiveAveragePooling3D(outputSize any, args ...layer.Args) *AdaptiveAveragePooling3D {
	return build[*AdaptiveAveragePooling3D]("AdaptiveAveragePooling3D", args, "output_size", outputSize)
}

// NewAdaptiveMaxPooling1D returns an AdaptiveMaxPooling1D layer (keras.layers.AdaptiveMaxPooling1D).
func NewAdaptiveMaxPooling1D(outputSize any, args ...layer.Args) *AdaptiveMaxPooling1D {
	return build[*AdaptiveMaxPooling1D]("AdaptiveMaxPooling1D", args, "output_size", outputSize)
}

// NewAdaptiveMaxPooling2D returns an AdaptiveMaxPooling2D layer (keras.layers.AdaptiveMaxPooling2D).
func NewAdaptiveMaxPooling2D(outputSize any, args ...layer.Args) *AdaptiveMaxPooling2D {
	return build[*AdaptiveMaxPooling2D]("AdaptiveMaxPooling2D", args, "output_size", outputSize)
}

// NewAdaptiveMaxPooling3D returns an AdaptiveMaxPooling3D layer (keras.layers.AdaptiveMaxPooling3D).
func NewAdaptiveMaxPooling3D(outputSize any, args ...layer.Args) *AdaptiveMaxPooling3D {
	return build[*AdaptiveMaxPooling3D]("AdaptiveMaxPooling3D", args, "output_size", outputSize)
}

// NewAdd returns an Add layer (keras.layers.Add).
func NewAdd(args ...layer.Args) *Add {
	return build[*Add]("Add", args)
}

// NewAdditiveAttention returns an AdditiveAttention layer (keras.layers.AdditiveAttention).
func NewAdditiveAttention(args ...layer.Args) *AdditiveAttention {
	return build[*AdditiveAttention]("AdditiveAttention", args)
}

// NewAlphaDropout returns an AlphaDropout layer (keras.layers.AlphaDropout).
func NewAlphaDropout(rate float64, args ...layer.Args) *AlphaDropout {
	return build[*AlphaDropout]("AlphaDropout", args, "rate", rate)
}

// NewAttention returns an Attention layer (keras.layers.Attention).
func NewAttention(args ...layer.Args) *Attention {
	return build[*Attention]("Attention", args)
}

// NewAugMix returns an AugMix layer (keras.layers.AugMix).
func NewAugMix(args ...layer.Args) *Augmentation {
	return build[*Augmentation]("AugMix", args)
}

// NewAutoContrast returns an AutoContrast layer (keras.layers.AutoContrast).
func NewAutoContrast(args ...layer.Args) *AutoContrast {
	return build[*AutoContrast]("AutoContrast", args)
}

// NewAverage returns an Average layer (keras.layers.Average).
func NewAverage(args ...layer.Args) *Average {
	return build[*Average]("Average", args)
}

// NewAveragePooling1D returns an AveragePooling1D layer (keras.layers.AveragePooling1D).
func NewAveragePooling1D(poolSize any, args ...layer.Args) *AveragePooling1D {
	return build[*AveragePooling1D]("AveragePooling1D", args, "pool_size", poolSize)
}

// NewAveragePooling2D returns an AveragePooling2D layer (keras.layers.AveragePooling2D).
func NewAveragePooling2D(poolSize any, args ...layer.Args) *AveragePooling2D {
	return build[*AveragePooling2D]("AveragePooling2D", args, "pool_size", poolSize)
}

// NewAveragePooling3D returns an AveragePooling3D layer (keras.layers.AveragePooling3D).
func NewAveragePooling3D(poolSize any, args ...layer.Args) *AveragePooling3D {
	return build[*AveragePooling3D]("AveragePooling3D", args, "pool_size", poolSize)
}

// NewBatchNormalization returns a BatchNormalization layer (keras.layers.BatchNormalization).
func NewBatchNormalization(args ...layer.Args) *BatchNormalization {
	return build[*BatchNormalization]("BatchNormalization", args)
}

// NewBidirectional returns a Bidirectional layer (keras.layers.Bidirectional).
func NewBidirectional(inner layer.Layer, args ...layer.Args) *Bidirectional {
	return build[*Bidirectional]("Bidirectional", args, "layer", inner)
}

// NewCategoryEncoding returns a CategoryEncoding layer (keras.layers.CategoryEncoding).
func NewCategoryEncoding(args ...layer.Args) *CategoryEncoding {
	return build[*CategoryEncoding]("CategoryEncoding", args)
}

// NewCenterCrop returns a CenterCrop layer (keras.layers.CenterCrop).
func NewCenterCrop(height int, width int, args ...layer.Args) *CenterCrop {
	return build[*CenterCrop]("CenterCrop", args, "height", height, "width", width)
}

// NewConcatenate returns a Concatenate layer (keras.layers.Concatenate).
func NewConcatenate(args ...layer.Args) *Concatenate {
	return build[*Concatenate]("Concatenate", args)
}

// NewContrastLimitedAdaptiveHistogramEqualization returns a ContrastLimitedAdaptiveHistogramEqualization layer
// (keras.layers.ContrastLimitedAdaptiveHistogramEqualization).
func NewContrastLimitedAdaptiveHistogramEqualization(args ...layer.Args) *ContrastLimitedAdaptiveHistogramEqualization {
	return build[*ContrastLimitedAdaptiveHistogramEqualization]("ContrastLimitedAdaptiveHistogramEqualization", args)
}

// NewConv1D returns a Conv1D layer (keras.layers.Conv1D).
func NewConv1D(filters int, kernelSize any, args ...layer.Args) *Conv1D {
	return build[*Conv1D]("Conv1D", args, "filters", filters, "kernel_size", kernelSize)
}

// NewConv1DTranspose returns a Conv1DTranspose layer (keras.layers.Conv1DTranspose).
func NewConv1DTranspose(filters int, kernelSize any, args ...layer.Args) *Conv1DTranspose {
	return build[*Conv1DTranspose]("Conv1DTranspose", args, "filters", filters, "kernel_size", kernelSize)
}

// NewConv2D returns a Conv2D layer (keras.layers.Conv2D).
func NewConv2D(filters int, kernelSize any, args ...layer.Args) *Conv2D {
	return build[*Conv2D]("Conv2D", args, "filters", filters, "kernel_size", kernelSize)
}

// NewConv2DTranspose returns a Conv2DTranspose layer (keras.layers.Conv2DTranspose).
func NewConv2DTranspose(filters int, kernelSize any, args ...layer.Args) *Conv2DTranspose {
	return build[*Conv2DTranspose]("Conv2DTranspose", args, "filters", filters, "kernel_size", kernelSize)
}

// NewConv3D returns a Conv3D layer (keras.layers.Conv3D).
func NewConv3D(filters int, kernelSize any, args ...layer.Args) *Conv3D {
	return build[*Conv3D]("Conv3D", args, "filters", filters, "kernel_size", kernelSize)
}

// NewConv3DTranspose returns a Conv3DTranspose layer (keras.layers.Conv3DTranspose).
func NewConv3DTranspose(filters int, kernelSize any, args ...layer.Args) *Conv3DTranspose {
	return build[*Conv3DTranspose]("Conv3DTranspose", args, "filters", filters, "kernel_size", kernelSize)
}

// NewConvLSTM1D returns a ConvLSTM1D layer (keras.layers.ConvLSTM1D).
func NewConvLSTM1D(filters int, kernelSize any, args ...layer.Args) *ConvLSTM1D {
	return build[*ConvLSTM1D]("ConvLSTM1D", args, "filters", filters, "kernel_size", kernelSize)
}

// NewConvLSTM2D returns a ConvLSTM2D layer (keras.layers.ConvLSTM2D).
func NewConvLSTM2D(filters int, kernelSize any, args ...layer.Args) *ConvLSTM2D {
	return build[*ConvLSTM2D]("ConvLSTM2D", args, "filters", filters, "kernel_size", kernelSize)
}

// NewConvLSTM3D returns a ConvLSTM3D layer (keras.layers.ConvLSTM3D).
func NewConvLSTM3D(filters int, kernelSize any, args ...layer.Args) *ConvLSTM3D {
	return build[*ConvLSTM3D]("ConvLSTM3D", args, "filters", filters, "kernel_size", kernelSize)
}

// NewCropping1D returns a Cropping1D layer (keras.layers.Cropping1D).
func NewCropping1D(args ...layer.Args) *Cropping1D {
	return build[*Cropping1D]("Cropping1D", args)
}

// NewCropping2D returns a Cropping2D layer (keras.layers.Cropping2D).
func NewCropping2D(args ...layer.Args) *Cropping2D {
	return build[*Cropping2D]("Cropping2D", args)
}

// NewCropping3D returns a Cropping3D layer (keras.layers.Cropping3D).
func NewCropping3D(args ...layer.Args) *Cropping3D {
	return build[*Cropping3D]("Cropping3D", args)
}

// NewCutMix returns a CutMix layer (keras.layers.CutMix).
func NewCutMix(args ...layer.Args) *Augmentation {
	return build[*Augmentation]("CutMix", args)
}

// NewDense returns a Dense layer (keras.layers.Dense).
func NewDense(units int, args ...layer.Args) *Dense {
	return build[*Dense]("Dense", args, "units", units)
}

// NewDepthwiseConv1D returns a DepthwiseConv1D layer (keras.layers.DepthwiseConv1D).
func NewDepthwiseConv1D(kernelSize any, args ...layer.Args) *DepthwiseConv1D {
	return build[*DepthwiseConv1D]("DepthwiseConv1D", args, "kernel_size", kernelSize)
}

// NewDepthwiseConv2D returns a DepthwiseConv2D layer (keras.layers.DepthwiseConv2D).
func NewDepthwiseConv2D(kernelSize any, args ...layer.Args) *DepthwiseConv2D {
	return build[*DepthwiseConv2D]("DepthwiseConv2D", args, "kernel_size", kernelSize)
}

// NewDiscretization returns a Discretization layer (keras.layers.Discretization).
func NewDiscretization(args ...layer.Args) *Discretization {
	return build[*Discretization]("Discretization", args)
}

// NewDot returns a Dot layer (keras.layers.Dot).
func NewDot(axes any, args ...layer.Args) *Dot {
	return build[*Dot]("Dot", args, "axes", axes)
}

// NewDropout returns a Dropout layer (keras.layers.Dropout).
func NewDropout(rate float64, args ...layer.Args) *Dropout {
	return build[*Dropout]("Dropout", args, "rate", rate)
}

// NewELU returns an ELU layer (keras.layers.ELU).
func NewELU(args ...layer.Args) *ELU {
	return build[*ELU]("ELU", args)
}

// NewEinsumDense returns an EinsumDense layer (keras.layers.EinsumDense).
func NewEinsumDense(equation string, outputShape any, args ...layer.Args) *EinsumDense {
	return build[*EinsumDense]("EinsumDense", args, "equation", equation, "output_shape", outputShape)
}

// NewEmbedding returns an Embedding layer (keras.layers.Embedding).
func NewEmbedding(inputDim int, outputDim int, args ...layer.Args) *Embedding {
	return build[*Embedding]("Embedding", args, "input_dim", inputDim, "output_dim", outputDim)
}

// NewEqualization returns an Equalization layer (keras.layers.Equalization).
func NewEqualization(args ...layer.Args) *Augmentation {
	return build[*Augmentation]("Equalization", args)
}

// NewFlatten returns a Flatten layer (keras.layers.Flatten).
func NewFlatten(args ...layer.Args) *Flatten {
	return build[*Flatten]("Flatten", args)
}

// NewGRU returns a GRU layer (keras.layers.GRU).
func NewGRU(units int, args ...layer.Args) *GRU {
	return build[*GRU]("GRU", args, "units", units)
}

// NewGRUCell returns a GRUCell layer (keras.layers.GRUCell).
func NewGRUCell(units int, args ...layer.Args) *GRUCell {
	return build[*GRUCell]("GRUCell", args, "units", units)
}

// NewGaussianDropout returns a GaussianDropout layer (keras.layers.GaussianDropout).
func NewGaussianDropout(rate float64, args ...layer.Args) *GaussianDropout {
	return build[*GaussianDropout]("GaussianDropout", args, "rate", rate)
}

// NewGaussianNoise returns a GaussianNoise layer (keras.layers.GaussianNoise).
func NewGaussianNoise(stddev float64, args ...layer.Args) *GaussianNoise {
	return build[*GaussianNoise]("GaussianNoise", args, "stddev", stddev)
}

// NewGlobalAveragePooling1D returns a GlobalAveragePooling1D layer (keras.layers.GlobalAveragePooling1D).
func NewGlobalAveragePooling1D(args ...layer.Args) *GlobalAveragePooling1D {
	return build[*GlobalAveragePooling1D]("GlobalAveragePooling1D", args)
}

// NewGlobalAveragePooling2D returns a GlobalAveragePooling2D layer (keras.layers.GlobalAveragePooling2D).
func NewGlobalAveragePooling2D(args ...layer.Args) *GlobalAveragePooling2D {
	return build[*GlobalAveragePooling2D]("GlobalAveragePooling2D", args)
}

// NewGlobalAveragePooling3D returns a GlobalAveragePooling3D layer (keras.layers.GlobalAveragePooling3D).
func NewGlobalAveragePooling3D(args ...layer.Args) *GlobalAveragePooling3D {
	return build[*GlobalAveragePooling3D]("GlobalAveragePooling3D", args)
}

// NewGlobalMaxPooling1D returns a GlobalMaxPooling1D layer (keras.layers.GlobalMaxPooling1D).
func NewGlobalMaxPooling1D(args ...layer.Args) *GlobalMaxPooling1D {
	return build[*GlobalMaxPooling1D]("GlobalMaxPooling1D", args)
}

// NewGlobalMaxPooling2D returns a GlobalMaxPooling2D layer (keras.layers.GlobalMaxPooling2D).
func NewGlobalMaxPooling2D(args ...layer.Args) *GlobalMaxPooling2D {
	return build[*GlobalMaxPooling2D]("GlobalMaxPooling2D", args)
}

// NewGlobalMaxPooling3D returns a GlobalMaxPooling3D layer (keras.layers.GlobalMaxPooling3D).
func NewGlobalMaxPooling3D(args ...layer.Args) *GlobalMaxPooling3D {
	return build[*GlobalMaxPooling3D]("GlobalMaxPooling3D", args)
}

// NewGroupNormalization returns a GroupNormalization layer (keras.layers.GroupNormalization).
func NewGroupNormalization(args ...layer.Args) *GroupNormalization {
	return build[*GroupNormalization]("GroupNormalization", args)
}

// NewGroupQueryAttention returns a GroupQueryAttention layer (keras.layers.GroupQueryAttention).
func NewGroupQueryAttention(headDim int, numQueryHeads int, numKeyValueHeads int, args ...layer.Args) *GroupQueryAttention {
	return build[*GroupQueryAttention]("GroupQueryAttention", args, "head_dim", headDim, "num_query_heads", numQueryHeads,
		"num_key_value_heads", numKeyValueHeads)
}

// NewHashedCrossing returns a HashedCrossing layer (keras.layers.HashedCrossing).
func NewHashedCrossing(numBins int, args ...layer.Args) *HashedCrossing {
	return build[*HashedCrossing]("HashedCrossing", args, "num_bins", numBins)
}

// NewHashing returns a Hashing layer (keras.layers.Hashing).
func NewHashing(numBins int, args ...layer.Args) *Hashing {
	return build[*Hashing]("Hashing", args, "num_bins", numBins)
}

// NewIdentity returns an Identity layer (keras.layers.Identity).
func NewIdentity(args ...layer.Args) *Identity {
	return build[*Identity]("Identity", args)
}

// NewIntegerLookup returns an IntegerLookup layer (keras.layers.IntegerLookup).
func NewIntegerLookup(args ...layer.Args) *IntegerLookup {
	return build[*IntegerLookup]("IntegerLookup", args)
}

// NewLSTM returns an LSTM layer (keras.layers.LSTM).
func NewLSTM(units int, args ...layer.Args) *LSTM {
	return build[*LSTM]("LSTM", args, "units", units)
}

// NewLSTMCell returns an LSTMCell layer (keras.layers.LSTMCell).
func NewLSTMCell(units int, args ...layer.Args) *LSTMCell {
	return build[*LSTMCell]("LSTMCell", args, "units", units)
}

// NewLayerNormalization returns a LayerNormalization layer (keras.layers.LayerNormalization).
func NewLayerNormalization(args ...layer.Args) *LayerNormalization {
	return build[*LayerNormalization]("LayerNormalization", args)
}

// NewLeakyReLU returns a LeakyReLU layer (keras.layers.LeakyReLU).
func NewLeakyReLU(args ...layer.Args) *LeakyReLU {
	return build[*LeakyReLU]("LeakyReLU", args)
}

// NewMasking returns a Masking layer (keras.layers.Masking).
func NewMasking(args ...layer.Args) *Masking {
	return build[*Masking]("Masking", args)
}

// NewMaxNumBoundingBoxes returns a MaxNumBoundingBoxes layer (keras.layers.MaxNumBoundingBoxes).
func NewMaxNumBoundingBoxes(maxNumber int, args ...layer.Args) *MaxNumBoundingBoxes {
	return build[*MaxNumBoundingBoxes]("MaxNumBoundingBoxes", args, "max_number", maxNumber)
}

// NewMaxPooling1D returns a MaxPooling1D layer (keras.layers.MaxPooling1D).
func NewMaxPooling1D(args ...layer.Args) *MaxPooling1D {
	return build[*MaxPooling1D]("MaxPooling1D", args)
}

// NewMaxPooling2D returns a MaxPooling2D layer (keras.layers.MaxPooling2D).
func NewMaxPooling2D(args ...layer.Args) *MaxPooling2D {
	return build[*MaxPooling2D]("MaxPooling2D", args)
}

// NewMaxPooling3D returns a MaxPooling3D layer (keras.layers.MaxPooling3D).
func NewMaxPooling3D(args ...layer.Args) *MaxPooling3D {
	return build[*MaxPooling3D]("MaxPooling3D", args)
}

// NewMaximum returns a Maximum layer (keras.layers.Maximum).
func NewMaximum(args ...layer.Args) *Maximum {
	return build[*Maximum]("Maximum", args)
}

// NewMelSpectrogram returns a MelSpectrogram layer (keras.layers.MelSpectrogram).
func NewMelSpectrogram(args ...layer.Args) *MelSpectrogram {
	return build[*MelSpectrogram]("MelSpectrogram", args)
}

// NewMinimum returns a Minimum layer (keras.layers.Minimum).
func NewMinimum(args ...layer.Args) *Minimum {
	return build[*Minimum]("Minimum", args)
}

// NewMixUp returns a MixUp layer (keras.layers.MixUp).
func NewMixUp(args ...layer.Args) *Augmentation {
	return build[*Augmentation]("MixUp", args)
}

// NewMultiHeadAttention returns a MultiHeadAttention layer (keras.layers.MultiHeadAttention).
func NewMultiHeadAttention(numHeads int, keyDim int, args ...layer.Args) *MultiHeadAttention {
	return build[*MultiHeadAttention]("MultiHeadAttention", args, "num_heads", numHeads, "key_dim", keyDim)
}

// NewMultiply returns a Multiply layer (keras.layers.Multiply).
func NewMultiply(args ...layer.Args) *Multiply {
	return build[*Multiply]("Multiply", args)
}

// NewNormalization returns a Normalization layer (keras.layers.Normalization).
func NewNormalization(args ...layer.Args) *Normalization {
	return build[*Normalization]("Normalization", args)
}

// NewPReLU returns a PReLU layer (keras.layers.PReLU).
func NewPReLU(args ...layer.Args) *PReLU {
	return build[*PReLU]("PReLU", args)
}

// NewPermute returns a Permute layer (keras.layers.Permute).
func NewPermute(dims []int, args ...layer.Args) *Permute {
	return build[*Permute]("Permute", args, "dims", dims)
}

// NewPipeline returns a Pipeline layer (keras.layers.Pipeline).
func NewPipeline(layers []layer.Layer, args ...layer.Args) *Pipeline {
	return build[*Pipeline]("Pipeline", args, "layers", layers)
}

// NewRMSNormalization returns a RMSNormalization layer (keras.layers.RMSNormalization).
func NewRMSNormalization(args ...layer.Args) *RMSNormalization {
	return build[*RMSNormalization]("RMSNormalization", args)
}

// NewRNN returns a RNN layer (keras.layers.RNN).
func NewRNN(cell layer.Layer, args ...layer.Args) *RNN {
	return build[*RNN]("RNN", args, "cell", cell)
}

// NewRandAugment returns a RandAugment layer (keras.layers.RandAugment).
func NewRandAugment(args ...layer.Args) *Augmentation {
	return build[*Augmentation]("RandAugment", args)
}

// NewRandomBrightness returns a RandomBrightness layer (keras.layers.RandomBrightness).
func NewRandomBrightness(factor any, args ...layer.Args) *Augmentation {
	return build[*Augmentation]("RandomBrightness", args, "factor", factor)
}

// NewRandomColorDegeneration returns a RandomColorDegeneration layer (keras.layers.RandomColorDegeneration).
func NewRandomColorDegeneration(factor any, args ...layer.Args) *Augmentation {
	return build[*Augmentation]("RandomColorDegeneration", args, "factor", factor)
}

// NewRandomColorJitter returns a RandomColorJitter layer (keras.layers.RandomColorJitter).
func NewRandomColorJitter(args ...layer.Args) *Augmentation {
	return build[*Augmentation]("RandomColorJitter", args)
}

// NewRandomContrast returns a RandomContrast layer (keras.layers.RandomContrast).
func NewRandomContrast(factor any, args ...layer.Args) *Augmentation {
	return build[*Augmentation]("RandomContrast", args, "factor", factor)
}

// NewRandomCrop returns a RandomCrop layer (keras.layers.RandomCrop).
func NewRandomCrop(height int, width int, args ...layer.Args) *RandomCrop {
	return build[*RandomCrop]("RandomCrop", args, "height", height, "width", width)
}

// NewRandomElasticTransform returns a RandomElasticTransform layer (keras.layers.RandomElasticTransform).
func NewRandomElasticTransform(args ...layer.Args) *Augmentation {
	return build[*Augmentation]("RandomElasticTransform", args)
}

// NewRandomErasing returns a RandomErasing layer (keras.layers.RandomErasing).
func NewRandomErasing(args ...layer.Args) *Augmentation {
	return build[*Augmentation]("RandomErasing", args)
}

// NewRandomFlip returns a RandomFlip layer (keras.layers.RandomFlip).
func NewRandomFlip(args ...layer.Args) *Augmentation {
	return build[*Augmentation]("RandomFlip", args)
}

// NewRandomGaussianBlur returns a RandomGaussianBlur layer (keras.layers.RandomGaussianBlur).
func NewRandomGaussianBlur(args ...layer.Args) *Augmentation {
	return build[*Augmentation]("RandomGaussianBlur", args)
}

// NewRandomGrayscale returns a RandomGrayscale layer (keras.layers.RandomGrayscale).
func NewRandomGrayscale(args ...layer.Args) *Augmentation {
	return build[*Augmentation]("RandomGrayscale", args)
}

// NewRandomHue returns a RandomHue layer (keras.layers.RandomHue).
func NewRandomHue(factor any, args ...layer.Args) *Augmentation {
	return build[*Augmentation]("RandomHue", args, "factor", factor)
}

// NewRandomInvert returns a RandomInvert layer (keras.layers.RandomInvert).
func NewRandomInvert(args ...layer.Args) *Augmentation {
	return build[*Augmentation]("RandomInvert", args)
}

// NewRandomPerspective returns a RandomPerspective layer (keras.layers.RandomPerspective).
func NewRandomPerspective(args ...layer.Args) *Augmentation {
	return build[*Augmentation]("RandomPerspective", args)
}

// NewRandomPosterization returns a RandomPosterization layer (keras.layers.RandomPosterization).
func NewRandomPosterization(factor any, args ...layer.Args) *Augmentation {
	return build[*Augmentation]("RandomPosterization", args, "factor", factor)
}

// NewRandomRotation returns a RandomRotation layer (keras.layers.RandomRotation).
func NewRandomRotation(factor any, args ...layer.Args) *Augmentation {
	return build[*Augmentation]("RandomRotation", args, "factor", factor)
}

// NewRandomSaturation returns a RandomSaturation layer (keras.layers.RandomSaturation).
func NewRandomSaturation(factor any, args ...layer.Args) *Augmentation {
	return build[*Augmentation]("RandomSaturation", args, "factor", factor)
}

// NewRandomSharpness returns a RandomSharpness layer (keras.layers.RandomSharpness).
func NewRandomSharpness(factor any, args ...layer.Args) *Augmentation {
	return build[*Augmentation]("RandomSharpness", args, "factor", factor)
}

// NewRandomShear returns a RandomShear layer (keras.layers.RandomShear).
func NewRandomShear(args ...layer.Args) *Augmentation {
	return build[*Augmentation]("RandomShear", args)
}

// NewRandomTranslation returns a RandomTranslation layer (keras.layers.RandomTranslation).
func NewRandomTranslation(heightFactor any, widthFactor any, args ...layer.Args) *Augmentation {
	return build[*Augmentation]("RandomTranslation", args, "height_factor", heightFactor, "width_factor", widthFactor)
}

// NewRandomZoom returns a RandomZoom layer (keras.layers.RandomZoom).
func NewRandomZoom(heightFactor any, args ...layer.Args) *Augmentation {
	return build[*Augmentation]("RandomZoom", args, "height_factor", heightFactor)
}

// NewReLU returns a ReLU layer (keras.layers.ReLU).
func NewReLU(args ...layer.Args) *ReLU {
	return build[*ReLU]("ReLU", args)
}

// NewRepeatVector returns a RepeatVector layer (keras.layers.RepeatVector).
func NewRepeatVector(n int, args ...layer.Args) *RepeatVector {
	return build[*RepeatVector]("RepeatVector", args, "n", n)
}

// NewRescaling returns a Rescaling layer (keras.layers.Rescaling).
func NewRescaling(scale any, args ...layer.Args) *Rescaling {
	return build[*Rescaling]("Rescaling", args, "scale", scale)
}

// NewReshape returns a Reshape layer (keras.layers.Reshape).
func NewReshape(targetShape []int, args ...layer.Args) *Reshape {
	return build[*Reshape]("Reshape", args, "target_shape", targetShape)
}

// NewResizing returns a Resizing layer (keras.layers.Resizing).
func NewResizing(height int, width int, args ...layer.Args) *Resizing {
	return build[*Resizing]("Resizing", args, "height", height, "width", width)
}

// NewReversibleEmbedding returns a ReversibleEmbedding layer (keras.layers.ReversibleEmbedding).
func NewReversibleEmbedding(inputDim int, outputDim int, args ...layer.Args) *ReversibleEmbedding {
	return build[*ReversibleEmbedding]("ReversibleEmbedding", args, "input_dim", inputDim, "output_dim", outputDim)
}

// NewSTFTSpectrogram returns a STFTSpectrogram layer (keras.layers.STFTSpectrogram).
func NewSTFTSpectrogram(args ...layer.Args) *STFTSpectrogram {
	return build[*STFTSpectrogram]("STFTSpectrogram", args)
}

// NewSeparableConv1D returns a SeparableConv1D layer (keras.layers.SeparableConv1D).
func NewSeparableConv1D(filters int, kernelSize any, args ...layer.Args) *SeparableConv1D {
	return build[*SeparableConv1D]("SeparableConv1D", args, "filters", filters, "kernel_size", kernelSize)
}

// NewSeparableConv2D returns a SeparableConv2D layer (keras.layers.SeparableConv2D).
func NewSeparableConv2D(filters int, kernelSize any, args ...layer.Args) *SeparableConv2D {
	return build[*SeparableConv2D]("SeparableConv2D", args, "filters", filters, "kernel_size", kernelSize)
}

// NewSimpleRNN returns a SimpleRNN layer (keras.layers.SimpleRNN).
func NewSimpleRNN(units int, args ...layer.Args) *SimpleRNN {
	return build[*SimpleRNN]("SimpleRNN", args, "units", units)
}

// NewSimpleRNNCell returns a SimpleRNNCell layer (keras.layers.SimpleRNNCell).
func NewSimpleRNNCell(units int, args ...layer.Args) *SimpleRNNCell {
	return build[*SimpleRNNCell]("SimpleRNNCell", args, "units", units)
}

// NewSoftmax returns a Softmax layer (keras.layers.Softmax).
func NewSoftmax(args ...layer.Args) *Softmax {
	return build[*Softmax]("Softmax", args)
}

// NewSolarization returns a Solarization layer (keras.layers.Solarization).
func NewSolarization(args ...layer.Args) *Augmentation {
	return build[*Augmentation]("Solarization", args)
}

// NewSpatialDropout1D returns a SpatialDropout1D layer (keras.layers.SpatialDropout1D).
func NewSpatialDropout1D(rate float64, args ...layer.Args) *SpatialDropout1D {
	return build[*SpatialDropout1D]("SpatialDropout1D", args, "rate", rate)
}

// NewSpatialDropout2D returns a SpatialDropout2D layer (keras.layers.SpatialDropout2D).
func NewSpatialDropout2D(rate float64, args ...layer.Args) *SpatialDropout2D {
	return build[*SpatialDropout2D]("SpatialDropout2D", args, "rate", rate)
}

// NewSpatialDropout3D returns a SpatialDropout3D layer (keras.layers.SpatialDropout3D).
func NewSpatialDropout3D(rate float64, args ...layer.Args) *SpatialDropout3D {
	return build[*SpatialDropout3D]("SpatialDropout3D", args, "rate", rate)
}

// NewSpectralNormalization returns a SpectralNormalization layer (keras.layers.SpectralNormalization).
func NewSpectralNormalization(inner layer.Layer, args ...layer.Args) *SpectralNormalization {
	return build[*SpectralNormalization]("SpectralNormalization", args, "layer", inner)
}

// NewStackedRNNCells returns a StackedRNNCells layer (keras.layers.StackedRNNCells).
func NewStackedRNNCells(cells []layer.Layer, args ...layer.Args) *StackedRNNCells {
	return build[*StackedRNNCells]("StackedRNNCells", args, "cells", cells)
}

// NewStringLookup returns a StringLookup layer (keras.layers.StringLookup).
func NewStringLookup(args ...layer.Args) *StringLookup {
	return build[*StringLookup]("StringLookup", args)
}

// NewSubtract returns a Subtract layer (keras.layers.Subtract).
func NewSubtract(args ...layer.Args) *Subtract {
	return build[*Subtract]("Subtract", args)
}

// NewTextVectorization returns a TextVectorization layer (keras.layers.TextVectorization).
func NewTextVectorization(args ...layer.Args) *TextVectorization {
	return build[*TextVectorization]("TextVectorization", args)
}

// NewTimeDistributed returns a TimeDistributed layer (keras.layers.TimeDistributed).
func NewTimeDistributed(inner layer.Layer, args ...layer.Args) *TimeDistributed {
	return build[*TimeDistributed]("TimeDistributed", args, "layer", inner)
}

// NewUnitNormalization returns a UnitNormalization layer (keras.layers.UnitNormalization).
func NewUnitNormalization(args ...layer.Args) *UnitNormalization {
	return build[*UnitNormalization]("UnitNormalization", args)
}

// NewUpSampling1D returns a UpSampling1D layer (keras.layers.UpSampling1D).
func NewUpSampling1D(args ...layer.Args) *UpSampling1D {
	return build[*UpSampling1D]("UpSampling1D", args)
}

// NewUpSampling2D returns a UpSampling2D layer (keras.layers.UpSampling2D).
func NewUpSampling2D(args ...layer.Args) *UpSampling2D {
	return build[*UpSampling2D]("UpSampling2D", args)
}

// NewUpSampling3D returns a UpSampling3D layer (keras.layers.UpSampling3D).
func NewUpSampling3D(args ...layer.Args) *UpSampling3D {
	return build[*UpSampling3D]("UpSampling3D", args)
}

// NewZeroPadding1D returns a ZeroPadding1D layer (keras.layers.ZeroPadding1D).
func NewZeroPadding1D(args ...layer.Args) *ZeroPadding1D {
	return build[*ZeroPadding1D]("ZeroPadding1D", args)
}

// NewZeroPadding2D returns a ZeroPadding2D layer (keras.layers.ZeroPadding2D).
func NewZeroPadding2D(args ...layer.Args) *ZeroPadding2D {
	return build[*ZeroPadding2D]("ZeroPadding2D", args)
}

// NewZeroPadding3D returns a ZeroPadding3D layer (keras.layers.ZeroPadding3D).
func NewZeroPadding3D(args ...layer.Args) *ZeroPadding3D {
	return build[*ZeroPadding3D]("ZeroPadding3D", args)
}
