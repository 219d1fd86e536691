package kernel

import "testing"

// TestNoAllocation runs the kernels that a plan calls in every step.
func TestNoAllocation(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		const m, n, k = 9, 70, 30
		a, c, v := make([]float32, m*k), make([]float32, m*n), make([]float32, n)
		b := PackB(level, make([]float32, k*n), k, n, n, false)
		g := Gemm{A: a, ARows: Strided(k), B: b, C: c, CRows: Strided(n), Epilogue: Epilogue{Bias: v}}
		scratch := AlignedFloats(PackSize(level, k, n))
		var own PackedB
		for name, f := range map[string]func(){
			"gemm":       func() { h := g; h.Run(m) },
			"pack":       func() { PackBInto(&own, scratch, level, a, k, m, k, true) },
			"exp":        func() { Exp.Run(c, c) },
			"add":        func() { Add.Run(c, c, c); Add.RunScalar(c, c, 1); Add.RunRow(c, c, v) },
			"reduce":     func() { Sum.Of(c); Max.Of(c); Sum.Columns(v, c); Dot(v, v); ArgMax(c) },
			"softmax":    func() { Softmax(c, c, n); LogSoftmax(c, c, n) },
			"norm":       func() { LayerNorm(c, c, n, v, v, 1e-3); RMSNorm(c, c, n, v, 1e-3) },
			"mul add":    func() { MulAdd(c, c, c, c); MulAddRow(c, c, v, v) },
			"transpose":  func() { Transpose(c, m, a, k, m, k) },
			"lstm gates": func() { LSTMGates(v, n, v[:17], n, c, 4*17, 1, 17) },
		} {
			if got := testing.AllocsPerRun(10, f); got != 0 {
				t.Errorf("%s allocates %g times", name, got)
			}
		}
	})
}
