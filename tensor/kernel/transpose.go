package kernel

// Transpose writes the transpose of the [rows, cols] matrix a, whose rows are
// lda apart, to dst, whose rows (of rows elements) are ldd apart. The two must
// not overlap.
func Transpose(dst []float32, ldd int, a []float32, lda, rows, cols int) {
	if rows <= 0 || cols <= 0 {
		return
	}
	check(lda >= cols && ldd >= rows, badShape)
	check(len(a) >= area(rows-1, lda)+cols && len(dst) >= area(cols-1, ldd)+rows, badShape)
	// Blocks that stay in L1, and short assembly calls.
	const block = 64
	for i := 0; i < rows; i += block {
		for j := 0; j < cols; j += block {
			transposeBlock(level, dst[j*ldd+i:], ldd, a[i*lda+j:], lda, min(block, rows-i), min(block, cols-j))
		}
	}
}

// transposeBlock is Transpose of one block, without checks.
func transposeBlock(l Level, dst []float32, ldd int, a []float32, lda, rows, cols int) {
	if rows == 0 || cols == 0 || transposeAsm(l, dst, ldd, a, lda, rows, cols) {
		return
	}
	for i := range rows {
		for j, v := range a[i*lda : i*lda+cols] {
			dst[j*ldd+i] = v
		}
	}
}

// Copy copies rows of cols elements between matrices of different strides. The
// two must not overlap.
func Copy(dst []float32, ldd int, a []float32, lda, rows, cols int) {
	if rows <= 0 || cols <= 0 {
		return
	}
	check(lda >= 0 && ldd >= cols, badShape)
	check(len(a) >= area(rows-1, lda)+cols && len(dst) >= area(rows-1, ldd)+cols, badShape)
	if lda == cols && ldd == cols {
		copy(dst[:rows*cols], a)
		return
	}
	// Blocks of rows: assembly calls must be short.
	block := max(1, chunk/cols)
	for r := 0; r < rows; r += block {
		copyRows(level, dst[r*ldd:], ldd, a[r*lda:], lda, min(block, rows-r), cols)
	}
}

// copyRows is Copy of one block, without checks.
func copyRows(l Level, dst []float32, ldd int, a []float32, lda, rows, cols int) {
	// For long rows the runtime's copy is as good.
	if cols < 512 && copyRowsAsm(l, dst, ldd, a, lda, rows, cols) {
		return
	}
	for i := range rows {
		copy(dst[i*ldd:i*ldd+cols], a[i*lda:])
	}
}
