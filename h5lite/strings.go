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
	if n == 0 && (addr == 0 || addr == wire.Undefined || index == 0) {
		return nil, c.Err()
	}
	if addr == 0 || addr == wire.Undefined {
		return nil, c.Fail("%d bytes, but no heap", n)
	}
	if v.total += n; v.total > v.f.stringLimit() {
		return nil, wire.Limitf(f.FileOffset(addr), what, "the strings of one object have more bytes than the file")
	}
	b, err := f.GlobalHeapObject(addr, index, n)
	// As in C a string ends with its first NUL: some writers store that, too.
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return b, err
}

// done counts the strings of the attribute or dataset at an offset of the file.
func (v *vlenReader) done(part uint64) error {
	if !v.f.f.Strings.Add(part, v.total, v.f.stringLimit()) {
		return wire.Limitf(int64(part), "variable-length string",
			"the strings of the file have more bytes than the file: they share their places")
	}
	return nil
}

func (f *File) stringLimit() uint64 { return max(f.f.Size(), uint64(f.limits.Free)) }
