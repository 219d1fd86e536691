package kernel

import (
	"math"
	"testing"
)

func (op BinaryOp) exact(a, b float64) float64 {
	switch op {
	case Add:
		return a + b
	case Subtract:
		return a - b
	case Multiply:
		return a * b
	case Divide:
		return a / b
	case Maximum:
		return max(a, b)
	case Minimum:
		return min(a, b)
	}
	return math.Pow(a, b)
}

// allowed is the error in units of the last place; Power's is that of its vector loops.
func (op BinaryOp) allowed() float64 {
	if op == Power {
		return powerULPs
	}
	return 0.501
}

// TestBinary compares every function in every form with float64, at every
// length up to a few vectors.
func TestBinary(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rng()
		const most = 83
		a, b := random(r, most), random(r, most)
		copy(b[5:], specials()[40:])
		copy(a[9:], specials())
		const s = float32(0.625)
		for op := range binaryOps {
			for n := range most {
				for form := range 5 {
					got, intact := guarded(t, n)
					switch form {
					case 0:
						op.Run(got, a[:n], b[:n])
					case 1:
						op.RunScalar(got, a[:n], s)
					case 2:
						op.ScalarRun(got, s, a[:n])
					case 3:
						copy(got, a)
						op.Run(got, got, b[:n])
					case 4:
						copy(got, b)
						op.Run(got, a[:n], got)
					}
					intact()
					for i, v := range got {
						x, y := a[i], b[i]
						switch form {
						case 1:
							y = s
						case 2:
							x, y = s, a[i]
						}
						want := op.exact(float64(x), float64(y))
						if want == 0 && v == 0 && op >= Maximum {
							continue // which of two zeros is not told
						}
						if ulps(v, want) > op.allowed() {
							t.Fatalf("%v(%g, %g) = %g, want %g (form %d, %d of %d)", op, x, y, v, want, form, i, n)
						}
					}
				}
			}
		}
	})
}

func TestBinaryRow(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rng()
		for op := range binaryOps {
			for cols := 1; cols < 70; cols++ {
				rows := 1 + cols%5
				a, row := random(r, rows*cols), random(r, cols)
				if op == Power {
					Absolute.Run(a, a)
					Absolute.Run(row, row)
				}
				got, intact := guarded(t, rows*cols)
				op.RunRow(got, a, row)
				intact()
				swapped, intact := guarded(t, rows*cols)
				op.RowRun(swapped, row, a)
				intact()
				for i := range a {
					x, y := float64(a[i]), float64(row[i%cols])
					if ulps(got[i], op.exact(x, y)) > op.allowed() || ulps(swapped[i], op.exact(y, x)) > op.allowed() {
						t.Fatalf("%v(%g, %g) = %g, swapped %g", op, x, y, got[i], swapped[i])
					}
				}
			}
		}
	})
}

func TestMulAdd(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rng()
		for n := range 70 {
			a, b, c := random(r, n), random(r, n), random(r, n)
			got, intact := guarded(t, n)
			MulAdd(got, a, b, c)
			intact()
			for i, v := range got {
				if want := float64(a[i])*float64(b[i]) + float64(c[i]); math.Abs(float64(v)-want) > 2e-7 {
					t.Fatalf("%g*%g + %g = %g", a[i], b[i], c[i], v)
				}
			}
			if n == 0 {
				continue
			}
			m := random(r, 3*n)
			rows, intact := guarded(t, 3*n)
			MulAddRow(rows, m, b, c)
			intact()
			for i, v := range rows {
				if want := float64(m[i])*float64(b[i%n]) + float64(c[i%n]); math.Abs(float64(v)-want) > 2e-7 {
					t.Fatalf("row: %g*%g + %g = %g", m[i], b[i%n], c[i%n], v)
				}
			}
		}
	})
}

// TestChunks runs over more elements than one assembly call takes.
func TestChunks(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		const n = 2*chunk + 77
		a := make([]float32, n)
		for i := range a {
			a[i] = float32(i % 1000)
		}
		got := make([]float32, n)
		Negative.Run(got, a)
		Add.RunScalar(got, got, 1)
		Add.Run(got, got, a)
		for i, v := range got {
			if v != 1 {
				t.Fatalf("element %d is %g", i, v)
			}
		}
		row := a[:chunk+5]
		Subtract.RunRow(got[:2*len(row)], got[:2*len(row)], row)
		for i, v := range got[:2*len(row)] {
			if v != 1-row[i%len(row)] {
				t.Fatalf("element %d minus row is %g", i, v)
			}
		}
	})
}
