package kernel

import "math"

// BinaryOp is an elementwise function of two operands. The names are those of
// keras.ops.
type BinaryOp uint8

// The elementwise functions of two operands. Maximum and Minimum give NaN where
// an operand is NaN, as numpy does.
const (
	Add BinaryOp = iota
	Subtract
	Multiply
	Divide
	Maximum
	Minimum
	Power // a^b, with the special cases of IEEE 754
	binaryOps
)

var binaryNames = [...]string{"add", "subtract", "multiply", "divide", "maximum", "minimum", "power"}

// String gives the name, as keras.ops has it.
func (op BinaryOp) String() string {
	if op < binaryOps {
		return binaryNames[op]
	}
	return "unknown"
}

// form tells which operand of a binary function is a vector.
type form uint8

const (
	vectorVector form = iota
	vectorScalar
	scalarVector
)

// Run writes op(a[i], b[i]) to dst, which may be a or b.
func (op BinaryOp) Run(dst, a, b []float32) {
	check(len(dst) == len(a) && len(a) == len(b), badLength)
	op.run(vectorVector, dst, a, b, 0)
}

// RunScalar writes op(a[i], s) to dst, which may be a.
func (op BinaryOp) RunScalar(dst, a []float32, s float32) {
	check(len(dst) == len(a), badLength)
	if op == Power {
		// The exponents that models use have better loops.
		switch s {
		case 1:
			copy(dst, a)
			return
		case 2:
			Square.Run(dst, a)
			return
		case -1:
			Reciprocal.Run(dst, a)
			return
		}
	}
	op.run(vectorScalar, dst, a, a, s)
}

// ScalarRun writes op(s, a[i]) to dst, which may be a.
func (op BinaryOp) ScalarRun(dst []float32, s float32, a []float32) {
	check(len(dst) == len(a), badLength)
	op.run(scalarVector, dst, a, a, s)
}

// RunRow writes op(a[r, c], row[c]) to dst for the rows of len(row) elements
// that a consists of. dst may be a.
func (op BinaryOp) RunRow(dst, a, row []float32) { op.runRow(dst, a, row, false) }

// RowRun writes op(row[c], a[r, c]) to dst for the rows of len(row) elements
// that a consists of. dst may be a.
func (op BinaryOp) RowRun(dst, row, a []float32) { op.runRow(dst, a, row, true) }

// chunk is the number of elements for one assembly call: Power is slow.
func (op BinaryOp) chunk() int {
	if op == Power {
		return chunk / 4
	}
	return chunk
}

func (op BinaryOp) run(f form, dst, a, b []float32, s float32) {
	for len(dst) > 0 {
		n := min(len(dst), op.chunk())
		if !binaryAsm(op, f, dst[:n], a[:n], b[:n], s) {
			binaryGeneric(op, f, dst[:n], a[:n], b[:n], s)
		}
		dst, a, b = dst[n:], a[n:], b[n:]
	}
}

func (op BinaryOp) runRow(dst, a, row []float32, rowFirst bool) {
	check(len(dst) == len(a), badLength)
	if len(a) == 0 {
		return
	}
	n := len(row)
	check(n > 0 && len(a)%n == 0, badShape)
	if op == Add || op == Multiply || op == Maximum || op == Minimum {
		rowFirst = false // commutative, which saves kernels
	}
	// As many rows as make up a chunk, in one call.
	rows := max(1, op.chunk()/n)
	for at := 0; at < len(a); at += rows * n {
		end := min(at+rows*n, len(a))
		if n <= op.chunk() && binaryRowAsm(op, rowFirst, dst[at:end], a[at:end], row) {
			continue
		}
		for r := at; r < end; r += n {
			if rowFirst {
				op.run(vectorVector, dst[r:r+n], row, a[r:r+n], 0)
			} else {
				op.run(vectorVector, dst[r:r+n], a[r:r+n], row, 0)
			}
		}
	}
}

// binaryGeneric is the plain twin of the vector loops.
func binaryGeneric(op BinaryOp, f form, dst, a, b []float32, s float32) {
	left, right := a, b
	var constant [64]float32
	if f != vectorVector {
		// A block of copies of the scalar turns the other forms into the first.
		for i := range constant {
			constant[i] = s
		}
		for len(dst) > 0 {
			n := min(len(dst), len(constant))
			if f == vectorScalar {
				binaryGeneric(op, vectorVector, dst[:n], a[:n], constant[:n], 0)
			} else {
				binaryGeneric(op, vectorVector, dst[:n], constant[:n], a[:n], 0)
			}
			dst, a = dst[n:], a[n:]
		}
		return
	}
	right = right[:len(left)]
	dst = dst[:len(left)]
	switch op {
	case Add:
		for i, x := range left {
			dst[i] = x + right[i]
		}
	case Subtract:
		for i, x := range left {
			dst[i] = x - right[i]
		}
	case Multiply:
		for i, x := range left {
			dst[i] = x * right[i]
		}
	case Divide:
		for i, x := range left {
			dst[i] = x / right[i]
		}
	case Maximum:
		for i, x := range left {
			dst[i] = max(x, right[i])
		}
	case Minimum:
		for i, x := range left {
			dst[i] = min(x, right[i])
		}
	case Power:
		for i, x := range left {
			dst[i] = power(x, right[i])
		}
	default:
		panic(badRange)
	}
}

// power is x^y; the exponents that models use go without math.Pow.
func power(x, y float32) float32 {
	switch y {
	case 1:
		return x
	case 2:
		return x * x
	case -1:
		return 1 / x
	}
	return float32(math.Pow(float64(x), float64(y)))
}

// MulAdd writes a[i]*b[i] + c[i] to dst, which may be any of them. The result
// may be rounded once or twice.
func MulAdd(dst, a, b, c []float32) {
	check(len(dst) == len(a) && len(a) == len(b) && len(b) == len(c), badLength)
	for len(dst) > 0 {
		n := min(len(dst), chunk)
		if !mulAddAsm(dst[:n], a[:n], b[:n], c[:n]) {
			for i, x := range a[:n] {
				dst[i] = x*b[i] + c[i]
			}
		}
		dst, a, b, c = dst[n:], a[n:], b[n:], c[n:]
	}
}

// MulAddRow writes a[r, c]*scale[c] + shift[c] to dst, which may be a: what is
// left of a batch normalization that could not be folded.
func MulAddRow(dst, a, scale, shift []float32) {
	check(len(dst) == len(a) && len(scale) == len(shift), badLength)
	if len(a) == 0 {
		return
	}
	n := len(scale)
	check(n > 0 && len(a)%n == 0, badShape)
	rows := max(1, chunk/n)
	for at := 0; at < len(a); at += rows * n {
		end := min(at+rows*n, len(a))
		if n <= chunk && mulAddRowAsm(dst[at:end], a[at:end], scale, shift) {
			continue
		}
		for r := at; r < end; r += n {
			MulAdd(dst[r:r+n], a[r:r+n], scale, shift)
		}
	}
}
