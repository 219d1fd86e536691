package tree_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/tree"
	"github.com/hornml/horn/tensor"
)

func TestTree(t *testing.T) {
	b := graph.NewBuilder()
	x, y := b.Input(tensor.Float32, 1), b.Input(tensor.Float32, 2)
	v := []any{map[string]any{"b": 1, "a": []any{x, nil}}, []*graph.Value{y, nil}, "s"}
	var leaves []any
	tree.Walk(v, func(leaf any) { leaves = append(leaves, leaf) })
	if want := []any{x, nil, 1, y, (*graph.Value)(nil), "s"}; !reflect.DeepEqual(leaves, want) {
		t.Errorf("%v", leaves)
	}
	if tree.Len(v) != 6 || tree.Len([]any{}) != 0 || tree.Len(nil) != 1 {
		t.Error("the leaves are counted wrongly")
	}
	if got := tree.Values(v); len(got) != 2 || got[0] != x || got[1] != y {
		t.Errorf("%v", got)
	}
	n := 0
	numbered := tree.Map(v, func(any) any { n++; return n })
	if got := fmt.Sprint(numbered); got != "[map[a:[1 2] b:3] [4 5] 6]" {
		t.Error(got)
	}
	if got := tree.Keys(map[string]int{"b": 1, "a": 2}); fmt.Sprint(got) != "[a b]" {
		t.Error(got)
	}
}
