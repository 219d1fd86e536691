// Package initializers has the classes of keras.initializers, keras.regularizers and keras.constraints, as layers name them in
// their arguments. An initializer makes the first elements of a variable (layer.Initializer), a regularizer writes what a weight
// adds to the loss (layer.Regularizer), a constraint what a weight becomes after a step of training (layer.Constrainer).
// Importing the package makes the classes known to layers by their names.
package initializers
