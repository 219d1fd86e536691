package ops

import (
	"slices"
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/plan"
	"github.com/hornml/horn/tensor"
)

// TestFoldingTellsMatrixFunctionsApart compiles functions of one constant matrix that differ in a setting only: each has the
// answer that it has alone.
func TestFoldingTellsMatrixFunctionsApart(t *testing.T) {
	b := graph.NewBuilder()
	a := b.Const(tensor.FromSlice([]float32{4, 2, 2, 5}, 2, 2))
	y := b.Const(tensor.FromSlice([]float32{1, 3}, 2, 1))
	emit := func(f matrixFunc, in ...*graph.Value) *graph.Value { return b.Emit1(perMatrix{f}, in...) }
	b.Graph.Outputs = []*graph.Value{
		emit(cholesky{}, a), emit(cholesky{Upper: true}, a), emit(choleskyInverse{}, a), emit(choleskyInverse{Upper: true}, a),
		emit(solve{}, a, y), emit(solveTriangular{}, a, y), emit(solveTriangular{Lower: true}, a, y),
	}
	want, err := graph.Interpret(b.Graph, graph.Run{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Compile(b.Graph, plan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Run(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, g := range got {
		if x := g.(*tensor.Tensor).Data(); !slices.Equal(x, want[i].F) {
			t.Errorf("function %d: %v, alone %v", i, x, want[i].F)
		}
	}
}
