// Package examples holds two small models that Keras trained, with data to try them on: digits.keras reads handwritten
// digits of 8x8 pixels (digit_0.png ... digit_9.png, digits_test.npz), wine.keras tells three kinds of wine apart by their
// chemistry (wine_test.csv, wine_test.npz). The .npz files have Keras's own answers under "probabilities". The data are
// from scikit-learn: the test parts of its digits and wine sets.
package examples

import "embed"

// Files has digits.keras and its ten pictures, for "horn demo" and for programs that want a model at hand.
//
//go:embed digits.keras digit_*.png
var Files embed.FS
