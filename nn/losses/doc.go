// Package losses has the classes and functions of keras.losses as functions that write ops of a graph, so that what
// computes them also differentiates and compiles them. A [Loss] is a [Function], which gives a value for each sample, and a
// reduction; the metrics of nn/metrics average the values of the same functions.
//
// loss.go has what all share; the other files are named after the functions of Keras.
package losses
