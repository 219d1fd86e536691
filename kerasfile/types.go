package kerasfile

import "github.com/hornml/horn/kerasfile/core"

// What loading, saving and looking tell.
type (
	// UnsupportedError names a class or an option that a model uses and this module does not run.
	UnsupportedError = core.UnsupportedError
	// ConfigError says what is wrong in a model's configuration, and where.
	ConfigError = core.ConfigError
	// FormatError says what is wrong with a file as a container.
	FormatError = core.FormatError
	// LimitError says which limit a file exceeds.
	LimitError = core.LimitError
	// WeightError says which variable does not get its elements, and why.
	WeightError = core.WeightError
	// Errors is everything that is wrong with a model.
	Errors = core.Errors

	// Info is what stands in a model file, found without reading weights.
	Info = core.Info
	// Entry is a file inside the container.
	Entry = core.Entry
	// Port is an input or output of the model.
	Port = core.Port
	// Stored is a variable in the weights file.
	Stored = core.Stored
	// Compile is the compile state in short.
	Compile = core.Compile
	// OptimizerParams counts the optimizer's variables.
	OptimizerParams = core.OptimizerParams
	// ClassUse is a class or function that the config names.
	ClassUse = core.ClassUse
)

// ErrNotKeras is returned for a file that is none of Keras's containers.
var ErrNotKeras = core.ErrNotKeras
