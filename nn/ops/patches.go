package ops

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addPatches(r *layer.Registry) {
	r.RegisterOp("image", "ExtractPatches", func(o *layer.OpCall) any { return extractPatches(o, o.Tensor(0, "images")) })
	// A class of Keras 3.12.
	r.RegisterOp("image", "ExtractPatches3D", func(o *layer.OpCall) any { return extractPatches(o, o.Tensor(0, "volumes")) })
	one(r, "image", "ReconstructPatches", "patches", reconstructPatches)
	r.RegisterOp("nn", "Unfold", unfold)
	r.RegisterOp("nn", "Fold", fold)
	r.RegisterOp("nn", "DepthToSpace", func(o *layer.OpCall) any { return blocks(o, true) })
	r.RegisterOp("nn", "SpaceToDepth", func(o *layer.OpCall) any { return blocks(o, false) })
}

// extractPatches gives for each place of a window all elements in it as channels.
func extractPatches(o *layer.OpCall, x *value) any {
	size := o.Ints(-1, "size")
	rank := len(size)
	if rank == 1 { // one number for all axes: of pictures, or, in five axes, of volumes
		rank = 2 + x.Rank()/5
	}
	single := x.Rank() == rank+1
	if single {
		x = o.ExpandDims(x, 0)
	}
	if rank != 2 && rank != 3 || x.Rank() != rank+2 {
		o.Fail("%s: a window of %d axes does not fit %s", o, rank, x)
	}
	size = spatial(o, "size", rank, nil)
	one := slices.Repeat([]int{1}, rank)
	w := windows{first: channelsFirst(o), size: size, dilation: spatial(o, "dilation_rate", rank, one),
		strides: spatial(o, "strides", rank, size)}
	w.same = o.Choice(-1, "padding", "valid", "same") == "same"
	x = w.in(o, x)
	lo, hi := w.padding(x)
	x = o.Pad(x, edges(lo), edges(hi), 0)
	y := w.out(o, o.Concat(-1, tapSlices(o, x, w)...))
	if single {
		y = o.Squeeze(y, 0)
	}
	return y
}

// reconstructPatches puts patches that do not overlap together again, and cuts off what padding="same" had added.
func reconstructPatches(o *layer.OpCall, x *value) *value {
	size := o.Ints(-1, "size")
	if len(size) == 1 {
		size = []int{size[0], size[0]}
	}
	rank := len(size)
	single := x.Rank() == rank+1
	if single {
		x = o.ExpandDims(x, 0)
	}
	if rank != 2 && rank != 3 || x.Rank() != rank+2 {
		o.Fail("%s: patches of %d axes do not fit %s", o, rank, x)
	}
	if strides := spatial(o, "strides", rank, size); !slices.Equal(strides, size) {
		o.Fail("%s: patches of %d at distances of %d overlap or leave holes, which Keras does not put together", o, size, strides)
	}
	same := o.Choice(-1, "padding", "valid", "same") == "same"
	first := channelsFirst(o)
	if first {
		x = o.ToChannelsLast(x)
	}
	volume := 1
	for _, n := range size {
		if n < 1 {
			o.Fail("%s: patches of %d", o, size)
		}
		volume = graph.Times(volume, n)
	}
	channels := x.Shape[rank+1]
	if slices.ContainsFunc(x.Shape[1:], func(n int) bool { return !graph.Known(n) }) {
		return unknownPatches(o, x, size, volume, first, single)
	}
	if channels%volume != 0 {
		o.Fail("%s: the %s do not consist of patches of %d elements", o, x, volume)
	}
	// (batch, grid..., size..., channels) with each axis of the grid before that of the patch.
	split := append([]int{x.Shape[0]}, x.Shape[1:rank+1]...)
	split = append(append(split, size...), channels/volume)
	order, whole := []int{0}, []int{x.Shape[0]}
	for i := range rank {
		order = append(order, 1+i, 1+rank+i)
		whole = append(whole, graph.Times(x.Shape[1+i], size[i]))
	}
	order, whole = append(order, 1+2*rank), append(whole, channels/volume)
	y := o.Reshape(o.Transpose(o.Reshape(x, split...), order...), whole...)
	y = cropPatches(o, y, whole, size, same)
	if first {
		order = []int{0, rank + 1}
		for i := range rank {
			order = append(order, 1+i)
		}
		y = o.Transpose(y, order...)
	}
	if single {
		y = o.Squeeze(y, 0)
	}
	return y
}

// unknownPatches has the shape of what patches of unknown number or size, with their channels last, make.
func unknownPatches(o *layer.OpCall, x *value, size []int, volume int, first, single bool) *value {
	rank := len(size)
	whole, channels := make([]int, rank), x.Shape[rank+1]
	for i, n := range size {
		whole[i] = graph.Times(x.Shape[i+1], n)
	}
	if v, given := o.Get(-1, "output_size"); given && v != nil {
		whole = spatial(o, "output_size", rank, nil)
	}
	if graph.Known(channels) {
		channels /= volume
	}
	shape := append(slices.Clone(whole), channels)
	if first {
		shape = append([]int{channels}, whole...)
	}
	if !single {
		shape = append([]int{x.Shape[0]}, shape...)
	}
	return o.Opaque(x.DType, shape, x)
}

// cropPatches brings what patches make up to the size that was asked for.
func cropPatches(o *layer.OpCall, y *value, whole, size []int, same bool) *value {
	v, given := o.Get(-1, "output_size")
	if !given || v == nil {
		if same {
			o.Fail("%s: output_size is missing: with padding \"same\" the patches do not tell it", o)
		}
		return y
	}
	want := spatial(o, "output_size", len(size), nil)
	for i, n := range want {
		all := whole[i+1]
		if all != n && !same || n > all || n <= all-size[i] {
			o.Fail("%s: patches of %d in all do not make an axis of %d", o, all, n)
		}
		start := (all - n) / 2
		y = o.Slice(y, i+1, start, start+n)
	}
	return y
}

// edges puts the spatial numbers between those of batch and channels, which are 0.
func edges(n []int) []int { return slices.Concat([]int{0}, n, []int{0}) }

// tapSlices returns for each element of the window, in C order, what it sees at each place: x is padded, its channels are last.
func tapSlices(o *layer.OpCall, x *value, w windows) []*value {
	rank := len(w.size)
	counts := make([]int, rank)
	taps := 1
	for i, k := range w.size {
		counts[i] = max((x.Shape[i+1]-(k-1)*w.dilation[i]-1)/w.strides[i]+1, 0)
		if size := x.Shape[i+1]; size < 0 {
			counts[i] = graph.Unknown
		} else if size < (k-1)*w.dilation[i]+1 {
			counts[i] = 0
		}
		if taps *= k; taps > 1<<16 {
			o.Fail("%s: a window of too many elements", o)
		}
	}
	out := make([]*value, taps)
	for t := range out {
		a := newSliceAttrs(x)
		rest := t
		for i := rank - 1; i >= 0; i-- {
			a.Start[i+1], a.Step[i+1], a.Count[i+1] = rest%w.size[i]*w.dilation[i], w.strides[i], counts[i]
			rest /= w.size[i]
		}
		out[t] = o.SliceAll(x, a)
	}
	return out
}

// foldWindows reads the arguments of fold and unfold, on images with the channels first.
func foldWindows(o *layer.OpCall) (w windows, padding []int) {
	one := []int{1, 1}
	w = windows{size: spatial(o, "kernel_size", 2, nil), dilation: spatial(o, "dilation", 2, one), strides: spatial(o, "stride", 2, one)}
	padding = o.Ints(-1, "padding")
	switch len(padding) {
	case 0:
		padding = []int{0, 0}
	case 1:
		padding = slices.Repeat(padding, 2)
	}
	if len(padding) != 2 {
		o.Fail("%s: the argument \"padding\" must be one or two numbers", o)
	}
	for _, p := range padding {
		bounded(o, "padding", p, 0, 1<<16)
	}
	return w, padding
}

// unfold gives the windows of images (batch, channels, height, width) as columns: (batch, channels*kernel, places).
func unfold(o *layer.OpCall) any {
	x := o.Tensor(0, "x")
	w, padding := foldWindows(o)
	if x.Rank() != 4 {
		o.Fail("%s: images (batch, channels, height, width) are expected, not %s", o, x)
	}
	batch, channels := x.Shape[0], x.Shape[1]
	x = o.ToChannelsLast(x)
	x = o.Pad(x, edges(padding), edges(padding), 0)
	y := o.Stack(-1, tapSlices(o, x, w)...) // batch, rows, columns, channels, taps
	places := graph.Times(y.Shape[1], y.Shape[2])
	taps := y.Shape[4]
	return o.Reshape(o.Transpose(y, 0, 3, 4, 1, 2), batch, graph.Times(channels, taps), places)
}

// fold adds columns up to images again: what unfold does, backwards.
func fold(o *layer.OpCall) any {
	x := o.Tensor(0, "x")
	size := spatial(o, "output_size", 2, nil)
	w, padding := foldWindows(o)
	taps := w.size[0] * w.size[1]
	if x.Rank() != 3 || graph.Known(x.Shape[1]) && x.Shape[1]%taps != 0 {
		o.Fail("%s: columns %s do not fit a kernel of %d elements", o, x, taps)
	}
	batch, channels := x.Shape[0], x.Shape[1]/taps
	full := []int{size[0] + 2*padding[0], size[1] + 2*padding[1]}
	if n, ok := tensor.SizeOf([]int{full[0], full[1], max(taps, 1)}); !ok || n > 1<<30 {
		o.Fail("%s: images of %d x %d are too large", o, size[0], size[1])
	}
	var count [2]int
	for i := range count {
		count[i] = (full[i]-(w.size[i]-1)*w.dilation[i]-1)/w.strides[i] + 1
	}
	if count[0] < 1 || count[1] < 1 || !graph.Fits(count[0]*count[1], x.Shape[2]) {
		o.Fail("%s: %d columns where images of %d x %d have %d x %d places", o, x.Shape[2], size[0], size[1], count[0], count[1])
	}
	places, images := graph.Meet(x.Shape[2], count[0]*count[1]), graph.Times(batch, channels)
	// Each element of a column goes to one pixel: one scatter with the numbers of those pixels.
	if places > maxTable/max(taps, 1) {
		o.Fail("%s: the columns %s are too many", o, x)
	}
	idx := o.Places([]int{taps * places, 1}, func(at []int64) {
		for i := range at {
			t, r, c := i/places, i%places/count[1], i%count[1]
			row, col := r*w.strides[0]+t/w.size[1]*w.dilation[0], c*w.strides[1]+t%w.size[1]*w.dilation[1]
			at[i] = int64(row*full[1] + col)
		}
	})
	columns := o.Transpose(o.Reshape(x, images, taps*places), 1, 0)
	base := o.Full(x.DType, 0, full[0]*full[1], images)
	y := o.Reshape(o.Transpose(o.Scatter(base, idx, columns, "add"), 1, 0), batch, channels, full[0], full[1])
	y = o.Slice(y, 2, padding[0], padding[0]+size[0])
	return o.Slice(y, 3, padding[1], padding[1]+size[1])
}

// blocks moves square blocks of pixels into the channels, or (toSpace) back.
func blocks(o *layer.OpCall, toSpace bool) *value {
	x := o.Tensor(0, "x")
	n := o.Int(-1, "block_size")
	w := windows{first: channelsFirst(o)}
	if x.Rank() != 4 || n < 1 {
		o.Fail("%s: a batch of images and a block size above 0 are expected, not %s and %d", o, x, n)
	}
	bounded(o, "block_size", n, 1, 1<<15)
	b, h, wd, c := x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]
	if w.first {
		b, c, h, wd = x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]
	}
	rest := func(d, n int) bool { return graph.Known(d) && d%n != 0 }
	if toSpace && rest(c, n*n) || !toSpace && (rest(h, n) || rest(wd, n)) {
		o.Fail("%s: %s does not divide into blocks of %d x %d", o, x, n, n)
	}
	times := graph.Times
	switch {
	case toSpace && w.first:
		y := o.Reshape(x, b, c/(n*n), n, n, h, wd)
		return o.Reshape(o.Transpose(y, 0, 1, 4, 2, 5, 3), b, c/(n*n), times(h, n), times(wd, n))
	case toSpace:
		y := o.Reshape(x, b, h, wd, n, n, c/(n*n))
		return o.Reshape(o.Transpose(y, 0, 1, 3, 2, 4, 5), b, times(h, n), times(wd, n), c/(n*n))
	case w.first:
		y := o.Reshape(x, b, c, h/n, n, wd/n, n)
		return o.Reshape(o.Transpose(y, 0, 1, 3, 5, 2, 4), b, times(c, n*n), h/n, wd/n)
	}
	y := o.Reshape(x, b, h/n, n, wd/n, n, c)
	return o.Reshape(o.Transpose(y, 0, 1, 3, 2, 4, 5), b, h/n, wd/n, times(c, n*n))
}
