//go:build noasm || !(amd64 || arm64)

package kernel

func gemmAsm(*Gemm, []Seg, int, int, int, int) bool { return false }
