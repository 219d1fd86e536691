package wire

import (
	"errors"
	"fmt"
	"io"
	"math"
	"sync/atomic"
)

const (
	pageSize  = 4096
	pageSlots = 512     // 2 MiB at most
	stepSize  = 8 << 20 // large blocks grow in such steps, as the file proves them
)

// Source gives the bytes of a file by address. Addresses count from the
// superblock, so a user block before it is invisible. It is safe for
// concurrent use if its io.ReaderAt is.
type Source struct {
	r     io.ReaderAt
	size  int64 // of the whole file
	base  int64 // where address 0 is
	end   uint64
	sizes Sizes
	pages [pageSlots]atomic.Pointer[page]
}

// page is a piece of the file, kept since metadata lie close together.
type page struct {
	number int64
	data   []byte
}

// NewSource reads from r, which holds size bytes.
func NewSource(r io.ReaderAt, size int64) *Source {
	return &Source{r: r, size: size, end: uint64(max(size, 0)), sizes: Sizes{8, 8}}
}

// SetBase says where address 0 is and where the addresses end.
func (s *Source) SetBase(base int64, end uint64, sizes Sizes) {
	s.base, s.end, s.sizes = base, end, sizes
}

// Size is the number of bytes of the file that can be addressed.
func (s *Source) Size() uint64 { return s.end }

// Sizes are the widths of addresses and lengths.
func (s *Source) Sizes() Sizes { return s.sizes }

// FileOffset is the place in the file of an address, for messages.
//
//go:noinline
func (s *Source) FileOffset(addr uint64) int64 {
	if addr > math.MaxInt64-uint64(s.base) {
		return math.MaxInt64
	}
	return s.base + int64(addr)
}

// Check says whether the file has n bytes at addr.
func (s *Source) Check(addr, n uint64, what string) error {
	switch {
	case addr == Undefined:
		return Errorf(-1, what, "its address is undefined")
	case addr >= s.end && !(addr == s.end && n == 0):
		return Errorf(s.FileOffset(addr), what, "lies beyond the end of the file at %d", s.FileOffset(s.end))
	case n > s.end-addr:
		return Errorf(s.FileOffset(addr), what, "needs %d bytes, the file has %d there (truncated?)", n, s.end-addr)
	}
	return nil
}

// Read fills b from addr on.
func (s *Source) Read(b []byte, addr uint64, what string) error {
	if err := s.Check(addr, uint64(len(b)), what); err != nil {
		return err
	}
	if len(b) == 0 {
		return nil
	}
	off := s.FileOffset(addr)
	if len(b) <= pageSize && s.cached(b, off) {
		return nil
	}
	return s.readAt(b, off, what)
}

func (s *Source) readAt(b []byte, off int64, what string) error {
	n, err := s.r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return &Error{Kind: Format, Offset: off, Structure: what, Msg: "cannot be read", Err: io.ErrUnexpectedEOF}
	}
	return fmt.Errorf("h5lite: reading the %s at offset %d: %w", what, off, err)
}

// cached fills b from the pages; it reports false if a page could not be had.
func (s *Source) cached(b []byte, off int64) bool {
	for len(b) > 0 {
		number := off / pageSize
		slot := &s.pages[number%pageSlots]
		p := slot.Load()
		if p == nil || p.number != number {
			start := number * pageSize
			data := make([]byte, min(pageSize, s.size-start))
			if n, _ := s.r.ReadAt(data, start); n != len(data) {
				return false
			}
			p = &page{number, data}
			slot.Store(p)
		}
		in := int(off - number*pageSize)
		if in >= len(p.data) {
			return false
		}
		n := copy(b, p.data[in:])
		b, off = b[n:], off+int64(n)
	}
	return true
}

// Bytes reads n bytes at addr into new memory. A long block is taken step by
// step, so that a reader that lies about its size cannot cost more than it has.
func (s *Source) Bytes(addr, n uint64, what string) ([]byte, error) {
	if err := s.Check(addr, n, what); err != nil {
		return nil, err
	}
	if n > math.MaxInt-stepSize {
		return nil, Limitf(s.FileOffset(addr), what, "%d bytes do not fit into memory", n)
	}
	if n <= stepSize {
		b := make([]byte, n)
		return b, s.Read(b, addr, what)
	}
	var b []byte
	for done := uint64(0); done < n; {
		step := min(n-done, max(stepSize, done))
		b = append(b, make([]byte, step)...)
		if err := s.Read(b[done:], addr+done, what); err != nil {
			return nil, err
		}
		done += step
	}
	return b, nil
}

// Cursor reads n bytes at addr and gives a cursor over them.
func (s *Source) Cursor(addr, n uint64, what string) (*Cursor, error) {
	b, err := s.Bytes(addr, n, what)
	if err != nil {
		return nil, err
	}
	return NewCursor(b, s.FileOffset(addr), what, s.sizes), nil
}
