package layers

import (
	"fmt"
	"sync"

	"github.com/hornml/horn/nn/activations"
	"github.com/hornml/horn/nn/initializers"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/ops"
)

// The families of keras.layers are those of Keras's documentation. Each brings what the arguments of its layers may name
// ([Arguments]). For the smallest programs each class has a family of its own, or with its like, such as [AddDense] and
// [AddConv], which bring nothing else.

// All is the family of all layers and of all operations of keras.ops, and of the reasons why some of Keras's are refused.
func All(r *layer.Registry) {
	r.Add(CoreLayers, ActivationLayers, ConvolutionLayers, PoolingLayers, RecurrentLayers, AttentionLayers, NormalizationLayers,
		RegularizationLayers, ReshapingLayers, MergingLayers, PreprocessingLayers, PolicyMaps, AddApplications, addRefused, ops.All)
}

// CoreLayers are InputLayer, Dense, EinsumDense, Embedding, Masking and the like.
func CoreLayers(r *layer.Registry) {
	r.Add(Arguments, layer.Inputs, AddActivation, AddDense, AddEinsumDense, AddEmbedding, AddIdentity, AddMasking,
		AddReversibleEmbedding, AddTernaryDense)
}

// ActivationLayers are the activations that are layers: ReLU, PReLU, Softmax and the like.
func ActivationLayers(r *layer.Registry) { r.Add(Arguments, AddPReLU, AddReLU, AddSoftmax) }

// ConvolutionLayers are the convolutions: plain, depthwise, separable and transposed.
func ConvolutionLayers(r *layer.Registry) {
	r.Add(Arguments, AddConv, AddConvTranspose, AddDepthwiseConv, AddSeparableConv)
}

// PoolingLayers are the poolings: with windows, global and adaptive.
func PoolingLayers(r *layer.Registry) { r.Add(AddAdaptivePooling, AddGlobalPooling, AddPooling) }

// RecurrentLayers are the recurrent layers, their cells, and TimeDistributed.
func RecurrentLayers(r *layer.Registry) {
	r.Add(Arguments, AddBidirectional, AddConvLSTM, AddGRU, AddLSTM, AddRNN, AddSimpleRNN, AddStackedRNNCells, AddTimeDistributed)
}

// AttentionLayers are the attention layers.
func AttentionLayers(r *layer.Registry) {
	r.Add(Arguments, AddAdditiveAttention, AddAttention, AddGroupQueryAttention, AddMultiHeadAttention)
}

// NormalizationLayers are BatchNormalization, LayerNormalization and the like.
func NormalizationLayers(r *layer.Registry) {
	r.Add(Arguments, AddBatchNormalization, AddGroupNormalization, AddLayerNormalization, AddSpectralNormalization, AddUnitNormalization)
}

// RegularizationLayers are Dropout, noise and the like.
func RegularizationLayers(r *layer.Registry) { r.Add(Arguments, AddDropout) }

// ReshapingLayers are Flatten, Reshape, padding, cropping and the like.
func ReshapingLayers(r *layer.Registry) { r.Add(AddCropping, AddFlatten, AddUpSampling) }

// MergingLayers are Add, Concatenate, Dot and the like.
func MergingLayers(r *layer.Registry) { r.Add(AddConcatenate, AddDot, AddMerging) }

// PreprocessingLayers are the layers that make tensors of texts, categories, images and sounds.
func PreprocessingLayers(r *layer.Registry) {
	r.Add(Arguments, AddCategoryEncoding, AddDiscretization, AddFeatureSpace, AddHashedCrossing, AddHashing, AddImageAugmentation,
		AddMaxNumBoundingBoxes, AddImageContrast, AddImageResizing, AddIntegerLookup, AddMelSpectrogram, AddNormalization, AddPipeline,
		AddSTFTSpectrogram, AddStringLookup, AddTextVectorization)
}

// Arguments is the family of what the arguments of layers may name: activations, initializers, regularizers and constraints.
func Arguments(r *layer.Registry) { r.Add(activations.All, initializers.All) }

// named holds a registry once it was asked for.
type named struct {
	once     sync.Once
	registry *layer.Registry
}

func (n *named) get(f layer.Family) *layer.Registry {
	n.once.Do(func() { n.registry = layer.NewRegistry(f) })
	return n.registry
}

var everything, values named

// New returns a layer of Keras by the name of its class, such as "Dense"; a program that knows the class calls its
// constructor, such as NewDense. It is an error if there is no such class, or if an argument does not fit.
func New(class string, args ...layer.Args) (layer.Layer, error) {
	return everything.get(All).New(class, args...)
}

// Custom gives a layer of the caller's own its registered name, such as "my_package>Scale", and its arguments. Keras needs
// a class registered under that name to load a model that holds the layer.
func Custom[L layer.Layer](l L, registered string, args ...layer.Args) L {
	if registered == "" {
		panic(fmt.Sprintf(`layers: Custom: a registered name such as "my_package>Scale" is expected for %T, as Keras has it`, l))
	}
	return layer.Construct(values.get(Arguments), l, layer.CustomClass(registered), args...)
}
