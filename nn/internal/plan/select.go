package plan

import (
	"math"
	"unsafe"
)

// runWhere takes y where the mask x is true, else z. dst may be the memory of y or z.
func (in *instr) runWhere(r *run, scratch, dst []float32, stride, at, n int) {
	x, y, z := &in.x, &in.y, &in.z
	mask := r.bufs[x.id].B
	if x.kind == operandOuter && x.inner == 1 { // one for the whole block
		o := z
		if mask[at/x.mid] {
			o = y
		}
		o.copyTo(r, scratch, dst, stride, at, n)
		return
	}
	a, b := y.direct(r, scratch, stride, at, n), z.direct(r, scratch, stride, at, n)
	var c []bool
	switch {
	case x.kind == operandFull:
		c = mask[at : at+n]
	case x.kind == operandPart, x.kind == operandRow && x.inner == n:
		c = mask[at%x.inner:][:n]
	case x.kind == operandOuter && x.inner > longRow:
		c = mask[at/(x.mid*x.inner)*x.inner+at%x.inner:][:n]
	}
	switch {
	case c == nil || a == nil && y.kind != operandScalar || b == nil && z.kind != operandScalar:
		for k := range dst {
			if x.maskAt(mask, at+k) {
				dst[k] = y.element(r, scratch, stride, at, k)
			} else {
				dst[k] = z.element(r, scratch, stride, at, k)
			}
		}
	case a != nil && b != nil:
		choose(dst, c, a, b)
	case a != nil:
		chooseOr(dst, c, a, z.scalar, 0)
	case b != nil:
		chooseOr(dst, c, b, y.scalar, 1)
	default:
		for k, t := range c {
			dst[k] = z.scalar
			if t {
				dst[k] = y.scalar
			}
		}
	}
}

// maskAt is the element of a mask for element i of the result.
func (o *operand) maskAt(mask []bool, i int) bool {
	switch o.kind {
	case operandFull:
		return mask[i]
	case operandRow, operandPart:
		return mask[i%o.inner]
	}
	return mask[i/(o.mid*o.inner)*o.inner+i%o.inner]
}

// direct returns n elements of an operand that lie one after the other, nil where they do not.
func (o *operand) direct(r *run, scratch []float32, stride, at, n int) []float32 {
	switch {
	case o.kind == operandReg, o.kind == operandFull, o.kind == operandPart, o.kind == operandOuter && o.inner > longRow:
		return o.slice(r, scratch, nil, stride, at, n)
	}
	return nil
}

// copyTo writes n elements of an operand to dst.
func (o *operand) copyTo(r *run, scratch, dst []float32, stride, at, n int) {
	if o.kind == operandScalar {
		fill(dst, o.scalar)
	} else if x := o.slice(r, scratch, dst, stride, at, n); &x[0] != &dst[0] {
		copy(dst, x)
	}
}

// choose writes a[i] where c[i] is true, else b[i]. A branch would be guessed wrong half the time with some masks, so
// bits are masked.
func choose(dst []float32, c []bool, a, b []float32) {
	m, d, x, y := asBytes(c), asWords(dst), asWords(a[:len(c)]), asWords(b[:len(c)])
	d = d[:len(m)]
	for i, t := range m {
		all := -uint32(t)
		d[i] = x[i]&all | y[i]&^all
	}
}

// chooseOr writes a[i] where c[i] is true (false if flip is 1), else v.
func chooseOr(dst []float32, c []bool, a []float32, v float32, flip byte) {
	m, d, x, y := asBytes(c), asWords(dst), asWords(a[:len(c)]), math.Float32bits(v)
	d = d[:len(m)]
	for i, t := range m {
		all := -uint32(t ^ flip)
		d[i] = x[i]&all | y&^all
	}
}

// asWords shows float32 values as their bits.
func asWords(x []float32) []uint32 {
	return unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}
