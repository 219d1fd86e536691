package zip

import (
	"bufio"
	"compress/flate"
	"hash/crc32"
	"io"
	"math"
)

// Archive is the directory of an archive.
type Archive struct {
	Entries   []*Entry
	Directory int64 // where the directory begins, behind all entries
}

// Entry is what the directory says of an entry. Nothing of it has been checked.
type Entry struct {
	Name             string
	Flags, Method    uint16
	Sum              uint32 // CRC-32 of the unpacked bytes
	Stored, Unpacked uint64 // sizes
	Header           int64  // where its local header begins
	file             io.ReaderAt
	size             int64 // of the file
}

// Read reads the directory of an archive of size bytes. What stands before the archive is passed over.
func Read(r io.ReaderAt, size int64) (*Archive, error) {
	at, end, err := findEnd(r, size)
	if err != nil {
		return nil, err
	}
	length, offset, count := uint64(le.Uint32(end[12:])), uint64(le.Uint32(end[16:])), uint64(le.Uint16(end[10:]))
	if length == Wide || offset == Wide || count == wideCount {
		at64, end64, err := findEnd64(r, at)
		if err != nil {
			return nil, err
		}
		if end64 != nil {
			at, count, length, offset = at64, le.Uint64(end64[32:]), le.Uint64(end64[40:]), le.Uint64(end64[48:])
		}
	}
	if length > uint64(at) || offset > math.MaxInt64 {
		return nil, ErrFormat
	}
	start := at - int64(length)
	shift := start - int64(offset) // how far all offsets are off, because of what stands before the archive
	if shift > 0 {
		var first [4]byte // there are archives with a wrong length of the directory
		if readFull(r, first[:], int64(offset)) == nil && le.Uint32(first[:]) == directorySignature {
			start, shift = int64(offset), 0
		}
	}
	a := &Archive{Directory: start}
	br := bufio.NewReader(io.NewSectionReader(r, start, size-start))
	for {
		e, err := readEntry(br)
		if err == ErrFormat || err == io.EOF || err == io.ErrUnexpectedEOF {
			if uint16(len(a.Entries)) != uint16(count) { // old writers let the number overflow
				return nil, err
			}
			if len(a.Entries) == 0 && length > 0 { // a directory of nothing that is an entry
				return nil, ErrFormat
			}
			return a, nil
		}
		if err != nil {
			return nil, err
		}
		e.Header += shift
		e.file, e.size = r, size
		a.Entries = append(a.Entries, e)
	}
}

// findEnd finds the record at the end of an archive, behind which there may be a comment.
func findEnd(r io.ReaderAt, size int64) (at int64, end []byte, err error) {
	for _, reach := range []int64{1 << 10, endSize + math.MaxUint16} {
		reach = min(reach, size)
		tail := make([]byte, reach)
		if err := readFull(r, tail, size-reach); err != nil {
			return 0, nil, err
		}
		for i := len(tail) - endSize; i >= 0; i-- {
			if le.Uint32(tail[i:]) == endSignature {
				if i+endSize+int(le.Uint16(tail[i+20:])) > len(tail) {
					return 0, nil, ErrFormat // the comment is cut off
				}
				return size - reach + int64(i), tail[i:], nil
			}
		}
	}
	return 0, nil, ErrFormat
}

// findEnd64 finds the wider record in front of the end record at the given place, nil if there is none.
func findEnd64(r io.ReaderAt, at int64) (int64, []byte, error) {
	locator := make([]byte, locatorSize)
	if at < locatorSize || readFull(r, locator, at-locatorSize) != nil || le.Uint32(locator) != locatorSignature {
		return 0, nil, nil
	}
	at64 := int64(le.Uint64(locator[8:]))
	if le.Uint32(locator[4:]) != 0 || le.Uint32(locator[16:]) != 1 { // on another disk
		return 0, nil, nil
	}
	if at64 < 0 || at64 > at-locatorSize-end64Size {
		return 0, nil, ErrFormat
	}
	end64 := make([]byte, end64Size)
	if err := readFull(r, end64, at64); err != nil {
		return 0, nil, err
	}
	if le.Uint32(end64) != end64Signature {
		return 0, nil, ErrFormat
	}
	return at64, end64, nil
}

// readEntry reads the next entry of a directory. ErrFormat is its end, or the end of what is one.
func readEntry(r io.Reader) (*Entry, error) {
	b := make([]byte, directorySize)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	if le.Uint32(b) != directorySignature {
		return nil, ErrFormat
	}
	e := &Entry{Flags: le.Uint16(b[8:]), Method: le.Uint16(b[10:]), Sum: le.Uint32(b[16:])}
	e.Stored, e.Unpacked = uint64(le.Uint32(b[20:])), uint64(le.Uint32(b[24:]))
	header := uint64(le.Uint32(b[42:]))
	name, extra, comment := int(le.Uint16(b[28:])), int(le.Uint16(b[30:])), int(le.Uint16(b[32:]))
	text := make([]byte, name+extra+comment)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	e.Name = string(text[:name])
	if !Wides(text[name:name+extra], &e.Unpacked, &e.Stored, &header) || header > math.MaxInt64 {
		return nil, ErrFormat
	}
	e.Header = int64(header)
	return e, nil
}

// Body returns where the bytes of an entry begin. It reads the local header, and believes it nothing but its length.
func (e *Entry) Body() (int64, error) {
	if e.Header < 0 || e.Header > e.size-LocalSize {
		return 0, ErrFormat
	}
	b := make([]byte, LocalSize)
	if err := readFull(e.file, b, e.Header); err != nil {
		return 0, err
	}
	if le.Uint32(b) != LocalSignature {
		return 0, ErrFormat
	}
	return e.Header + LocalSize + int64(le.Uint16(b[26:])) + int64(le.Uint16(b[28:])), nil
}

// Open returns the unpacked bytes of an entry. They end in an error if they are more or less than the directory says, or others.
func (e *Entry) Open() (io.Reader, error) {
	at, err := e.Body()
	if err != nil {
		return nil, err
	}
	if e.Stored > uint64(max(e.size-at, 0)) {
		return nil, io.ErrUnexpectedEOF
	}
	var r io.Reader = io.NewSectionReader(e.file, at, int64(e.Stored))
	switch {
	case e.Flags&FlagEncrypted != 0 || e.Method != Store && e.Method != Deflate:
		return nil, ErrMethod
	case e.Method == Deflate:
		r = flate.NewReader(r)
	}
	return &body{r: r, e: e}, nil
}

// body are the unpacked bytes of an entry.
type body struct {
	r   io.Reader
	e   *Entry
	n   uint64
	sum uint32
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.n += uint64(n)
	b.sum = crc32.Update(b.sum, crc32.IEEETable, p[:n])
	switch {
	case b.n > b.e.Unpacked:
		return 0, ErrFormat
	case err != io.EOF:
	case b.n < b.e.Unpacked:
		err = io.ErrUnexpectedEOF
	case b.sum != b.e.Sum:
		err = ErrChecksum
	}
	return n, err
}

// readFull reads all of b; files may tell of their end with their last bytes.
func readFull(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	switch {
	case n == len(b):
		return nil
	case err == io.EOF:
		return io.ErrUnexpectedEOF
	}
	return err
}
