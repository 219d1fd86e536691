// Package conformance compares this module's answers with those of Keras. A case is a pair of files, X.keras and X.npz
// with input_0.., output_0.. (Keras in float32) and, where there are any, truth_0.. (the same in float64).
package conformance
