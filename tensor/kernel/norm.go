package kernel

import "math"

// LayerNorm normalizes each row of a, cols elements long, to mean 0 and
// variance 1 and writes it to dst, which may be a:
//
//	dst = (a - mean) / sqrt(variance + epsilon) * gamma + beta
//
// gamma and beta have cols elements, or are nil. The variance is that of the
// centred row, in two passes, as accurate as float32 allows.
func LayerNorm(dst, a []float32, cols int, gamma, beta []float32, epsilon float32) {
	check(len(dst) == len(a), badLength)
	check(cols > 0 && len(a)%cols == 0 || len(a) == 0, badShape)
	check((gamma == nil || len(gamma) == cols) && (beta == nil || len(beta) == cols), badShape)
	eachBlock(len(a), cols, func(from, to int) {
		if layerNormAsm(dst[from:to], a[from:to], cols, gamma, beta, epsilon) {
			return
		}
		for at := from; at < to; at += cols {
			x, y := a[at:at+cols], dst[at:at+cols]
			Subtract.RunScalar(y, x, Sum.Of(x)/float32(cols))
			scaleRow(y, y, SumSquares.Of(y), gamma, epsilon)
			if beta != nil {
				Add.Run(y, y, beta)
			}
		}
	})
}

// RMSNorm scales each row of a, cols elements long, by its root mean square and
// writes it to dst, which may be a:
//
//	dst = a / sqrt(mean(a*a) + epsilon) * gamma
//
// gamma has cols elements, or is nil.
func RMSNorm(dst, a []float32, cols int, gamma []float32, epsilon float32) {
	check(len(dst) == len(a), badLength)
	check(cols > 0 && len(a)%cols == 0 || len(a) == 0, badShape)
	check(gamma == nil || len(gamma) == cols, badShape)
	eachBlock(len(a), cols, func(from, to int) {
		if rmsNormAsm(dst[from:to], a[from:to], cols, gamma, epsilon) {
			return
		}
		for at := from; at < to; at += cols {
			x, y := a[at:at+cols], dst[at:at+cols]
			scaleRow(y, x, SumSquares.Of(x), gamma, epsilon)
		}
	})
}

// scaleRow writes x / sqrt(squares/n + epsilon) * gamma to y.
func scaleRow(y, x []float32, squares float32, gamma []float32, epsilon float32) {
	scale := float32(1 / math.Sqrt(float64(squares)/float64(len(x))+float64(epsilon)))
	Multiply.RunScalar(y, x, scale)
	if gamma != nil {
		Multiply.Run(y, y, gamma)
	}
}
