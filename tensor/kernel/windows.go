package kernel

import "math"

// Axis is one spatial axis of a sliding window: In and Out positions, a window
// of Kernel taps that are Dilation apart, moved by Stride, with PadBefore
// positions of padding before the first. Padding after the last follows from
// the rest.
type Axis struct {
	In, Out          int
	Kernel           int
	Stride, Dilation int
	PadBefore        int
}

// WindowSpec describes windows that slide over a batch of channels-last images.
type WindowSpec struct {
	Batch     int
	Axes      []Axis // outermost first: height, width
	Channels  int    // elements that one tap takes
	InStride  int    // elements from one input pixel to the next, at least Channels
	OutStride int    // elements from one output pixel to the next
	Merge     bool   // join neighbouring taps into one segment where they are contiguous
}

// WindowClass is a set of output pixels that see the same taps.
type WindowClass struct {
	Count int  // output pixels
	Src   Rows // where the first tap of each pixel lies in the input
	Dst   Rows // where each pixel lies in the output
	Taps  Segs // the taps that lie inside the image
}

// NewWindows sorts the output pixels of a convolution or pooling by the taps
// that lie inside the image: the interior is one class, each kind of border
// another. Kernels then run class by class on the image as it is: no padded
// copy, no test in the loop, and no arithmetic on padding.
//
// Seg.B counts taps times Channels if Merge is set (the row of a
// [taps*channels, filters] weight matrix), else taps.
//
// Where images are so small that borders dominate (see Tiles), a caller may
// prefer to pad and describe the padded image with PadBefore zero.
//
// The tables take 8 bytes for each output pixel of the batch. Unless images are
// tiny, describe one image and run its classes on each image of the batch.
// Offsets are 32-bit: an image batch of 2^31 elements or more panics.
func NewWindows(s WindowSpec) []WindowClass {
	check(s.Batch >= 0 && s.Channels >= 0 && s.InStride >= s.Channels && s.OutStride >= 0, badShape)
	inImage, outImage := s.InStride, s.OutStride
	for i := len(s.Axes) - 1; i >= 0; i-- {
		inImage = area(s.Axes[i].In, inImage)
		outImage = area(s.Axes[i].Out, outImage)
	}
	check(area(s.Batch, inImage) <= math.MaxInt32 && area(s.Batch, outImage) <= math.MaxInt32, badShape)

	// Strides of the axes and the runs of outputs with equal tap ranges.
	n := len(s.Axes)
	inStep, outStep := make([]int, n), make([]int, n)
	groups := make([][]axisGroup, n)
	in, out := s.InStride, s.OutStride
	for i := n - 1; i >= 0; i-- {
		inStep[i], outStep[i] = in, out
		in *= s.Axes[i].In
		out *= s.Axes[i].Out
		s.Axes[i].check()
		groups[i] = s.Axes[i].groups()
		if len(groups[i]) == 0 {
			return nil
		}
	}

	var classes []WindowClass
	pick := make([]int, n)
	for {
		class := s.class(groups, pick, inStep, outStep, inImage, outImage)
		if class.Count > 0 {
			classes = append(classes, class)
		}
		i := n - 1
		for ; i >= 0; i-- {
			if pick[i]++; pick[i] < len(groups[i]) {
				break
			}
			pick[i] = 0
		}
		if i < 0 {
			return classes
		}
	}
}

// axisGroup holds the outputs of one axis whose windows have the taps
// [first, last) inside.
type axisGroup struct {
	first, last int
	out         []int
}

func (x Axis) groups() []axisGroup {
	var list []axisGroup
	latest, none := -1, -1 // in list: the last one, and that of outputs without taps
	for o := range x.Out {
		// Both ends go down from one output to the next: equal taps stand together, unless there are none.
		first, last := x.taps(o)
		switch {
		case latest >= 0 && list[latest].first == first && list[latest].last == last:
		case first == last && none >= 0:
			latest = none
		default:
			latest = len(list)
			list = append(list, axisGroup{first: first, last: last})
			if first == last {
				none = latest
			}
		}
		list[latest].out = append(list[latest].out, o)
	}
	return list
}

// taps returns the taps [first, last) of output o that lie inside; both are 0 if none does.
func (x Axis) taps(o int) (first, last int) {
	start := o*x.Stride - x.PadBefore
	if start < 0 {
		first = (-start-1)/x.Dilation + 1
	}
	if end := x.In - start; end > 0 {
		last = min((end-1)/x.Dilation+1, x.Kernel)
	}
	if first >= last {
		return 0, 0
	}
	return first, last
}

// Taps returns how many taps the classes of NewWindows have in all, which is
// the size of its tables beside those of the pixels: windows that reach over
// much of an image have a class of their own for each pixel. Beyond limit it
// stops counting and returns some number above it.
func (s WindowSpec) Taps(limit int) int {
	total := 1
	for _, x := range s.Axes {
		x.check()
		sum := 0
		var before [2]int
		for o := range x.Out {
			first, last := x.taps(o)
			if taps := [2]int{first, last}; taps != before || o == 0 {
				before = taps
				sum += max(last-first, 1) // a class without taps is one, too
			}
			if sum > limit {
				return limit + 1
			}
		}
		if sum > 0 && total > limit/sum {
			return limit + 1
		}
		total *= sum
	}
	return total
}

func (x Axis) check() {
	check(x.Kernel > 0 && x.Stride > 0 && x.Dilation > 0 && x.In >= 0 && x.Out >= 0, badShape)
}

func (s *WindowSpec) class(groups [][]axisGroup, pick, inStep, outStep []int, inImage, outImage int) WindowClass {
	n := len(s.Axes)
	// Pixels, in row-major order, image by image.
	src, dst := []int32{0}, []int32{0}
	inside := true
	for i := range n {
		g := groups[i][pick[i]]
		inside = inside && g.last > g.first
		var src2, dst2 []int32
		for p := range src {
			for _, o := range g.out {
				at := 0
				if g.last > g.first {
					at = (o*s.Axes[i].Stride - s.Axes[i].PadBefore + g.first*s.Axes[i].Dilation) * inStep[i]
				}
				src2 = append(src2, src[p]+int32(at))
				dst2 = append(dst2, dst[p]+int32(o*outStep[i]))
			}
		}
		src, dst = src2, dst2
	}
	pixels := len(src)
	for b := 1; b < s.Batch; b++ {
		for p := range pixels {
			src = append(src, src[p]+int32(b*inImage))
			dst = append(dst, dst[p]+int32(b*outImage))
		}
	}
	if s.Batch == 0 {
		src, dst = src[:0], dst[:0]
	}

	// Taps, in row-major order of the window.
	var taps []Seg
	if inside {
		taps = []Seg{{0, 0, int32(s.Channels)}}
		for i := range n {
			g := groups[i][pick[i]]
			var next []Seg
			for _, t := range taps {
				for k := g.first; k < g.last; k++ {
					next = append(next, Seg{
						A:   t.A + int32((k-g.first)*s.Axes[i].Dilation*inStep[i]),
						B:   t.B*int32(s.Axes[i].Kernel) + int32(k),
						Len: t.Len,
					})
				}
			}
			taps = next
		}
	}
	if s.Merge {
		taps = mergeTaps(taps, int32(s.Channels))
	}
	return WindowClass{Count: len(src), Src: Table(src), Dst: Table(dst), Taps: Segments(taps)}
}

// mergeTaps turns tap indices into rows of the weight matrix and joins taps
// that follow each other in the image and among the weights.
func mergeTaps(taps []Seg, channels int32) []Seg {
	var merged []Seg
	for _, t := range taps {
		t.B *= channels
		if k := len(merged) - 1; k >= 0 && merged[k].A+merged[k].Len == t.A && merged[k].B+merged[k].Len == t.B {
			merged[k].Len += t.Len
			continue
		}
		merged = append(merged, t)
	}
	return merged
}

// Tiles counts the register tiles of rowTile rows that the classes need: the
// measure by which to compare them with one class over a padded image.
func Tiles(classes []WindowClass, rowTile int) int {
	tiles := 0
	for _, c := range classes {
		tiles += (c.Count + rowTile - 1) / rowTile
	}
	return tiles
}
