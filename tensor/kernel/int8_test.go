package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func randomInt8(r *rand.Rand, n int) []int8 {
	s := make([]int8, n)
	for i := range s {
		s[i] = int8(r.IntN(256) - 128)
	}
	return s
}

func TestGemmInt8(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rng()
		for _, n := range []int{1, 7, 8, 9, 16, 17, 33, 48, 50, 65, 100} {
			for _, k := range []int{0, 1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 33, 100} {
				for _, m := range []int{1, 2, 3, 5, 6, 7, 8, 9, 25, 49} {
					if m > 9 && k != 17 {
						continue
					}
					transposed := (m+n+k)%2 == 0
					ldw := n + 1
					if transposed {
						ldw = k + 1
					}
					w := randomInt8(r, (max(n, k)+1)*ldw)
					lda, ldc := k+2, n+3
					a, scale, bias := random(r, m*lda), random(r, n), random(r, n)
					Absolute.Run(scale, scale)
					Add.RunScalar(scale, scale, 10)
					b := PackInt8(level, w, k, n, ldw, transposed)
					c, intact := guarded(t, m*ldc)
					g := GemmInt8{A: a, ARows: Strided(lda), B: b, ColScale: scale, Epsilon: 1e-7, C: c, CRows: Strided(ldc),
						Scratch: make([]byte, Int8Scratch(b))}
					if n%2 == 0 {
						g.Bias = bias
					}
					if m%2 == 0 {
						g.Clamp, g.Lo, g.Hi = true, -0.1, 0.1
					}
					g.Run(m)
					intact()
					for i := range m {
						row := a[i*lda : i*lda+k]
						top := float32(0)
						for _, v := range row {
							top = max(top, float32(math.Abs(float64(v))))
						}
						if k == 0 {
							continue // the scale of no elements is not told
						}
						rowScale := 127 / (top + 1e-7)
						for j := range n {
							sum := int32(0)
							for p, v := range row {
								x := w[min(p*ldw+j, len(w)-1)]
								if transposed {
									x = w[j*ldw+p]
								}
								sum += int32(quantized(v, rowScale)) * int32(x)
							}
							want := float32(sum) / (scale[j] * rowScale)
							if g.Bias != nil {
								want += bias[j]
							}
							if g.Clamp {
								want = clampTo(want, g.Lo, g.Hi)
							}
							if got := c[i*ldc+j]; got != want {
								t.Fatalf("m=%d n=%d k=%d transposed=%v: c[%d,%d] = %g, want %g", m, n, k, transposed, i, j, got, want)
							}
						}
						for j := n; j < ldc; j++ {
							if c[i*ldc+j] != guard {
								t.Fatalf("m=%d n=%d k=%d: column %d was written", m, n, k, j)
							}
						}
					}
				}
			}
		}
	})
}

func BenchmarkGemmInt8(b *testing.B) {
	for _, l := range Levels() {
		for _, s := range [][3]int{{1, 512, 512}, {8, 512, 512}, {64, 512, 512}, {512, 512, 512}, {1, 1024, 1024}} {
			m, k, n := s[0], s[1], s[2]
			b.Run(fmt.Sprintf("%v/%dx%dx%d", l, m, k, n), func(b *testing.B) {
				defer SetLevel(l)()
				r := rng()
				p := PackInt8(l, randomInt8(r, k*n), k, n, n, false)
				g := GemmInt8{A: aligned(r, m*k), ARows: Strided(k), B: p, ColScale: aligned(r, n), C: AlignedFloats(m * n), CRows: Strided(n),
					Scratch: make([]byte, Int8Scratch(p))}
				b.ReportAllocs()
				for b.Loop() {
					g.Run(m)
				}
				b.ReportMetric(2*float64(m)*float64(n)*float64(k)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "Gop/s")
			})
		}
	}
}
