package optimizers

import (
	"fmt"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/internal/pattern"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addMultiOptimizer(r *layer.Registry) {
	r.RegisterObject("optimizers", "MultiOptimizer", func() layer.Configurable { return new(MultiOptimizer) }, "multioptimizer")
	r.RegisterObject("optimizers", "OptimizerMap", func() layer.Configurable { return new(OptimizerMap) }, "optimizermap")
}

// OptimizerMap says which optimizer changes a variable, by its path or a pattern that matches all of it
// (keras.optimizers.OptimizerMap).
type OptimizerMap struct {
	DefaultOptimizer *layer.Object
	Patterns         []string
	Optimizers       []*layer.Object // by pattern

	compiled []*pattern.Pattern
}

// Config implements layer.Configurable.
func (m *OptimizerMap) Config(c *layer.Config) {
	c.Object("optimizers", "default_optimizer", &m.DefaultOptimizer, "adam")
	if v, given := c.Value("default_optimizer"); given && v == nil {
		c.Errorf("default_optimizer", "an optimizer is expected, not null")
	}
	if !c.Reading() {
		out := new(pyjson.Object)
		for i, p := range m.Patterns {
			out.Set(p, c.RecordOf(m.Optimizers[i]))
		}
		c.Put("optimizer_map", out)
		return
	}
	v, _ := c.Value("optimizer_map")
	record, ok := v.(*pyjson.Object)
	if !ok && v != nil {
		c.Errorf("optimizer_map", "a dict of optimizers is expected, not %s", pyjson.Describe(v))
		return
	}
	// One optimizer may serve several patterns: its records have one id.
	shared := map[any]*layer.Object{}
	if d := m.DefaultOptimizer; d != nil {
		if r, ok := d.Raw.(*pyjson.Object); ok && r.Get("shared_object_id") != nil {
			shared[r.Get("shared_object_id")] = d
		}
	}
	m.Patterns, m.Optimizers, m.compiled = nil, nil, nil
	for _, p := range record.Keys() {
		at := "optimizer_map/" + p
		re, err := pattern.Compile(p)
		if err != nil {
			c.Unsupported(at, "the pattern %q cannot be matched here: %v", p, err)
			continue
		}
		r, _ := record.Get(p).(*pyjson.Object)
		id := r.Get("shared_object_id")
		o := shared[id]
		if o == nil || id == nil {
			o = c.ObjectIn("optimizers", record.Get(p), at)
		}
		if o == nil {
			continue
		}
		shared[id] = o
		m.Patterns, m.Optimizers, m.compiled = append(m.Patterns, p), append(m.Optimizers, o), append(m.compiled, re)
	}
}

// find returns the optimizer of a variable.
func (m *OptimizerMap) find(path string) (*layer.Object, error) {
	found := m.DefaultOptimizer
	matches := 0
	for i, p := range m.Patterns {
		if p == path {
			return m.Optimizers[i], nil
		}
		if m.compiled[i].Matches(path) {
			found = m.Optimizers[i]
			matches++
		}
	}
	if matches > 1 {
		return nil, fmt.Errorf("several optimizers are assigned to variable %s", path)
	}
	return found, nil
}

// MultiOptimizer changes each variable by an optimizer of its own (keras.optimizers.MultiOptimizer).
type MultiOptimizer struct {
	Base
	OptimizerMap *layer.Object

	inner []Optimizer
	of    []int // by variable: which of them
}

// Config implements layer.Configurable.
func (o *MultiOptimizer) Config(c *layer.Config) {
	c.Object("optimizers", "optimizer_map", &o.OptimizerMap, "OptimizerMap")
	c.FloatOrNone("loss_scale_factor", &o.LossScaleFactor)
	c.StringOrNone("name", &o.Name)
	if o.Name == "" {
		o.Name = "multi_optimizer"
	}
	o.inner = nil
	if m := o.optimizerMap(); m != nil {
		for _, object := range append(m.Optimizers[:len(m.Optimizers):len(m.Optimizers)], m.DefaultOptimizer) {
			if object == nil {
				continue
			}
			switch inner := object.Impl.(type) {
			case *MultiOptimizer, *LossScaleOptimizer:
				c.Errorf("optimizer_map", "a %s cannot be inside of a MultiOptimizer", object.Name)
			case Optimizer:
				o.index(inner)
			default:
				c.Unsupported("optimizer_map", "%s is no optimizer", object.Name)
			}
		}
	} else if v, _ := c.Value("optimizer_map"); o.OptimizerMap != nil || v == nil {
		c.Unsupported("optimizer_map", "an OptimizerMap is expected")
	}
	o.setLossScale(o.LossScaleFactor)
	o.start()
}

func (o *MultiOptimizer) optimizerMap() *OptimizerMap {
	if o.OptimizerMap == nil {
		return nil
	}
	m, _ := o.OptimizerMap.Impl.(*OptimizerMap)
	return m
}

// index returns the place of an optimizer among those inside, where it is added if it is new.
func (o *MultiOptimizer) index(inner Optimizer) int {
	for i, known := range o.inner {
		if known == inner {
			return i
		}
	}
	o.inner = append(o.inner, inner)
	return len(o.inner) - 1
}

func (o *MultiOptimizer) setLossScale(f *float64) {
	o.LossScaleFactor = f
	for _, inner := range o.inner {
		if l, ok := inner.(lossScaled); ok {
			l.setLossScale(f)
		}
	}
}

// Build implements Optimizer.
func (o *MultiOptimizer) Build(variables []*layer.Variable) error {
	o.start()
	o.trainable, o.of = variables, nil
	parts := make([][]*layer.Variable, len(o.inner))
	for _, v := range variables {
		object, err := o.optimizerMap().find(v.Path)
		if err != nil {
			return err
		}
		k := o.index(object.Impl.(Optimizer)) // checked by Config
		o.of = append(o.of, k)
		parts[k] = append(parts[k], v)
	}
	for k, part := range parts {
		if len(part) > 0 {
			if err := o.inner[k].Build(part); err != nil {
				return err
			}
		}
	}
	return nil
}

// Variables implements Optimizer: its own, then those of the optimizers inside.
func (o *MultiOptimizer) Variables() []*layer.Variable {
	out := append([]*layer.Variable(nil), o.variables...)
	for _, inner := range o.inner {
		out = append(out, inner.Variables()...)
	}
	return out
}

// Step implements Optimizer.
func (o *MultiOptimizer) Step(gradients []tensor.Any) error {
	if _, err := o.gradients(gradients); err != nil {
		return err
	}
	parts := make([][]tensor.Any, len(o.inner))
	for i, g := range gradients {
		parts[o.of[i]] = append(parts[o.of[i]], g)
	}
	for k, part := range parts {
		if len(part) > 0 {
			if err := o.inner[k].Step(part); err != nil {
				return err
			}
		}
	}
	return o.iteration.Assign(tensor.Scalar(int32(o.steps() + 1)))
}

// Finalize implements Optimizer.
func (o *MultiOptimizer) Finalize() error {
	for _, inner := range o.inner {
		if err := inner.Finalize(); err != nil {
			return err
		}
	}
	return nil
}
