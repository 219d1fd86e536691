package zip

import (
	"bufio"
	"compress/flate"
	"errors"
	"hash/crc32"
	"io"
	"math"
)

// Writer writes an archive, one entry after the other.
type Writer struct {
	w         *bufio.Writer
	at        uint64
	directory []byte
	count     uint64
	open      *deflating
}

// NewWriter returns a writer that has written nothing yet.
func NewWriter(w io.Writer) *Writer { return &Writer{w: bufio.NewWriter(w)} }

// Stamp is when an entry was changed, as MS-DOS kept it: years since 1980, month and day; hours, minutes and half seconds.
type Stamp struct{ Date, Clock uint16 }

// Permissions of an entry as Python's zipfile writes them: of Unix, 0600.
const (
	unix        = 3 << 8
	permissions = 0o600 << 16
)

// Versions that a reader must have.
const (
	plainVersion = 20
	wideVersion  = 45
)

// entry is what headers say of an entry.
type entry struct {
	Entry
	stamp      Stamp
	creator    uint16
	attributes uint32
}

// Stored begins an entry of the given size and CRC-32, whose bytes must be written to what is returned before the next entry begins.
// Its headers are those of Python's zipfile.
func (w *Writer) Stored(name string, size uint64, sum uint32, stamp Stamp) (io.Writer, error) {
	e := entry{Entry{Name: name, Method: Store, Sum: sum, Stored: size, Unpacked: size}, stamp, unix, permissions}
	return w, w.begin(&e)
}

// Write writes bytes of the entry that was begun last.
func (w *Writer) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	w.at += uint64(n)
	return n, err
}

// Deflated begins an entry of any size, which the next one ends.
func (w *Writer) Deflated(name string) (io.Writer, error) {
	if err := w.finish(); err != nil {
		return nil, err
	}
	d := &deflating{w: w, e: entry{Entry: Entry{Name: name, Method: Deflate, Flags: FlagDescriptor}}}
	var err error
	if d.z, err = flate.NewWriter(w, 5); err != nil {
		return nil, err
	}
	if err := w.header(&d.e); err != nil {
		return nil, err
	}
	d.from, w.open = w.at, d
	return d, nil
}

// deflating is an entry whose size is not known yet.
type deflating struct {
	w    *Writer
	z    *flate.Writer
	e    entry
	from uint64
}

func (d *deflating) Write(p []byte) (int, error) {
	n, err := d.z.Write(p)
	d.e.Unpacked += uint64(n)
	d.e.Sum = crc32.Update(d.e.Sum, crc32.IEEETable, p[:n])
	return n, err
}

// begin ends the entry before and writes the local header of the next one, whose sizes are known.
func (w *Writer) begin(e *entry) error {
	if err := w.finish(); err != nil {
		return err
	}
	if err := w.header(e); err != nil {
		return err
	}
	w.list(e)
	return nil
}

func (w *Writer) header(e *entry) error {
	if len(e.Name) > math.MaxUint16 {
		return errors.New("zip: the name of an entry is too long")
	}
	e.Header = int64(w.at)
	for i := range len(e.Name) {
		if e.Name[i] >= 0x80 {
			e.Flags |= flagUTF8
		}
	}
	_, err := w.Write(appendLocal(nil, e))
	return err
}

// finish ends an entry whose size was not known.
func (w *Writer) finish() error {
	d := w.open
	if d == nil {
		return nil
	}
	w.open = nil
	if err := d.z.Close(); err != nil {
		return err
	}
	d.e.Stored = w.at - d.from
	b := le.AppendUint32(nil, DescriptorSignature)
	b = le.AppendUint32(b, d.e.Sum)
	for _, n := range []uint64{d.e.Stored, d.e.Unpacked} {
		if d.e.wide() {
			b = le.AppendUint64(b, n)
		} else {
			b = le.AppendUint32(b, uint32(n))
		}
	}
	if _, err := w.Write(b); err != nil {
		return err
	}
	w.list(&d.e)
	return nil
}

func (w *Writer) list(e *entry) {
	w.directory = appendDirectory(w.directory, e)
	w.count++
}

// Close writes the directory.
func (w *Writer) Close() error {
	if err := w.finish(); err != nil {
		return err
	}
	if _, err := w.w.Write(appendEnd(w.directory, w.count, w.at)); err != nil {
		return err
	}
	return w.w.Flush()
}

// wide reports whether the sizes need 64 bits.
func (e *entry) wide() bool { return e.Stored >= Wide || e.Unpacked >= Wide }

// version is what a reader of headers with or without sizes of 64 bits must know.
func version(wide bool) uint16 {
	if wide {
		return wideVersion
	}
	return plainVersion
}

// appendLocal appends the header in front of the bytes of an entry.
func appendLocal(b []byte, e *entry) []byte {
	var extra []byte
	if e.wide() {
		extra = appendWides(e.Unpacked, e.Stored)
	}
	b = le.AppendUint32(b, LocalSignature)
	b = appendCommon(b, e, e.wide(), extra)
	return append(append(b, e.Name...), extra...)
}

// appendCommon appends what both headers of an entry have, from the version to the length of the extra field.
func appendCommon(b []byte, e *entry, wide bool, extra []byte) []byte {
	for _, v := range []uint16{version(wide), e.Flags, e.Method, e.stamp.Clock, e.stamp.Date} {
		b = le.AppendUint16(b, v)
	}
	stored, unpacked := uint32(e.Stored), uint32(e.Unpacked)
	if e.wide() {
		stored, unpacked = Wide, Wide
	}
	for _, v := range []uint32{e.Sum, stored, unpacked} {
		b = le.AppendUint32(b, v)
	}
	b = le.AppendUint16(b, uint16(len(e.Name)))
	return le.AppendUint16(b, uint16(len(extra)))
}

// appendDirectory appends the entry of the directory.
func appendDirectory(b []byte, e *entry) []byte {
	var wides []uint64
	if e.wide() {
		wides = append(wides, e.Unpacked, e.Stored)
	}
	header := uint32(e.Header)
	if e.Header >= Wide {
		header = Wide
		wides = append(wides, uint64(e.Header))
	}
	var extra []byte
	if wides != nil {
		extra = appendWides(wides...)
	}
	b = le.AppendUint32(b, directorySignature)
	b = le.AppendUint16(b, e.creator|version(wides != nil))
	b = appendCommon(b, e, wides != nil, extra)
	b = append(b, make([]byte, 6)...) // comment, disk, kind of contents
	b = le.AppendUint32(b, e.attributes)
	b = le.AppendUint32(b, header)
	return append(append(b, e.Name...), extra...)
}

// appendWides returns an extra field of sizes of 64 bits.
func appendWides(sizes ...uint64) []byte {
	b := le.AppendUint16(nil, extraZip64)
	b = le.AppendUint16(b, uint16(8*len(sizes)))
	for _, n := range sizes {
		b = le.AppendUint64(b, n)
	}
	return b
}

// appendEnd appends the records behind a directory of count entries, which begins at the given place.
func appendEnd(directory []byte, count, at uint64) []byte {
	b, length := directory, uint64(len(directory))
	if count >= wideCount || length >= Wide || at >= Wide {
		end := at + length
		b = le.AppendUint32(b, end64Signature)
		b = le.AppendUint64(b, end64Size-12) // of what follows
		b = le.AppendUint16(le.AppendUint16(b, wideVersion), wideVersion)
		b = le.AppendUint64(b, 0) // disks
		for _, n := range []uint64{count, count, length, at} {
			b = le.AppendUint64(b, n)
		}
		b = le.AppendUint32(le.AppendUint32(b, locatorSignature), 0)
		b = le.AppendUint32(le.AppendUint64(b, end), 1) // one disk
		count, length, at = min(count, wideCount), min(length, Wide), min(at, Wide)
	}
	b = le.AppendUint32(le.AppendUint32(b, endSignature), 0)
	b = le.AppendUint16(le.AppendUint16(b, uint16(count)), uint16(count))
	b = le.AppendUint32(le.AppendUint32(b, uint32(length)), uint32(at))
	return le.AppendUint16(b, 0) // comment
}
