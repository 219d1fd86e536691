package kernel

import (
	"math"
	"testing"
)

// lengths are row lengths around the vectors and unrolled loops of every level.
func lengths() []int {
	var n []int
	for i := range 140 {
		n = append(n, i)
	}
	return append(n, 1000, 4096, 4097, 10_007, chunk+3)
}

func TestReduce(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rng()
		for _, n := range lengths() {
			a, b := random(r, n), random(r, n)
			var sum, squares, dot, magnitude float64
			top, bottom := math.Inf(-1), math.Inf(1)
			for i, v := range a {
				x := float64(v)
				sum += x
				squares += x * x
				dot += x * float64(b[i])
				magnitude += math.Abs(x)
				top, bottom = max(top, x), min(bottom, x)
			}
			for _, c := range []struct {
				name      string
				got       float32
				want, tol float64
			}{
				{"sum", Sum.Of(a), sum, 1e-6 * magnitude},
				{"sum of squares", SumSquares.Of(a), squares, 1e-6 * squares},
				{"dot", Dot(a, b), dot, 1e-6 * magnitude},
				{"max", Max.Of(a), top, 0},
				{"min", Min.Of(a), bottom, 0},
			} {
				if got := float64(c.got); got != c.want && !(math.Abs(got-c.want) <= c.tol) {
					t.Fatalf("%s of %d elements is %g, want %g", c.name, n, got, c.want)
				}
			}
			if i, j := ArgMax(a), ArgMin(a); n > 0 && (a[i] != float32(top) || a[j] != float32(bottom)) || n == 0 && (i != -1 || j != -1) {
				t.Fatalf("arg max of %d elements is %d, arg min %d", n, i, j)
			}
		}
	})
}

func TestReduceNaN(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		nan := float32(math.NaN())
		for n := 1; n < 150; n += 7 {
			for at := range n {
				a := make([]float32, n)
				a[at] = nan
				if v, w := Max.Of(a), Min.Of(a); v == v || w == w {
					t.Fatalf("NaN at %d of %d: max %g, min %g", at, n, v, w)
				}
				if i := ArgMax(a); i != at {
					t.Fatalf("NaN at %d of %d: arg max %d", at, n, i)
				}
			}
		}
	})
}

func TestColumns(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rng()
		for cols := 1; cols < 151; cols++ {
			if cols == 150 {
				cols = chunk + 1
			}
			for _, rows := range []int{0, 1, 2, 63, 64, 65, 130} {
				if rows > 2 && cols%7 != 1 {
					continue
				}
				a := random(r, rows*cols)
				for op := range reduceOps {
					got, intact := guarded(t, cols)
					op.Columns(got, a)
					intact()
					for j, v := range got {
						want := float64(op.start())
						for i := range rows {
							x := float64(a[i*cols+j])
							switch op {
							case Sum:
								want += x
							case SumSquares:
								want += x * x
							case Max:
								want = max(want, x)
							case Min:
								want = min(want, x)
							}
						}
						if float64(v) != want && !(math.Abs(float64(v)-want) <= 1e-6*float64(rows)) {
							t.Fatalf("%v of column %d of [%d, %d] is %g, want %g", op, j, rows, cols, v, want)
						}
					}
				}
				out := make([]float32, rows)
				Sum.Rows(out, a, cols)
				for i, v := range out {
					if v != Sum.Of(a[i*cols:(i+1)*cols]) {
						t.Fatalf("sum of row %d of [%d, %d] is %g", i, rows, cols, v)
					}
				}
			}
		}
	})
}

func TestSoftmax(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rng()
		for _, n := range lengths()[1:] {
			a := random(r, 2*n)
			Multiply.RunScalar(a, a, 20)
			if n > 3 {
				a[1] = float32(math.Inf(-1))
			}
			soft, intact1 := guarded(t, 2*n)
			Softmax(soft, a, n)
			intact1()
			logs, intact2 := guarded(t, 2*n)
			LogSoftmax(logs, a, n)
			intact2()
			for row := range 2 {
				x := a[row*n : (row+1)*n]
				top, total := math.Inf(-1), 0.0
				for _, v := range x {
					top = max(top, float64(v))
				}
				for _, v := range x {
					total += math.Exp(float64(v) - top)
				}
				for i, v := range x {
					want := math.Exp(float64(v)-top) / total
					if got := float64(soft[row*n+i]); !(math.Abs(got-want) <= 3e-6*want+1e-44) {
						t.Fatalf("softmax of %d: element %d is %g, want %g", n, i, got, want)
					}
					want = float64(v) - top - math.Log(total)
					if got := float64(logs[row*n+i]); got != want && !(math.Abs(got-want) <= 1e-6*(1+math.Abs(want))) {
						t.Fatalf("log softmax of %d: element %d is %g, want %g", n, i, got, want)
					}
				}
			}
			Softmax(a, a, n)
			for i := range a {
				if a[i] != soft[i] {
					t.Fatalf("softmax of %d in place: element %d is %g, want %g", n, i, a[i], soft[i])
				}
			}
		}
	})
}

func TestNorms(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rng()
		for _, n := range lengths()[1:] {
			a, gamma, beta := random(r, 2*n), random(r, n), random(r, n)
			Add.RunScalar(a, a, 10) // the mean is large beside the deviation
			for form := range 4 {
				g, b := gamma, beta
				if form&1 != 0 {
					g = nil
				}
				if form&2 != 0 {
					b = nil
				}
				const epsilon = 1e-3
				layer, intact1 := guarded(t, 2*n)
				LayerNorm(layer, a, n, g, b, epsilon)
				intact1()
				rms, intact2 := guarded(t, 2*n)
				RMSNorm(rms, a, n, g, epsilon)
				intact2()
				for row := range 2 {
					x := a[row*n : (row+1)*n]
					var mean, variance, squares float64
					for _, v := range x {
						mean += float64(v) / float64(n)
						squares += float64(v) * float64(v) / float64(n)
					}
					for _, v := range x {
						variance += (float64(v) - mean) * (float64(v) - mean) / float64(n)
					}
					for i, v := range x {
						l := (float64(v) - mean) / math.Sqrt(variance+epsilon)
						s := float64(v) / math.Sqrt(squares+epsilon)
						if g != nil {
							l *= float64(g[i])
							s *= float64(g[i])
						}
						if b != nil {
							l += float64(b[i])
						}
						// The mean is rounded at its own size, 10, and then divided
						// by the deviation, at least 0.03.
						if got := float64(layer[row*n+i]); !(math.Abs(got-l) <= 2e-5) {
							t.Fatalf("layer norm of %d: element %d is %g, want %g", n, i, got, l)
						}
						if got := float64(rms[row*n+i]); !(math.Abs(got-s) <= 2e-6) {
							t.Fatalf("rms norm of %d: element %d is %g, want %g", n, i, got, s)
						}
					}
				}
			}
		}
	})
}

func TestRecurrent(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rng()
		tanh, sig := math.Tanh, sigmoid
		near := func(kind string, units, j int, got float32, want float64) {
			t.Helper()
			if !(math.Abs(float64(got)-want) <= 5e-7) {
				t.Fatalf("%s of %d units: unit %d is %g, want %g", kind, units, j, got, want)
			}
		}
		for _, units := range []int{1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 130} {
			const batch = 2
			ldz, ldc, ldh := 4*units+3, units+1, units+2
			z, c := random(r, batch*ldz), random(r, batch*ldc)
			Multiply.RunScalar(z, z, 5)
			old := append([]float32(nil), c...)
			h, intact := guarded(t, batch*ldh)
			LSTMGates(h, ldh, c, ldc, z, ldz, batch, units)
			intact()
			for b := range batch {
				for j := range units {
					gate := func(k int) float64 { return float64(z[b*ldz+k*units+j]) }
					want := sig(gate(1))*float64(old[b*ldc+j]) + sig(gate(0))*tanh(gate(2))
					near("carry", units, j, c[b*ldc+j], want)
					near("lstm", units, j, h[b*ldh+j], sig(gate(3))*tanh(want))
				}
				for j := units; j < ldh; j++ {
					if h[b*ldh+j] != guard || j < ldc && c[b*ldc+j] != old[b*ldc+j] {
						t.Fatalf("lstm of %d units wrote beyond row %d", units, b)
					}
				}
			}

			x, rec, prev := random(r, batch*ldz), random(r, batch*ldz), random(r, batch*ldc)
			h, intact = guarded(t, batch*ldh)
			GRUGates(h, ldh, prev, ldc, x, ldz, rec, ldz, batch, units)
			intact()
			for b := range batch {
				for j := range units {
					at := func(s []float32, k int) float64 { return float64(s[b*ldz+k*units+j]) }
					zz := sig(at(x, 0) + at(rec, 0))
					rr := sig(at(x, 1) + at(rec, 1))
					cand := tanh(at(x, 2) + rr*at(rec, 2))
					near("gru", units, j, h[b*ldh+j], zz*float64(prev[b*ldc+j])+(1-zz)*cand)
				}
			}

			gates := append([]float32(nil), x...)
			rh, intact := guarded(t, batch*ldh)
			GRUReset(rh, ldh, prev, ldc, gates, ldz, batch, units)
			intact()
			cand := append([]float32(nil), rec...)
			h, intact = guarded(t, batch*ldh)
			GRUOutput(h, ldh, prev, ldc, gates, ldz, cand, ldz, batch, units)
			intact()
			for b := range batch {
				for j := range units {
					zz, rr := sig(float64(x[b*ldz+j])), sig(float64(x[b*ldz+units+j]))
					near("gru reset", units, j, rh[b*ldh+j], rr*float64(prev[b*ldc+j]))
					near("gru output", units, j, h[b*ldh+j], zz*float64(prev[b*ldc+j])+(1-zz)*tanh(float64(rec[b*ldz+j])))
				}
			}
		}
	})
}

func TestTranspose(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rng()
		for _, rows := range []int{1, 2, 7, 8, 9, 16, 31, 64, 65, 100} {
			for _, cols := range []int{1, 3, 8, 15, 16, 24, 63, 64, 70, 130} {
				lda, ldd := cols+rows%3, rows+cols%3
				a := random(r, rows*lda)
				got, intact := guarded(t, cols*ldd)
				Transpose(got, ldd, a, lda, rows, cols)
				intact()
				for j := range cols {
					for i := range ldd {
						want := guard
						if i < rows {
							want = a[i*lda+j]
						}
						if got[j*ldd+i] != want {
							t.Fatalf("[%d, %d]: element (%d, %d) is %g, want %g", rows, cols, j, i, got[j*ldd+i], want)
						}
					}
				}
				back, intact := guarded(t, rows*lda)
				Copy(back, lda, a, lda, rows, cols)
				intact()
				for i := range back {
					if i%lda < cols && back[i] != a[i] {
						t.Fatalf("copy of [%d, %d]: element %d is %g, want %g", rows, cols, i, back[i], a[i])
					}
				}
			}
		}
	})
}

func TestSoftmaxNaN(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for n := 1; n < 90; n += 4 {
			for at := range n {
				a := make([]float32, n)
				a[at] = float32(math.NaN())
				Softmax(a, a, n)
				for i, v := range a {
					if v == v {
						t.Fatalf("NaN at %d of %d: element %d is %g", at, n, i, v)
					}
				}
			}
		}
	})
}
