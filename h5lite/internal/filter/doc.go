// Package filter undoes, and for the classic form applies, the filters that
// HDF5 runs over the chunks of a dataset: deflate, shuffle and Fletcher-32. It
// knows the other registered filters by name, to say what it lacks.
package filter
