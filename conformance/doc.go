// Package conformance holds tests alone: they compare this module's answers, copies and errors with those of Keras, which are
// in testdata (internal/golden says in what form). Each golden is a subtest:
//
//	go test ./conformance -run 'Goldens/conv/^conv1d_causal_k3$'
package conformance
