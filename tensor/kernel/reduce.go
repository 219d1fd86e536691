package kernel

import "math"

// ReduceOp is a reduction of a vector to a number.
type ReduceOp uint8

// The reductions. Max and Min give NaN if any element is NaN, as numpy does.
const (
	Sum        ReduceOp = iota // of no elements: 0
	Max                        // of no elements: -Inf
	Min                        // of no elements: +Inf
	SumSquares                 // of no elements: 0
	reduceOps
)

var reduceNames = [...]string{"sum", "max", "min", "sum_squares"}

// String gives a name for messages.
func (op ReduceOp) String() string {
	if op < reduceOps {
		return reduceNames[op]
	}
	return "unknown"
}

// start is the reduction of no elements.
func (op ReduceOp) start() float32 {
	switch op {
	case Max:
		return float32(math.Inf(-1))
	case Min:
		return float32(math.Inf(1))
	}
	return 0
}

// join combines the reductions of two parts.
func (op ReduceOp) join(x, y float32) float32 {
	switch op {
	case Max:
		return max(x, y)
	case Min:
		return min(x, y)
	}
	return x + y
}

// block is how many elements are summed in one go; the sums of blocks are added
// pairwise, so that the error grows with the logarithm of the length.
const sumBlock = 4096

// Of reduces a. Sums use many accumulators and a pairwise tree over blocks:
// the relative error (against the sum of magnitudes) stays near 1e-6 for any
// length.
func (op ReduceOp) Of(a []float32) float32 {
	if len(a) <= sumBlock {
		if v, ok := reduceAsm(op, a); ok {
			return v
		}
		return reduceGeneric(op, a)
	}
	half := (len(a)/2 + sumBlock - 1) / sumBlock * sumBlock
	return op.join(op.Of(a[:half]), op.Of(a[half:]))
}

// Rows reduces each row of the matrix a, whose rows are cols long, to one
// element of dst.
func (op ReduceOp) Rows(dst, a []float32, cols int) {
	check(cols >= 0 && len(a) == area(len(dst), cols), badShape)
	for i := range dst {
		dst[i] = op.Of(a[i*cols : (i+1)*cols])
	}
}

// Columns reduces each column of the matrix a, whose rows are as long as dst.
func (op ReduceOp) Columns(dst, a []float32) {
	n := len(dst)
	check(n > 0 && len(a)%n == 0 || len(a) == 0, badShape)
	start := op.start()
	for j := range dst {
		dst[j] = start
	}
	// Blocks of rows are reduced by themselves and then joined: for sums the
	// error grows with the number of blocks, not of rows.
	rows := 64
	if n > chunk {
		rows = 1 // assembly calls must be short
	}
	for at := 0; at < len(a); at += rows * n {
		block := a[at:min(at+rows*n, len(a))]
		if rows == 1 {
			op.joinRow(dst, block)
		} else if !columnsAsm(op, dst, block) {
			columnsGeneric(op, dst, block)
		}
	}
}

// joinRow joins one element to each of dst.
func (op ReduceOp) joinRow(dst, row []float32) {
	switch op {
	case Max:
		Maximum.Run(dst, dst, row)
	case Min:
		Minimum.Run(dst, dst, row)
	case SumSquares:
		MulAdd(dst, row, row, dst)
	default:
		Add.Run(dst, dst, row)
	}
}

// reduceGeneric is the plain twin: eight accumulators.
func reduceGeneric(op ReduceOp, a []float32) float32 {
	var s [8]float32
	start := op.start()
	for i := range s {
		s[i] = start
	}
	for len(a) >= 8 {
		b := a[:8:8]
		switch op {
		case Sum:
			for j, v := range b {
				s[j] += v
			}
		case SumSquares:
			for j, v := range b {
				s[j] += v * v
			}
		default:
			for j, v := range b {
				s[j] = op.join(s[j], v)
			}
		}
		a = a[8:]
	}
	for j, v := range a {
		if op == SumSquares {
			v *= v
		}
		s[j] = op.join(s[j], v)
	}
	for w := 4; w > 0; w /= 2 {
		for j := range w {
			s[j] = op.join(s[j], s[j+w])
		}
	}
	return s[0]
}

// columnsGeneric joins the reduction of the columns of a block to dst.
func columnsGeneric(op ReduceOp, dst, a []float32) {
	n := len(dst)
	for c := 0; c < n; c += 16 {
		var s [16]float32
		m := min(16, n-c)
		for j := range s {
			s[j] = op.start()
		}
		for at := c; at < len(a); at += n {
			for j, v := range a[at : at+m] {
				if op == SumSquares {
					v *= v
				}
				s[j] = op.join(s[j], v)
			}
		}
		for j := range m {
			dst[c+j] = op.join(dst[c+j], s[j])
		}
	}
}

// Dot is the sum of a[i]*b[i], summed as Sum does.
func Dot(a, b []float32) float32 {
	check(len(a) == len(b), badLength)
	if len(a) > sumBlock {
		half := (len(a)/2 + sumBlock - 1) / sumBlock * sumBlock
		return Dot(a[:half], b[:half]) + Dot(a[half:], b[half:])
	}
	if v, ok := dotAsm(a, b); ok {
		return v
	}
	var s [8]float32
	for len(a) >= 8 {
		x, y := a[:8:8], b[:8:8]
		for j := range s {
			s[j] += x[j] * y[j]
		}
		a, b = a[8:], b[8:]
	}
	for j, v := range a {
		s[j] += v * b[j]
	}
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

// ArgMax is the index of the first largest element, of the first NaN if there
// is one, as numpy has it; -1 of no elements.
func ArgMax(a []float32) int { return find(a, Max.Of(a)) }

// ArgMin is the index of the first smallest element, of the first NaN if there
// is one; -1 of no elements.
func ArgMin(a []float32) int { return find(a, Min.Of(a)) }

func find(a []float32, v float32) int {
	for i, x := range a {
		if x == v || x != x {
			return i
		}
	}
	return -1
}
