package filter

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// checkFletcher32 compares the last four bytes with the checksum of the others.
// HDF5 up to 1.6.2 wrote both halves of it with their bytes swapped on
// little-endian machines, which all readers take since.
func checkFletcher32(b []byte) ([]byte, error) {
	if len(b) < 4 {
		return nil, fmt.Errorf("%d bytes, too short for a checksum", len(b))
	}
	data := b[:len(b)-4]
	got, want := binary.LittleEndian.Uint32(b[len(b)-4:]), fletcher32(data)
	if got != want && got != bits.ReverseBytes32(bits.RotateLeft32(want, 16)) {
		return nil, fmt.Errorf("checksum is %#08x, the content has %#08x", got, want)
	}
	return data, nil
}

// fletcher32 sums 16-bit words, most significant byte first; an odd last byte
// is the high half of a word.
func fletcher32(b []byte) uint32 {
	var s1, s2 uint64
	for len(b) >= 2 {
		// As many words as 64-bit sums can take, and 32-bit ones would not.
		n := min(len(b)/2, 1<<16)
		for i := range n {
			s1 += uint64(binary.BigEndian.Uint16(b[2*i:]))
			s2 += s1
		}
		s1, s2 = fold(s1), fold(s2)
		b = b[2*n:]
	}
	if len(b) == 1 {
		s1 += uint64(b[0]) << 8
		s2 += s1
	}
	return uint32(fold(s2))<<16 | uint32(fold(s1))
}

// fold reduces a sum modulo 65535, keeping 65535 apart from 0.
func fold(s uint64) uint64 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return s
}
