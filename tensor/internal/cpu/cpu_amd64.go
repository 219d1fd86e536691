//go:build amd64 && !noasm

package cpu

import "golang.org/x/sys/cpu"

// detect lists the vector levels of this machine, best first. The flags of
// x/sys/cpu are set only if the operating system saves the registers too.
func detect() []Level {
	x := &cpu.X86
	if !x.HasAVX2 || !x.HasFMA {
		return nil
	}
	if x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL {
		return []Level{AVX512, AVX2}
	}
	return []Level{AVX2}
}

// HasVNNI tells whether AVX-512 kernels may use VPDPBUSD.
func HasVNNI() bool { return cpu.X86.HasAVX512VNNI }
