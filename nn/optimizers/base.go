package optimizers

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/jit"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Optimizer is an object of keras.optimizers. It is used by one training at a time.
type Optimizer interface {
	layer.Configurable
	// Build makes the optimizer's own variables for those that it is to change.
	Build(variables []*layer.Variable) error
	// Variables returns the optimizer's own variables in Keras's order: the number of steps, the learning rate where that is
	// a number, then the slots. Before Build there are but the first two.
	Variables() []*layer.Variable
	// Step changes the variables by their gradients, of which some may be nil.
	Step(gradients []tensor.Any) error
	// Rate is the learning rate of the next step.
	Rate() float64
	// LossScale is what the loss is to be multiplied with before gradients are taken; Step divides by it.
	LossScale() float64
	// Finalize ends a training: averages that were kept of the variables take their place.
	Finalize() error
}

// Base holds the arguments and variables that all optimizers have (keras.optimizers.Optimizer), and makes the steps; the
// classes that embed it bring the rule by which one variable changes.
type Base struct {
	Name                      string
	LearningRate              float64
	Schedule                  *layer.Object // of keras.optimizers.schedules, instead of LearningRate; nil for none
	WeightDecay               *float64
	ClipNorm                  *float64 // of each gradient
	GlobalClipNorm            *float64 // of all gradients together
	ClipValue                 *float64
	UseEMA                    bool // averages of the variables are kept, which take their place in the end
	EMAMomentum               float64
	EMAOverwriteFrequency     *int
	LossScaleFactor           *float64
	GradientAccumulationSteps *int

	rule      rule
	variables []*layer.Variable // its own
	trainable []*layer.Variable
	iteration *layer.Variable
	averages  []*layer.Variable
	sums      []*layer.Variable // of gradients
	constrain []*jit.Function   // by variable, nil for none
	spare     [][]float64
}

// rule is what an optimizer's class brings.
type rule interface {
	// build adds the rule's own variables.
	build()
	// update changes one variable by its gradient.
	update(s *step)
}

// register adds a class of keras.optimizers under its name and that in lower case.
func register(r *layer.Registry, class string, make func() layer.Configurable) {
	r.RegisterObject("optimizers", class, make, strings.ToLower(class))
}

// config visits the arguments that all optimizers have.
func (b *Base) config(c *layer.Config, r rule, class string, rate float64) {
	b.rule = r
	c.StringOrNone("name", &b.Name)
	if b.Name == "" {
		b.Name = naming.SnakeCase(class)
	}
	v, _ := c.Value("learning_rate")
	if _, record := v.(interface{ Keys() []string }); record || !c.Reading() && b.Schedule != nil {
		c.Object("optimizers.schedules", "learning_rate", &b.Schedule, "")
		if b.Schedule != nil {
			if _, ok := b.Schedule.Impl.(Schedule); !ok {
				c.Unsupported("learning_rate", "%s is no learning-rate schedule", b.Schedule.Name)
			}
		}
	} else {
		c.Float("learning_rate", &b.LearningRate, rate)
	}
	c.FloatOrNone("weight_decay", &b.WeightDecay)
	c.FloatOrNone("clipnorm", &b.ClipNorm)
	c.FloatOrNone("global_clipnorm", &b.GlobalClipNorm)
	c.FloatOrNone("clipvalue", &b.ClipValue)
	c.Bool("use_ema", &b.UseEMA, false)
	c.Float("ema_momentum", &b.EMAMomentum, 0.99)
	c.IntOrNone("ema_overwrite_frequency", &b.EMAOverwriteFrequency)
	c.FloatOrNone("loss_scale_factor", &b.LossScaleFactor)
	c.IntOrNone("gradient_accumulation_steps", &b.GradientAccumulationSteps)
	c.Inert("decay") // of Keras 2; Keras 3 takes no notice of it
	given := 0
	for _, clip := range []*float64{b.ClipNorm, b.GlobalClipNorm, b.ClipValue} {
		if clip != nil {
			given++
		}
	}
	if given > 1 {
		c.Errorf("clipnorm", "only one of clipnorm, global_clipnorm and clipvalue can be given")
	}
	if b.UseEMA && !(b.EMAMomentum >= 0 && b.EMAMomentum <= 1) {
		c.Errorf("ema_momentum", "a number from 0 to 1 is expected, not %v", b.EMAMomentum)
	}
	if n := b.EMAOverwriteFrequency; n != nil && *n < 1 {
		c.Errorf("ema_overwrite_frequency", "a positive integer or null is expected, not %d", *n)
	}
	if n := b.GradientAccumulationSteps; n != nil && *n != 0 && *n < 2 {
		c.Errorf("gradient_accumulation_steps", "an integer of 2 or more, or null, is expected, not %d", *n)
	}
	b.start()
}

// decay sets the default of weight_decay of classes that have one.
func (b *Base) decay(c *layer.Config, def float64) {
	if _, given := c.Value("weight_decay"); !given && b.WeightDecay == nil {
		b.WeightDecay = &def
	}
}

// start makes the variables that are there before Build.
func (b *Base) start() {
	b.variables, b.trainable = nil, nil
	b.iteration = b.add(b.Name+"/iteration", "iteration", tensor.Scalar(int32(0)))
	if b.Schedule == nil {
		b.add(b.Name+"/learning_rate", "learning_rate", tensor.Scalar(float32(b.LearningRate)))
	}
}

//go:noinline
func (b *Base) add(path, name string, t tensor.Any) *layer.Variable {
	v := layer.NewVariable(name, path, t)
	b.variables = append(b.variables, v)
	return v
}

// addLike makes a variable for one of the model's, of its shape and type, with all elements equal to value.
func (b *Base) addLike(v *layer.Variable, slot string, value float64) *layer.Variable {
	n, _ := tensor.SizeOf(v.Shape) // of a variable that exists
	name := strings.ReplaceAll(v.Path, "/", "_") + "_" + slot
	data := make([]float64, n)
	if value != 0 {
		for i := range data {
			data[i] = value
		}
	}
	return b.add(b.Name+"/"+name, name, shaped(data, v.Shape, v.DType))
}

// addSlots makes variables for each of the model's, those of one variable next to each other.
func (b *Base) addSlots(slots ...string) [][]*layer.Variable {
	out := make([][]*layer.Variable, len(slots))
	for _, v := range b.trainable {
		for i, s := range slots {
			out[i] = append(out[i], b.addLike(v, s, 0))
		}
	}
	return out
}

// shaped makes a tensor of numbers.
func shaped(data []float64, shape []int, d tensor.DType) tensor.Any {
	t := tensor.NewAny(d, shape...)
	_ = t.SetFloat64s(data) // numeric: variables of an optimizer are
	return t
}

// Build implements Optimizer.
func (b *Base) Build(variables []*layer.Variable) error {
	if b.rule == nil {
		return errors.New("an optimizer is made by a registry, with its default arguments: " +
			`layer.NewRegistry(optimizers.All).Object("optimizers", "adam")`)
	}
	for i, v := range variables {
		if v == nil {
			return fmt.Errorf("optimizer %s: variable %d is nil", b.Name, i)
		}
		if !v.DType.IsFloat() {
			return fmt.Errorf("optimizer %s: variable %s is %s; only floats can be trained", b.Name, v.Path, v.DType)
		}
	}
	b.start()
	b.averages, b.sums = nil, nil
	b.trainable = variables
	if b.UseEMA {
		b.averages = b.addSlots("average")[0]
	}
	if b.accumulating() > 0 {
		b.sums = b.addSlots("gradient_accumulator")[0]
	}
	b.rule.build()
	b.constrain = make([]*jit.Function, len(variables))
	for i, v := range variables {
		if v.Constraint == nil {
			continue
		}
		o, ok := v.Constraint.Impl.(layer.Constrainer)
		if !ok {
			return fmt.Errorf("optimizer %s: the constraint %s of variable %s has no Go form", b.Name, v.Constraint.Name, v.Path)
		}
		b.constrain[i] = jit.NewFunction(func(g *graph.Builder, args []*graph.Value) []*graph.Value {
			return []*graph.Value{o.Constrain(g, args[0])}
		})
	}
	return nil
}

// Variables implements Optimizer.
func (b *Base) Variables() []*layer.Variable { return b.variables }

func (b *Base) accumulating() int64 {
	if n := b.GradientAccumulationSteps; n != nil {
		return int64(*n)
	}
	return 0
}

// steps is the number of steps so far.
func (b *Base) steps() int64 {
	var n [1]int64
	if t, err := b.iteration.Value(); err == nil {
		_ = t.Int64s(n[:]) // an integer
	}
	return n[0]
}

// updates is the number of changes of the variables so far (Keras's iterations): fewer than the steps where gradients are
// accumulated.
func (b *Base) updates() int64 {
	if n := b.accumulating(); n > 0 {
		return b.steps() / n
	}
	return b.steps()
}

// Rate implements Optimizer.
func (b *Base) Rate() float64 {
	if b.Schedule != nil {
		return b.Schedule.Impl.(Schedule).Rate(b.steps()) // checked by config
	}
	var rate [1]float64
	if t, err := b.variables[1].Value(); err == nil {
		_ = t.Float64s(rate[:]) // a float
	}
	return rate[0]
}

// LossScale implements Optimizer.
func (b *Base) LossScale() float64 {
	if b.LossScaleFactor != nil {
		return *b.LossScaleFactor
	}
	return 1
}

// lossScaled is an optimizer inside another, which takes over the scaling of the loss.
type lossScaled interface{ setLossScale(*float64) }

func (b *Base) setLossScale(f *float64) { b.LossScaleFactor = f }

// step is the change of one variable.
type step struct {
	at   int       // which variable
	w, g []float64 // its elements and those of its gradient, both the rule's to change
	rate float64
	time float64 // 1 in the first step
	v    *layer.Variable

	base  *Base
	slots []slot
	err   error // set by a rule that cannot go on
}

type slot struct {
	v    *layer.Variable
	data []float64
}

// slot returns the elements of the variable that a list holds for the one being changed. They are stored when the rule is
// done.
func (s *step) slot(list []*layer.Variable) []float64 { return s.load(list[s.at]) }

func (s *step) load(v *layer.Variable) []float64 {
	data := s.base.elements(v)
	s.slots = append(s.slots, slot{v, data})
	return data
}

// elements reads a variable into memory that keep takes back.
func (b *Base) elements(v *layer.Variable) []float64 {
	t, err := v.Value()
	if err != nil {
		return make([]float64, v.Size()) // Step looks at the model's variables before; its own have values
	}
	return b.read(t)
}

func (b *Base) read(t tensor.Any) []float64 {
	var data []float64
	n := t.Len()
	if last := len(b.spare) - 1; last >= 0 {
		data, b.spare = b.spare[last], b.spare[:last]
	}
	if cap(data) < n {
		data = make([]float64, n)
	}
	data = data[:n]
	_ = t.Float64s(data) // numeric
	return data
}

func (b *Base) keep(data []float64) { b.spare = append(b.spare, data) }

func store(v *layer.Variable, data []float64) {
	_ = v.Assign(shaped(data, v.Shape, v.DType)) // of its own shape and type
}

// Step implements Optimizer.
func (b *Base) Step(gradients []tensor.Any) error {
	grads, err := b.gradients(gradients)
	if err != nil {
		return err
	}
	if f := b.LossScaleFactor; f != nil {
		scale(grads, 1 / *f)
	}
	n := b.accumulating()
	ready := n == 0 || (b.steps()+1)%n == 0
	if n > 0 {
		for i, g := range grads {
			if g == nil {
				continue
			}
			sum := b.elements(b.sums[i])
			for k := range sum {
				if ready {
					g[k] = (g[k] + sum[k]) / float64(n)
				} else {
					sum[k] += g[k]
				}
			}
			if !ready {
				store(b.sums[i], sum)
			}
			b.keep(sum)
		}
		if ready {
			for _, s := range b.sums {
				store(s, make([]float64, s.Size()))
			}
		}
	}
	if ready {
		b.clip(grads)
		if err := b.change(grads); err != nil {
			return err
		}
	}
	b.average()
	if err := b.hold(grads); err != nil {
		return err
	}
	for _, g := range grads {
		if g != nil {
			b.keep(g)
		}
	}
	return b.iteration.Assign(tensor.Scalar(int32(b.steps() + 1)))
}

// gradients reads and checks the arguments of Step.
func (b *Base) gradients(gradients []tensor.Any) ([][]float64, error) {
	if b.trainable == nil || len(gradients) != len(b.trainable) {
		return nil, fmt.Errorf("optimizer %s: %d gradients for %d variables; Build says which there are", b.Name, len(gradients),
			len(b.trainable))
	}
	out := make([][]float64, len(gradients))
	none := true
	for i, g := range gradients {
		if g == nil {
			continue
		}
		none = false
		if v := b.trainable[i]; !slices.Equal(g.Shape(), v.Shape) || !g.DType().IsFloat() {
			return nil, fmt.Errorf("optimizer %s: the gradient of variable %s is %s%s, not a float%s", b.Name, v.Path, g.DType(),
				tensor.FormatShape(g.Shape()), tensor.FormatShape(v.Shape))
		}
		if _, err := b.trainable[i].Value(); err != nil {
			return nil, err
		}
		out[i] = b.read(g)
	}
	if none {
		return nil, errors.New("no variable has a gradient: nothing that can be trained has an influence on the loss")
	}
	return out, nil
}

func scale(grads [][]float64, by float64) {
	for _, g := range grads {
		for i := range g {
			g[i] *= by
		}
	}
}

func positive(v *float64) bool { return v != nil && *v > 0 }

func squares(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return sum
}

// clip limits gradients.
func (b *Base) clip(grads [][]float64) {
	switch {
	case positive(b.ClipNorm):
		for _, g := range grads {
			by := *b.ClipNorm / math.Max(math.Sqrt(squares(g)), *b.ClipNorm)
			for i := range g {
				g[i] *= by
			}
		}
	case positive(b.GlobalClipNorm):
		sum := 0.0
		for _, g := range grads {
			sum += squares(g)
		}
		norm := math.Sqrt(sum)
		// Infinities make everything NaN, as in Keras.
		scale(grads, *b.GlobalClipNorm*math.Min(1/norm, 1 / *b.GlobalClipNorm)+(norm-norm))
	case positive(b.ClipValue):
		for _, g := range grads {
			for i, v := range g {
				g[i] = math.Max(-*b.ClipValue, math.Min(v, *b.ClipValue))
			}
		}
	}
}

// decayer is a rule that decays weights in its own way.
type decayer interface {
	weightDecay(v *layer.Variable) *float64
}

// beginner is a rule that has something to do once in a step.
type beginner interface{ begin() }

// change decays the weights and runs the rule for each variable that has a gradient.
func (b *Base) change(grads [][]float64) error {
	rate, time := b.Rate(), float64(b.updates()+1)
	if r, ok := b.rule.(beginner); ok {
		r.begin()
	}
	for i, g := range grads {
		if g == nil {
			continue
		}
		v := b.trainable[i]
		s := &step{at: i, v: v, w: b.elements(v), g: g, rate: rate, time: time, base: b}
		decay := b.WeightDecay
		if d, ok := b.rule.(decayer); ok && decay != nil {
			decay = d.weightDecay(v)
		}
		if decay != nil {
			for k, w := range s.w {
				s.w[k] = w - w**decay*rate
			}
		}
		if b.rule.update(s); s.err != nil {
			return fmt.Errorf("optimizer %s, variable %s: %w", b.Name, v.Path, s.err)
		}
		store(v, s.w)
		b.keep(s.w)
		for _, slot := range s.slots {
			store(slot.v, slot.data)
			b.keep(slot.data)
		}
	}
	return nil
}

// average moves the averages of the variables, and puts them in the place of these when it is time.
func (b *Base) average() {
	if !b.UseEMA {
		return
	}
	n := b.updates()
	momentum := b.EMAMomentum
	if n == 0 {
		momentum = 0
	}
	for i, v := range b.trainable {
		average, w := b.elements(b.averages[i]), b.elements(v)
		for k := range average {
			average[k] = momentum*average[k] + (1-momentum)*w[k]
		}
		store(b.averages[i], average)
		b.keep(average)
		b.keep(w)
	}
	if f := b.EMAOverwriteFrequency; f != nil && (n+1)%int64(*f) == 0 {
		b.overwrite()
	}
}

func (b *Base) overwrite() {
	for i, v := range b.trainable {
		t, err := b.averages[i].Value()
		if err == nil {
			_ = v.Assign(t) // of its shape and type; nobody changes elements in place
		}
	}
}

// hold applies the constraints to the variables that have a gradient.
func (b *Base) hold(grads [][]float64) error {
	for i, f := range b.constrain {
		if f == nil || grads[i] == nil {
			continue
		}
		v := b.trainable[i]
		t, err := v.Value()
		if err != nil {
			return err
		}
		out, err := f.Run(t)
		if err != nil {
			return fmt.Errorf("the constraint of variable %s: %w", v.Path, err)
		}
		if err := v.Assign(out[0]); err != nil {
			return err
		}
	}
	return nil
}

// Finalize implements Optimizer.
func (b *Base) Finalize() error {
	if b.UseEMA && b.averages != nil {
		b.overwrite()
	}
	return nil
}

// SetVariables gives an optimizer that was built the values of its own variables, such as a file has them, in the order of
// Variables. Numbers are converted to the variables' types.
func SetVariables(o Optimizer, values []tensor.Any) error {
	variables := o.Variables()
	if len(values) != len(variables) {
		return fmt.Errorf("the optimizer has %d variables, %d were given", len(variables), len(values))
	}
	converted := make([]tensor.Any, len(values))
	for i, v := range variables {
		if !slices.Equal(values[i].Shape(), v.Shape) {
			return fmt.Errorf("the optimizer's variable %s has shape %s, not %s", v.Path, tensor.FormatShape(v.Shape),
				tensor.FormatShape(values[i].Shape()))
		}
		var err error
		if converted[i], err = values[i].Convert(v.DType); err != nil {
			return fmt.Errorf("the optimizer's variable %s: %w", v.Path, err)
		}
	}
	for i, v := range variables {
		if err := v.Assign(converted[i]); err != nil {
			return err
		}
	}
	return nil
}
