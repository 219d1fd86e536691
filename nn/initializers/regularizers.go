package initializers

import (
	"math"

	"github.com/hornml/horn/nn/layer"
)

// L1L2 adds l1*sum(|w|) + l2*sum(w²) to the loss (keras.regularizers.L1, L2 and L1L2).
type L1L2 struct {
	L1, L2       float64
	hasL1, hasL2 bool
}

// OrthogonalRegularizer draws the rows or columns of a matrix towards orthogonality
// (keras.regularizers.OrthogonalRegularizer).
type OrthogonalRegularizer struct {
	Factor float64
	Mode   string // "rows" or "columns"
}

// MaxNorm limits the norm of weights (keras.constraints.MaxNorm).
type MaxNorm struct {
	MaxValue float64
	Axis     []int
}

// MinMaxNorm keeps the norm of weights between two values (keras.constraints.MinMaxNorm).
type MinMaxNorm struct {
	MinValue, MaxValue, Rate float64
	Axis                     []int
}

// UnitNorm brings the norm of weights to 1 (keras.constraints.UnitNorm).
type UnitNorm struct{ Axis []int }

// NonNeg sets negative weights to 0 (keras.constraints.NonNeg).
type NonNeg struct{}

func addRegularizers(r *layer.Registry) {
	r.RegisterObject("regularizers", "L1", func() layer.Configurable { return &L1L2{hasL1: true} }, "l1")
	r.RegisterObject("regularizers", "L2", func() layer.Configurable { return &L1L2{hasL2: true} }, "l2")
	r.RegisterObject("regularizers", "L1L2", func() layer.Configurable { return &L1L2{hasL1: true, hasL2: true} }, "l1_l2", "l1l2")
	r.RegisterObject("regularizers", "OrthogonalRegularizer", func() layer.Configurable { return new(OrthogonalRegularizer) },
		"orthogonal_regularizer")
	r.RegisterObject("constraints", "MaxNorm", func() layer.Configurable { return new(MaxNorm) }, "max_norm")
	r.RegisterObject("constraints", "MinMaxNorm", func() layer.Configurable { return new(MinMaxNorm) }, "min_max_norm")
	r.RegisterObject("constraints", "UnitNorm", func() layer.Configurable { return new(UnitNorm) }, "unit_norm")
	r.RegisterObject("constraints", "NonNeg", func() layer.Configurable { return new(NonNeg) }, "non_neg")
}

// Config implements layer.Configurable.
func (r *L1L2) Config(c *layer.Config) {
	single := 0.01
	if r.hasL1 && r.hasL2 {
		single = 0
	}
	if r.hasL1 {
		c.Float("l1", &r.L1, single)
		notNegative(c, "l1", r.L1)
	}
	if r.hasL2 {
		c.Float("l2", &r.L2, single)
		notNegative(c, "l2", r.L2)
	}
}

// notNegative reports a factor that is negative or not finite.
func notNegative(c *layer.Config, key string, v float64) {
	if c.Reading() && !(v >= 0 && v <= math.MaxFloat64) {
		c.Errorf(key, "a number of 0 or more is expected, not %v", v)
	}
}

// Config implements layer.Configurable.
func (r *OrthogonalRegularizer) Config(c *layer.Config) {
	c.Float("factor", &r.Factor, 0.01)
	notNegative(c, "factor", r.Factor)
	c.Choice("mode", &r.Mode, "rows", "columns")
}

// Config implements layer.Configurable.
func (r *MaxNorm) Config(c *layer.Config) {
	c.Float("max_value", &r.MaxValue, 2)
	c.Axes("axis", &r.Axis, false, 0)
}

// Config implements layer.Configurable.
func (r *MinMaxNorm) Config(c *layer.Config) {
	c.Float("min_value", &r.MinValue, 0)
	c.Float("max_value", &r.MaxValue, 1)
	c.Float("rate", &r.Rate, 1)
	c.Axes("axis", &r.Axis, false, 0)
}

// Config implements layer.Configurable.
func (r *UnitNorm) Config(c *layer.Config) { c.Axes("axis", &r.Axis, false, 0) }

// Config implements layer.Configurable.
func (*NonNeg) Config(*layer.Config) {}
