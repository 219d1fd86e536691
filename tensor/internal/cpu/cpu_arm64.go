//go:build !noasm

package cpu

// detect lists the vector levels of this machine: every arm64 CPU that Go
// supports has NEON.
func detect() []Level { return []Level{NEON} }

// HasVNNI is false: VPDPBUSD is an amd64 instruction.
func HasVNNI() bool { return false }
