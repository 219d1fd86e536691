// Package cpu names the instruction sets that the kernels are written for and
// tells which of them this machine, this build and the user allow.
package cpu

import "os"

// Level is a set of instructions that kernels are written for. A higher level
// on the same architecture includes the lower ones.
type Level uint8

// The levels, from the one that every machine has to the widest.
const (
	Generic Level = iota // plain Go
	NEON                 // arm64, 128-bit vectors
	AVX2                 // amd64, 256-bit vectors with FMA
	AVX512               // amd64, 512-bit vectors (F, BW, DQ and VL)
)

var names = [...]string{"generic", "neon", "avx2", "avx512"}

// String gives the name that HORN_CPU understands.
func (l Level) String() string {
	if int(l) < len(names) {
		return names[l]
	}
	return "unknown"
}

// Env is the environment variable that forces a lower level: generic, neon,
// avx2 or avx512. A level that this machine does not have, or a name that is
// none, leaves the best level in force.
const Env = "HORN_CPU"

// Levels lists what this machine and this build can run, best first. It always
// ends with Generic.
func Levels() []Level { return append(detect(), Generic) }

// Choose gives the level to start with: the best one, or the one that the
// environment variable HORN_CPU names.
func Choose() Level {
	levels := Levels()
	want := os.Getenv(Env)
	for _, l := range levels {
		if l.String() == want {
			return l
		}
	}
	return levels[0]
}
