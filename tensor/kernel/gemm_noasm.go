//go:build noasm || !(amd64 || arm64)

package kernel

// Kernels that amd64 and arm64 have.

func gemmAsm(*Gemm, []Seg, int, int, int, int) bool                               { return false }
func unaryAsm(UnaryOp, []float32, []float32, float32, float32) bool               { return false }
func binaryAsm(BinaryOp, form, []float32, []float32, []float32, float32) bool     { return false }
func mulAddAsm(_, _, _, _ []float32) bool                                         { return false }
func winogradPatchesAsm(*Winograd, []float32, []float32, int, int) bool           { return false }
func winogradSquaresAsm(*Winograd, []float32, []float32, int, int, int, int) bool { return false }
