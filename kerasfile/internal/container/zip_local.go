package container

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
)

// A zip names each entry twice: in the central directory, which this package reads by, and in a local header before the
// bytes of the entry, which readers of streams go by. Where both differ, or entries share bytes, there are readers that see
// another archive than we do, and one of them can be what somebody checked the file with. Such a file is refused.

// Parts of a zip (PKWARE APPNOTE 4.3 to 4.5).
const (
	localSignature      = 0x04034b50
	descriptorSignature = 0x08074b50
	localSize           = 30 // of a local header without name and extra field
	directorySize       = 46 // of an entry of the directory without name, extra field and comment
	endSize             = 22 // of the end record without comment
	flagEncrypted       = 1 << 0
	flagDescriptor      = 1 << 3 // sizes and checksum follow the bytes
	extraZip64          = 1
	wide                = 0xffffffff // a size that stands in the zip64 extra field
)

// spy is a file that remembers where it was read last: archive/zip says where the bytes of an entry begin, and not where its
// local header does, but it reads that header to find out.
type spy struct {
	io.ReaderAt
	at atomic.Int64
}

func (s *spy) ReadAt(b []byte, off int64) (int, error) {
	s.at.Store(off)
	return s.ReaderAt.ReadAt(b, off)
}

// span is what an entry takes of a file, from its local header to its last byte or data descriptor.
type span struct {
	name     string
	from, to int64
}

// checkEntries compares the local headers with the directory and looks for entries that share bytes.
func checkEntries(z *zip.Reader, s *spy, size int64) error {
	end := size - endSize - int64(len(z.Comment)) // of what entries may take, at most
	for _, f := range z.File {
		end -= directorySize + int64(len(f.Name)+len(f.Extra)+len(f.Comment))
	}
	spans := make([]span, 0, len(z.File))
	var header []byte
	for _, f := range z.File {
		body, err := f.DataOffset()
		if err != nil {
			return &FormatError{Entry: f.Name, Msg: "has no local header where the directory says", Err: err}
		}
		from := s.at.Load()
		header = slices.Grow(header[:0], int(body-from))[:body-from]
		if _, err := s.ReadAt(header, from); err != nil {
			return &FormatError{Entry: f.Name, Msg: "its local header cannot be read", Err: err}
		}
		l, err := parseLocal(header)
		if err != nil {
			return &FormatError{Entry: f.Name, Msg: err.Error()}
		}
		if err := l.contradicts(f); err != nil {
			return &FormatError{Entry: f.Name, Msg: "its local header and the directory of the zip differ: " + err.Error()}
		}
		if f.CompressedSize64 > uint64(max(end-body, 0)) {
			return &FormatError{Entry: f.Name, Msg: "declares more bytes than there are before the directory of the zip"}
		}
		to := body + int64(f.CompressedSize64)
		if l.flags&flagDescriptor != 0 {
			n, err := descriptor(f, s, to, end)
			if err != nil {
				return &FormatError{Entry: f.Name, Msg: err.Error()}
			}
			to += n
		}
		spans = append(spans, span{f.Name, from, to})
	}
	slices.SortFunc(spans, func(a, b span) int { return int(min(max(a.from-b.from, -1), 1)) })
	for i := 1; i < len(spans); i++ {
		if a, b := spans[i-1], spans[i]; b.from < a.to {
			return &FormatError{Entry: b.name, Msg: fmt.Sprintf("overlaps %q in the zip", a.name)}
		}
	}
	return nil
}

// local is what a local header says.
type local struct {
	flags, method    uint16
	sum              uint32
	stored, unpacked uint64
	name             string
}

func parseLocal(b []byte) (local, error) {
	le := binary.LittleEndian
	if len(b) < localSize || le.Uint32(b) != localSignature || len(b) != localSize+int(le.Uint16(b[26:]))+int(le.Uint16(b[28:])) {
		return local{}, fmt.Errorf("has no local header where the directory says")
	}
	l := local{flags: le.Uint16(b[6:]), method: le.Uint16(b[8:]), sum: le.Uint32(b[14:])}
	l.stored, l.unpacked = uint64(le.Uint32(b[18:])), uint64(le.Uint32(b[22:]))
	extra := b[localSize+int(le.Uint16(b[26:])):]
	l.name = string(b[localSize : len(b)-len(extra)])
	for len(extra) >= 4 {
		id, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		if n > len(extra)-4 {
			break // padding, as some writers align by it
		}
		field := extra[4 : 4+n]
		extra = extra[4+n:]
		if id != extraZip64 {
			continue
		}
		for _, size := range []*uint64{&l.unpacked, &l.stored} {
			if *size == wide && len(field) >= 8 {
				*size = le.Uint64(field)
				field = field[8:]
			}
		}
	}
	return l, nil
}

// contradicts says in what a local header is not that of an entry of the directory.
func (l local) contradicts(f *zip.File) error {
	switch {
	case l.name != f.Name:
		return fmt.Errorf("the name is %q there", l.name)
	case l.method != f.Method:
		return fmt.Errorf("the method is %d there, not %d", l.method, f.Method)
	case (l.flags^f.Flags)&flagEncrypted != 0:
		return fmt.Errorf("one of them says that it is encrypted")
	case l.flags&flagDescriptor != 0 && l.stored|l.unpacked|uint64(l.sum) == 0:
		return nil // they follow the bytes
	case !sameSize(l.stored, f.CompressedSize64) || !sameSize(l.unpacked, f.UncompressedSize64):
		return fmt.Errorf("%d bytes of %d there, not %d of %d", l.stored, l.unpacked, f.CompressedSize64, f.UncompressedSize64)
	case l.sum != f.CRC32:
		return fmt.Errorf("the checksum is %08x there, not %08x", l.sum, f.CRC32)
	}
	return nil
}

// sameSize compares sizes. One that does not fit may be missing from a local header, as archive/zip writes it.
func sameSize(local, directory uint64) bool {
	return local == directory || local == wide && directory > wide
}

// descriptor finds the data descriptor behind the bytes of an entry, which has four forms: with or without a signature, with
// sizes of 4 or 8 bytes. It must say what the directory says.
func descriptor(f *zip.File, r io.ReaderAt, at, end int64) (int64, error) {
	le := binary.LittleEndian
	b := make([]byte, min(24, max(end-at, 0)))
	if _, err := r.ReadAt(b, at); err != nil {
		return 0, fmt.Errorf("its data descriptor cannot be read: %w", err)
	}
	for _, signed := range []bool{true, false} {
		for _, width := range []int{4, 8} {
			var want []byte
			if signed {
				want = le.AppendUint32(want, descriptorSignature)
			}
			want = le.AppendUint32(want, f.CRC32)
			for _, n := range []uint64{f.CompressedSize64, f.UncompressedSize64} {
				if width == 4 {
					want = le.AppendUint32(want, uint32(n))
				} else {
					want = le.AppendUint64(want, n)
				}
			}
			if len(b) >= len(want) && string(b[:len(want)]) == string(want) {
				return int64(len(want)), nil
			}
		}
	}
	return 0, fmt.Errorf("its data descriptor and the directory of the zip differ")
}
