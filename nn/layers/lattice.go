package layers

import (
	"math"

	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// lattice says how the int8 or int4 numbers of a quantized kernel stand for floats: q/scale, or (q-zero)*scale for groups with
// zero points. Numbers are counted in the order of the kernel's own shape.
type lattice struct {
	kernel, scale, zero, gIdx *layer.Variable

	lo, hi  float32
	shape   []int // of the numbers, when they are not packed
	packed  int   // the axis along which two numbers share a byte, -1 for none
	block   int   // numbers in a group with a zero point
	scaleOf func(i, group int) int
	along   func(i int) int // the place of a number among those that are split into groups
}

// has reports whether a variable changes when something is added to the kernel.
func (q *lattice) has(v *layer.Variable) bool {
	return q != nil && v != nil && (v == q.scale || v == q.zero)
}

// merge adds delta to the floats that the kernel stands for, quantizes the sums anew, in float32 as Keras does on saving
// (Dense._get_kernel_with_merged_lora and its relatives), and returns what becomes of a variable.
func (q *lattice) merge(delta []float64, want *layer.Variable) (tensor.Any, error) {
	sums, err := q.floats()
	if err != nil {
		return nil, err
	}
	for i, d := range delta {
		sums[i] += float32(d)
	}
	ints, scale, zero := make([]int8, len(sums)), make([]float32, q.scale.Size()), make([]int8, q.scale.Size())
	if q.zero == nil {
		q.absMax(sums, ints, scale)
	} else {
		q.grouped(sums, ints, scale, zero)
	}
	var t tensor.Any
	switch want {
	case q.scale:
		t = tensor.FromSlice(scale).Reshape(want.Shape...)
	case q.zero:
		t = tensor.FromSlice(zero).Reshape(want.Shape...)
	default:
		t = tensor.FromSlice(q.pack(ints)).Reshape(want.Shape...)
	}
	return t.Convert(want.DType)
}

// floats are the values that the kernel has.
func (q *lattice) floats() ([]float32, error) {
	read := func(v *layer.Variable) ([]float32, error) {
		if v == nil {
			return nil, nil
		}
		t, err := v.Value()
		if err != nil {
			return nil, err
		}
		wide := make([]float64, v.Size())
		if err := t.Float64s(wide); err != nil {
			return nil, err
		}
		out := make([]float32, len(wide))
		for i, x := range wide {
			out[i] = float32(x)
		}
		return out, nil
	}
	var values [4][]float32
	for i, v := range []*layer.Variable{q.kernel, q.scale, q.zero, q.gIdx} {
		var err error
		if values[i], err = read(v); err != nil {
			return nil, err
		}
	}
	scale, zero, gIdx := values[1], values[2], values[3]
	out := q.unpack(values[0])
	for i := range out {
		if q.zero == nil {
			out[i] /= scale[q.scaleOf(i, 0)]
			continue
		}
		group := min(max(int(gIdx[q.along(i)]), 0), len(scale)-1)
		s := min(q.scaleOf(i, group), len(scale)-1)
		out[i] = (out[i] - zero[s]) * scale[s]
	}
	return out, nil
}

// absMax scales the numbers of each output so that the largest magnitude becomes hi (keras.quantizers.abs_max_quantize).
func (q *lattice) absMax(x []float32, ints []int8, scale []float32) {
	for i, v := range x {
		s := q.scaleOf(i, 0)
		scale[s] = max(scale[s], float32(math.Abs(float64(v))))
	}
	for s, top := range scale {
		scale[s] = q.hi / (top + kerasEpsilon)
	}
	for i, v := range x {
		ints[i] = int8(min(max(round32(v*scale[q.scaleOf(i, 0)]), q.lo), q.hi))
	}
}

// grouped maps the range of each group to lo..hi (keras.quantizers.abs_max_quantize_grouped_with_zero_point). What is
// missing in the last group counts as zeros.
func (q *lattice) grouped(x []float32, ints []int8, scale []float32, zero []int8) {
	low, high, count := make([]float32, len(scale)), make([]float32, len(scale)), make([]int, len(scale))
	at := func(i int) int { return q.scaleOf(i, q.along(i)/q.block) }
	for i, v := range x {
		s := at(i)
		if count[s] == 0 {
			low[s], high[s] = v, v
		}
		low[s], high[s] = min(low[s], v), max(high[s], v)
		count[s]++
	}
	for s := range scale {
		if count[s] < q.block {
			low[s], high[s] = min(low[s], 0), max(high[s], 0)
		}
		scale[s] = (high[s] - low[s] + kerasEpsilon) / (q.hi - q.lo)
		zero[s] = int8(min(max(round32(-low[s]/scale[s])+q.lo, q.lo), q.hi))
	}
	for i, v := range x {
		s := at(i)
		ints[i] = int8(min(max(round32(v/scale[s])+float32(zero[s]), q.lo), q.hi))
	}
}

func round32(x float32) float32 { return float32(math.RoundToEven(float64(x))) }

// packing returns how many bytes the packed axis has, how many numbers, and how many elements lie between its neighbours.
func (q *lattice) packing() (bytes, numbers, stride int) {
	numbers = q.shape[q.packed]
	return (numbers + 1) / 2, numbers, product(q.shape[q.packed+1:])
}

// pack puts two numbers into each byte, the first of them in the lower half (keras.quantizers.pack_int4).
func (q *lattice) pack(ints []int8) []int8 {
	if q.packed < 0 {
		return ints
	}
	bytes, numbers, stride := q.packing()
	out := make([]int8, product(q.shape[:q.packed])*bytes*stride)
	for i, v := range ints {
		outer, k, inner := i/(numbers*stride), i/stride%numbers, i%stride
		out[(outer*bytes+k/2)*stride+inner] |= int8(uint8(v) & 15 << (4 * (k % 2)))
	}
	return out
}

// unpack is the opposite of pack.
func (q *lattice) unpack(packed []float32) []float32 {
	if q.packed < 0 {
		return packed
	}
	bytes, numbers, stride := q.packing()
	out := make([]float32, product(q.shape))
	for i := range out {
		outer, k, inner := i/(numbers*stride), i/stride%numbers, i%stride
		b := int8(packed[(outer*bytes+k/2)*stride+inner])
		if k%2 == 0 {
			b <<= 4
		}
		out[i] = float32(b >> 4)
	}
	return out
}
