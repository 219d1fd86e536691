package h5lite

import "math"

// Float16 holds the bits of an IEEE 754 binary16 number.
type Float16 uint16

// Float32 gives the number, exactly.
func (h Float16) Float32() float32 {
	sign := uint32(h>>15) << 31
	exp, mant := uint32(h>>10&31), uint32(h&0x3ff)
	switch {
	case exp == 31: // infinity, or not a number with its payload
		return math.Float32frombits(sign | 0xff<<23 | mant<<13)
	case exp > 0:
		return math.Float32frombits(sign | (exp+112)<<23 | mant<<13)
	}
	f := float32(mant) / (1 << 24)
	if sign != 0 {
		f = -f
	}
	return f
}

// float64ToFloat16 rounds once: first to odd in 32 bits, which keeps the last
// rounding right.
func float64ToFloat16(x float64) Float16 {
	f := float32(x)
	if d := float64(f); d != x && x == x && !math.IsInf(d, 0) {
		b := math.Float32bits(f)
		if math.Abs(d) > math.Abs(x) {
			b-- // towards zero
		}
		f = math.Float32frombits(b | 1)
	}
	return ToFloat16(f)
}

// ToFloat16 rounds to the nearest Float16, ties to even.
func ToFloat16(f float32) Float16 {
	b := math.Float32bits(f)
	sign := Float16(b >> 16 & 0x8000)
	b &= 0x7fffffff
	switch {
	case b > 0x7f800000: // keep a NaN a NaN
		return sign | 0x7e00 | Float16(b>>13&0x3ff)
	case b >= 0x477ff000: // rounds to beyond 65504
		return sign | 0x7c00
	case b < 0x38800000: // below 2^-14: steps of 2^-24
		m := math.RoundToEven(float64(math.Float32frombits(b)) * (1 << 24))
		return sign | Float16(m)
	}
	b += 0xfff + b>>13&1
	return sign | Float16((b-0x38000000)>>13)
}
