package layer

import (
	"reflect"
	"strings"

	"github.com/hornml/horn/internal/pyjson"
)

// Support is what this package does with a class that a config names.
type Support struct {
	Kind   string // "layer", "operation", "function", or the module of keras it is from: "initializers", "optimizers", ...
	OK     bool
	Reason string // why it cannot be used; "" if OK
}

// SupportOf looks a class up by the module and the name that a config has for it, without reading its arguments; a
// function is of module "builtins" (or ""), with its own name. record is the object that the config has for it, nil if that is
// not known; by its registered name a class that is not Keras's is found among custom objects.
func (r *Registry) SupportOf(module, class string, record *pyjson.Object) Support {
	r = r.orEmpty()
	custom := customName(record, class)
	switch {
	case r.custom[custom] != nil:
		kind := KindOf(module)
		if kind == "" {
			kind = "layer"
		}
		if record.String("class_name") == "function" {
			kind = "function"
		}
		return Support{Kind: kind, OK: true}
	case class == "__lambda__":
		return Support{"function", false, "Python code, which is never run"}
	case isOp(module, class):
		key := strings.TrimPrefix(module, opModule+".") + "." + class
		if !strings.HasPrefix(module, opModule+".") {
			key = "activations." + class
		}
		f, why := r.op(key)
		if f != nil {
			return Support{Kind: "operation", OK: true}
		}
		if why != "" {
			return Support{"operation", false, why}
		}
		return Support{"operation", false, "this operation is not known here; " + r.giveForm(class, reflect.TypeFor[func(*OpCall) any]())}
	case r.findClass(module, class) != nil:
		return Support{Kind: "layer", OK: true}
	case strings.HasSuffix(class, "Policy") || class == "DTypePolicyMap":
		return Support{Kind: "dtype_policies", OK: true} // its own name is read with the layer that has it
	case class == "SeedGenerator":
		return Support{Kind: "random", OK: true}
	}
	if kind := KindOf(module); kind != "" {
		if _, ok := r.objects[kind][class]; ok {
			return Support{Kind: kind, OK: true}
		}
		return Support{kind, false, "keras." + kind + "." + class + " is " + r.unknownObject(custom)}
	}
	if module == "builtins" || module == "" {
		if r.activations[class] != nil {
			return Support{Kind: "function", OK: true}
		}
		for kind, known := range r.objects {
			if _, ok := known[class]; ok {
				return Support{Kind: kind, OK: true}
			}
		}
		return Support{"function", false, "not known here; " + r.giveForm(custom, reflect.TypeFor[ActivationFunc]())}
	}
	return Support{"layer", false, r.unknownReason(module, class, record)}
}

// KindOf is the part of keras that a module belongs to, as Registry.RegisterObject names it; "" for layers and models.
func KindOf(module string) string {
	if strings.HasPrefix(module, "keras.src.backend.") && strings.Contains(module, ".optimizers.") {
		return "optimizers" // a backend's own form of a class of keras.optimizers
	}
	rest, ok := strings.CutPrefix(module, "keras.")
	if !ok {
		return ""
	}
	rest = strings.TrimPrefix(rest, "src.")
	for _, kind := range []string{"initializers", "regularizers", "constraints", "quantizers", "optimizers.schedules", "optimizers", "losses",
		"metrics"} {
		if rest == kind || strings.HasPrefix(rest, kind+".") {
			return kind
		}
	}
	return ""
}
