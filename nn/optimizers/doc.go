// Package optimizers has the classes of keras.optimizers and keras.optimizers.schedules: rules by which variables change
// with their gradients. They compute in float64 on plain tensors and round to the types of the variables, whose names and
// order are Keras's.
//
// base.go has what all optimizers share (clipping, weight decay, averages, accumulation), schedules.go the learning rates;
// the other files are named after the classes of Keras.
package optimizers
