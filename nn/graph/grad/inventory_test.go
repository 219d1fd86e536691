package grad_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// withoutGradient names the ops that have none, and why.
var withoutGradient = map[string]string{
	// What there is before any op.
	"graph.Input": leaf, "graph.ReadParam": leaf, "graph.Const": leaf,
	"graph.Opaque":       "stands for what is not known while a model is built; graphs that run have none",
	"graph.StopGradient": "stops it",
	// Integers, bools and text.
	"graph.Test": answers, "graph.Compare": answers, "graph.Argsort": integers, "graph.ArgExtreme": integers,
	"graph.MatMulInt8": integers,
	"graph.UnpackInt4": integers, "graph.UnpackTernary": integers,
	"ops.opIndex": integers, "ops.opNonzero": integers, "ops.opCountUnique": integers,
	"ops.opPartition":   integers,
	"ops.opArgsortDown": integers, "ops.opSearch": integers, "layers.opDigitize": integers, "layers.opLookUp": integers,
	"layers.opCross": integers,
	"layers.opBins":  integers, "layers.opUniform": integers, "layers.opTextIDs": integers, "layers.opInvert": text,
	"layers.opStandardize": text, "layers.opNGrams": text,
	"layers.opLongestText": text, "layers.opTextBag": "counts words",
	// Gradients themselves: there are no second derivatives of these.
	"graph.PoolGradient": second, "graph.STFTGradient": second, "ops.opQuantileGradient": second, "ops.opCTCLossGradient": second,
	"ops.opMapCoordinatesGradient": second, "ops.opTransformGradient": second, "ops.opScaleAxisGradient": second,
	"ops.cofactors": second, "ops.permuteBack": second,
	// What passes make after all gradients are written.
	"pass.Repeat": compiler, "pass.StridedProduct": compiler, "pass.Attention": compiler,
}

const (
	leaf     = "has no inputs"
	answers  = "its results are bools"
	integers = "its results are integers"
	text     = "its results are text"
	second   = "is part of a gradient itself"
	compiler = "is made by a pass, after all gradients"
)

// TestNoOpIsForgotten finds all ops in the source: each has a gradient, or there is a reason why not. Functions of matrices
// count as ops.
func TestNoOpIsForgotten(t *testing.T) {
	ops, differentiable := map[string]bool{}, map[string]bool{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv == nil {
				continue
			}
			name := file.Name.Name + "." + receiver(f.Recv.List[0].Type)
			switch f.Name.Name {
			case "Infer", "Results":
				ops[name] = true
			case "Gradient", "gradient":
				differentiable[name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(ops) < 80 {
		t.Errorf("%d ops found; there are more", len(ops))
	}
	for op := range ops {
		switch reason := withoutGradient[op]; {
		case differentiable[op] == (reason != ""):
			t.Errorf("%s: gradient: %v; reason why there is none: %q", op, differentiable[op], reason)
		}
	}
	for op := range withoutGradient {
		if !ops[op] {
			t.Errorf("there is no op %s", op)
		}
	}
}

// receiver is the name of a method's type.
func receiver(t ast.Expr) string {
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}
