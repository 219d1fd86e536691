//go:build noasm || !amd64

package kernel

// Kernels that only amd64 has; elsewhere the plain twin runs.

func depthwiseAsm(*Depthwise, int, int) bool                                           { return false }
func poolAsm(*Pool, int, int, bool, float32) bool                                      { return false }
func transposeAsm(Level, []float32, int, []float32, int, int, int) bool                { return false }
func quantizeAsm(Level, []byte, []float32, float32) bool                               { return false }
func int8Asm(*GemmInt8, int, int, int, int, *[int8Rows]float32, float32, float32) bool { return false }

const hasVNNI = false
