// Package report describes models for people: Keras's table of layers (Model.summary), counts of parameters, and drawings of
// the graph of layers. It reads a model through [nn.Model.Calls] and what a layer tells of itself.
package report
