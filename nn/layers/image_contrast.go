package layers

import (
	"math"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// AutoContrast stretches the values of each channel of each image over the whole value range (keras.layers.AutoContrast).
// A channel of one value stays as it is.
type AutoContrast struct {
	imageLayer
	ValueRange [2]float64
}

// AddImageContrast adds AutoContrast and ContrastLimitedAdaptiveHistogramEqualization to a registry.
func AddImageContrast(r *layer.Registry) {
	r.Register("keras.layers", "AutoContrast", func() layer.Layer { return new(AutoContrast) })
	r.Register("keras.layers", "ContrastLimitedAdaptiveHistogramEqualization", func() layer.Layer {
		return new(ContrastLimitedAdaptiveHistogramEqualization)
	})
}

// Config implements layer.Layer.
func (l *AutoContrast) Config(c *layer.Config) {
	l.imageLayer.config(c)
	pair(c, "value_range", &l.ValueRange, 0, 255)
}

// Call implements layer.Layer.
func (l *AutoContrast) Call(c *layer.Call) any {
	return l.apply(c, transforms{images: func(x *graph.Value) *graph.Value {
		// Keras takes the second and third axis of a batch whatever the data format.
		if x.Rank() == 3 {
			return c.Squeeze(l.stretch(c, c.ExpandDims(x, 0)), 0)
		}
		return l.stretch(c, x)
	}})
}

func (l *AutoContrast) stretch(c *layer.Call, images *graph.Value) *graph.Value {
	x := c.Cast(changeRange(c, images, l.ComputeDType(), l.ValueRange, [2]float64{0, 255}), l.ComputeDType())
	if !x.DType.IsFloat() {
		x = c.Cast(x, tensor.Float32)
	}
	low, high := c.Reduce(graph.ReduceMin, x, true, 1, 2), c.Reduce(graph.ReduceMax, x, true, 1, 2)
	scale := c.Div(c.Scalar(x.DType, 255), c.Sub(high, low))
	offset := c.Mul(c.Neg(low), scale)
	y := c.Clip(c.Add(c.Mul(x, scale), offset), 0, 255)
	y = changeRange(c, y, y.DType, [2]float64{0, 255}, l.ValueRange)
	return c.Where(c.Test(graph.IsNaN, y), c.Cast(images, y.DType), y)
}

// changeRange maps values linearly from one range to another, in type d; equal ranges leave them alone.
func changeRange(c *layer.Call, x *graph.Value, d tensor.DType, from, to [2]float64) *graph.Value {
	if from == to {
		return x
	}
	x = c.Cast(x, d)
	if !d.IsFloat() {
		x = c.Cast(x, tensor.Float32)
	}
	// The divisor is the difference of two numbers of x's type.
	span := c.Sub(c.Scalar(x.DType, from[1]), c.Scalar(x.DType, from[0]))
	x = c.Div(c.Sub(x, c.Scalar(x.DType, from[0])), span)
	return c.Add(c.Mul(x, c.Sub(c.Scalar(x.DType, to[1]), c.Scalar(x.DType, to[0]))), c.Scalar(x.DType, to[0]))
}

// ContrastLimitedAdaptiveHistogramEqualization evens out the brightness of each channel of an image, in each part of it
// for itself (keras.layers.ContrastLimitedAdaptiveHistogramEqualization). The image is cut into tiles; the counts of a
// tile's 256 levels, cut off at ClipLimit times the mean and the rest spread over all levels, add up to a curve; a pixel
// goes through the curves of the four nearest tiles, weighted by distance.
type ContrastLimitedAdaptiveHistogramEqualization struct {
	imageLayer
	ValueRange   [2]float64
	ClipLimit    float64 // 0 or less for none
	TileGridSize []int   // rows and columns of tiles
}

// Config implements layer.Layer.
func (l *ContrastLimitedAdaptiveHistogramEqualization) Config(c *layer.Config) {
	l.imageLayer.config(c)
	list := []float64{l.ValueRange[0], l.ValueRange[1]}
	c.Floats("value_range", &list, []float64{0, 255})
	if len(list) != 2 {
		c.Errorf("value_range", "two numbers are expected, not %d", len(list))
	} else {
		l.ValueRange = [2]float64{list[0], list[1]}
	}
	c.Float("clip_limit", &l.ClipLimit, 4)
	c.Tuple("tile_grid_size", &l.TileGridSize, 2, 8)
}

// Call implements layer.Layer.
func (l *ContrastLimitedAdaptiveHistogramEqualization) Call(c *layer.Call) any {
	return l.apply(c, transforms{noLabels: true, noBoxes: "Keras does not take bounding_boxes here",
		images: func(x *graph.Value) *graph.Value {
			d, rank := x.DType, x.Rank()
			if rank == 3 {
				x = c.ExpandDims(x, 0)
			}
			if l.channelsFirst() {
				x = c.Transpose(x, 0, 2, 3, 1)
			}
			full := [2]float64{0, 255}
			y := c.Cast(changeRange(c, x, tensor.Float32, l.ValueRange, full), tensor.Float32)
			y = c.Emit1(opCLAHE{l.ClipLimit, l.TileGridSize[0], l.TileGridSize[1]}, y)
			y = c.Cast(changeRange(c, y, tensor.Float32, full, l.ValueRange), d)
			if l.channelsFirst() {
				y = c.Transpose(y, 0, 3, 1, 2)
			}
			if rank == 3 {
				y = c.Squeeze(y, 0)
			}
			return y
		}})
}

const (
	levels   = 256
	maxTiles = 1 << 17 // their curves take 256 MiB
)

// opCLAHE is contrast limited adaptive histogram equalization of (batch, height, width, channels), float32 in 0..255.
type opCLAHE struct {
	Limit         float64
	Rows, Columns int
}

// Name implements graph.Op.
func (opCLAHE) Name() string { return "clahe" }

// Infer implements graph.Op.
func (op opCLAHE) Infer(n *graph.Node) {
	a, x := op, n.In[0]
	if x.Size() == 0 || graph.Times(a.Rows, a.Columns) > maxTiles {
		panic(&graph.Error{Msg: "clahe: the image is empty, or there are too many tiles"})
	}
	n.SetOut(tensor.Float32, x.Shape...)
}

// Gradient implements graph.Differentiable: what is looked up in a table that counts make does not change with the pixel.
func (opCLAHE) Gradient(*graph.Backward, *graph.Node, []*graph.Value) []*graph.Value {
	return []*graph.Value{nil}
}

// Eval implements graph.Op.
func (op opCLAHE) Eval(n *graph.Node, in, out []graph.Buf) error {
	shape := n.In[0].Shape
	batch, height, width, channels := shape[0], shape[1], shape[2], shape[3]
	t := newTiles(op, height, width)
	for i := range batch {
		for k := range channels {
			at := i*height*width*channels + k
			t.equalize(in[0].F[at:], out[0].F[at:], channels)
		}
	}
	return nil
}

// tiles is the work space for the planes of an image.
type tiles struct {
	opCLAHE
	height, width, tileH, tileW int
	curves                      []float64 // by row, column and level
}

func newTiles(a opCLAHE, height, width int) *tiles {
	return &tiles{opCLAHE: a, height: height, width: width, tileH: (height + a.Rows - 1) / a.Rows, tileW: (width + a.Columns - 1) / a.Columns,
		curves: make([]float64, a.Rows*a.Columns*levels)}
}

// mirror is the place of position i on an axis that goes back and forth at its borders (numpy's "symmetric").
func mirror(i, size int) int {
	i %= 2 * size
	return min(i, 2*size-1-i)
}

// level is that of a pixel; NaN is 0, as where it becomes an integer.
func level(v float32) int {
	if v != v {
		return 0
	}
	return int(max(0, min(v, levels-1)))
}

// equalize works on one plane, whose elements are step apart.
func (t *tiles) equalize(x, y []float32, step int) {
	for i := range t.curves {
		t.curves[i] = 0
	}
	for r := range t.Rows * t.tileH {
		for c := range t.Columns * t.tileW {
			v := x[(mirror(r, t.height)*t.width+mirror(c, t.width))*step]
			t.curves[(r/t.tileH*t.Columns+c/t.tileW)*levels+level(v)]++
		}
	}
	for i := 0; i < len(t.curves); i += levels {
		t.integrate(t.curves[i : i+levels])
	}
	for r := range t.height {
		above, below, wy := t.neighbours(r, t.tileH, t.Rows)
		for c := range t.width {
			left, right, wx := t.neighbours(c, t.tileW, t.Columns)
			at := (r*t.width + c) * step
			k := level(x[at])
			curve := func(row, column int) float64 { return t.curves[(row*t.Columns+column)*levels+k] }
			top := curve(above, left)*(1-wx) + curve(above, right)*wx
			bottom := curve(below, left)*(1-wx) + curve(below, right)*wx
			y[at] = float32(top*(1-wy) + bottom*wy)
		}
	}
}

// neighbours are the two tiles whose centres are before and after a pixel, and the weight of the second.
func (t *tiles) neighbours(pixel, size, count int) (before, after int, weight float64) {
	at := (float64(pixel)-float64(size)/2)/float64(size) + 1
	first := math.Floor(at)
	place := func(v int) int { return max(0, min(v-1, count-1)) } // one more on each side repeats the border
	return place(int(first)), place(int(first) + 1), at - first
}

// integrate turns the counts of a tile into its curve.
func (t *tiles) integrate(h []float64) {
	area := float64(t.tileH * t.tileW)
	if t.Limit > 0 {
		limit, excess := t.Limit*area/levels, 0.0
		for i, v := range h {
			if v > limit {
				excess += v - limit
				h[i] = limit
			}
		}
		for i := range h {
			h[i] += excess / levels
		}
	}
	sum := 0.0
	for i, v := range h {
		sum += v
		h[i] = sum
	}
	least := h[0]
	scale := area - least
	if scale == 0 {
		scale = 1
	}
	for i, v := range h {
		h[i] = max(0, min((v-least)*255/scale, 255))
	}
}
