package ops

import (
	"math"

	"github.com/hornml/horn/nn/graph"
)

// opScaleAxisGradient is the gradient of an opScaleAxis with respect to its inputs, which are the first three, given that with
// respect to its output.
type opScaleAxisGradient struct{ Scale opScaleAxis }

// Name implements graph.Op.
func (opScaleAxisGradient) Name() string { return "scale_and_translate_gradient" }

// Infer implements graph.Op.
func (opScaleAxisGradient) Infer(n *graph.Node) {
	for _, v := range n.In[:3] {
		n.SetOut(v.DType, v.Shape...)
	}
}

// Eval implements graph.Op.
func (op opScaleAxisGradient) Eval(n *graph.Node, in, out []graph.Buf) error {
	a, from := op.Scale, n.In[0].Shape[op.Scale.Axis]
	scale, translation, kernel := in[1].D[a.Which], in[2].D[a.Which], scaleKernels[a.Method]
	taps := kernelTaps(from, a.Size, scale, translation, kernel, a.Antialias)
	perScale, perTranslation := kernelSlopes(taps, from, scale, translation, kernel, a.Antialias)
	clear(out[1].D)
	clear(out[2].D)
	line := make([]float64, from)
	eachLine(n.Out[0].Shape, a.Axis, func(at, step, size int) {
		clear(line)
		start := at/(step*max(size, 1))*step*a.Size + at%step
		for i, weights := range taps.Weights {
			d := in[3].Float64(start + i*step)
			for k, w := range weights {
				line[taps.Start[i]+k] += w * d
				x := d * in[0].Float64(at+(taps.Start[i]+k)*step)
				out[1].D[a.Which] += perScale[i][k] * x
				out[2].D[a.Which] += perTranslation[i][k] * x
			}
		}
		for i, v := range line {
			setFloat(out[0], at+i*step, v)
		}
	})
	return nil
}

// Gradient implements graph.Differentiable.
func (op opScaleAxis) Gradient(b *graph.Backward, n *graph.Node, dOut []*value) []*value {
	return b.Emit(opScaleAxisGradient{op}, n.In[0], n.In[1], n.In[2], dOut[0])
}

// kernelSlopes are the derivatives of the weights that kernelTaps makes, with respect to the scale and the translation.
func kernelSlopes(taps graph.Taps, from int, scale, translation float64, kernel scaleKernel,
	antialias bool) (perScale, perTranslation [][]float64) {
	stretch, stretchPerScale := 1.0, 0.0
	if antialias && scale < 1 {
		stretch, stretchPerScale = 1/scale, -1/(scale*scale)
	}
	for i, weights := range taps.Weights {
		at := (float64(i)+0.5-translation)/scale - 0.5
		atPerScale := -(at + 0.5) / scale
		slopes := [2][]float64{make([]float64, len(weights)), make([]float64, len(weights))}
		var sums [2]float64
		sum := 0.0
		for k := range weights {
			distance := at - float64(taps.Start[i]+k)
			u := math.Abs(distance) / stretch
			side := math.Copysign(1, distance) / stretch
			slope := kernel.slope(u)
			slopes[0][k] = slope * (side*atPerScale - u/stretch*stretchPerScale)
			slopes[1][k] = slope * side * (-1 / scale)
			sum += kernel.weight(u)
			sums[0] += slopes[0][k]
			sums[1] += slopes[1][k]
		}
		for k, w := range weights { // each is a part of the sum
			for j := range slopes {
				if math.Abs(sum) > leastSum {
					slopes[j][k] = (slopes[j][k] - w*sums[j]) / sum
				} else {
					slopes[j][k] = 0
				}
			}
		}
		perScale, perTranslation = append(perScale, slopes[0]), append(perTranslation, slopes[1])
	}
	return perScale, perTranslation
}

// The derivatives of the kernels.

func triangleSlope(x float64) float64 {
	if x < 1 {
		return -1
	}
	return 0
}

func cubicSlope(a float64) func(x float64) float64 {
	return func(x float64) float64 {
		switch {
		case x < 1:
			return (3*(a+2)*x - 2*(a+3)) * x
		case x < 2:
			return (3*a*x-10*a)*x + 8*a
		}
		return 0
	}
}

func lanczosSlope(radius float64) func(x float64) float64 {
	return func(x float64) float64 {
		if x > radius || x <= 1e-3 {
			return 0
		}
		t, s := math.Pi*x, math.Pi*x/radius
		sin, cos := math.Sincos(t)
		sinSlow, cosSlow := math.Sincos(s)
		return radius / (math.Pi * x * x) * (cos*sinSlow + sin*cosSlow/radius - 2*sin*sinSlow/t)
	}
}
