package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/tensor"
)

// odd counts elements that make a score mean nothing, and keeps the first.
type odd struct {
	count, at int
	value     float64
}

func (o *odd) add(i int, v float64) {
	if o.count == 0 {
		o.at, o.value = i, v
	}
	o.count++
}

// oddities says in sentences what is absurd about test data: Keras computes with it all the same, and so do we.
func (d *testData) oddities(m *nn.Model) (out []string) {
	for i, t := range d.inputs {
		out = append(out, notNumbers(fmt.Sprintf("the input %d", i), t)...)
	}
	for i, t := range d.weights {
		out = append(out, notNumbers(fmt.Sprintf("the sample weights %d", i), t)...)
	}
	for i, t := range d.targets {
		what := fmt.Sprintf("the target %d", i)
		if list := notNumbers(what, t); len(list) > 0 || t == nil {
			out = append(out, list...)
			continue
		}
		var o nn.Spec
		if specs := m.Outputs(); i < len(specs) {
			o = specs[i]
		}
		if s := oddLabels(what, t, lossOf(m, i, o.Name), o); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// notNumbers reports NaN and infinities.
func notNumbers(what string, t tensor.Any) []string {
	if t == nil || !t.DType().IsFloat() {
		return nil
	}
	v := make([]float64, t.Len())
	_ = t.Float64s(v) // floats: cannot fail
	var o odd
	for i, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			o.add(i, x)
		}
	}
	if o.count == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s has %s at element %d (%d such): scores of it mean nothing", what, floatName(o.value), o.at, o.count)}
}

// oddLabels reports labels that are no class of the output, and probabilities that are none.
func oddLabels(what string, t tensor.Any, loss *pyjson.Object, o nn.Spec) string {
	if t.DType() == tensor.String || loss == nil {
		return ""
	}
	v := make([]float64, t.Len())
	if t.Float64s(v) != nil {
		return ""
	}
	name := strings.ReplaceAll(strings.ToLower(loss.String("name")), "_", "")
	var bad odd
	switch {
	case strings.HasPrefix(name, "sparsecategorical") && len(o.Shape) > 1 && o.Shape[len(o.Shape)-1] > 0:
		classes := float64(o.Shape[len(o.Shape)-1])
		ignored, ignores := loss.Get("ignore_class").(pyjson.Number)
		for i, x := range v {
			if !(x >= 0 && x < classes && x == math.Trunc(x)) && !(ignores && x == ignored.Float()) {
				bad.add(i, x)
			}
		}
		if bad.count > 0 {
			return fmt.Sprintf("%s has the label %v at element %d (%d such), which is no class: the output %q has the classes 0 to %v; such labels "+
				"count as none of them", what, bad.value, bad.at, bad.count, o.Name, classes-1)
		}
	case strings.HasPrefix(name, "categorical"), strings.HasPrefix(name, "binary"):
		for i, x := range v {
			if !(x >= 0 && x <= 1) {
				bad.add(i, x)
			}
		}
		if bad.count > 0 {
			return fmt.Sprintf("%s has the value %v at element %d (%d such), which is no probability; %s takes 0 to 1", what, bad.value, bad.at,
				bad.count, loss.String("name"))
		}
	}
	return ""
}

// lossOf finds the loss of an output in the compile state: its name and, of a class, what it was made with. Nil if there is
// none.
func lossOf(m *nn.Model, i int, output string) *pyjson.Object {
	loss := m.CompileConfig().Get("loss")
	switch v := loss.(type) {
	case []any:
		if i >= len(v) {
			return nil
		}
		loss = v[i]
	case *pyjson.Object:
		if v.String("class_name") == "" {
			loss = v.Get(output)
		}
	}
	switch v := loss.(type) {
	case string:
		return pyjson.NewObject("name", v)
	case *pyjson.Object:
		name := v.String("class_name")
		if function := v.String("config"); function != "" { // a function by its name
			name = function
		}
		return pyjson.NewObject("name", name, "ignore_class", v.Object("config").Get("ignore_class"))
	}
	return nil
}
