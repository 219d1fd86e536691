package kernel

import "math"

// Softmax writes the softmax of each row of a, cols elements long, to dst,
// which may be a.
func Softmax(dst, a []float32, cols int) {
	check(len(dst) == len(a), badLength)
	check(cols > 0 && len(a)%cols == 0 || len(a) == 0, badShape)
	if cols < shortRow {
		softmaxShort(dst, a, cols)
		return
	}
	eachBlock(len(a), cols, func(from, to int) {
		if softmaxAsm(dst[from:to], a[from:to], cols) {
			return
		}
		for at := from; at < to; at += cols {
			softmaxRow(dst[at:at+cols], a[at:at+cols])
		}
	})
}

// eachBlock calls f for blocks of whole rows that are short enough for one
// assembly call.
func eachBlock(n, cols int, f func(from, to int)) {
	if n == 0 {
		return
	}
	step := max(1, chunk/cols) * cols
	for from := 0; from < n; from += step {
		f(from, min(from+step, n))
	}
}

// shortRow is the number of columns below which many rows go through the
// exponential together: each alone would leave most of a vector empty.
const shortRow = 4

// softmaxShort is the softmax of short rows.
func softmaxShort(dst, a []float32, cols int) {
	const block = 1024 // elements that stay in the first-level cache
	step := block / cols * cols
	for from := 0; from < len(a); from += step {
		x := a[from:min(from+step, len(a))]
		y := dst[from:][:len(x)]
		for at := 0; at < len(x); at += cols {
			row, to := x[at:at+cols], y[at:at+cols]
			top := row[0]
			for _, v := range row[1:] {
				top = max(top, v)
			}
			for i, v := range row {
				to[i] = v - top
			}
		}
		Exp.Run(y, y)
		for at := 0; at < len(y); at += cols {
			row := y[at : at+cols]
			sum := float32(0)
			for _, v := range row {
				sum += v
			}
			scale := 1 / sum
			for i := range row {
				row[i] *= scale
			}
		}
	}
}

// softmaxRow is the softmax of one row.
func softmaxRow(dst, a []float32) {
	Subtract.RunScalar(dst, a, Max.Of(a))
	Exp.Run(dst, dst)
	Multiply.RunScalar(dst, dst, 1/Sum.Of(dst))
}

// LogSoftmax writes the logarithm of the softmax of each row of a, cols
// elements long, to dst, which may be a.
func LogSoftmax(dst, a []float32, cols int) {
	check(len(dst) == len(a), badLength)
	check(cols > 0 && len(a)%cols == 0 || len(a) == 0, badShape)
	for at := 0; at < len(a); at += cols {
		x, y := a[at:at+cols], dst[at:at+cols]
		top := Max.Of(x)
		shift := float32(math.Log(float64(sumExp(x, top))))
		// Two subtractions: top + shift would round away what a small
		// probability needs.
		Subtract.RunScalar(y, x, top)
		Subtract.RunScalar(y, y, shift)
	}
}

// sumExp is the sum of e^(x-top).
func sumExp(a []float32, top float32) float32 {
	if len(a) > sumBlock {
		half := (len(a)/2 + sumBlock - 1) / sumBlock * sumBlock
		return sumExp(a[:half], top) + sumExp(a[half:], top)
	}
	if s, ok := sumExpAsm(a, top); ok {
		return s
	}
	total := 0.0
	for _, v := range a {
		total += math.Exp(float64(v - top))
	}
	return float32(total)
}
