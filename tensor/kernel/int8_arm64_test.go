//go:build !noasm

package kernel

import "testing"

// TestGemmInt8Long tests the form for CPUs without SDOT on those that have it.
func TestGemmInt8Long(t *testing.T) {
	defer func(old bool) { hasDotProduct = old }(hasDotProduct)
	if !hasDotProduct {
		t.Log("this CPU has no SDOT: TestGemmInt8 tested the other form")
	}
	hasDotProduct = false
	TestGemmInt8(t)
}
