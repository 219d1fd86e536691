package h5lite

import (
	"encoding/binary"
	"math/bits"
)

// swap reverses the bytes of each element of the given size, in place.
func swap(b []byte, size int) {
	switch size {
	case 2:
		for ; len(b) >= 2; b = b[2:] {
			b[0], b[1] = b[1], b[0]
		}
	case 4:
		for ; len(b) >= 4; b = b[4:] {
			binary.LittleEndian.PutUint32(b, bits.ReverseBytes32(binary.LittleEndian.Uint32(b)))
		}
	case 8:
		for ; len(b) >= 8; b = b[8:] {
			binary.LittleEndian.PutUint64(b, bits.ReverseBytes64(binary.LittleEndian.Uint64(b)))
		}
	}
}

// swaps says whether elements have a byte order that may have to change.
func (t Type) swaps() int {
	switch t.Class() {
	case Integer, Float, Bitfield, Enum:
		return t.Size()
	}
	return 1
}

// toHost brings elements as stored into the byte order of this machine.
func (t Type) toHost(b []byte) {
	if n := t.swaps(); n > 1 && t.t.BigEndian != bigEndianHost {
		swap(b, n)
	}
}

// toLittle brings elements as stored into little-endian order.
func (t Type) toLittle(b []byte) {
	if n := t.swaps(); n > 1 && t.t.BigEndian {
		swap(b, n)
	}
}
