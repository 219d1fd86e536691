//go:build !noasm

package cpu

import "golang.org/x/sys/cpu"

// detect lists the vector levels of this machine: every arm64 CPU that Go
// supports has NEON.
func detect() []Level { return []Level{NEON} }

// HasVNNI is false: VPDPBUSD is an amd64 instruction.
func HasVNNI() bool { return false }

// HasDotProduct tells whether NEON kernels may use SDOT.
func HasDotProduct() bool { return cpu.ARM64.HasASIMDDP }
