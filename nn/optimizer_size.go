package nn

import (
	"strings"

	"github.com/hornml/horn/internal/pyjson"
)

// OptimizerSize counts the scalars of the optimizer's variables and their bytes: of those that the model has or, where it was
// compiled and never trained, of those that Keras makes when it loads the model. ok is false for a model that is not compiled, and
// for one whose optimizer is not known.
func (m *Model) OptimizerSize() (params int64, bytes float64, ok bool) {
	record := m.compile.Object("optimizer")
	if name := m.compile.String("optimizer"); name != "" {
		record = pyjson.NewObject("class_name", name)
	}
	variables := m.OptimizerVariables()
	if record == nil && len(variables) == 0 {
		return 0, 0, false
	}
	for _, v := range variables {
		params += int64(v.Size())
		bytes += float64(v.Size() * v.DType.Size())
	}
	const counters = 2 // iteration and learning_rate, which every file has
	if len(variables) > counters {
		return params, bytes, true
	}
	slots, ok := OptimizerSlots(record)
	if !ok {
		return params, bytes, len(variables) > 0
	}
	if len(variables) == 0 {
		params, bytes = 1, 4
		if record.Object("config").Object("learning_rate") == nil { // a schedule is no variable
			params, bytes = 2, 8
		}
	}
	for _, v := range m.TrainableVariables() {
		params += slots * int64(v.Size())
		bytes += float64(slots) * float64(v.Size()*v.DType.Size())
	}
	return params, bytes, true
}

// OptimizerSlots is the number of variables that an optimizer keeps for each trainable one of a model, by its record.
func OptimizerSlots(record *pyjson.Object) (int64, bool) {
	c := record.Object("config")
	set := func(key string) int64 {
		switch v := c.Get(key).(type) {
		case bool:
			if v {
				return 1
			}
		case pyjson.Number:
			if v.Float() != 0 {
				return 1
			}
		}
		return 0
	}
	var n int64
	switch strings.ToLower(record.String("class_name")) {
	case "sgd":
		n = set("momentum")
	case "rmsprop":
		n = 1 + set("momentum") + set("centered")
	case "adam", "adamw":
		n = 2 + set("amsgrad")
	case "adamax", "adadelta", "ftrl", "lamb":
		n = 2
	case "adagrad", "lion":
		n = 1
	default:
		return 0, false
	}
	return n + set("use_ema") + set("gradient_accumulation_steps"), true
}
