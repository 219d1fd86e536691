package nn

import (
	"regexp"
	"slices"
	"strings"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/layer"
)

// OptimizerSize counts the scalars of the optimizer's variables and their bytes: those that Keras makes when it loads the model, be
// it trained or not, for what is trainable now. ok is false for a model that is not compiled or not built, for which Keras makes
// none; where the optimizer is of a class that is not known, those count that the file had.
func (m *Model) OptimizerSize() (params int64, bytes float64, ok bool) {
	if !m.IsBuilt() {
		return 0, 0, false
	}
	record := m.compile.Object("optimizer")
	if name := m.compile.String("optimizer"); name != "" {
		record = pyjson.NewObject("class_name", name)
	}
	if record != nil {
		if params, bytes, ok = SizeOfOptimizer(record, m.TrainableVariables()); ok {
			return params, bytes, true
		}
	}
	variables := m.OptimizerVariables()
	for _, v := range variables {
		params += int64(v.Size())
		bytes += float64(v.Size() * v.DType.Size())
	}
	return params, bytes, len(variables) > 0
}

// SizeOfOptimizer counts the scalars of the variables that an optimizer keeps for those of a model, and their bytes, by its
// record; nothing is made for it. ok is false for classes that are not known.
func SizeOfOptimizer(record *pyjson.Object, variables []*layer.Variable) (params int64, bytes float64, ok bool) {
	s := optimizerSize{config: record.Object("config")}
	ok = s.count(strings.ToLower(record.String("class_name")), variables)
	return s.params, s.bytes, ok
}

// optimizerSize adds up what one optimizer keeps.
type optimizerSize struct {
	config *pyjson.Object
	params int64
	bytes  float64
}

func (s *optimizerSize) add(scalars, each int) {
	s.params += int64(scalars)
	s.bytes += float64(scalars) * float64(each)
}

// slots adds n variables for one of the model.
func (s *optimizerSize) slots(n int, v *layer.Variable) { s.add(n*v.Size(), v.DType.Size()) }

// set is 1 for a setting that is switched on, or a number that is not 0.
func (s *optimizerSize) set(key string) int {
	switch v := s.config.Get(key).(type) {
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

// inside adds another optimizer.
func (s *optimizerSize) inside(record *pyjson.Object, variables []*layer.Variable) bool {
	params, bytes, ok := SizeOfOptimizer(record, variables)
	s.params += params
	s.bytes += bytes
	return ok
}

func (s *optimizerSize) count(class string, variables []*layer.Variable) bool {
	s.add(1, 4) // iteration
	if s.config.Object("learning_rate") == nil {
		s.add(1, 4) // a schedule is no variable
	}
	switch class {
	case "lossscaleoptimizer":
		s.add(2, 4) // step_counter and dynamic_scale
		return s.inside(s.config.Object("inner_optimizer"), variables)
	case "multioptimizer":
		return s.several(variables)
	}
	rule := s.rule(class)
	if rule == nil {
		return false
	}
	shared := s.set("use_ema") + s.set("gradient_accumulation_steps")
	for _, v := range variables {
		s.slots(shared, v)
		rule(v)
	}
	if class == "nadam" { // the product of its momentums
		each := 4
		if len(variables) > 0 {
			each = variables[0].DType.Size()
		}
		s.add(1, each)
	}
	return true
}

// rule returns what a class keeps for a variable, nil for a class that is not known.
func (s *optimizerSize) rule(class string) func(*layer.Variable) {
	each := func(n int) func(*layer.Variable) { return func(v *layer.Variable) { s.slots(n, v) } }
	switch class {
	case "sgd":
		return each(s.set("momentum"))
	case "rmsprop":
		return each(1 + s.set("momentum") + s.set("centered"))
	case "adam", "adamw":
		return each(2 + s.set("amsgrad"))
	case "adamax", "adadelta", "ftrl", "lamb", "nadam", "schedulefreeadamw":
		return each(2)
	case "adagrad", "lion":
		return each(1)
	case "adafactor":
		return s.adafactor
	case "muon":
		return s.muon
	}
	return nil
}

// adafactor keeps means of rows and of columns instead of a second slot; for vectors two numbers that nobody uses.
func (s *optimizerSize) adafactor(v *layer.Variable) {
	s.slots(1, v)
	n := len(v.Shape)
	if n < 2 {
		s.add(2, 4)
		return
	}
	s.add(v.Size()/max(v.Shape[n-1], 1)+v.Size()/max(v.Shape[n-2], 1), v.DType.Size())
}

// muon keeps a second slot for what follows Adam: what is no matrix, embeddings, what exclude_layers names.
func (s *optimizerSize) muon(v *layer.Variable) {
	n := 1
	embedding := s.config.Get("exclude_embeddings") != false && strings.Contains(strings.ToLower(v.Path), "embedding")
	excluded := slices.ContainsFunc(s.config.List("exclude_layers"), func(p any) bool {
		text, _ := p.(string)
		re, err := regexp.Compile(text)
		return err == nil && re.MatchString(v.Path)
	})
	if len(v.Shape) != 2 || embedding || excluded {
		n = 2
	}
	s.slots(n, v)
}

// several shares the variables out among the optimizers of a map from patterns of their paths; the last one is the default. An
// optimizer that gets none keeps its counters.
func (s *optimizerSize) several(variables []*layer.Variable) bool {
	c := s.config.Object("optimizer_map").Object("config")
	byPattern := c.Object("optimizer_map")
	keys := byPattern.Keys()
	parts := make([][]*layer.Variable, len(keys)+1)
	for _, v := range variables {
		at := slices.IndexFunc(keys, func(p string) bool {
			re, err := regexp.Compile("^(?:" + p + ")$")
			return err == nil && re.MatchString(v.Path)
		})
		if at < 0 {
			at = len(keys)
		}
		parts[at] = append(parts[at], v)
	}
	for i, key := range keys {
		if !s.inside(byPattern.Object(key), parts[i]) {
			return false
		}
	}
	return s.inside(c.Object("default_optimizer"), parts[len(keys)])
}
