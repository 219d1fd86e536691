package ops

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/optest"
	"github.com/hornml/horn/tensor"
)

// TestSlopes compares the derivatives of this package's functions of numbers with differences, on both sides of their kinks.
func TestSlopes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, c := range []struct {
		f      *graph.Unary
		p      graph.Params
		lo, hi float64
	}{
		{opLogSigmoid, graph.Params{}, -5, 5}, {opTanhShrink, graph.Params{}, -3, 3}, {opSparsePlus, graph.Params{}, -3, -1.1},
		{opSparsePlus, graph.Params{}, -0.9, 0.9}, {opSparsePlus, graph.Params{}, 1.1, 3}, {opCelu, graph.Params{A: 0.7}, -3, -0.1},
		{opCelu, graph.Params{A: 0.7}, 0.1, 3}, {opHardShrink, graph.Params{A: 0.5}, -0.4, 0.4}, {opHardShrink, graph.Params{A: 0.5}, -2, -0.6},
		{opSoftShrink, graph.Params{A: 0.5}, -0.4, 0.4}, {opSoftShrink, graph.Params{A: 0.5}, 0.6, 2},
		{opThreshold, graph.Params{A: 0.5, B: 7}, -1, 0.4}, {opThreshold, graph.Params{A: 0.5, B: 7}, 0.6, 2}, {opSinc, graph.Params{}, -3, 3},
		{opSinc, graph.Params{}, -0.001, 0.001}, {opI0, graph.Params{}, -4, 4}, {opI0, graph.Params{}, 29.9, 30.1},
		{opDeg2rad, graph.Params{}, -3, 3},
		{opRad2deg, graph.Params{}, -3, 3}, {opAngle, graph.Params{}, 0.1, 1}, {opRoundTo, graph.Params{A: 1}, 0.06, 0.14},
	} {
		b := graph.NewBuilder()
		b.Graph.Outputs = []*value{b.UnaryP(c.f, c.p, b.Input(tensor.Float64, 9))}
		optest.Gradient(t, c.f.Name, b.Graph, []graph.Buf{optest.Floats(r, 9, c.lo, c.hi)})
	}
	for _, f := range []*graph.Binary{opFmax, opFmin, opLogaddexp, opLogaddexp2} {
		b := graph.NewBuilder()
		b.Graph.Outputs = []*value{b.Binary(f, b.Input(tensor.Float64, 2, 1), b.Input(tensor.Float64, 3))}
		optest.Gradient(t, f.Name, b.Graph, []graph.Buf{optest.Floats(r, 2, -2, 2), optest.Floats(r, 3, -2, 2)})
	}
}

// TestMatrixGradients compares the gradients of functions of matrices with differences, over shapes and settings.
func TestMatrixGradients(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	symmetric := func(b *graph.Builder, x *value) *value { return b.Add(x, b.SwapAxes(x, -1, -2)) }
	positive := func(b *graph.Builder, x *value) *value {
		return b.Add(b.MatMulT(x, x, false, true), b.Floats(tensor.Float64, 1, 1, 1))
	}
	check := func(name string, f matrixFunc, made func(b *graph.Builder, x *value) *value, shapes ...[]int) {
		b := graph.NewBuilder()
		var in []*value
		var bufs []graph.Buf
		for _, s := range shapes {
			in = append(in, b.Input(tensor.Float64, s...))
			bufs = append(bufs, optest.Floats(r, in[len(in)-1].Size(), -1, 1))
		}
		use := append([]*value(nil), in...)
		if made != nil {
			use[0] = made(b, in[0])
		}
		b.Graph.Outputs = b.Emit(perMatrix{f}, use...)
		optest.Gradient(t, fmt.Sprintf("%s %v %v", name, f, shapes), b.Graph, bufs)
	}
	cube, one := []int{2, 3, 3}, []int{3, 3}
	for _, upper := range []bool{false, true} {
		check("cholesky", cholesky{upper}, positive, cube)
		check("cholesky_inverse", choleskyInverse{upper}, nil, cube)
		check("solve_triangular", solveTriangular{upper}, nil, cube, []int{2, 3, 2})
	}
	check("inv", inverse{}, nil, cube)
	check("det", determinant{}, nil, cube)
	check("det", determinant{}, func(b *graph.Builder, x *value) *value { // singular: two equal rows
		return b.Concat(0, b.Slice(x, 0, 0, 1), b.Slice(x, 0, 0, 1), b.Slice(x, 0, 2, 3))
	}, one)
	check("slogdet", logDeterminant{}, nil, cube)
	check("eigh", eigenH{}, symmetric, cube)
	check("solve", solve{}, nil, cube, []int{2, 3, 1})
	for _, s := range [][]int{{3, 3}, {2, 4, 3}, {2, 3, 5}} {
		check("lu_factor", luFactor{}, nil, s)
		check("qr", qrFactor{}, nil, s)
		check("svd", svdFactor{}, nil, s)
		check("svdvals", singularValues{}, nil, s)
		check("pinv", pseudo{1e-9}, nil, s)
		check("lstsq", leastSquares{1e-9}, nil, s, append(append([]int(nil), s[:len(s)-1]...), 2))
	}
	check("qr", qrFactor{true}, nil, []int{3, 3})
	check("qr", qrFactor{true}, nil, []int{2, 4})
	check("qr", qrFactor{true}, nil, []int{2, 5, 3})
	check("qr", qrFactor{true}, nil, []int{4, 1})
	check("svd", svdFactor{true}, nil, []int{3, 3})
}

// TestGradientsOfOps compares the gradients of ops that the table of operations does not show with all settings.
func TestGradientsOfOps(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	check := func(name string, build func(b *graph.Builder, x []*value) []*value, shapes ...[]int) {
		b := graph.NewBuilder()
		var in []*value
		var bufs []graph.Buf
		for _, s := range shapes {
			in = append(in, b.Input(tensor.Float64, s...))
			bufs = append(bufs, optest.Floats(r, in[len(in)-1].Size(), 0.1, 0.9))
		}
		b.Graph.Outputs = build(b, in)
		optest.Gradient(t, name, b.Graph, bufs)
	}
	for _, length := range []int{1, 4, 5, 7, 8} {
		for _, inverse := range []bool{false, true} {
			check("fft", func(b *graph.Builder, x []*value) []*value { return b.Emit(opFFT{inverse}, x...) }, []int{2, length}, []int{2, length})
		}
		check("rfft", func(b *graph.Builder, x []*value) []*value { return b.Emit(opRFFT{length}, x...) }, []int{2, 5})
		check("irfft", func(b *graph.Builder, x []*value) []*value { return b.Emit(opIRFFT{length}, x...) }, []int{2, 4}, []int{2, 4})
		check("irfft", func(b *graph.Builder, x []*value) []*value { return b.Emit(opIRFFT{length}, x...) }, []int{2}, []int{2})
	}
	for _, stride := range []int{1, 2, 5} {
		check("overlap_add", func(b *graph.Builder, x []*value) []*value { return b.Emit(opOverlapAdd{stride}, x...) }, []int{2, 3, 4})
	}
	for _, method := range []string{"linear", "lower", "higher", "midpoint", "nearest"} {
		for _, skip := range []bool{false, true} {
			find := func(b *graph.Builder, x []*value) []*value { return b.Emit(opQuantile{method, skip}, x...) }
			check("quantile "+method, find, []int{2, 6}, []int{3})
			check("quantile of one", find, []int{2, 1}, []int{})
		}
	}
	ids := func(b *graph.Builder, v ...int) *value { return b.Ints(tensor.Int64, v...) }
	for _, s := range []opSegment{{3, graph.Add, 0}, {3, graph.Mul, 1}, {3, graph.Max, -5}, {3, graph.Min, 5}} {
		check("segment "+s.Fn.Name, func(b *graph.Builder, x []*value) []*value {
			return b.Emit(s, x[0], ids(b, 0, 2, 2, -1, 3, 0))
		}, []int{6, 2})
	}
	check("bincount", func(b *graph.Builder, x []*value) []*value {
		return b.Emit(opBincount{2, 4}, b.Reshape(ids(b, 0, 2, 2, 1, 1, 3), 2, 3), x[0])
	}, []int{2, 3})
	check("unique", func(b *graph.Builder, x []*value) []*value {
		return b.Emit(opUnique{5, 7}, b.Take(x[0], ids(b, 0, 2, 0, 1), 0))[:1]
	}, []int{3, 2})
	check("histogram", func(b *graph.Builder, x []*value) []*value { return b.Emit(opHistogram{4, nil}, x...)[1:] }, []int{9})
	for _, axis := range []int{0, 1} {
		check("sparsemax", func(b *graph.Builder, x []*value) []*value { return b.Emit(opSparsemax{axis}, x...) }, []int{3, 4})
		check("sort", func(b *graph.Builder, x []*value) []*value { return b.Emit(opSort{axis}, x...) }, []int{3, 4})
	}
	for _, c := range []struct{ labels, targets, steps []int }{
		{[]int{1, 2, 2, 0, 1, 1}, []int{3, 2}, []int{5, 4}}, {[]int{3, 0, 0, 1, 2, 3}, []int{1, 0}, []int{1, 5}},
		{[]int{0, 0, 0, 1, 2, 3}, []int{0, 3}, []int{0, 3}},
	} {
		check("ctc_loss", func(b *graph.Builder, x []*value) []*value {
			return []*value{CTCLoss(b, x[0], b.Reshape(ids(b, c.labels...), 2, 3), ids(b, c.targets...), ids(b, c.steps...), 0)}
		}, []int{2, 5, 4})
	}
	check("ctc_decode", func(b *graph.Builder, x []*value) []*value {
		return b.Emit(opCTCDecode{Width: 1, Paths: 1, Mask: 2}, x[0], ids(b, 3, 1))[1:]
	}, []int{2, 4, 3})
	for _, mode := range fillModes {
		for order := range 2 {
			s := sampling{order, mode, 0.3}
			// From inside and from beyond all borders.
			check(fmt.Sprint("map_coordinates ", mode, order), func(b *graph.Builder, x []*value) []*value {
				place := b.UnaryP(graph.Affine, graph.Params{A: 9.3, B: -2.7}, x[1])
				return []*value{b.Emit1(opMapCoordinates{s}, x[0], place)}
			}, []int{3, 4}, []int{2, 7})
		}
	}
}

// TestPointGradients compares the gradients of a projection with respect to the points that say which it is.
func TestPointGradients(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	b := graph.NewBuilder()
	images := b.Input(tensor.Float64, 2, 5, 6, 2)
	start, end := b.Input(tensor.Float64, 2, 4, 2), b.Input(tensor.Float64, 2, 4, 2)
	b.Graph.Outputs = []*value{PerspectiveTransform(b, images, start, end, TransformOptions{Interpolation: "bilinear", FillValue: 0.5})}
	corners := func(d float64) graph.Buf {
		var points []float64
		for range 2 {
			for _, p := range [][2]float64{{0.3, 0.2}, {5.4, 0.1}, {0.2, 4.3}, {5.2, 4.4}} {
				points = append(points, p[0]+d*r.Float64(), p[1]+d*r.Float64())
			}
		}
		return graph.Buf{D: points}
	}
	optest.Gradient(t, "perspective_transform", b.Graph, []graph.Buf{optest.Floats(r, images.Size(), -1, 1), corners(0.7), corners(-0.6)})
}

// TestScaleGradients compares the gradients with respect to scales and translations.
func TestScaleGradients(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	for _, method := range []string{"linear", "cubic", "lanczos3", "lanczos5"} {
		for _, antialias := range []bool{false, true} {
			for _, scale := range []float64{0.57, 1.63} {
				b := graph.NewBuilder()
				x, s, move := b.Input(tensor.Float64, 2, 7, 2), b.Input(tensor.Float64, 1), b.Input(tensor.Float64, 1)
				b.Graph.Outputs = []*value{b.Emit1(opScaleAxis{Axis: 1, Size: 8, Method: method, Antialias: antialias}, x, s, move)}
				name := fmt.Sprint(method, " ", antialias, " ", scale)
				optest.Gradient(t, name, b.Graph, []graph.Buf{optest.Floats(r, x.Size(), -1, 1), {D: []float64{scale}}, {D: []float64{0.31}}})
			}
		}
	}
}
