package nn

import (
	"slices"
	"strings"

	"github.com/hornml/horn/tensor"
)

// VariableGroup is a part of a saved model's variables that belongs to none of its layers: those of an optimizer.
type VariableGroup struct {
	// Path is the place in the weights file: "optimizer", "optimizer/inner_optimizer", or that of a model inside with
	// "/optimizer" behind it.
	Path      string
	Variables []*Variable // named by their numbers there, in order
}

// NewVariable returns a variable that holds t, which belongs to no layer.
func NewVariable(name, path string, t tensor.Any) *Variable {
	return &Variable{Name: name, Path: path, Shape: t.Shape(), DType: t.DType(), value: t, id: variableIDs.Add(1)}
}

// OptimizerVariables returns the variables of the optimizer with which the model was saved, in the order of Keras's
// optimizer.variables: iteration, the learning rate if it is a number, then the slots. It is empty for a model that was
// not compiled, or was loaded without its compile state.
func (m *Model) OptimizerVariables() []*Variable {
	for _, g := range m.Optimizer {
		if g.Path == "optimizer" {
			return g.Variables
		}
	}
	return nil
}

// DropCompileState forgets the optimizer, its variables, the loss and the metrics, as keras.models.load_model does with
// compile=False.
func (m *Model) DropCompileState() {
	m.Compile = nil
	m.Optimizer = slices.DeleteFunc(m.Optimizer, func(g *VariableGroup) bool {
		return g.Path == "optimizer" || strings.HasPrefix(g.Path, "optimizer/")
	})
}

// IsOptimizerPath reports whether a path in a weights file is that of an optimizer or of a part of one.
func IsOptimizerPath(path string) bool {
	return strings.Contains("/"+path+"/", "/optimizer/")
}
