//go:build !noasm

package kernel

import "unsafe"

func unaryAsm(op UnaryOp, dst, a []float32, alpha, beta float32) bool {
	return level == NEON && unaryNEON(op, unsafe.SliceData(dst), unsafe.SliceData(a), len(a), alpha, beta)
}

func binaryAsm(op BinaryOp, f form, dst, a, b []float32, s float32) bool {
	if level != NEON {
		return false
	}
	d, x, y := unsafe.SliceData(dst), unsafe.SliceData(a), unsafe.SliceData(b)
	switch f {
	case vectorScalar:
		return scalarNEON(op, d, x, len(dst), s)
	case scalarVector:
		return scalarFirstNEON(op, d, x, len(dst), s)
	}
	return binaryNEON(op, d, x, y, len(dst))
}

func binaryRowAsm(op BinaryOp, rowFirst bool, dst, a, row []float32) bool {
	if level != NEON {
		return false
	}
	d, x, y := unsafe.SliceData(dst), unsafe.SliceData(a), unsafe.SliceData(row)
	cols := len(row)
	if rowFirst {
		return rowFirstNEON(op, d, x, y, len(a)/cols, cols)
	}
	return rowNEON(op, d, x, y, len(a)/cols, cols)
}

func mulAddAsm(dst, a, b, c []float32) bool {
	if level != NEON {
		return false
	}
	mulAddNEON(unsafe.SliceData(dst), unsafe.SliceData(a), unsafe.SliceData(b), unsafe.SliceData(c), len(dst))
	return true
}

func mulAddRowAsm(dst, a, scale, shift []float32) bool {
	if level != NEON {
		return false
	}
	cols := len(scale)
	mulAddRowNEON(unsafe.SliceData(dst), unsafe.SliceData(a), unsafe.SliceData(scale), unsafe.SliceData(shift), len(a)/cols, cols)
	return true
}
