package wire

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"
)

func TestLookup3(t *testing.T) {
	// The empty value and the driver strings of Bob Jenkins's lookup3.c.
	for s, want := range map[string]uint32{"": 0xdeadbeef, "Four score and seven years ago": 0x17770551} {
		if got := Lookup3([]byte(s)); got != want {
			t.Errorf("%q: %#x, want %#x", s, got, want)
		}
	}
}

func TestCursorSticks(t *testing.T) {
	c := NewCursor([]byte{1, 2, 3}, 100, "thing", Sizes{8, 8})
	if c.U16() != 0x201 || c.Err() != nil || c.Offset() != 102 {
		t.Fatal(c.Err(), c.Offset())
	}
	if c.U32() != 0 || c.U8() != 0 || c.Addr() != 0 {
		t.Error("a read beyond the end gives something")
	}
	var e *Error
	if !errors.As(c.Err(), &e) || e.Offset != 100 || e.Kind != Format {
		t.Errorf("%v", c.Err())
	}
}

func TestCursorWidths(t *testing.T) {
	b := bytes.Repeat([]byte{0xff}, 64)
	for _, w := range []int{2, 4, 8} {
		c := NewCursor(b, 0, "address", Sizes{w, w})
		if a := c.Addr(); a != Undefined {
			t.Errorf("%d bytes: %#x, want the undefined address", w, a)
		}
	}
	c := NewCursor(b, 0, "number", Sizes{8, 8})
	if v := c.Uint(3); v != 0xffffff {
		t.Errorf("%#x", v)
	}
	if c.Uint(9); c.Err() == nil {
		t.Error("a number of 9 bytes")
	}
	c = NewCursor(b, 0, "thing", Sizes{8, 8})
	if c.Bytes(-1); c.Err() == nil {
		t.Error("-1 bytes")
	}
}

func TestCursorChecksum(t *testing.T) {
	b := []byte("OHDR and more")
	sum := Lookup3(b)
	b = append(b, byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24))
	for i := range b {
		damaged := bytes.Clone(b)
		damaged[i] ^= 1
		for want, data := range map[bool][]byte{true: b, false: damaged} {
			c := NewCursor(data, 0, "thing", Sizes{8, 8})
			c.Skip(len(data) - 4)
			if c.Checksum(); (c.Err() == nil) != want {
				t.Errorf("byte %d: %v", i, c.Err())
			}
		}
	}
}

func TestSourceBounds(t *testing.T) {
	data := make([]byte, 10000)
	for i := range data {
		data[i] = byte(i * 7)
	}
	s := NewSource(bytes.NewReader(data), int64(len(data)))
	s.SetBase(512, uint64(len(data)-512), Sizes{8, 8})
	for _, n := range []uint64{0, 1, 100, 4096, 5000} {
		for _, addr := range []uint64{0, 1, 3000, 3583, 3584, 4488} {
			b, err := s.Bytes(addr, n, "piece")
			if err != nil || !bytes.Equal(b, data[512+addr:512+addr+n]) {
				t.Errorf("%d bytes at %d: %v", n, addr, err)
			}
		}
	}
	end := uint64(len(data) - 512)
	for _, bad := range [][2]uint64{{end, 1}, {end + 1, 0}, {end - 3, 4}, {0, end + 1}, {Undefined, 1},
		{math.MaxUint64 - 3, 8}, {8, math.MaxUint64 - 7}, {1 << 63, 1 << 63}} {
		var e *Error
		if _, err := s.Bytes(bad[0], bad[1], "piece"); !errors.As(err, &e) {
			t.Errorf("%d bytes at %d: %v", bad[1], bad[0], err)
		}
	}
}

// liar says that it is larger than it is.
type liar struct{ io.ReaderAt }

func TestSourceOfALiar(t *testing.T) {
	s := NewSource(liar{bytes.NewReader(make([]byte, 100))}, 1<<40)
	_, err := s.Bytes(0, 1<<30, "piece")
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err) // and no gigabyte was taken for it
	}
}

// broken fails in its own way.
type broken struct{ err error }

func (b broken) ReadAt([]byte, int64) (int, error) { return 0, b.err }

func TestSourceKeepsOtherErrors(t *testing.T) {
	gone := errors.New("the disk is gone")
	s := NewSource(broken{gone}, 1000)
	_, err := s.Bytes(0, 10, "piece")
	var e *Error
	if !errors.Is(err, gone) || errors.As(err, &e) {
		t.Error(err)
	}
}
