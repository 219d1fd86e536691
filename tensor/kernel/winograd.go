package kernel

import "math"

// WinogradFilter holds the weights of a 3 x 3 convolution in the form of
// Winograd's algorithm F(2x2, 3x3), which computes a square of 2 x 2 output
// pixels from a patch of 4 x 4 input pixels with 16 multiplications for each
// channel and filter instead of 36. Patches, weights and products are
// transformed with the factors 1, -1 and 1/2 only, so the errors stay those of a
// direct sum, and what an output pixel is made of lies inside its own window:
// an infinity or a very large value disturbs no pixel that does not see it.
//
// Source: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks,
// arXiv 1509.09308, section 4.1.
type WinogradFilter struct {
	channels, filters int
	planes            [16]*PackedB
}

// NewWinogradFilter allocates the form of [3, 3, channels, filters] weights,
// zero so far: fill it with Fill.
func NewWinogradFilter(l Level, channels, filters int) *WinogradFilter {
	f := &WinogradFilter{channels: channels, filters: filters}
	for i := range f.planes {
		f.planes[i] = NewPackedB(l, channels, filters)
	}
	return f
}

// HasWinograd tells whether a level has the algorithm for these numbers of
// channels and filters: both fill whole vectors.
func HasWinograd(l Level, channels, filters int) bool {
	lanes := shapeOf(l).lanes
	return channels%lanes == 0 && filters%lanes == 0
}

// Level is the level that f was made for.
func (f *WinogradFilter) Level() Level { return f.planes[0].level }

// Panels is the number of column panels.
func (f *WinogradFilter) Panels() int { return f.planes[0].plan.count }

// Fill transforms the panels [p0, p1) of the weights w, times a factor for each
// filter unless scale is nil, in float64.
func (f *WinogradFilter) Fill(p0, p1 int, w, scale []float32) {
	check(0 <= p0 && p0 <= p1 && p1 <= f.Panels(), badRange)
	check(len(w) >= 9*area(f.channels, f.filters), badShape)
	check(scale == nil || len(scale) >= f.filters, badShape)
	tap := f.channels * f.filters
	for p := p0; p < p1; p++ {
		col, width := f.planes[0].plan.panel(p)
		for c := range f.channels {
			to := col*f.channels + c*width
			for j := range min(width, f.filters-col) {
				from := c*f.filters + col + j
				var g, u [16]float64 // G g, 4 x 3, and G g G'
				for x := range 3 {
					a, b, d := float64(w[from+x*tap]), float64(w[from+(3+x)*tap]), float64(w[from+(6+x)*tap])
					g[x], g[4+x], g[8+x], g[12+x] = a, (a+b+d)/2, (a-b+d)/2, d
				}
				for y := 0; y < 16; y += 4 {
					a, b, d := g[y], g[y+1], g[y+2]
					u[y], u[y+1], u[y+2], u[y+3] = a, (a+b+d)/2, (a-b+d)/2, d
				}
				factor := 1.0
				if scale != nil {
					factor = float64(scale[col+j])
				}
				for i := range u {
					f.planes[i].data[to+j] = float32(u[i] * factor)
				}
			}
		}
	}
}

// WinogradTiles says where the 4 x 4 patches of input pixels and the 2 x 2
// squares of output pixels of a 3 x 3 convolution with strides of 1 lie.
type WinogradTiles struct {
	count    int
	in       []int32 // 16 for each tile, -1 outside the image
	out      []int32 // 4 for each tile, -1 outside the image
	inReach  int
	outReach int
}

// NewWinogradTiles lists the tiles of a convolution, row by row, image by image.
func NewWinogradTiles(s WindowSpec) WinogradTiles {
	check(len(s.Axes) == 2 && s.Batch >= 0 && s.Channels >= 0 && s.InStride >= s.Channels && s.OutStride >= 0, badShape)
	y, x := s.Axes[0], s.Axes[1]
	for _, a := range s.Axes {
		check(a.Kernel == 3 && a.Stride == 1 && a.Dilation == 1 && a.In >= 0 && a.Out >= 0 && a.PadBefore >= 0, badShape)
	}
	inImage := area(area(y.In, x.In), s.InStride)
	outImage := area(area(y.Out, x.Out), s.OutStride)
	check(area(s.Batch, inImage) <= math.MaxInt32 && area(s.Batch, outImage) <= math.MaxInt32, badShape)
	rows, cols := (y.Out+1)/2, (x.Out+1)/2
	t := WinogradTiles{count: s.Batch * rows * cols}
	t.in, t.out = make([]int32, 0, 16*t.count), make([]int32, 0, 4*t.count)
	for b := range s.Batch {
		for i := range rows {
			for j := range cols {
				for k := range 16 {
					t.in = append(t.in, pixel(b*inImage, 2*i-y.PadBefore+k/4, 2*j-x.PadBefore+k%4, y.In, x.In, s.InStride, &t.inReach))
				}
				for k := range 4 {
					t.out = append(t.out, pixel(b*outImage, 2*i+k/2, 2*j+k%2, y.Out, x.Out, s.OutStride, &t.outReach))
				}
			}
		}
	}
	return t
}

// pixel is the offset of a pixel, or -1 if it is not in the image.
func pixel(base, y, x, height, width, stride int, reach *int) int32 {
	if y < 0 || y >= height || x < 0 || x >= width {
		return -1
	}
	at := base + (y*width+x)*stride
	*reach = max(*reach, at)
	return int32(at)
}

// Count is the number of tiles.
func (t *WinogradTiles) Count() int { return t.count }

// Runs calls f for the output pixels of the tiles [t0, t1), each run of
// neighbours in memory once, with the range of elements that it has; width is
// the number of elements of a pixel.
func (t *WinogradTiles) Runs(t0, t1, width int, f func(from, to int)) {
	from, to := 0, 0
	for row := 0; row < 4; row += 2 {
		for i := t0; i < t1; i++ {
			for _, at := range t.out[4*i+row : 4*i+row+2] {
				switch {
				case at < 0:
				case int(at) == to && to > from:
					to += width
				default:
					if to > from {
						f(from, to)
					}
					from, to = int(at), int(at)+width
				}
			}
		}
	}
	if to > from {
		f(from, to)
	}
}

// Winograd is a 3 x 3 convolution with strides of 1 by Winograd's algorithm.
type Winograd struct {
	Src    []float32 // channels-last images
	Tiles  *WinogradTiles
	Filter *WinogradFilter
	Dst    []float32
	Epilogue
	Scratch []float32 // WinogradScratch elements, best aligned as AlignedFloats does it
}

// WinogradScratch is the number of elements of scratch for blocks of up to
// tiles tiles.
func WinogradScratch(channels, filters, tiles int) int {
	return area(16, planeSize(tiles, channels)+planeSize(tiles, filters)) + channels + filters
}

// planeSize is the distance of planes: a cache line more than they need, since
// the same element of all planes would otherwise often lie in one set of the cache.
func planeSize(tiles, width int) int { return area(tiles, width) + 16 }

// Block computes the tiles [t0, t1) of the column panels [p0, p1), as Gemm.Block
// does. Accumulate must not be set.
func (w *Winograd) Block(t0, t1, p0, p1 int) {
	f := w.Filter
	check(0 <= t0 && t0 <= t1 && t1 <= w.Tiles.count && 0 <= p0 && p0 <= p1 && p1 <= f.Panels(), badRange)
	n, b := t1-t0, f.planes[0]
	if n == 0 || p0 == p1 || f.channels == 0 {
		return
	}
	check(!w.Accumulate, badShape)
	check(w.Tiles.inReach+f.channels <= len(w.Src) && w.Tiles.outReach+f.filters <= len(w.Dst), badReach)
	check(w.Residual == nil || w.Tiles.outReach+f.filters <= len(w.Residual), badReach)
	check(w.Bias == nil || len(w.Bias) >= f.filters, badShape)
	check(len(w.Scratch) >= WinogradScratch(f.channels, f.filters, n), badScratch)
	in, out := planeSize(n, f.channels), planeSize(n, f.filters)
	patches := w.Scratch[:16*in]
	products := w.Scratch[len(patches):][:16*out]
	rest := w.Scratch[len(patches)+len(products):]
	zeros, nowhere := rest[:f.channels], rest[f.channels:][:f.filters]
	clear(zeros)
	clear(nowhere)

	w.patches(patches, zeros, t0, t1)
	first, _ := b.plan.panel(p0)
	last, width := b.plan.panel(p1 - 1)
	last = min(last+width, f.filters)
	for i := range f.planes {
		g := Gemm{A: patches[i*in : (i+1)*in], ARows: Strided(f.channels), B: f.planes[i],
			C: products[i*out : (i+1)*out], CRows: Strided(f.filters)}
		g.Block(0, n, p0, p1)
	}
	w.squares(products, nowhere, t0, t1, first, last)
}

// patches transforms the input of tiles.
func (w *Winograd) patches(dst, zeros []float32, t0, t1 int) {
	if winogradPatchesAsm(w, dst, zeros, t0, t1) {
		return
	}
	channels := w.Filter.channels
	plane := planeSize(t1-t0, channels)
	for i := t0; i < t1; i++ {
		var d [16][]float32
		for k, at := range w.Tiles.in[16*i : 16*i+16] {
			d[k] = zeros
			if at >= 0 {
				d[k] = w.Src[at:][:channels]
			}
		}
		to := dst[(i-t0)*channels:]
		for c := range channels {
			var r [16]float32
			for k := 0; k < 16; k += 4 { // d B
				a, b, e, f := d[k][c], d[k+1][c], d[k+2][c], d[k+3][c]
				r[k], r[k+1], r[k+2], r[k+3] = a-e, b+e, e-b, b-f
			}
			for k := range 4 {
				a, b, e, f := r[k], r[4+k], r[8+k], r[12+k]
				to[k*plane+c] = a - e
				to[(4+k)*plane+c] = b + e
				to[(8+k)*plane+c] = e - b
				to[(12+k)*plane+c] = b - f
			}
		}
	}
}

// squares transforms the products of tiles into columns [first, last) of the
// output pixels.
func (w *Winograd) squares(src, nowhere []float32, t0, t1, first, last int) {
	if winogradSquaresAsm(w, src, nowhere, t0, t1, first, last) {
		return
	}
	filters := w.Filter.filters
	plane := planeSize(t1-t0, filters)
	for i := t0; i < t1; i++ {
		from := src[(i-t0)*filters:]
		for c := first; c < last; c++ {
			var s [8]float32 // A' m
			for j := range 4 {
				a, b, d, e := from[j*plane+c], from[(4+j)*plane+c], from[(8+j)*plane+c], from[(12+j)*plane+c]
				s[j], s[4+j] = a+b+d, b-d-e
			}
			y := [4]float32{s[0] + s[1] + s[2], s[1] - s[2] - s[3], s[4] + s[5] + s[6], s[5] - s[6] - s[7]}
			for k, at := range w.Tiles.out[4*i : 4*i+4] {
				if at < 0 {
					continue
				}
				v := y[k]
				if w.Bias != nil {
					v += w.Bias[c]
				}
				if w.Residual != nil {
					v += w.Residual[int(at)+c]
				}
				if w.Clamp {
					v = clampTo(v, w.Lo, w.Hi)
				}
				w.Dst[int(at)+c] = v
			}
		}
	}
}
