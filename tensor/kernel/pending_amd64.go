//go:build !noasm

package kernel

// Kernels that have no assembly yet.

func transposeAsm(Level, []float32, int, []float32, int, int, int) bool       { return false }
func reduceAsm(ReduceOp, []float32) (float32, bool)                           { return 0, false }
func columnsAsm(ReduceOp, []float32, []float32) bool                          { return false }
func dotAsm(_, _ []float32) (float32, bool)                                   { return 0, false }
func softmaxAsm(_, _ []float32) bool                                          { return false }
func layerNormAsm(_, _, _, _ []float32, _ float32) bool                       { return false }
func lstmAsm(_, _, _ []float32) bool                                          { return false }
func gruAsm(_, _, _, _ []float32) bool                                        { return false }
