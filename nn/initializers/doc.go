// Package initializers registers the classes of keras.initializers, keras.regularizers and keras.constraints.
package initializers
