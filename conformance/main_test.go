package conformance

import (
	"os"
	"testing"
)

// TestMain takes away the net that makes errors of panics, so that tests see them.
func TestMain(m *testing.M) {
	os.Setenv("HORN_FAULTS", "panic")
	os.Exit(m.Run())
}
