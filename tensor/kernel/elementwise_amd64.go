//go:build !noasm

package kernel

import "unsafe"

func unaryAsm(op UnaryOp, dst, a []float32, alpha, beta float32) bool {
	d, x := unsafe.SliceData(dst), unsafe.SliceData(a)
	switch level {
	case AVX512:
		return unaryAVX512(op, d, x, len(a), alpha, beta)
	case AVX2:
		return unaryAVX2(op, d, x, len(a), alpha, beta)
	}
	return false
}

func binaryAsm(op BinaryOp, f form, dst, a, b []float32, s float32) bool {
	d, x, y := unsafe.SliceData(dst), unsafe.SliceData(a), unsafe.SliceData(b)
	n := len(dst)
	switch level {
	case AVX512:
		switch f {
		case vectorScalar:
			return scalarAVX512(op, d, x, n, s)
		case scalarVector:
			return scalarFirstAVX512(op, d, x, n, s)
		}
		return binaryAVX512(op, d, x, y, n)
	case AVX2:
		switch f {
		case vectorScalar:
			return scalarAVX2(op, d, x, n, s)
		case scalarVector:
			return scalarFirstAVX2(op, d, x, n, s)
		}
		return binaryAVX2(op, d, x, y, n)
	}
	return false
}

func binaryRowAsm(op BinaryOp, rowFirst bool, dst, a, row []float32) bool {
	d, x, y := unsafe.SliceData(dst), unsafe.SliceData(a), unsafe.SliceData(row)
	cols := len(row)
	rows := len(a) / cols
	switch level {
	case AVX512:
		if rowFirst {
			return rowFirstAVX512(op, d, x, y, rows, cols)
		}
		return rowAVX512(op, d, x, y, rows, cols)
	case AVX2:
		if rowFirst {
			return rowFirstAVX2(op, d, x, y, rows, cols)
		}
		return rowAVX2(op, d, x, y, rows, cols)
	}
	return false
}

func mulAddAsm(dst, a, b, c []float32) bool {
	d, x, y, z := unsafe.SliceData(dst), unsafe.SliceData(a), unsafe.SliceData(b), unsafe.SliceData(c)
	switch level {
	case AVX512:
		mulAddAVX512(d, x, y, z, len(dst))
	case AVX2:
		mulAddAVX2(d, x, y, z, len(dst))
	default:
		return false
	}
	return true
}

func mulAddRowAsm(dst, a, scale, shift []float32) bool {
	d, x, y, z := unsafe.SliceData(dst), unsafe.SliceData(a), unsafe.SliceData(scale), unsafe.SliceData(shift)
	cols := len(scale)
	switch level {
	case AVX512:
		mulAddRowAVX512(d, x, y, z, len(a)/cols, cols)
	case AVX2:
		mulAddRowAVX2(d, x, y, z, len(a)/cols, cols)
	default:
		return false
	}
	return true
}
