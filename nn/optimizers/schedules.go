package optimizers

import (
	"math"

	"github.com/hornml/horn/nn/layer"
)

// Schedule is an object of keras.optimizers.schedules.
type Schedule interface {
	layer.Configurable
	// Rate is the learning rate of a step; the first is 0.
	Rate(step int64) float64
}

func addSchedules(r *layer.Registry) {
	add := func(class string, make func() layer.Configurable) {
		r.RegisterObject("optimizers.schedules", class, make)
	}
	add("ExponentialDecay", func() layer.Configurable { return new(ExponentialDecay) })
	add("InverseTimeDecay", func() layer.Configurable { return new(InverseTimeDecay) })
	add("PiecewiseConstantDecay", func() layer.Configurable { return new(PiecewiseConstantDecay) })
	add("PolynomialDecay", func() layer.Configurable { return new(PolynomialDecay) })
	add("CosineDecay", func() layer.Configurable { return new(CosineDecay) })
	add("CosineDecayRestarts", func() layer.Configurable { return new(CosineDecayRestarts) })
}

// steps visits a number of steps, which may have a fraction.
func steps(c *layer.Config, key string, field *float64) {
	c.Float(key, field)
	if c.Reading() && !(*field > 0) {
		c.Errorf(key, "a positive number is expected, not %v", *field)
	}
}

// ExponentialDecay is InitialLearningRate * DecayRate^(step/DecaySteps), with whole exponents in a Staircase
// (keras.optimizers.schedules.ExponentialDecay).
type ExponentialDecay struct {
	InitialLearningRate, DecaySteps, DecayRate float64
	Staircase                                  bool
	Name                                       string
}

// Config implements layer.Configurable.
func (s *ExponentialDecay) Config(c *layer.Config) {
	c.Float("initial_learning_rate", &s.InitialLearningRate)
	steps(c, "decay_steps", &s.DecaySteps)
	c.Float("decay_rate", &s.DecayRate)
	c.Bool("staircase", &s.Staircase, false)
	c.String("name", &s.Name, "ExponentialDecay")
}

// Rate implements Schedule.
func (s *ExponentialDecay) Rate(step int64) float64 {
	return s.InitialLearningRate * math.Pow(s.DecayRate, part(step, s.DecaySteps, s.Staircase))
}

func part(step int64, of float64, whole bool) float64 {
	p := float64(step) / of
	if whole {
		return math.Floor(p)
	}
	return p
}

// InverseTimeDecay is InitialLearningRate / (1 + DecayRate*step/DecaySteps), with whole fractions in a Staircase
// (keras.optimizers.schedules.InverseTimeDecay).
type InverseTimeDecay struct {
	InitialLearningRate, DecaySteps, DecayRate float64
	Staircase                                  bool
	Name                                       string
}

// Config implements layer.Configurable.
func (s *InverseTimeDecay) Config(c *layer.Config) {
	c.Float("initial_learning_rate", &s.InitialLearningRate)
	steps(c, "decay_steps", &s.DecaySteps)
	c.Float("decay_rate", &s.DecayRate)
	c.Bool("staircase", &s.Staircase, false)
	c.String("name", &s.Name, "InverseTimeDecay")
}

// Rate implements Schedule.
func (s *InverseTimeDecay) Rate(step int64) float64 {
	return s.InitialLearningRate / (1 + s.DecayRate*part(step, s.DecaySteps, s.Staircase))
}

// PiecewiseConstantDecay is Values[i] for steps up to and including Boundaries[i], the last value after them
// (keras.optimizers.schedules.PiecewiseConstantDecay).
type PiecewiseConstantDecay struct {
	Boundaries, Values []float64
	Name               string
}

// Config implements layer.Configurable.
func (s *PiecewiseConstantDecay) Config(c *layer.Config) {
	c.Floats("boundaries", &s.Boundaries)
	c.Floats("values", &s.Values)
	c.String("name", &s.Name, "PiecewiseConstant")
	if c.Reading() && (len(s.Values) != len(s.Boundaries)+1 || len(s.Boundaries) == 0) {
		c.Errorf("values", "one value more than boundaries is expected: %d values for %d boundaries", len(s.Values), len(s.Boundaries))
		s.Boundaries, s.Values = nil, nil
	}
}

// Rate implements Schedule.
func (s *PiecewiseConstantDecay) Rate(step int64) float64 {
	for i, b := range s.Boundaries {
		if float64(step) <= b {
			return s.Values[i]
		}
	}
	if len(s.Values) == 0 {
		return 0
	}
	return s.Values[len(s.Values)-1]
}

// PolynomialDecay goes from InitialLearningRate to EndLearningRate as (1 - step/DecaySteps)^Power; with Cycle it starts
// anew, each time over more steps (keras.optimizers.schedules.PolynomialDecay).
type PolynomialDecay struct {
	InitialLearningRate, DecaySteps, EndLearningRate, Power float64
	Cycle                                                   bool
	Name                                                    string
}

// Config implements layer.Configurable.
func (s *PolynomialDecay) Config(c *layer.Config) {
	c.Float("initial_learning_rate", &s.InitialLearningRate)
	steps(c, "decay_steps", &s.DecaySteps)
	c.Float("end_learning_rate", &s.EndLearningRate, 0.0001)
	c.Float("power", &s.Power, 1)
	c.Bool("cycle", &s.Cycle, false)
	c.String("name", &s.Name, "PolynomialDecay")
}

// Rate implements Schedule.
func (s *PolynomialDecay) Rate(step int64) float64 {
	at, all := float64(step), s.DecaySteps
	if !s.Cycle {
		at = math.Min(at, all)
	} else if step != 0 {
		all *= math.Ceil(at / all)
	}
	return (s.InitialLearningRate-s.EndLearningRate)*math.Pow(1-at/all, s.Power) + s.EndLearningRate
}

// CosineDecay goes from InitialLearningRate to Alpha times that as half a cosine over DecaySteps; with a WarmupTarget it
// first rises to that over WarmupSteps and decays from there (keras.optimizers.schedules.CosineDecay).
type CosineDecay struct {
	InitialLearningRate, DecaySteps, Alpha float64
	WarmupTarget                           *float64
	WarmupSteps                            float64
	Name                                   string
}

// Config implements layer.Configurable.
func (s *CosineDecay) Config(c *layer.Config) {
	c.Float("initial_learning_rate", &s.InitialLearningRate)
	steps(c, "decay_steps", &s.DecaySteps)
	c.Float("alpha", &s.Alpha, 0)
	c.String("name", &s.Name, "CosineDecay")
	c.FloatOrNone("warmup_target", &s.WarmupTarget)
	c.Float("warmup_steps", &s.WarmupSteps, 0)
}

// Rate implements Schedule.
func (s *CosineDecay) Rate(step int64) float64 {
	at, from := float64(step), s.InitialLearningRate
	if s.WarmupTarget != nil {
		if at < s.WarmupSteps {
			return from + (*s.WarmupTarget-from)*at/s.WarmupSteps
		}
		at, from = at-s.WarmupSteps, *s.WarmupTarget
	}
	return from * ((1-s.Alpha)*halfCosine(math.Min(at, s.DecaySteps)/s.DecaySteps) + s.Alpha)
}

// halfCosine falls from 1 at 0 to 0 at 1.
func halfCosine(x float64) float64 { return 0.5 * (1 + math.Cos(math.Pi*x)) }

// CosineDecayRestarts is a CosineDecay that starts anew: after FirstDecaySteps, then after TMul times as many, each time
// from MMul times the rate (keras.optimizers.schedules.CosineDecayRestarts).
type CosineDecayRestarts struct {
	InitialLearningRate, FirstDecaySteps, TMul, MMul, Alpha float64
	Name                                                    string
}

// Config implements layer.Configurable.
func (s *CosineDecayRestarts) Config(c *layer.Config) {
	c.Float("initial_learning_rate", &s.InitialLearningRate)
	steps(c, "first_decay_steps", &s.FirstDecaySteps)
	c.Float("t_mul", &s.TMul, 2)
	c.Float("m_mul", &s.MMul, 1)
	c.Float("alpha", &s.Alpha, 0)
	c.String("name", &s.Name, "SGDRDecay")
}

// Rate implements Schedule.
func (s *CosineDecayRestarts) Rate(step int64) float64 {
	done := float64(step) / s.FirstDecaySteps
	restarts := math.Floor(done)
	if s.TMul == 1 {
		done -= restarts
	} else {
		// The lengths of the periods so far are a geometric series.
		restarts = math.Floor(math.Log(1-done*(1-s.TMul)) / math.Log(s.TMul))
		done = (done - (1-math.Pow(s.TMul, restarts))/(1-s.TMul)) / math.Pow(s.TMul, restarts)
	}
	return s.InitialLearningRate * ((1-s.Alpha)*math.Pow(s.MMul, restarts)*halfCosine(done) + s.Alpha)
}
