// Package metrics has the classes of keras.metrics. A metric takes batch after batch and tells the result for all of them;
// its state has Keras's variables, kept in float64. Most are means of the values of a function, of nn/losses or of
// accuracy.go and correlation.go, which are compiled; the rest count and add in Go.
//
// metric.go has what all share, mean.go what the means share.
package metrics
