// Package layers has the layers of keras.layers, one file for each class or family of like classes. A constructor takes what
// Keras's takes by position, and the other arguments by Keras's names in [layer.Args]:
//
//	layers.NewConv2D(32, 3, nn.Args{"padding": "same", "activation": "relu"})
//
// The classes that models in files may use stand in registries, which the families fill: [All], [CoreLayers],
// [ConvolutionLayers] and so on. docs/adding-a-layer.md says how a layer is made.
package layers
