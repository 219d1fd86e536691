package kernel

import "github.com/hornml/horn/tensor/internal/cpu"

// Level is a set of CPU instructions that kernels are written for.
type Level = cpu.Level

// The levels. Generic is plain Go and exists everywhere; AVX2 includes FMA;
// AVX512 means its F, BW, DQ and VL parts.
const (
	Generic = cpu.Generic
	NEON    = cpu.NEON
	AVX2    = cpu.AVX2
	AVX512  = cpu.AVX512
)

// level is the level in force for every kernel except products, which follow
// the level that their PackedB was packed for.
var level = cpu.Choose()

// Current tells the level in force: the best that this machine has, or the
// lower one that the environment variable HORN_CPU asks for.
func Current() Level { return level }

// Levels lists the levels that this machine and this build can run, best first,
// Generic last.
func Levels() []Level { return cpu.Levels() }

// SetLevel puts another level in force and returns a function that puts the old
// one back. It is meant for tests and benchmarks: nothing else may run a kernel
// at the same time. It panics if the machine does not have the level.
func SetLevel(l Level) (restore func()) {
	for _, have := range Levels() {
		if have == l {
			old := level
			level = l
			return func() { level = old }
		}
	}
	panic(badLevel)
}
