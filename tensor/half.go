package tensor

import "math"

// Half holds the bits of an IEEE 754 binary16 number: Keras's float16.
type Half uint16

// BHalf holds the bits of a bfloat16 number: the upper half of a float32.
type BHalf uint16

// Float32 returns the value of h, exactly.
func (h Half) Float32() float32 {
	sign := uint32(h&0x8000) << 16
	exponent := uint32(h>>10) & 0x1f
	mantissa := uint32(h & 0x3ff)
	switch {
	case exponent == 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | mantissa<<13)
	case exponent != 0:
		return math.Float32frombits(sign | (exponent+112)<<23 | mantissa<<13)
	}
	value := float32(mantissa) * 0x1p-24 // zero or subnormal
	if sign != 0 {
		return -value
	}
	return value
}

// HalfFrom rounds v to the nearest float16, ties to even; what is too large becomes infinite.
func HalfFrom(v float32) Half {
	bits := math.Float32bits(v)
	sign := Half(bits >> 16 & 0x8000)
	bits &= 0x7fffffff
	switch {
	case bits > 0x7f800000:
		return sign | 0x7e00 | Half(bits>>13&0x3ff)
	case bits >= 0x477ff000: // 65520 and above
		return sign | 0x7c00
	case bits >= 0x38800000: // normal: 2^-14 and above
		bits += 0xfff + bits>>13&1
		return sign | Half((bits-0x38000000)>>13)
	}
	// Adding 2^-1 * 2^-14 * 2^11 aligns the last bit of a subnormal float16 with the last bit of the float32 sum.
	sum := math.Float32frombits(bits) + 0.5
	return sign | Half(math.Float32bits(sum)-0x3f000000)
}

// Float32 returns the value of h, exactly.
func (h BHalf) Float32() float32 { return math.Float32frombits(uint32(h) << 16) }

// BHalfFrom rounds v to the nearest bfloat16, ties to even.
func BHalfFrom(v float32) BHalf {
	bits := math.Float32bits(v)
	if bits&0x7fffffff > 0x7f800000 {
		return BHalf(bits>>16 | 0x40)
	}
	return BHalf((bits + 0x7fff + bits>>16&1) >> 16)
}
