package layer

import (
	"fmt"
	"strings"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/tensor"
)

// Policy is a dtype policy (keras.DTypePolicy and its relatives): the type in which a layer computes and the type of its
// variables.
type Policy struct {
	Name         string // as Keras writes it: "float32", "mixed_float16", "int8_from_float32"
	Compute      tensor.DType
	Variable     tensor.DType
	Quantization string // "", "int8", "int4", "float8", "gptq", "awq", "ternary"
	// BlockSize is the number of inputs that share a scale in int4, gptq and awq; -1 for one scale per channel, 0 where
	// the policy does not say.
	BlockSize int
	// WeightBits is the number of bits of a weight in gptq and awq.
	WeightBits int
	// AmaxHistory is the number of maxima that float8 remembers; 0 stands for 1024.
	AmaxHistory int
	Raw         any // as the file has it; nil for a policy made in Go
	byPath      []pathPolicy
	match       func(pattern, text string) bool // of keys in byPath
}

type pathPolicy struct {
	key    string
	policy Policy
}

// DefaultPolicy is Keras's default, float32.
func DefaultPolicy() Policy {
	return Policy{Name: "float32", Compute: tensor.Float32, Variable: tensor.Float32}
}

// ParsePolicy reads a policy by its name, such as "float32" or "mixed_bfloat16".
func ParsePolicy(name string) (Policy, error) {
	p := Policy{Name: name}
	base := name
	if mode, source, ok := strings.Cut(name, "_from_"); ok {
		mode, block, _ := strings.Cut(mode, "/")
		switch mode {
		case "int8", "int4", "float8", "gptq", "awq", "ternary":
		default:
			return p, fmt.Errorf("%q is no dtype policy", name)
		}
		p.Quantization, base = mode, source
		if block != "" && !p.parseBlock(mode, block) {
			return p, fmt.Errorf("%q is no dtype policy", name)
		}
	}
	switch base {
	case "mixed_float16":
		p.Compute, p.Variable = tensor.Float16, tensor.Float32
	case "mixed_bfloat16":
		p.Compute, p.Variable = tensor.BFloat16, tensor.Float32
	default:
		d, err := tensor.ParseDType(base)
		if err != nil {
			return p, fmt.Errorf("%q is no dtype policy", name)
		}
		p.Compute, p.Variable = d, d
	}
	return p, nil
}

// parseBlock reads what follows the mode: the block size of int4, weight bits and group size of gptq and awq.
func (p *Policy) parseBlock(mode, s string) bool {
	if mode == "gptq" || mode == "awq" {
		bits, rest, _ := strings.Cut(s, "/")
		n, ok := pyjson.Number(bits).Int()
		if !ok || n != 4 && (mode == "awq" || n != 2 && n != 3 && n != 8) {
			return false
		}
		p.WeightBits, s = n, rest
	}
	n, ok := pyjson.Number(s).Int()
	p.BlockSize = n
	return ok && (n == -1 || n > 0)
}

// parsePolicy reads a policy in any of the forms that Keras writes: null, a name, a record.
func parsePolicy(v any) (Policy, error) {
	switch v := v.(type) {
	case nil:
		return DefaultPolicy(), nil
	case string:
		p, err := ParsePolicy(v)
		p.Raw = v
		return p, err
	case *pyjson.Object:
		config := v.Object("config")
		if config == nil {
			return Policy{}, fmt.Errorf("a dtype policy without a config")
		}
		var p Policy
		var err error
		switch class := v.String("class_name"); class {
		case "DTypePolicy", "FloatDTypePolicy", "Policy":
			p, err = ParsePolicy(config.String("name"))
		case "QuantizedDTypePolicy", "QuantizedFloat8DTypePolicy", "Int4DTypePolicy", "AWQDTypePolicy", "GPTQDTypePolicy":
			p, err = ParsePolicy(config.String("mode") + "_from_" + config.String("source_name"))
			if v, ok := config.Lookup("amax_history_length"); ok && err == nil {
				n, problem := parseInt(v)
				if problem != "" || n < 1 {
					err = fmt.Errorf("amax_history_length: a positive integer is expected, not %s", pyjson.Describe(v))
				}
				p.AmaxHistory = n
			}
		case "DTypePolicyMap":
			if p, err = parsePolicy(config.Get("default_policy")); err != nil {
				return p, err
			}
			for _, key := range config.Object("policy_map").Keys() {
				inner, err := parsePolicy(config.Object("policy_map").Get(key))
				if err != nil {
					return p, err
				}
				p.byPath = append(p.byPath, pathPolicy{key, inner})
			}
		default:
			return p, fmt.Errorf("%q is no dtype policy", class)
		}
		p.Raw = v
		return p, err
	}
	return Policy{}, fmt.Errorf("a dtype policy is a name or a record, not %s", pyjson.Describe(v))
}

// forPath resolves a DTypePolicyMap for the layer at the given path. As in Keras a key is the path itself or a pattern
// that matches all of it; one that is not valid matches nothing.
func (p Policy) forPath(path string) Policy {
	for _, e := range p.byPath {
		if e.key == path {
			return e.policy.within(p)
		}
	}
	for _, e := range p.byPath {
		if p.match != nil && p.match(e.key, path) {
			return e.policy.within(p)
		}
	}
	return p
}

// within keeps the record of the whole map, which each layer repeats in the file.
func (p Policy) within(whole Policy) Policy {
	p.Raw = whole.Raw
	return p
}

// record returns the form that Keras 3.4 and later write.
func (p Policy) record() any {
	if p.Raw != nil {
		return p.Raw
	}
	if p.Quantization != "" {
		mode, source, _ := strings.Cut(p.Name, "_from_")
		return pyjson.NewObject("module", "keras.dtype_policies", "class_name", "QuantizedDTypePolicy",
			"config", pyjson.NewObject("mode", mode, "source_name", source), "registered_name", nil)
	}
	return pyjson.NewObject("module", "keras", "class_name", "DTypePolicy",
		"config", pyjson.NewObject("name", p.Name), "registered_name", nil)
}
