package ops

import (
	"math"

	"github.com/hornml/horn/nn/graph"
)

// spread is the transpose of at: it adds the shares of a gradient d to the elements of which the value at a place is made, in
// dx, and what d makes of the place itself to dPlace, as far as it is there. The nearest element does not change with the
// place.
func (s sampling) spread(shape []int, place []float64, get func(i int) float64, d float64, dx, dPlace []float64) {
	if s.order == 0 {
		flat, inside := int64(0), true
		for k, p := range place {
			if p != p {
				p = -farAway
			}
			i, ok := s.fix(toIndex(math.RoundToEven(p)), shape[k])
			flat, inside = flat*int64(shape[k])+i, inside && ok
		}
		if inside {
			dx[flat] += d
		}
		return
	}
	var low [graph.MaxRank]int64
	var high [graph.MaxRank]float64
	for k, p := range place {
		if p != p || math.IsInf(p, 0) {
			return
		}
		floor := math.Floor(p)
		low[k], high[k] = toIndex(floor), p-floor
	}
	for corner := range 1 << len(place) {
		weight, flat, inside := 1.0, int64(0), true
		up := func(k int) bool { return corner>>(len(place)-1-k)&1 == 1 }
		weights := [graph.MaxRank]float64{}
		for k := range place {
			i, w := low[k], 1-high[k]
			if up(k) {
				i, w = i+1, high[k]
			}
			at, ok := s.fix(i, shape[k])
			weights[k] = w
			weight, flat, inside = weight*w, flat*int64(shape[k])+at, inside && ok
		}
		v := s.fill
		if inside {
			dx[flat] += weight * d
			v = get(int(flat))
		}
		for k := range dPlace {
			slope := -1.0
			if up(k) {
				slope = 1
			}
			for j := range place {
				if j != k {
					slope *= weights[j]
				}
			}
			dPlace[k] += slope * v * d
		}
	}
}

// opMapCoordinatesGradient is the gradient of an opMapCoordinates with respect to both of its inputs, which are the first
// two, given that with respect to its output.
type opMapCoordinatesGradient struct{ Sampling sampling }

// Name implements graph.Op.
func (opMapCoordinatesGradient) Name() string { return "map_coordinates_gradient" }

// Infer implements graph.Op.
func (opMapCoordinatesGradient) Infer(n *graph.Node) {
	for _, v := range n.In[:2] {
		n.SetOut(v.DType, v.Shape...)
	}
}

// Eval implements graph.Op.
func (op opMapCoordinatesGradient) Eval(n *graph.Node, in, out []graph.Buf) error {
	shape, size := n.In[0].Shape, n.In[2].Size()
	dx := make([]float64, n.In[0].Size())
	place, dPlace := make([]float64, len(shape)), make([]float64, len(shape))
	for i := range size {
		clear(dPlace)
		for k := range place {
			place[k] = in[1].D[k*size+i]
		}
		op.Sampling.spread(shape, place, in[0].Float64, in[2].Float64(i), dx, dPlace)
		for k, v := range dPlace {
			out[1].D[k*size+i] = v
		}
	}
	for i, v := range dx {
		setFloat(out[0], i, v)
	}
	return nil
}

// Gradient implements graph.Differentiable.
func (op opMapCoordinates) Gradient(b *graph.Backward, n *graph.Node, dOut []*value) []*value {
	if !n.In[0].Differentiable() {
		return make([]*value, 2)
	}
	return b.Emit(opMapCoordinatesGradient(op), n.In[0], n.In[1], dOut[0])
}

// opTransformGradient is the gradient of an opAffine or an opPerspective with respect to its inputs: the images, and the
// transforms or the points. Its inputs are theirs, then the gradient with respect to the output.
type opTransformGradient struct {
	Sampling    sampling
	Perspective bool
}

// Name implements graph.Op.
func (opTransformGradient) Name() string { return "transform_gradient" }

// Infer implements graph.Op.
func (op opTransformGradient) Infer(n *graph.Node) {
	for _, v := range n.In[:len(n.In)-1] {
		n.SetOut(v.DType, v.Shape...)
	}
}

// Eval implements graph.Op.
func (op opTransformGradient) Eval(n *graph.Node, in, out []graph.Buf) error {
	shape := n.In[0].Shape
	height, width, channels := shape[1], shape[2], shape[3]
	size, count := height*width*channels, n.In[1].Shape[0]
	d := in[len(in)-1]
	transforms, back := in[1].D, movedBack
	place := moved
	if op.Perspective {
		transforms, place, back = nil, projected, projectedBack
		for i := range count {
			transforms = append(transforms, homography(in[1].D[i*8:i*8+8], in[2].D[i*8:i*8+8])...)
		}
	}
	dt := make([]float64, 8*count)
	o := 0
	for image := range shape[0] {
		dx := make([]float64, size)
		get := func(i int) float64 { return in[0].Float64(image*size + i) }
		for h := range height {
			for w := range width {
				for c := range channels {
					at := image % count * 8
					p := place(transforms[at:at+8], float64(h), float64(w), float64(c))
					var dp [3]float64
					op.Sampling.spread(shape[1:], p[:], get, d.Float64(o), dx, dp[:])
					o++
					for i, v := range back(transforms[at:at+8], float64(h), float64(w), float64(c), p, dp) {
						dt[at+i] += v
					}
				}
			}
		}
		for i, v := range dx {
			setFloat(out[0], image*size+i, v)
		}
	}
	if !op.Perspective {
		copy(out[1].D, dt)
		return nil
	}
	for i := range count {
		at := i * 8
		homographyBack(in[1].D[at:at+8], in[2].D[at:at+8], transforms[at:at+8], dt[at:at+8], out[1].D[at:at+8], out[2].D[at:at+8])
	}
	return nil
}

// movedBack is the gradient of moved with respect to the transform, given that with respect to its result.
func movedBack(_ []float64, h, w, c float64, _, d [3]float64) [8]float64 {
	return [8]float64{w * d[1], h * d[1], d[1], w * d[0], h * d[0], d[0], c * d[0], c * d[1]}
}

// projectedBack is movedBack for a projection, whose result is p.
func projectedBack(m []float64, h, w, _ float64, p, d [3]float64) [8]float64 {
	by := m[6]*w + m[7]*h + 1
	row, col := d[0]/by, d[1]/by
	both := row*p[0] + col*p[1]
	return [8]float64{w * col, h * col, col, w * row, h * row, row, -w * both, -h * both}
}

// homographyBack is the gradient of homography with respect to the points, given its result m and the gradient with respect to
// that. m solves A m = y, so that A' times what y has is d, and A has the product of the two, negative.
func homographyBack(start, end, m, d, dStart, dEnd []float64) {
	a, _ := homographySystem(start, end)
	for i := range 8 {
		for j := range i {
			a[8*i+j], a[8*j+i] = a[8*j+i], a[8*i+j]
		}
	}
	lu := factorLU(a, 8)
	dy := lu.solve(d, 1)
	for i := range 4 {
		ex, ey := end[2*i], end[2*i+1]
		by := m[6]*ex + m[7]*ey + 1
		dEnd[2*i], dEnd[2*i+1] = 0, 0
		for k := range 2 { // x, y
			s, dy := start[2*i+k], dy[2*i+k]
			dStart[2*i+k] = dy * by
			dEnd[2*i] -= dy * (m[3*k] - m[6]*s)
			dEnd[2*i+1] -= dy * (m[3*k+1] - m[7]*s)
		}
	}
}

// Gradient implements graph.Differentiable.
func (op opAffine) Gradient(b *graph.Backward, n *graph.Node, dOut []*value) []*value {
	if !n.In[0].Differentiable() {
		return make([]*value, 2)
	}
	return b.Emit(opTransformGradient{op.Sampling, false}, n.In[0], n.In[1], dOut[0])
}

// Gradient implements graph.Differentiable.
func (op opPerspective) Gradient(b *graph.Backward, n *graph.Node, dOut []*value) []*value {
	if !n.In[0].Differentiable() {
		return make([]*value, 3)
	}
	return b.Emit(opTransformGradient{op.Sampling, true}, n.In[0], n.In[1], n.In[2], dOut[0])
}
