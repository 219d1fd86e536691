//go:build noasm || !(amd64 || arm64)

package cpu

// detect finds no vector level in a build without assembly.
func detect() []Level { return nil }

// HasVNNI is false in a build without assembly.
func HasVNNI() bool { return false }
