//go:build !noasm

package kernel

import "unsafe"

func reduceAsm(op ReduceOp, a []float32) (float32, bool) {
	p := unsafe.SliceData(a)
	switch level {
	case AVX512:
		return reduceAVX512(op, p, len(a)), true
	case AVX2:
		return reduceAVX2(op, p, len(a)), true
	}
	return 0, false
}

func columnsAsm(op ReduceOp, dst, a []float32) bool {
	d, p, rows := unsafe.SliceData(dst), unsafe.SliceData(a), len(a)/len(dst)
	switch level {
	case AVX512:
		columnsAVX512(op, d, p, rows, len(dst))
	case AVX2:
		columnsAVX2(op, d, p, rows, len(dst))
	default:
		return false
	}
	return true
}

func dotAsm(a, b []float32) (float32, bool) {
	p, q := unsafe.SliceData(a), unsafe.SliceData(b)
	switch level {
	case AVX512:
		return dotAVX512(p, q, len(a)), true
	case AVX2:
		return dotAVX2(p, q, len(a)), true
	}
	return 0, false
}

func softmaxAsm(dst, a []float32, cols int) bool {
	d, p := unsafe.SliceData(dst), unsafe.SliceData(a)
	switch {
	case cols > chunk:
		return false
	case level == AVX512:
		softmaxAVX512(d, p, len(a)/cols, cols)
	case level == AVX2:
		softmaxAVX2(d, p, len(a)/cols, cols)
	default:
		return false
	}
	return true
}

func sumExpAsm(a []float32, top float32) (float32, bool) {
	p := unsafe.SliceData(a)
	switch level {
	case AVX512:
		return sumExpAVX512(p, len(a), top), true
	case AVX2:
		return sumExpAVX2(p, len(a), top), true
	}
	return 0, false
}

func layerNormAsm(dst, a []float32, cols int, gamma, beta []float32, epsilon float32) bool {
	d, p, g, b := unsafe.SliceData(dst), unsafe.SliceData(a), unsafe.SliceData(gamma), unsafe.SliceData(beta)
	rows, count := len(a)/cols, float32(cols)
	switch {
	case cols > sumBlock:
		return false
	case level == AVX512:
		layerNormAVX512(d, p, g, b, rows, cols, count, epsilon)
	case level == AVX2:
		layerNormAVX2(d, p, g, b, rows, cols, count, epsilon)
	default:
		return false
	}
	return true
}

func rmsNormAsm(dst, a []float32, cols int, gamma []float32, epsilon float32) bool {
	d, p, g := unsafe.SliceData(dst), unsafe.SliceData(a), unsafe.SliceData(gamma)
	rows, count := len(a)/cols, float32(cols)
	switch {
	case cols > sumBlock:
		return false
	case level == AVX512:
		rmsNormAVX512(d, p, g, rows, cols, count, epsilon)
	case level == AVX2:
		rmsNormAVX2(d, p, g, rows, cols, count, epsilon)
	default:
		return false
	}
	return true
}

func lstmAsm(h, c, z []float32) bool {
	x, y, p := unsafe.SliceData(h), unsafe.SliceData(c), unsafe.SliceData(z)
	switch level {
	case AVX512:
		lstmAVX512(x, y, p, len(h))
	case AVX2:
		lstmAVX2(x, y, p, len(h))
	default:
		return false
	}
	return true
}

func gruAsm(h, prev, x, r []float32) bool {
	d, o, p, q := unsafe.SliceData(h), unsafe.SliceData(prev), unsafe.SliceData(x), unsafe.SliceData(r)
	switch level {
	case AVX512:
		gruAVX512(d, o, p, q, len(h))
	case AVX2:
		gruAVX2(d, o, p, q, len(h))
	default:
		return false
	}
	return true
}

func transposeAsm(l Level, dst []float32, ldd int, a []float32, lda, rows, cols int) bool {
	if l != AVX512 && l != AVX2 {
		return false
	}
	r8, c8 := rows&^7, cols&^7
	if c8 > 0 {
		for i := 0; i < r8; i += 8 {
			transpose8AVX2(&dst[i], 4*ldd, &a[i*lda], 4*lda, c8/8)
		}
	}
	// What is left of the columns, then of the rows.
	for j := c8; j < cols; j++ {
		for i := range r8 {
			dst[j*ldd+i] = a[i*lda+j]
		}
	}
	for i := r8; i < rows; i++ {
		for j, v := range a[i*lda : i*lda+cols] {
			dst[j*ldd+i] = v
		}
	}
	return true
}

func copyRowsAsm(l Level, dst []float32, ldd int, a []float32, lda, rows, cols int) bool {
	d, p := unsafe.SliceData(dst), unsafe.SliceData(a)
	switch l {
	case AVX512:
		copyRowsAVX512(d, 4*ldd, p, 4*lda, rows, cols)
	case AVX2:
		copyRowsAVX2(d, 4*ldd, p, 4*lda, rows, cols)
	default:
		return false
	}
	return true
}

func peakAsm(l Level, rounds int) (flop float64) {
	const chains = 12 // in the loop
	switch l {
	case AVX512:
		peakAVX512(rounds)
	case AVX2:
		peakAVX2(rounds)
	default:
		return 0
	}
	return 2 * chains * float64(shapeOf(l).lanes) * float64(rounds)
}
