package ops

import (
	"slices"
	"strings"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

func addEinops(r *layer.Registry) { r.RegisterOp("einops", "Rearrange", rearrange) }

// rearrange reorders, splits and joins axes by a pattern such as "b (h p) c -> b h (p c)" (keras.ops.rearrange).
func rearrange(o *layer.OpCall) any {
	x := o.Tensor(0, "tensor")
	pattern := o.Str(1, "pattern")
	left, right, ok := strings.Cut(pattern, "->")
	if !ok {
		o.Fail("%s: the pattern %q has no \"->\"", o, pattern)
	}
	sizes := map[string]int{}
	for name, v := range o.Kwargs {
		if name == "tensor" || name == "pattern" {
			continue
		}
		o.Inert(name) // it is read here
		n, isNumber := v.(pyjson.Number)
		size, isInt := n.Int()
		if !isNumber || !isInt || size < 0 {
			o.Fail("%s: the length of the axis %q must be a number", o, name)
		}
		sizes[name] = size
	}
	from, to := axisGroups(left), axisGroups(right)
	if len(from) != x.Rank() {
		o.Fail("%s: the pattern %q has %d axes for %s", o, pattern, len(from), x)
	}
	var names []string
	var split []int
	for i, group := range from {
		known, unknown := 1, ""
		for _, name := range group {
			if slices.Contains(names, name) {
				o.Fail("%s: the axis %q stands twice in the pattern %q", o, name, pattern)
			}
			names = append(names, name)
			size, ok := sizes[name]
			switch {
			case ok && len(group) > 1:
				known = graph.Times(known, max(size, 0))
			case unknown != "":
				o.Fail("%s: the lengths of %q and %q are both missing", o, unknown, name)
			default:
				unknown = name
			}
		}
		if known == 0 || graph.Known(x.Shape[i]) && (x.Shape[i]%known != 0 || unknown == "" && known != x.Shape[i]) {
			o.Fail("%s: axis %d of %s does not divide as the pattern %q says", o, i, x, pattern)
		}
		if unknown != "" {
			sizes[unknown] = x.Shape[i] / known
		}
		for _, name := range group {
			split = append(split, sizes[name])
		}
	}
	var order, shape []int
	for _, group := range to {
		size := 1
		for _, name := range group {
			at := slices.Index(names, name)
			if at < 0 || slices.Contains(order, at) {
				o.Fail("%s: the axis %q of the result is not in the pattern %q, or twice", o, name, pattern)
			}
			order = append(order, at)
			size = graph.Times(size, sizes[name])
		}
		shape = append(shape, size)
	}
	if len(order) != len(names) {
		o.Fail("%s: the result of the pattern %q leaves axes out", o, pattern)
	}
	return o.Reshape(o.Transpose(o.Reshape(x, split...), order...), shape...)
}

func notWord(r rune) bool {
	return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}

// axisGroups reads one side of a pattern: the names of the axes, those in brackets together.
func axisGroups(side string) [][]string {
	var out [][]string
	for {
		before, rest, grouped := strings.Cut(side, "(")
		for _, name := range strings.FieldsFunc(before, notWord) {
			out = append(out, []string{name})
		}
		if !grouped {
			return out
		}
		group, after, _ := strings.Cut(rest, ")")
		out = append(out, strings.Fields(group))
		side = after
	}
}
