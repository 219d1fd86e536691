package hash

import (
	"encoding/binary"
	"math/bits"
)

// Sip returns the SipHash-2-4 of s under a key of two words: what tf.strings.to_hash_bucket_strong takes modulo the
// number of buckets.
func Sip(k0, k1 uint64, s []byte) uint64 {
	// The start of the state spells "somepseudorandomlygeneratedbytes".
	v := [4]uint64{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573}
	var last [8]byte
	last[7] = byte(len(s))
	for ; len(s) >= 8; s = s[8:] {
		sipWord(&v, binary.LittleEndian.Uint64(s))
	}
	copy(last[:7], s)
	sipWord(&v, binary.LittleEndian.Uint64(last[:]))
	v[2] ^= 0xff
	for range 4 {
		sipRound(&v)
	}
	return v[0] ^ v[1] ^ v[2] ^ v[3]
}

func sipWord(v *[4]uint64, m uint64) {
	v[3] ^= m
	sipRound(v)
	sipRound(v)
	v[0] ^= m
}

func sipRound(v *[4]uint64) {
	v[0] += v[1]
	v[2] += v[3]
	v[1] = bits.RotateLeft64(v[1], 13) ^ v[0]
	v[3] = bits.RotateLeft64(v[3], 16) ^ v[2]
	v[0] = bits.RotateLeft64(v[0], 32)
	v[2] += v[1]
	v[0] += v[3]
	v[1] = bits.RotateLeft64(v[1], 17) ^ v[2]
	v[3] = bits.RotateLeft64(v[3], 21) ^ v[0]
	v[2] = bits.RotateLeft64(v[2], 32)
}
