//go:build !noasm

package kernel

import "unsafe"

func reduceAsm(op ReduceOp, a []float32) (float32, bool) {
	if level != NEON {
		return 0, false
	}
	return reduceNEON(op, unsafe.SliceData(a), len(a)), true
}

func columnsAsm(op ReduceOp, dst, a []float32) bool {
	if level != NEON {
		return false
	}
	columnsNEON(op, unsafe.SliceData(dst), unsafe.SliceData(a), len(a)/len(dst), len(dst))
	return true
}

func dotAsm(a, b []float32) (float32, bool) {
	if level != NEON {
		return 0, false
	}
	return dotNEON(unsafe.SliceData(a), unsafe.SliceData(b), len(a)), true
}

func softmaxAsm(dst, a []float32, cols int) bool {
	if level != NEON || cols > chunk {
		return false
	}
	softmaxNEON(unsafe.SliceData(dst), unsafe.SliceData(a), len(a)/cols, cols)
	return true
}

func sumExpAsm(a []float32, top float32) (float32, bool) {
	if level != NEON {
		return 0, false
	}
	return sumExpNEON(unsafe.SliceData(a), len(a), top), true
}

func layerNormAsm(dst, a []float32, cols int, gamma, beta []float32, epsilon float32) bool {
	if level != NEON || cols > sumBlock {
		return false
	}
	layerNormNEON(unsafe.SliceData(dst), unsafe.SliceData(a), unsafe.SliceData(gamma), unsafe.SliceData(beta), len(a)/cols, cols,
		float32(cols), epsilon)
	return true
}

func rmsNormAsm(dst, a []float32, cols int, gamma []float32, epsilon float32) bool {
	if level != NEON || cols > sumBlock {
		return false
	}
	rmsNormNEON(unsafe.SliceData(dst), unsafe.SliceData(a), unsafe.SliceData(gamma), len(a)/cols, cols, float32(cols), epsilon)
	return true
}

func lstmAsm(h, c, z []float32) bool {
	if level != NEON {
		return false
	}
	lstmNEON(unsafe.SliceData(h), unsafe.SliceData(c), unsafe.SliceData(z), len(h))
	return true
}

func gruAsm(h, prev, x, r []float32) bool {
	if level != NEON {
		return false
	}
	gruNEON(unsafe.SliceData(h), unsafe.SliceData(prev), unsafe.SliceData(x), unsafe.SliceData(r), len(h))
	return true
}

func transposeAsm(l Level, dst []float32, ldd int, a []float32, lda, rows, cols int) bool {
	if l != NEON {
		return false
	}
	r4, c4 := rows&^3, cols&^3
	if c4 > 0 {
		for i := 0; i < r4; i += 4 {
			transpose4NEON(&dst[i], 4*ldd, &a[i*lda], 4*lda, c4/4)
		}
	}
	// What is left of the columns, then of the rows.
	for j := c4; j < cols; j++ {
		for i := range r4 {
			dst[j*ldd+i] = a[i*lda+j]
		}
	}
	for i := r4; i < rows; i++ {
		for j, v := range a[i*lda : i*lda+cols] {
			dst[j*ldd+i] = v
		}
	}
	return true
}

func copyRowsAsm(l Level, dst []float32, ldd int, a []float32, lda, rows, cols int) bool {
	if l != NEON {
		return false
	}
	copyRowsNEON(unsafe.SliceData(dst), 4*ldd, unsafe.SliceData(a), 4*lda, rows, cols)
	return true
}

func peakAsm(l Level, rounds int) (flop float64) {
	if l != NEON {
		return 0
	}
	const chains = 12 // in the loop
	peakNEON(rounds)
	return 2 * chains * float64(shapeOf(l).lanes) * float64(rounds)
}
