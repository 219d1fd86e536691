//go:build noasm || !(amd64 || arm64)

package kernel

// Without assembly the plain twins run.

func gemmAsm(*Gemm, []Seg, int, int, int, int) bool                                    { return false }
func unaryAsm(UnaryOp, []float32, []float32, float32, float32) bool                    { return false }
func binaryAsm(BinaryOp, form, []float32, []float32, []float32, float32) bool          { return false }
func mulAddAsm(_, _, _, _ []float32) bool                                              { return false }
func winogradPatchesAsm(*Winograd, []float32, []float32, int, int) bool                { return false }
func winogradSquaresAsm(*Winograd, []float32, []float32, int, int, int, int) bool      { return false }
func binaryRowAsm(BinaryOp, bool, []float32, []float32, []float32) bool                { return false }
func mulAddRowAsm(_, _, _, _ []float32) bool                                           { return false }
func reduceAsm(ReduceOp, []float32) (float32, bool)                                    { return 0, false }
func columnsAsm(ReduceOp, []float32, []float32) bool                                   { return false }
func dotAsm(_, _ []float32) (float32, bool)                                            { return 0, false }
func softmaxAsm(_, _ []float32, _ int) bool                                            { return false }
func layerNormAsm(_, _ []float32, _ int, _, _ []float32, _ float32) bool               { return false }
func rmsNormAsm(_, _ []float32, _ int, _ []float32, _ float32) bool                    { return false }
func sumExpAsm([]float32, float32) (float32, bool)                                     { return 0, false }
func lstmAsm(_, _, _ []float32) bool                                                   { return false }
func gruAsm(_, _, _, _ []float32) bool                                                 { return false }
func copyRowsAsm(Level, []float32, int, []float32, int, int, int) bool                 { return false }
func peakAsm(Level, int) float64                                                       { return 0 }
func depthwiseAsm(*Depthwise, int, int) bool                                           { return false }
func poolAsm(*Pool, int, int, bool, float32) bool                                      { return false }
func transposeAsm(Level, []float32, int, []float32, int, int, int) bool                { return false }
func quantizeAsm(Level, []byte, []float32, float32) bool                               { return false }
func int8Asm(*GemmInt8, int, int, int, int, *[int8Rows]float32, float32, float32) bool { return false }

const hasVNNI = false
