package nn

import (
	"fmt"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/tensor"
)

// checkInputs says in the user's words what does not fit; details of layers come later.
func (m *Model) checkInputs(inputs []tensor.Any) error {
	specs := m.inputSpecs
	if len(specs) == 0 {
		if len(inputs) == 0 {
			return fmt.Errorf("the model needs an input")
		}
		return nil
	}
	if len(inputs) != len(specs) {
		return fmt.Errorf("the model has %d inputs %s, %d were given", len(specs), specNames(specs), len(inputs))
	}
	for i, t := range inputs {
		if t == nil {
			continue
		}
		spec := specs[i]
		if (t.DType() == tensor.String) != (spec.DType == tensor.String) {
			return fmt.Errorf("the input %q is %s, it must be %s", spec.Name, t.DType(), spec.DType)
		}
		if spec.DType.IsInt() && t.DType().IsFloat() {
			return fmt.Errorf("the input %q is %s, it must be of an integer type such as %s", spec.Name, t.DType(), spec.DType)
		}
		if !fits(spec.Shape, t.Shape()) {
			return fmt.Errorf("the input %q has shape %s, it must be %s", spec.Name, tensor.FormatShape(t.Shape()), tensor.FormatShape(spec.Shape))
		}
	}
	return nil
}

func specNames(specs []Spec) string {
	names := make([]string, len(specs))
	for i, s := range specs {
		names[i] = s.Name
	}
	return naming.Quoted(names)
}

func fits(want, have []int) bool {
	switch {
	case len(have) == len(want)+1 && have[len(want)] == 1:
		have = have[:len(want)]
	case len(have) == len(want)-1 && len(want) > 0 && want[len(want)-1] == 1:
		want = want[:len(have)]
	case len(have) != len(want):
		return false
	}
	for i, d := range want {
		if d >= 0 && d != have[i] {
			return false
		}
	}
	return true
}
