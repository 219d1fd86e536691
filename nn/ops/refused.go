package ops

import (
	"github.com/hornml/horn/nn/layer"
)

// Operations that take Python functions; those of a lambda are refused by Keras itself unless safe mode is off.
func init() {
	for _, class := range []string{"Map", "Scan", "AssociativeScan", "Switch", "Cond", "VectorizedMap"} {
		layer.RefuseOp("core", class, "it holds a Python function, which is never run")
	}
	for _, class := range []string{"WhileLoop", "ForiLoop"} {
		layer.RefuseOp("core", class, "it holds Python functions, which are never run; Keras cannot save it either")
	}
	layer.RefuseOp("math", "SegmentReduction", "it is the base class of SegmentSum and others, and does nothing itself")
}
