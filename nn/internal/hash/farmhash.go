// Package hash has the two string hashes of TensorFlow's text ops: FarmHash's Fingerprint64 and SipHash-2-4. Both are
// fixed functions: their values stand in models, as the places of unknown words and of hashed features.
package hash

import (
	"encoding/binary"
	"math/bits"
)

// The multipliers of FarmHash, large odd numbers with well mixed bits.
const (
	m0 uint64 = 0xc3a5c85c97cb3127
	m1 uint64 = 0xb492b66fbe98f273
	m2 uint64 = 0x9ae16a3b2f90404f
)

func word(s []byte, at int) uint64 { return binary.LittleEndian.Uint64(s[at:]) }
func half(s []byte, at int) uint64 { return uint64(binary.LittleEndian.Uint32(s[at:])) }
func right(v uint64, n int) uint64 { return bits.RotateLeft64(v, -n) }
func fold(v uint64) uint64         { return v ^ v>>47 }

// pair mixes two words into one.
func pair(u, v, mul uint64) uint64 {
	a := fold((u ^ v) * mul)
	return fold((v^a)*mul) * mul
}

// Farm returns the FarmHash fingerprint of s (Fingerprint64, the "na" variant): what tf.strings.to_hash_bucket_fast
// takes modulo the number of buckets.
func Farm(s []byte) uint64 {
	switch n := len(s); {
	case n <= 16:
		return farmShort(s)
	case n <= 32:
		return farm32(s)
	case n <= 64:
		return farm64(s)
	}
	return farmLong(s)
}

func farmShort(s []byte) uint64 {
	n := len(s)
	mul := m2 + 2*uint64(n)
	switch {
	case n >= 8:
		a, b := word(s, 0)+m2, word(s, n-8)
		return pair(right(b, 37)*mul+a, (right(a, 25)+b)*mul, mul)
	case n >= 4:
		return pair(uint64(n)+half(s, 0)<<3, half(s, n-4), mul)
	case n > 0:
		y := uint32(s[0]) + uint32(s[n/2])<<8
		z := uint32(n) + uint32(s[n-1])<<2
		return fold(uint64(y)*m2^uint64(z)*m0) * m2
	}
	return m2
}

func farm32(s []byte) uint64 {
	n := len(s)
	mul := m2 + 2*uint64(n)
	a, b := word(s, 0)*m1, word(s, 8)
	c, d := word(s, n-8)*mul, word(s, n-16)*m2
	return pair(right(a+b, 43)+right(c, 30)+d, a+right(b+m2, 18)+c, mul)
}

func farm64(s []byte) uint64 {
	n := len(s)
	mul := m2 + 2*uint64(n)
	a, b := word(s, 0)*m2, word(s, 8)
	c, d := word(s, n-8)*mul, word(s, n-16)*m2
	y := right(a+b, 43) + right(c, 30) + d
	z := pair(y, a+right(b+m2, 18)+c, mul)
	e, f := word(s, 16)*mul, word(s, 24)
	g, h := (y+word(s, n-32))*mul, (z+word(s, n-24))*mul
	return pair(right(e+f, 43)+right(g, 30)+h, e+right(f+a, 18)+g, mul)
}

// lanes takes 32 bytes into a state of two words.
func lanes(s []byte, a, b uint64) (uint64, uint64) {
	first, last := word(s, 0), word(s, 24)
	a += first
	b = right(b+a+last, 21)
	sum := a + word(s, 8) + word(s, 16)
	return sum + last, b + right(sum, 44) + a
}

// farmLong works through blocks of 64 bytes; the last one is the last 64 bytes, overlapping the one before.
func farmLong(s []byte) uint64 {
	seed := uint64(81) // the fixed seed of Fingerprint64
	x, y := seed*m2+word(s, 0), seed*m1+113
	z := fold(y*m2+113) * m2
	var v0, v1, w0, w1 uint64
	rest := (len(s) - 1) % 64 // bytes of the last block beyond the first of it
	step := func(s []byte, mul, weight uint64) {
		x = right(x+y+v0+word(s, 8), 37) * mul
		y = right(y+v1+word(s, 48), 42) * mul
		x ^= w1 * weight
		y += v0*weight + word(s, 40)
		z = right(z+w0, 33) * mul
		v0, v1 = lanes(s, v1*mul, x+w0)
		w0, w1 = lanes(s[32:], z+w1, y+word(s, 16))
		x, z = z, x
	}
	for at := 0; at < len(s)-1-rest; at += 64 {
		step(s[at:], m1, 1)
	}
	mul := m1 + (z&0xff)<<1
	w0 += uint64(rest)
	v0 += w0
	w0 += v0
	step(s[len(s)-64:], mul, 9)
	return pair(pair(v0, w0, mul)+fold(y)*m0+z, pair(v1, w1, mul)+x, mul)
}

// FarmCat joins a hash to those before it (FingerprintCat64): how tf.sparse.cross_hashed hashes a combination.
func FarmCat(a, b uint64) uint64 {
	const k = 0xc6a4a7935bd1e995
	r := a ^ k
	r ^= fold(b*k) * k
	r *= k
	return fold(fold(r) * k)
}
