//go:build !wasm && !linux

package crew

import "math"

// quota is the number of cores that the system gives the process; only Linux has quotas that can be read.
func quota() int { return math.MaxInt }
