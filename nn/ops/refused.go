package ops

import (
	"github.com/hornml/horn/nn/layer"
)

// Operations that take Python functions; those of a lambda are refused by Keras itself unless safe mode is off.
func addRefused(r *layer.Registry) {
	for _, class := range []string{"Map", "Scan", "AssociativeScan", "Switch", "Cond", "VectorizedMap"} {
		r.RefuseOp("core", class, "it holds a Python function, which is never run")
	}
	for _, class := range []string{"WhileLoop", "ForiLoop"} {
		r.RefuseOp("core", class, "it holds Python functions, which are never run; Keras cannot save it either")
	}
	r.RefuseOp("math", "SegmentReduction", "it is the base class of SegmentSum and others, and does nothing itself")
}
