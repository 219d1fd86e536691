// Package train is what a model does with targets: it resolves the losses and metrics of a compile state for the model's
// outputs, and evaluates. Users come here through nn.Model.
package train
