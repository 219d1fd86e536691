package ops

import (
	"fmt"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addImageTransform(r *layer.Registry) {
	r.RegisterOp("image", "MapCoordinates", func(o *layer.OpCall) any {
		order := o.Int(-1, "order")
		if order != 0 && order != 1 {
			o.Fail("%s: the argument \"order\" is %d; 0 (nearest) and 1 (linear) exist", o, order)
		}
		s := sampling{order, o.Str(-1, "fill_mode", "constant"), o.Float(-1, "fill_value", 0)}
		s.check(o.Builder)
		return o.Emit1(opMapCoordinates{s}, o.Tensor(0, "inputs"), o.Cast(stacked(o, 1, "coordinates"), tensor.Float64))
	})
	r.RegisterOp("image", "AffineTransform", func(o *layer.OpCall) any {
		images, transform := o.Tensor(0, "images"), o.Tensor(1, "transform")
		return affineTransform(o.Builder, images, exchangedTransform(o, transform), transform, TransformOptions{
			Interpolation: o.Str(-1, "interpolation", "bilinear"),
			FillMode:      o.Str(-1, "fill_mode", "constant"),
			FillValue:     o.Float(-1, "fill_value", 0),
			ChannelsFirst: channelsFirst(o),
		})
	})
	r.RegisterOp("image", "PerspectiveTransform", func(o *layer.OpCall) any {
		return PerspectiveTransform(o.Builder, o.Tensor(0, "images"), o.Tensor(1, "start_points"), o.Tensor(2, "end_points"), TransformOptions{
			Interpolation: o.Str(-1, "interpolation", "bilinear"),
			FillMode:      "constant",
			FillValue:     o.Float(-1, "fill_value", 0),
			ChannelsFirst: channelsFirst(o),
		})
	})
	r.RefuseOp("image", "ElasticTransform", "it draws random numbers each time it runs, so there is no answer to agree with")
}

// opMapCoordinates reads its first input at places whose coordinates the second has: (rank, ...), float64.
type opMapCoordinates struct{ Sampling sampling }

// Name implements graph.Op.
func (opMapCoordinates) Name() string { return "map_coordinates" }

// Infer implements graph.Op.
func (opMapCoordinates) Infer(n *graph.Node) {
	x, c := n.In[0], n.In[1]
	if c.Rank() < 2 || !graph.Fits(c.Shape[0], x.Rank()) || x.DType == tensor.String || x.Rank() > 8 {
		panic(&graph.Error{Msg: fmt.Sprintf("map_coordinates: coordinates %s do not fit %s", c, x)})
	}
	n.SetOut(x.DType, c.Shape[1:]...)
}

// Eval implements graph.Op.
func (op opMapCoordinates) Eval(n *graph.Node, in, out []graph.Buf) error {
	s := op.Sampling
	shape, size := n.In[0].Shape, n.Out[0].Size()
	if n.In[0].Size() == 0 && size > 0 {
		return errEmpty(n)
	}
	place := make([]float64, len(shape))
	for i := range size {
		for k := range place {
			place[k] = in[1].D[k*size+i]
		}
		store(out[0], i, s.at(shape, place, in[0].Float64))
	}
	return nil
}

// TransformOptions are the arguments of the image transforms besides images and geometry.
type TransformOptions struct {
	Interpolation string // "nearest" or "bilinear"
	FillMode      string // "constant", "nearest", "wrap", "mirror" or "reflect": what is beyond the border
	FillValue     float64
	ChannelsFirst bool
}

// AffineTransform moves the pixels of images (height, width, channels), or a batch of them, by a transform (8) or one for
// each image (batch, 8): a0, a1, a2, b0, b1, b2, c0, c1 (keras.ops.image.affine_transform). The new pixel (x, y) is the old one at
// (a0*x + a1*y + a2, b0*x + b1*y + b2). As in Keras, c0 and c1 do not divide but add c0 and c1 times the number of the
// channel to y and x.
func AffineTransform(b *graph.Builder, images, transform *graph.Value, options TransformOptions) *graph.Value {
	return affineTransform(b, images, transform, transform, options)
}

func affineTransform(b *graph.Builder, images, transform, given *value, options TransformOptions) *value {
	s := newSampling(b, options.Interpolation, options.FillMode, options.FillValue)
	return transformed(b, images, options.ChannelsFirst, func(x *value) *value {
		t := b.Cast(transform, tensor.Float64)
		if t.Rank() == 1 {
			t = b.ExpandDims(t, 0)
		}
		if t.Rank() != 2 || !graph.Fits(t.Shape[1], 8) || t.Shape[0] != 1 && !graph.Fits(t.Shape[0], x.Shape[0]) {
			b.Fail("affine_transform: a transform %s does not fit images %s", transform, images)
		}
		return b.Emit1(opAffine{s}, x, t)
	})
}

// exchangedTransform is a transform as Keras on torch finds it. There the operation exchanges a0 with b1 and a2 with b2 in
// the tensor that it is given, and does not put them back: of several operations with one transform, every second one
// sees them exchanged.
func exchangedTransform(o *layer.OpCall, transform *value) *value {
	odd := false
	for _, n := range o.Graph.Nodes {
		if graph.Is[opAffine](n.Op) && madeOf(n.In[1], transform) {
			odd = !odd
		}
	}
	if !odd {
		return transform
	}
	return o.Take(transform, o.Builder.Ints(tensor.Int64, 4, 1, 5, 3, 0, 2, 6, 7), -1)
}

// madeOf reports whether v is x, cast, with another shape, or with its elements exchanged.
func madeOf(v, x *value) bool {
	for !v.Same(x) {
		switch v.Node.Op.(type) {
		case graph.Cast, graph.Reshape, graph.Take:
			v = v.Node.In[0]
		default:
			return false
		}
	}
	return true
}

// transformed runs f on a batch of images with the channels last.
func transformed(b *graph.Builder, images *value, channelsFirst bool, f func(x *value) *value) *value {
	imageAxes(b, images, channelsFirst)
	x := images
	if images.Rank() == 3 {
		x = b.ExpandDims(x, 0)
	}
	if channelsFirst {
		x = b.ToChannelsLast(x)
	}
	x = f(x)
	if channelsFirst {
		x = b.ToChannelsFirst(x)
	}
	if images.Rank() == 3 {
		x = b.Squeeze(x, 0)
	}
	return x
}

func inferTransform(n *graph.Node) {
	if n.In[0].DType == tensor.String {
		panic(&graph.Error{Msg: n.Op.Name() + ": images of strings"})
	}
	n.SetOut(n.In[0].DType, n.In[0].Shape...)
}

// opAffine transforms a batch of images by transforms (batch or 1, 8).
type opAffine struct{ Sampling sampling }

// Name implements graph.Op.
func (opAffine) Name() string { return "affine_transform" }

// Infer implements graph.Op.
func (opAffine) Infer(n *graph.Node) { inferTransform(n) }

// Eval implements graph.Op.
func (op opAffine) Eval(n *graph.Node, in, out []graph.Buf) error {
	shape := n.In[0].Shape
	return eachPixel(op.Sampling, in, out, func(image, c int, h, w float64) [3]float64 {
		return moved(in[1].D[image%n.In[1].Shape[0]*8:][:8], h, w, float64(c))
	}, shape)
}

// moved is the place (row, column, channel) of the pixel that a transform brings to another.
func moved(t []float64, h, w, c float64) [3]float64 {
	return [3]float64{h*t[4] + w*t[3] + c*t[6] + t[5], h*t[1] + w*t[0] + c*t[7] + t[2], c}
}

// projected is moved for a projection.
func projected(m []float64, h, w, c float64) [3]float64 {
	d := m[6]*w + m[7]*h + 1
	return [3]float64{(m[3]*w + m[4]*h + m[5]) / d, (m[0]*w + m[1]*h + m[2]) / d, c}
}

// eachPixel fills the output with the input's elements at the places (row, column, channel) that f names.
func eachPixel(s sampling, in, out []graph.Buf, f func(image, c int, h, w float64) [3]float64, shape []int) error {
	height, width, channels := shape[1], shape[2], shape[3]
	size := height * width * channels
	o := 0
	for image := range shape[0] {
		base := image * size
		get := func(i int) float64 { return in[0].Float64(base + i) }
		for h := range height {
			for w := range width {
				for c := range channels {
					place := f(image, c, float64(h), float64(w))
					store(out[0], o, s.at(shape[1:], place[:], get))
					o++
				}
			}
		}
	}
	return nil
}

// PerspectiveTransform moves the pixels of images (height, width, channels), or a batch of them, so that the four corner
// points (x, y) end_points come to show what start_points do: (4, 2), or (batch, 4, 2)
// (keras.ops.image.perspective_transform). FillMode is always "constant".
func PerspectiveTransform(b *graph.Builder, images, startPoints, endPoints *graph.Value, options TransformOptions) *graph.Value {
	s := newSampling(b, options.Interpolation, "constant", options.FillValue)
	return transformed(b, images, options.ChannelsFirst, func(x *value) *value {
		points := func(p *value) *value {
			q := b.Cast(p, tensor.Float64)
			if q.Rank() == 2 {
				q = b.ExpandDims(q, 0)
			}
			if q.Rank() != 3 || !graph.Fits(q.Shape[1], 4) || !graph.Fits(q.Shape[2], 2) || q.Shape[0] != 1 && !graph.Fits(q.Shape[0], x.Shape[0]) {
				b.Fail("perspective_transform: points %s do not fit images %s", p, images)
			}
			return q
		}
		start, end := points(startPoints), points(endPoints)
		if !graph.Fits(start.Shape[0], end.Shape[0]) {
			b.Fail("perspective_transform: start points %s and end points %s differ in shape", startPoints, endPoints)
		}
		return b.Emit1(opPerspective{s}, x, start, end)
	})
}

// opPerspective transforms a batch of images by pairs of quadrangles.
type opPerspective struct{ Sampling sampling }

// Name implements graph.Op.
func (opPerspective) Name() string { return "perspective_transform" }

// Infer implements graph.Op.
func (opPerspective) Infer(n *graph.Node) { inferTransform(n) }

// Eval implements graph.Op.
func (op opPerspective) Eval(n *graph.Node, in, out []graph.Buf) error {
	count := n.In[1].Shape[0]
	maps := make([][]float64, count)
	for i := range maps {
		maps[i] = homography(in[1].D[i*8:i*8+8], in[2].D[i*8:i*8+8])
	}
	return eachPixel(op.Sampling, in, out, func(image, c int, h, w float64) [3]float64 {
		return projected(maps[image%count], h, w, float64(c))
	}, n.In[0].Shape)
}

// homography solves for the 8 coefficients of the projection that takes the end points to the start points. Points that
// allow none give NaN.
func homography(start, end []float64) []float64 {
	a, y := homographySystem(start, end)
	lu := factorLU(a, 8)
	return lu.solve(y, 1)
}

// homographySystem are the equations of homography: a matrix (8, 8) and the right side.
func homographySystem(start, end []float64) (a, y []float64) {
	a, y = make([]float64, 64), make([]float64, 8)
	for i := range 4 {
		sx, sy, ex, ey := start[2*i], start[2*i+1], end[2*i], end[2*i+1]
		copy(a[16*i:], []float64{ex, ey, 1, 0, 0, 0, -sx * ex, -sx * ey})
		copy(a[16*i+8:], []float64{0, 0, 0, ex, ey, 1, -sy * ex, -sy * ey})
		y[2*i], y[2*i+1] = sx, sy
	}
	return a, y
}
