package h5lite

import (
	"bytes"

	"github.com/hornml/horn/h5lite/internal/wire"
)

// unpad cuts the padding off a fixed string.
func (t Type) unpad(b []byte) []byte {
	switch t.t.Padding {
	case 1:
		return bytes.TrimRight(b, "\x00")
	case 2:
		return bytes.TrimRight(b, " ")
	}
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return b[:i]
	}
	return b
}

// vlenReader reads variable-length strings, and counts them: a heap object has
// one owner, so all strings together cannot exceed the file by much unless it
// lies.
type vlenReader struct {
	f     *File
	total uint64
}

// bytes gives the content of a string from its element: its length, the
// address of a global heap collection, and an index in it.
func (v *vlenReader) bytes(element []byte) ([]byte, error) {
	const what = "variable-length string"
	f := v.f.f
	c := wire.NewCursor(element, -1, what, f.Sizes())
	n, addr, index := uint64(c.U32()), c.Addr(), c.U32()
	if n == 0 {
		return nil, c.Err()
	}
	if addr == 0 || addr == wire.Undefined {
		return nil, c.Fail("%d bytes, but no heap", n)
	}
	b, err := f.GlobalHeapObject(addr, index)
	if err != nil {
		return nil, err
	}
	if n > uint64(len(b)) {
		return nil, wire.Errorf(f.FileOffset(addr), "global heap collection", "object %d has %d bytes, a string of %d refers to it", index, len(b), n)
	}
	if v.total += n; v.total > max(f.Size(), uint64(v.f.limits.Free)) {
		return nil, wire.Limitf(f.FileOffset(addr), what, "the strings of one object have more bytes than the file")
	}
	return b[:n], nil
}
