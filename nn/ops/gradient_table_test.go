package ops_test

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/optest"
	"github.com/hornml/horn/tensor"
)

// noGradient says for which rows of the table gradients and differences are not the same, and why.
var noGradient = map[string]string{
	"numpy.Nextafter":   "no framework has its gradient",
	"core.StopGradient": "stops it",
	"core.Cast":         "rounds to a smaller type",
	"numpy.Full":        "rounds to a smaller type",
	"linalg.Eigh":       "reads one triangle; the gradient is that of symmetric matrices (TestMatrixGradients)",
}

// fixedInputs are inputs, which say where pixels come from: points at random, which make no projection to speak of (see
// TestPointGradients).
var fixedInputs = map[string][]int{"image.PerspectiveTransform": {1, 2}}

// TestGradients compares the gradients of every row of the table, in float64, with central differences.
func TestGradients(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 9))
	for _, c := range table {
		specs := strings.Split(strings.ReplaceAll(c.inputs, "float32", "float64"), "; ")
		if noGradient[c.op] != "" || !strings.Contains(c.inputs, "float32") {
			continue
		}
		m := model(t, c.op, specs, c.config, c.args, c.kwargs)
		if err := m.Build(); err != nil {
			t.Errorf("%s: %v", c.op, err)
			continue
		}
		var data []tensor.Any
		var bufs []graph.Buf
		for _, s := range specs {
			dtype, text, _ := strings.Cut(s, " ")
			var shape []int
			for _, d := range strings.Split(text, ",") {
				n, _ := strconv.Atoi(d)
				shape = append(shape, n)
			}
			x := fill(r, dtype, shape, 0)
			buf := graph.BufOf(x)
			for i, v := range buf.D { // away from 0, where slopes are steep
				buf.D[i] = 0.2 + 0.7*v
			}
			data, bufs = append(data, x), append(bufs, buf)
		}
		g, err := m.Graph(data...)
		if err != nil {
			t.Errorf("%s: %v", c.op, err)
			continue
		}
		optest.Gradient(t, c.op, g, bufs, fixedInputs[c.op]...)
	}
}
