package ops

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
	"testing"
)

// enumerate returns the probability of each label sequence, summed over all paths of classes that collapse to it.
func enumerate(logp [][]float64, blank int) map[string]float64 {
	out := map[string]float64{}
	var walk func(t, last int, labels []int, p float64)
	walk = func(t, last int, labels []int, p float64) {
		if t == len(logp) {
			out[fmt.Sprint(labels)] += math.Exp(p)
			return
		}
		for c, v := range logp[t] {
			next := labels
			if c != blank && c != last {
				next = append(append([]int{}, labels...), c)
			}
			walk(t+1, c, next, p+v)
		}
	}
	walk(0, blank, nil, 0)
	return out
}

// The loss and a beam that is wide enough agree with all paths written out.
func TestCTCAgainstAllPaths(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 30 {
		steps, classes := 1+r.IntN(5), 2+r.IntN(2)
		blank := r.IntN(classes)
		logp := make([][]float64, steps)
		for i := range logp {
			sum := 0.0
			for range classes {
				v := r.ExpFloat64()
				sum += v
				logp[i] = append(logp[i], v)
			}
			for c := range logp[i] {
				logp[i][c] = math.Log(logp[i][c] / sum)
			}
		}
		all := enumerate(logp, blank)
		get := func(t, c int) float64 { return logp[t][c] }
		a := opCTCDecode{Beam: true, Width: 1000, Paths: 3, Mask: blank}
		found := ctcBeams(a, steps, classes, get)
		var best []float64
		for _, p := range all {
			best = append(best, p)
		}
		sort.Sort(sort.Reverse(sort.Float64Slice(best)))
		for i, f := range found {
			if math.IsInf(f.score, -1) { // there are no more
				break
			}
			if want := all[fmt.Sprint(f.labels)]; math.Abs(math.Exp(f.score)-want) > 1e-12 || math.Abs(want-best[i]) > 1e-12 {
				t.Fatalf("path %d, %v: probability %g, all paths give %g, the best is %g", i, f.labels, math.Exp(f.score), want, best[i])
			}
			var labels []int64
			for _, l := range f.labels {
				labels = append(labels, int64(l))
			}
			loss := ctcLoss(labels, steps, int64(blank), func(t int, c int64) float64 { return logp[t][c] })
			if math.Abs(math.Exp(-loss)-all[fmt.Sprint(f.labels)]) > 1e-12 {
				t.Fatalf("the loss of %v is %g, all paths give %g", f.labels, loss, -math.Log(all[fmt.Sprint(f.labels)]))
			}
		}
	}
	if loss := ctcLoss([]int64{1, 1}, 2, 0, func(int, int64) float64 { return -1 }); !math.IsInf(loss, 1) {
		t.Errorf("a target that does not fit has the loss %g", loss)
	}
}
