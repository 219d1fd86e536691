package core

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile/internal/dialect"
	"github.com/hornml/horn/kerasfile/internal/release"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// trainables counts the variables that an optimizer of the model knows: those that are trainable in layers that are.
func trainables(m *nn.Model) int {
	frozen := map[*layer.Variable]bool{}
	layer.Each(m, func(l layer.Layer) {
		if !l.Trainable() {
			for _, v := range l.Variables() {
				frozen[v] = true
			}
		}
	})
	n := 0
	for _, v := range m.Variables() {
		if v.Trainable && !frozen[v] {
			n++
		}
	}
	return n
}

// rearrangeOptimizer brings the variables of an optimizer from the order of a release into that of Keras 3.10 and later
// (read), or back: before, Nadam had u_product in front of its slots, and an average and an accumulator of gradients
// stood in turn for each variable.
func rearrangeOptimizer(m *nn.Model, variables []*layer.Variable, r release.Release, read bool) []*layer.Variable {
	record := m.CompileConfig().Object("optimizer")
	config := record.Object("config")
	if !r.Before(release.Release{3, 10}) || config == nil {
		return variables
	}
	at := 1
	if _, ok := config.Get("learning_rate").(pyjson.Number); ok {
		at = 2
	}
	n := trainables(m)
	steps, _ := config.Get("gradient_accumulation_steps").(pyjson.Number)
	both := config.Get("use_ema") == true && steps != ""
	blocks := 0
	if config.Get("use_ema") == true {
		blocks++
	}
	if steps != "" {
		blocks++
	}
	if len(variables) < at+blocks*n {
		return variables
	}
	out := slices.Clone(variables)
	if both {
		for i := range n {
			if read {
				out[at+i], out[at+n+i] = variables[at+2*i], variables[at+2*i+1]
			} else {
				out[at+2*i], out[at+2*i+1] = variables[at+i], variables[at+n+i]
			}
		}
	}
	at += blocks * n
	if record.String("class_name") == "Nadam" && len(out) > at+1 {
		if read {
			u := out[at]
			out = append(append(out[:at:at], out[at+1:]...), u)
		} else {
			u := out[len(out)-1]
			out = append(append(slices.Clone(out[:at]), u), out[at:len(out)-1]...)
		}
	}
	return out
}

// upgradeOptimizer brings the optimizer's variables, after loading, into today's order. What Keras 2 saved has no learning
// rate, and in whole-model files one slot after the other; if it does not come out even it is dropped with a note.
func upgradeOptimizer(m *nn.Model, o dialect.Origin, note func(string)) {
	for i, g := range m.Optimizer {
		if g.Path != "optimizer" || m.CompileConfig() == nil {
			continue
		}
		variables := g.Variables
		switch {
		case o.Keras2():
			var problem string
			if variables, problem = fromKeras2(m, variables); problem != "" {
				note("the optimizer's state is not kept: " + problem)
				m.Optimizer = slices.Delete(m.Optimizer, i, i+1)
				return
			}
			note("the optimizer's variables are brought into the order of Keras 3")
		default:
			variables = rearrangeOptimizer(m, variables, o.Release, true)
		}
		for k, v := range variables {
			v.Name = strconv.Itoa(k)
		}
		g.Variables = variables
		return
	}
}

// keras2Slots are the names of slots in whole-model files of Keras 2 up to 2.10, in the order of Keras 3, and whether that
// takes them in turn for each variable.
var keras2Slots = map[string]struct {
	slots   []string
	inTurn  bool
	afterIn string // a slot that follows them as a block
}{
	"SGD": {slots: []string{"momentum"}}, "RMSprop": {slots: []string{"rms", "momentum", "mg"}}, "Adagrad": {slots: []string{"accumulator"}},
	"Adam": {slots: []string{"m", "v"}, inTurn: true, afterIn: "vhat"}, "Adamax": {slots: []string{"m", "v"}, inTurn: true},
	"Adadelta": {slots: []string{"accum_grad", "accum_var"}, inTurn: true}, "Ftrl": {slots: []string{"accumulator", "linear"}, inTurn: true},
}

// fromKeras2 rearranges what Keras 2 saved.
func fromKeras2(m *nn.Model, variables []*layer.Variable) (out []*layer.Variable, problem string) {
	record := m.CompileConfig().Object("optimizer")
	class := record.String("class_name")
	if s, ok := m.CompileConfig().Get("optimizer").(string); ok {
		class = dialect.OptimizerName(s)
	}
	if len(variables) == 0 || variables[0].Size() != 1 || !variables[0].DType.IsInt() {
		return nil, "it does not begin with the number of iterations"
	}
	n := trainables(m)
	rest := variables[1:]
	if class == "Nadam" {
		return nil, "Keras 2 did not save all of Nadam's"
	}
	if n == 0 || len(rest)%n != 0 {
		return nil, fmt.Sprintf("it has %d variables for %d weights", len(rest), n)
	}
	out = append(out, variables[0])
	if rate, ok := record.Object("config").Get("learning_rate").(pyjson.Number); ok {
		v := tensor.Scalar(float32(rate.Float()))
		out = append(out, layer.NewVariable("1", "optimizer/learning_rate", v))
	} else if _, isName := m.CompileConfig().Get("optimizer").(string); isName {
		return nil, "the file does not say the learning rate"
	}
	layout, known := keras2Slots[class]
	bySlot := map[string][]*layer.Variable{}
	for _, v := range rest {
		slot := v.Path[strings.LastIndexByte(v.Path, '/')+1:]
		bySlot[slot] = append(bySlot[slot], v)
	}
	var lists [][]*layer.Variable
	for _, s := range layout.slots {
		if list := bySlot[s]; len(list) == n {
			lists = append(lists, list)
		}
	}
	after := bySlot[layout.afterIn]
	if !known || len(lists)*n+len(after) != len(rest) || len(lists) == 0 {
		return append(out, rest...), "" // of 2.11 and later: in the order of Keras 3
	}
	if layout.inTurn {
		for i := range n {
			for _, list := range lists {
				out = append(out, list[i])
			}
		}
	} else {
		for _, list := range lists {
			out = append(out, list...)
		}
	}
	return append(out, after...), ""
}
