package layers

import (
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/layer"
)

// cellWeights are the arguments and variables that all recurrent cells have.
type cellWeights struct {
	KernelInitializer, RecurrentInitializer, BiasInitializer *layer.Object
	KernelRegularizer, RecurrentRegularizer, BiasRegularizer *layer.Object
	KernelConstraint, RecurrentConstraint, BiasConstraint    *layer.Object
	Dropout, RecurrentDropout                                float64 // for training only
	Seed                                                     any

	kernel, recurrent, bias *layer.Variable
}

// settled fails where a call asks for what training does to the cell, which is not there yet.
func (w *cellWeights) settled(c *layer.Call) {
	if c.Training() && (w.Dropout > 0 || w.RecurrentDropout > 0) {
		c.Fail("the call asks for the dropout of training inside of a recurrent layer, which is not supported yet")
	}
}

func (w *cellWeights) config(c *layer.Config) {
	c.Initializer("kernel_initializer", &w.KernelInitializer, "glorot_uniform")
	c.Initializer("recurrent_initializer", &w.RecurrentInitializer, "orthogonal")
	c.Initializer("bias_initializer", &w.BiasInitializer, "zeros")
	c.Regularizer("kernel_regularizer", &w.KernelRegularizer)
	c.Regularizer("recurrent_regularizer", &w.RecurrentRegularizer)
	c.Regularizer("bias_regularizer", &w.BiasRegularizer)
	c.Constraint("kernel_constraint", &w.KernelConstraint)
	c.Constraint("recurrent_constraint", &w.RecurrentConstraint)
	c.Constraint("bias_constraint", &w.BiasConstraint)
	c.Float("dropout", &w.Dropout, 0)
	c.Float("recurrent_dropout", &w.RecurrentDropout, 0)
	seedConfig(c, &w.Seed)
	c.Inert("implementation") // 1 or 2: the order of the same sums
}

// seedConfig visits a seed: an integer, null, or the record of a keras.random.SeedGenerator. It matters in training only.
func seedConfig(c *layer.Config, field *any) {
	c.Raw("seed", field, nil)
	switch v := (*field).(type) {
	case nil, *pyjson.Object:
	case pyjson.Number:
		if !v.IsInt() {
			c.Errorf("seed", "an integer or null is expected, not %s", pyjson.Describe(v))
		}
	default:
		c.Errorf("seed", "an integer or null is expected, not %s", pyjson.Describe(v))
	}
}

// make adds the two kernels of a cell of the given number of gates.
func (w *cellWeights) make(c *layer.Call, units, gates int) {
	x := c.X()
	if x.Rank() != 2 {
		c.Fail("the input of a step must be (batch, features), not %s: a sequence is (batch, time, features)", x)
	}
	w.kernel = c.AddWeight("kernel", w.KernelInitializer.Init(), []int{x.Shape[1], gates * units},
		layer.Regularized(w.KernelRegularizer, w.KernelConstraint))
	w.recurrent = c.AddWeight("recurrent_kernel", w.RecurrentInitializer.Init(), []int{units, gates * units},
		layer.Regularized(w.RecurrentRegularizer, w.RecurrentConstraint))
}

// callStep is the Call of a cell that is used as a layer: (x, states) to [output, states].
func callStep(c *layer.Call, cell projecting) any {
	x := c.Cast(c.X(), cell.Policy().Compute)
	states := layer.Flatten(c.Arg(1, "states"))
	kinds := cell.States(c, x.Shape)
	shapes := leafShapes(kinds)
	if len(states) != len(shapes) {
		c.Fail("the cell has %d states, %d were given", len(shapes), len(states))
	}
	for i, s := range states {
		states[i] = c.Cast(s, x.DType)
	}
	out, next := cell.step(c, cell.project(c, x), states)
	packed, _ := pack(kinds, next)
	return []any{out, packed}
}
