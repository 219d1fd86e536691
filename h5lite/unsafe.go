package h5lite

import "unsafe"

// number is an element that is its bytes and nothing else, so that a slice of
// it can be filled with bytes. This file is the only one with package unsafe.
type number interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// bytesOf gives the memory of s as bytes in the order of this machine.
func bytesOf[T number](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(s[0])))
}

// bigEndianHost tells the byte order of this machine.
var bigEndianHost = func() bool {
	x := [1]uint16{1}
	return bytesOf(x[:])[0] == 0
}()
