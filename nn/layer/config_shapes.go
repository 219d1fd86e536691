package layer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/tensor"
)

// The values of "data_format".
const (
	ChannelsLast  = "channels_last"
	ChannelsFirst = "channels_first"
)

// DataFormat visits "data_format": where the axis of channels is. Null stands for the default, ChannelsLast.
func (c *Config) DataFormat(field *string) {
	visit(c, "data_format", field, []string{ChannelsLast}, func(v any) (string, string) {
		if v == nil {
			return ChannelsLast, ""
		}
		s, _ := v.(string)
		if s = strings.ToLower(s); s != ChannelsLast && s != ChannelsFirst {
			return "", fmt.Sprintf("%q or %q is expected", ChannelsLast, ChannelsFirst)
		}
		return s, ""
	}, func(v string) any { return v })
}

// Padding visits "padding": "valid", the default, "same", or one of the others that are allowed.
func (c *Config) Padding(field *string, others ...string) {
	allowed := append([]string{"valid", "same"}, others...)
	visit(c, "padding", field, allowed[:1], func(v any) (string, string) {
		s, _ := v.(string)
		if s = strings.ToLower(s); !slices.Contains(allowed, s) {
			return "", fmt.Sprintf("one of %q is expected", allowed)
		}
		return s, ""
	}, func(v string) any { return v })
}

// TupleOrNone visits a tuple of n integers of at least least, a single number for all of them, or null; nil stands for
// null and is the default.
func (c *Config) TupleOrNone(key string, field *[]int, n, least int) {
	visit(c, key, field, [][]int{nil}, func(v any) ([]int, string) {
		if v == nil {
			return nil, ""
		}
		t, problem := parseInts(v, n)
		if problem == "" && slices.ContainsFunc(t, func(x int) bool { return x < least }) {
			problem = fmt.Sprintf("%d integers of %d or more, or null, are expected", n, least)
		}
		return t, problem
	}, func(v []int) any {
		if v == nil {
			return nil
		}
		return writeInts(v)
	})
}

// Pairs visits what is added or removed at both ends of n axes: a single number for all, one number for each axis, or a
// pair for each axis. Negative numbers are refused.
func (c *Config) Pairs(key string, field *[][2]int, n int, def ...[][2]int) {
	visit(c, key, field, def, func(v any) ([][2]int, string) {
		problem := fmt.Sprintf("an integer of 0 or more, %d of them, or %d pairs of them are expected", n, n)
		list, ok := v.([]any)
		if !ok {
			list = slices.Repeat([]any{v}, n)
		}
		if len(list) != n {
			return nil, problem
		}
		out := make([][2]int, n)
		for i, item := range list {
			pair, bad := parseInts(item, 2)
			if one, isList := item.([]any); bad != "" || pair[0] < 0 || pair[1] < 0 || isList && len(one) != 2 {
				return nil, problem
			}
			out[i] = [2]int(pair)
		}
		return out, ""
	}, func(v [][2]int) any {
		list := make([]any, len(v))
		for i, p := range v {
			list[i] = writeInts(p[:])
		}
		return list
	})
}

// Omit takes back keys that every layer writes, for the few classes whose constructors do not take them.
func (c *Config) Omit(keys ...string) {
	if c.out != nil {
		for _, k := range keys {
			c.out.Delete(k)
		}
	}
}

// Axes visits an axis or a list of axes, which may be negative; without a default the key is required. Null gives no axes
// where that is allowed; such a key is written as a list.
func (c *Config) Axes(key string, field *[]int, null bool, def ...int) {
	var defs [][]int
	if len(def) > 0 {
		defs = [][]int{def}
	}
	visit(c, key, field, defs, func(v any) ([]int, string) {
		if v == nil && null {
			return []int{}, ""
		}
		return parseInts(v, 0)
	}, func(v []int) any {
		if len(v) == 1 && !null {
			return pyjson.Int(v[0])
		}
		return writeInts(v)
	})
}

// Rate visits a number from 0 to 1.
func (c *Config) Rate(key string, field *float64, def ...float64) {
	visit(c, key, field, def, func(v any) (float64, string) {
		f, problem := parseFloat(v)
		if problem == "" && !(f >= 0 && f <= 1) {
			problem = "a number from 0 to 1 is expected"
		}
		return f, problem
	}, func(v float64) any { return pyjson.Float(v) })
}

// Dims visits the lengths of axes: integers of 1 or more, or null for unknown ones, which -1 stands for; a single number is a
// list of one.
func (c *Config) Dims(key string, field *[]int) {
	visit(c, key, field, nil, func(v any) ([]int, string) {
		if _, ok := v.([]any); !ok {
			v = []any{v}
		}
		dims, problem := pyjson.Shape(v)
		if problem != "" || slices.Contains(dims, 0) {
			return nil, "positive integers, or null for unknown lengths, are expected"
		}
		return dims, ""
	}, pyjson.NewShape)
}

// DType visits the argument "dtype" of a loss or a metric: a name, a policy, of which the compute type counts, or null for
// the default.
func (c *Config) DType(key string, field *tensor.DType, def ...tensor.DType) {
	visit(c, key, field, def, func(v any) (tensor.DType, string) {
		switch v {
		case nil:
			return def[0], ""
		case "int":
			return tensor.Int32, ""
		case "float":
			return tensor.Float32, ""
		}
		p, err := parsePolicy(v)
		if err != nil || p.Compute == tensor.String {
			return 0, "the name of a type of numbers is expected"
		}
		return p.Compute, ""
	}, func(d tensor.DType) any { return d.String() })
}

// Unwritten visits an argument that Keras takes but leaves out when it writes a config, so that a loaded object has the
// default. Here it is written where it is not the default, so that nothing is lost.
func Unwritten[T comparable](c *Config, key string, field *T, def T, visit func(key string, field *T, def ...T)) {
	if c.out == nil || *field != def {
		visit(key, field, def)
	}
}
