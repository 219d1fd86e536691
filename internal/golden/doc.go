// Package golden reads the answers of real Keras and judges ours by them: a [Case] is a pair of files, X.keras and X.npz with
// input_0.., output_0.. (Keras in float32) and, where there are any, truth_0.. (the same in float64). The tests of
// conformance and "horn verify" stand on it. [ReadCoverage] is what docs/coverage.md is made of.
package golden
