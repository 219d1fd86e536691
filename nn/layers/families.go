package layers

import (
	"sync"

	"github.com/hornml/horn/nn/activations"
	"github.com/hornml/horn/nn/initializers"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/ops"
)

// The families of keras.layers are those of Keras's documentation. Each brings what the arguments of its layers may name:
// activations, initializers, regularizers and constraints.

// All is the family of all layers and of all operations of keras.ops, and of the reasons why some of Keras's are refused.
func All(r *layer.Registry) {
	r.Add(CoreLayers, ActivationLayers, ConvolutionLayers, PoolingLayers, RecurrentLayers, AttentionLayers, NormalizationLayers,
		RegularizationLayers, ReshapingLayers, MergingLayers, PreprocessingLayers, PolicyMaps, addApplications, addRefused, ops.All)
}

// CoreLayers are InputLayer, Dense, EinsumDense, Embedding, Masking and the like.
func CoreLayers(r *layer.Registry) {
	r.Add(arguments, layer.Inputs, addActivation, addDense, addEinsumDense, addEmbedding, addIdentity, addMasking, addReversibleEmbedding)
}

// ActivationLayers are the activations that are layers: ReLU, PReLU, Softmax and the like.
func ActivationLayers(r *layer.Registry) { r.Add(arguments, addPrelu, addRelu, addSoftmax) }

// ConvolutionLayers are the convolutions: plain, depthwise, separable and transposed.
func ConvolutionLayers(r *layer.Registry) {
	r.Add(arguments, addConv, addConvTranspose, addDepthwiseConv, addSeparableConv)
}

// PoolingLayers are the poolings: with windows, global and adaptive.
func PoolingLayers(r *layer.Registry) { r.Add(addAdaptivePooling, addGlobalPooling, addPooling) }

// RecurrentLayers are the recurrent layers, their cells, and TimeDistributed.
func RecurrentLayers(r *layer.Registry) {
	r.Add(arguments, addBidirectional, addConvLstm, addGru, addLstm, addRnn, addSimpleRnn, addStackedRnnCells, addTimeDistributed)
}

// AttentionLayers are the attention layers.
func AttentionLayers(r *layer.Registry) {
	r.Add(arguments, addAdditiveAttention, addAttention, addGroupQueryAttention, addMultiHeadAttention)
}

// NormalizationLayers are BatchNormalization, LayerNormalization and the like.
func NormalizationLayers(r *layer.Registry) {
	r.Add(arguments, addBatchNormalization, addGroupNormalization, addLayerNormalization, addSpectralNormalization, addUnitNormalization)
}

// RegularizationLayers are Dropout, noise and the like.
func RegularizationLayers(r *layer.Registry) { r.Add(arguments, addDropout) }

// ReshapingLayers are Flatten, Reshape, padding, cropping and the like.
func ReshapingLayers(r *layer.Registry) { r.Add(addCropping, addFlatten, addUpSampling) }

// MergingLayers are Add, Concatenate, Dot and the like.
func MergingLayers(r *layer.Registry) { r.Add(addConcatenate, addDot, addMerging) }

// PreprocessingLayers are the layers that make tensors of texts, categories, images and sounds.
func PreprocessingLayers(r *layer.Registry) {
	r.Add(arguments, addCategoryEncoding, addDiscretization, addFeatureSpace, addHashedCrossing, addHashing, addImageAugmentation,
		addImageBoxes, addImageContrast, addImageResizing, addIntegerLookup, addMelSpectrogram, addNormalization, addPipeline,
		addStftSpectrogram, addStringLookup, addTextVectorization)
}

// arguments is what the arguments of layers may name.
func arguments(r *layer.Registry) { r.Add(activations.All, initializers.All) }

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
	return layer.Construct(values.get(arguments), l, layer.CustomClass(registered), args...)
}
