//go:build !noasm

package kernel

// The NEON loops take whole vectors of four; the last one goes through a buffer.

func unaryAsm(op UnaryOp, dst, a []float32, alpha, beta float32) bool {
	if level != NEON {
		return false
	}
	whole := len(a) &^ 3
	if whole > 0 && !unaryNEON(op, &dst[0], &a[0], whole, alpha, beta) {
		return false
	}
	if whole < len(a) {
		var x [4]float32
		copy(x[:], a[whole:])
		if !unaryNEON(op, &x[0], &x[0], 4, alpha, beta) {
			return false
		}
		copy(dst[whole:], x[:])
	}
	return true
}

func binaryAsm(op BinaryOp, f form, dst, a, b []float32, s float32) bool {
	if level != NEON {
		return false
	}
	whole := len(a) &^ 3
	if whole > 0 && !binaryWhole(op, f, &dst[0], &a[0], &b[0], whole, s) {
		return false
	}
	if whole < len(a) {
		var x, y [4]float32
		copy(x[:], a[whole:])
		copy(y[:], b[whole:])
		if !binaryWhole(op, f, &x[0], &x[0], &y[0], 4, s) {
			return false
		}
		copy(dst[whole:], x[:])
	}
	return true
}

func binaryWhole(op BinaryOp, f form, dst, a, b *float32, n int, s float32) bool {
	switch f {
	case vectorScalar:
		return scalarNEON(op, dst, a, n, s)
	case scalarVector:
		return scalarFirstNEON(op, dst, a, n, s)
	}
	return binaryNEON(op, dst, a, b, n)
}

func mulAddAsm(dst, a, b, c []float32) bool {
	if level != NEON {
		return false
	}
	whole := len(a) &^ 3
	if whole > 0 {
		mulAddNEON(&dst[0], &a[0], &b[0], &c[0], whole)
	}
	if whole < len(a) {
		var x, y, z [4]float32
		copy(x[:], a[whole:])
		copy(y[:], b[whole:])
		copy(z[:], c[whole:])
		mulAddNEON(&x[0], &x[0], &y[0], &z[0], 4)
		copy(dst[whole:], x[:])
	}
	return true
}
