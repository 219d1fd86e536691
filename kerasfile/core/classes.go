package core

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
)

// ClassUse is a class or function that the config names.
type ClassUse struct {
	Module    string   `json:"module"`
	Class     string   `json:"class"`
	Kind      string   `json:"kind"` // "layer", "operation", "function", "initializers", "optimizers", ...
	Count     int      `json:"count"`
	Compile   bool     `json:"compile"` // only in the compile state, which predictions do not need
	Supported bool     `json:"supported"`
	Reasons   []string `json:"reasons"` // why not
	Paths     []string `json:"paths"`   // JSON pointers into config.json, at most 5

	registered bool // by its writer, in a package of its own: not Keras's
}

// CompileNotes says, for a model that was loaded with or without its compile state, which optimizer, losses and metrics of
// it are not Keras's own and not known here: they do not matter to predictions.
func CompileNotes(m *nn.Model) []string {
	record := layer.FileRecord(m)
	w := newClassWalk(m.Registry())
	w.visit(record.Get("compile_config"), "/compile_config", true, 0)
	var notes []string
	for _, u := range w.uses {
		own := u.Module == "" || u.Module == "builtins" || u.Module == "keras" || strings.HasPrefix(u.Module, "keras.")
		if u.Supported || own && !u.registered && !strings.Contains(u.Class, ">") {
			continue
		}
		name := u.Class
		if u.Module != "" {
			name = u.Module + "." + u.Class
		}
		notes = append(notes, fmt.Sprintf("the compile state names %s, which is not known here; predictions do not need it", name))
	}
	return notes
}

// classWalk collects the classes that a config names.
type classWalk struct {
	registry *layer.Registry
	uses     []ClassUse
	index    map[string]int
}

func newClassWalk(r *layer.Registry) *classWalk {
	return &classWalk{registry: r, index: map[string]int{}}
}

const maxUsePaths = 5

// plainValues are records that stand for values, not for classes.
var plainValues = map[string]bool{
	"__keras_tensor__": true, "__numpy__": true, "__tensor__": true, "__slice__": true, "__ellipsis__": true, "__bytes__": true,
	"__typespec__": true,
}

func (w *classWalk) visit(v any, path string, compile bool, depth int) {
	if depth > 1000 {
		return
	}
	switch v := v.(type) {
	case []any:
		for i, x := range v {
			w.visit(x, fmt.Sprintf("%s/%d", path, i), compile, depth+1)
		}
	case *pyjson.Object:
		class := v.String("class_name")
		if _, ok := v.Lookup("config"); ok && class != "" {
			if plainValues[class] {
				return
			}
			w.add(v, class, path, compile)
		}
		for _, k := range v.Keys() {
			w.visit(v.Get(k), path+"/"+k, compile || path == "" && k == "compile_config", depth+1)
		}
	}
}

func (w *classWalk) add(record *pyjson.Object, class, path string, compile bool) {
	module := record.String("module")
	if name, ok := record.Get("config").(string); ok && class == "function" {
		class = name
	}
	key := module + " " + class
	i, ok := w.index[key]
	if !ok {
		s := w.registry.SupportOf(module, class, record)
		u := ClassUse{Module: module, Class: class, Kind: s.Kind, Compile: compile, Supported: s.OK, Reasons: []string{}}
		u.registered = strings.Contains(record.String("registered_name"), ">")
		if !s.OK {
			u.Reasons = append(u.Reasons, s.Reason)
		}
		i = len(w.uses)
		w.index[key] = i
		w.uses = append(w.uses, u)
	}
	u := &w.uses[i]
	u.Count++
	u.Compile = u.Compile && compile
	if len(u.Paths) < maxUsePaths {
		u.Paths = append(u.Paths, path)
	}
}

// acquit takes the classes of a model that could be decoded for supported, whatever older name they stand under.
func (w *classWalk) acquit() {
	for i := range w.uses {
		if u := &w.uses[i]; !u.Compile {
			u.Supported, u.Reasons = true, []string{}
		}
	}
}

// blame gives each error of a failed decoding to the class that it is about; the rest are problems.
func (w *classWalk) blame(err error, info *Info) {
	list := layer.Errors{err}
	_ = errors.As(err, &list)
	decided := map[int]bool{}
	for _, e := range list {
		info.problem(e)
		var u *layer.UnsupportedError
		if !errors.As(e, &u) {
			continue
		}
		i, ok := w.index[u.Module+" "+u.Class]
		if !ok {
			continue
		}
		use := &w.uses[i]
		if !decided[i] { // the decoder knows the reason better than the table of classes
			decided[i], use.Supported, use.Reasons = true, false, nil
		}
		if !slices.Contains(use.Reasons, u.Reason) {
			use.Reasons = append(use.Reasons, u.Reason)
		}
	}
}
