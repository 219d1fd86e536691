package train

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/internal/tree"
)

// structure is a structure of lists and dicts of an argument of compile, or of outputs.
type structure struct {
	kind   byte // 'l' list, 'd' dict, 0 for a leaf
	keys   []string
	items  []*structure
	leaf   any // a leaf's value: JSON, or the number of an output
	weight *float64
}

// treeOf takes an argument of compile apart; the records of losses and metrics are leaves.
func treeOf(v any) *structure {
	t := &structure{leaf: v}
	switch v := v.(type) {
	case []any:
		t.kind, t.leaf = 'l', nil
		for _, x := range v {
			t.items = append(t.items, treeOf(x))
		}
	case *pyjson.Object:
		if isRecord(v) {
			break
		}
		t.kind, t.leaf = 'd', nil
		for _, k := range v.Keys() {
			t.keys = append(t.keys, k)
			t.items = append(t.items, treeOf(v.Get(k)))
		}
	}
	return t
}

func isRecord(o *pyjson.Object) bool {
	_, config := o.Lookup("config")
	return o.String("class_name") != "" && config
}

// outputTree is a structure of output numbers as one of an argument of compile.
func outputTree(v any) *structure {
	switch v := v.(type) {
	case []any:
		t := &structure{kind: 'l'}
		for _, x := range v {
			t.items = append(t.items, outputTree(x))
		}
		return t
	case map[string]any:
		t := &structure{kind: 'd', keys: tree.Keys(v)}
		for _, k := range t.keys {
			t.items = append(t.items, outputTree(v[k]))
		}
		return t
	}
	return &structure{leaf: v}
}

// leaves lists a tree's leaves in Keras's order: dicts by sorted key.
func (t *structure) leaves() []*structure {
	if t.kind == 0 {
		return []*structure{t}
	}
	var out []*structure
	for _, i := range t.order() {
		out = append(out, t.items[i].leaves()...)
	}
	return out
}

func (t *structure) order() []int {
	order := make([]int, len(t.items))
	for i := range order {
		order[i] = i
	}
	if t.kind == 'd' {
		slices.SortFunc(order, func(a, b int) int { return strings.Compare(t.keys[a], t.keys[b]) })
	}
	return order
}

func (t *structure) get(key string) *structure {
	if i := slices.Index(t.keys, key); i >= 0 {
		return t.items[i]
	}
	return nil
}

// flat reports whether all parts of a list or dict are leaves.
func (t *structure) flat() bool {
	return t.kind != 0 && !slices.ContainsFunc(t.items, func(i *structure) bool { return i.kind != 0 })
}

// empty is what Python takes for false.
func (t *structure) empty() bool {
	return t.kind != 0 && len(t.items) == 0 || t.kind == 0 && t.leaf == nil
}

func sameNames(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

// inOrder makes a list of a dict.
func (t *structure) inOrder(names []string) *structure {
	out := &structure{kind: 'l'}
	for _, n := range names {
		item := t.get(n)
		if item == nil {
			item = &structure{}
		}
		out.items = append(out.items, item)
	}
	return out
}

// weigh gives each loss its weight.
func (t *structure) weigh(weights *structure) error {
	losses, numbers := t.leaves(), weights.leaves()
	if len(losses) != len(numbers) {
		return fmt.Errorf("there are %d losses and %d loss weights", len(losses), len(numbers))
	}
	for i, n := range numbers {
		if n.leaf == nil {
			continue
		}
		number, ok := n.leaf.(pyjson.Number)
		f := number.Float()
		if !ok {
			return fmt.Errorf("a loss weight is %s; a number is expected", pyjson.Describe(n.leaf))
		}
		losses[i].weight = &f
	}
	return nil
}
