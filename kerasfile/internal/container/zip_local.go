package container

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"sort"

	"github.com/hornml/horn/internal/zip"
)

// A zip names each entry twice: in the central directory, which this package reads by, and in a local header before the
// bytes of the entry, which readers of streams go by. Where both differ, or entries share bytes, there are readers that see
// another archive than we do, and one of them can be what somebody checked the file with. Such a file is refused.

// span is what an entry takes of a file, from its local header to its last byte or data descriptor.
type span struct {
	name     string
	from, to int64
}

// checkEntries compares the local headers with the directory and looks for entries that share bytes.
func checkEntries(z *zip.Archive, r io.ReaderAt) error {
	spans := make([]span, 0, len(z.Entries))
	var header []byte
	for _, f := range z.Entries {
		body, err := f.Body()
		if err != nil {
			return &FormatError{Entry: f.Name, Msg: "has no local header where the directory says", Err: err}
		}
		header = slices.Grow(header[:0], int(body-f.Header))[:body-f.Header]
		if _, err := r.ReadAt(header, f.Header); err != nil {
			return &FormatError{Entry: f.Name, Msg: "its local header cannot be read", Err: err}
		}
		l, err := parseLocal(header)
		if err != nil {
			return &FormatError{Entry: f.Name, Msg: err.Error()}
		}
		if err := l.contradicts(f); err != nil {
			return &FormatError{Entry: f.Name, Msg: "its local header and the directory of the zip differ: " + err.Error()}
		}
		if f.Stored > uint64(max(z.Directory-body, 0)) {
			return &FormatError{Entry: f.Name, Msg: "declares more bytes than there are before the directory of the zip"}
		}
		to := body + int64(f.Stored)
		if l.flags&zip.FlagDescriptor != 0 {
			n, err := descriptor(f, r, to, z.Directory)
			if err != nil {
				return &FormatError{Entry: f.Name, Msg: err.Error()}
			}
			to += n
		}
		spans = append(spans, span{f.Name, f.Header, to})
	}
	sort.Slice(spans, func(i, j int) bool { return spans[i].from < spans[j].from })
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
	if len(b) < zip.LocalSize || le.Uint32(b) != zip.LocalSignature || len(b) != zip.LocalSize+int(le.Uint16(b[26:]))+int(le.Uint16(b[28:])) {
		return local{}, fmt.Errorf("has no local header where the directory says")
	}
	l := local{flags: le.Uint16(b[6:]), method: le.Uint16(b[8:]), sum: le.Uint32(b[14:])}
	l.stored, l.unpacked = uint64(le.Uint32(b[18:])), uint64(le.Uint32(b[22:]))
	extra := b[zip.LocalSize+int(le.Uint16(b[26:])):]
	l.name = string(b[zip.LocalSize : len(b)-len(extra)])
	zip.Wides(extra, &l.unpacked, &l.stored) // what stays wide is missing, as some writers have it
	return l, nil
}

// contradicts says in what a local header is not that of an entry of the directory.
func (l local) contradicts(f *zip.Entry) error {
	switch {
	case l.name != f.Name:
		return fmt.Errorf("the name is %q there", l.name)
	case l.method != f.Method:
		return fmt.Errorf("the method is %d there, not %d", l.method, f.Method)
	case (l.flags^f.Flags)&zip.FlagEncrypted != 0:
		return fmt.Errorf("one of them says that it is encrypted")
	case l.flags&zip.FlagDescriptor != 0 && l.stored|l.unpacked|uint64(l.sum) == 0:
		return nil // they follow the bytes
	case !sameSize(l.stored, f.Stored) || !sameSize(l.unpacked, f.Unpacked):
		return fmt.Errorf("%d bytes of %d there, not %d of %d", l.stored, l.unpacked, f.Stored, f.Unpacked)
	case l.sum != f.Sum:
		return fmt.Errorf("the checksum is %08x there, not %08x", l.sum, f.Sum)
	}
	return nil
}

// sameSize compares sizes. One that does not fit may be missing from a local header, as some writers have it.
func sameSize(local, directory uint64) bool {
	return local == directory || local == zip.Wide && directory > zip.Wide
}

// descriptor finds the data descriptor behind the bytes of an entry, which has four forms: with or without a signature, with
// sizes of 4 or 8 bytes. It must say what the directory says.
func descriptor(f *zip.Entry, r io.ReaderAt, at, end int64) (int64, error) {
	le := binary.LittleEndian
	b := make([]byte, min(24, max(end-at, 0)))
	if _, err := r.ReadAt(b, at); err != nil {
		return 0, fmt.Errorf("its data descriptor cannot be read: %w", err)
	}
	for _, signed := range []bool{true, false} {
		for _, width := range []int{4, 8} {
			var want []byte
			if signed {
				want = le.AppendUint32(want, zip.DescriptorSignature)
			}
			want = le.AppendUint32(want, f.Sum)
			for _, n := range []uint64{f.Stored, f.Unpacked} {
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
