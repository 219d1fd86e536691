package nn

import (
	"slices"
	"strings"

	"github.com/hornml/horn/nn/layer"
)

// VariableGroup is a part of a saved model's variables that belongs to none of its layers: those of an optimizer.
type VariableGroup struct {
	// Path is the place in the weights file: "optimizer", "optimizer/inner_optimizer", or that of a model inside with
	// "/optimizer" behind it.
	Path      string
	Variables []*layer.Variable // named by their numbers there, in order
}

// OptimizerVariables returns the variables of the optimizer with which the model was saved, in the order of Keras's
// optimizer.variables: iteration, the learning rate if it is a number, then the slots. It is empty for a model that was
// not compiled, or was loaded without its compile state.
func (m *Model) OptimizerVariables() []*layer.Variable {
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
	m.compile = nil
	m.Optimizer = slices.DeleteFunc(m.Optimizer, func(g *VariableGroup) bool {
		return g.Path == "optimizer" || strings.HasPrefix(g.Path, "optimizer/")
	})
}

// TrainableVariables returns the variables that training changes, in Keras's order: those of layers that are not frozen, without
// the ones that layers change themselves; none for a model that is frozen itself. As in Keras a layer that was made frozen is so
// without the layers inside it, which SetTrainable freezes with it.
func (m *Model) TrainableVariables() []*layer.Variable {
	if !m.Trainable() {
		return nil
	}
	frozen := map[*layer.Variable]bool{}
	layer.Each(m, func(l layer.Layer) {
		if !l.Trainable() {
			inner := map[*layer.Variable]bool{} // of layers inside it, which it may list as its own, too
			for _, s := range layer.Sublayers(l) {
				for _, v := range s.Variables() {
					inner[v] = true
				}
			}
			for _, v := range layer.OwnVariables(l) {
				frozen[v] = frozen[v] || !inner[v]
			}
		}
	})
	var out []*layer.Variable
	for _, v := range m.Variables() {
		if v.Trainable && !frozen[v] {
			out = append(out, v)
		}
	}
	return out
}
