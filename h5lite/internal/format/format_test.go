package format

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/hornml/horn/h5lite/internal/wire"
)

var eight = wire.Sizes{Offset: 8, Length: 8}

func cursor(b []byte) *wire.Cursor { return wire.NewCursor(b, 0, "test", eight) }

// datatypes are all types that are written.
func datatypes() []*Datatype {
	list := []*Datatype{NewFloat(2), NewFloat(4), NewFloat(8), NewBool(), NewString(7, 0), NewString(1, 1),
		NewVlenString(0), NewVlenString(1), NewOpaque(2, ""), NewOpaque(9, "bytes")}
	for _, n := range []uint32{1, 2, 4, 8} {
		list = append(list, NewInteger(n, true), NewInteger(n, false))
	}
	return list
}

func TestDatatypeRoundTrip(t *testing.T) {
	for _, want := range datatypes() {
		got, err := readDatatype(cursor(want.Encode()))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, want %+v: %v", got, want, err)
		}
		if got != nil && got.Class == ClassFloat && !got.IsIEEE() || want.IsBool() != got.IsBool() {
			t.Errorf("%+v is not what it was", got)
		}
	}
}

func TestDataspaceRoundTrip(t *testing.T) {
	for _, want := range []*Dataspace{
		{Dims: []uint64{}, Count: 1},
		{Null: true, Dims: []uint64{}},
		{Dims: []uint64{0, 5}, Count: 0},
		{Dims: []uint64{2, 3}, MaxDims: []uint64{Unlimited, 3}, Count: 6},
		{Dims: make([]uint64, 32), Count: 0},
	} {
		got, err := readDataspace(cursor(want.Encode()))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, want %+v: %v", got, want, err)
		}
	}
}

func TestLayoutRoundTrip(t *testing.T) {
	l, err := readLayout(cursor(EncodeContiguous(1234, 56)))
	if err != nil || l.Class != Contiguous || l.Addr != 1234 || l.Size != 56 {
		t.Errorf("%+v: %v", l, err)
	}
	l, err = readLayout(cursor(EncodeChunked(1234, []uint64{5, 6}, 4)))
	if err != nil || l.Class != Chunked || l.Addr != 1234 || !reflect.DeepEqual(l.Chunk, []uint64{5, 6}) || l.ElementSize != 4 ||
		l.ChunkBytes() != 120 {
		t.Errorf("%+v: %v", l, err)
	}
}

func TestFilterPipelineRoundTrip(t *testing.T) {
	want := []Filter{{ID: 2, Flags: 1, Name: "shuffle", Values: []uint32{4}}, {ID: 1, Name: "deflate", Values: []uint32{6}},
		{ID: 300, Name: "other", Values: []uint32{1, 2}}}
	got, err := readFilterPipeline(cursor(EncodeFilterPipeline(want)))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v: %v", got, err)
	}
}

func TestFillValueRoundTrip(t *testing.T) {
	for _, chunked := range []bool{false, true} {
		if v, err := readFillValue(cursor(EncodeFillValue(chunked))); v != nil || err != nil {
			t.Errorf("%v: %v", v, err)
		}
	}
}

func TestAttributeRoundTrip(t *testing.T) {
	f := &File{Source: wire.NewSource(bytes.NewReader(nil), 0)}
	for _, name := range []string{"a", "12345678", "ünï"} {
		for _, dense := range []bool{false, true} {
			want := Attribute{Name: name, Type: NewFloat(4), Space: &Dataspace{Dims: []uint64{2}, Count: 2}, Data: []byte("12345678")}
			got, err := f.readAttribute(cursor(want.Encode(dense)))
			if err != nil || !reflect.DeepEqual(*got, want) {
				t.Errorf("%+v: %v", got, err)
			}
		}
	}
}

// decoders are the decoders of single messages.
var decoders = []func(*wire.Cursor) error{
	func(c *wire.Cursor) error { _, err := readDataspace(c); return err },
	func(c *wire.Cursor) error {
		d, err := readDatatype(c)
		if err == nil {
			d.IsBool()
			d.IsIEEE()
			d.IsPlain()
		}
		return err
	},
	func(c *wire.Cursor) error { _, err := readFillValue(c); return err },
	func(c *wire.Cursor) error { _, err := readFillValueOld(c); return err },
	func(c *wire.Cursor) error { _, err := readLayout(c); return err },
	func(c *wire.Cursor) error { _, err := readFilterPipeline(c); return err },
	func(c *wire.Cursor) error { _, err := readLink(c); return err },
	func(c *wire.Cursor) error { _, _, err := readLinkInfo(c); return err },
	func(c *wire.Cursor) error { _, _, err := readAttributeInfo(c); return err },
	func(c *wire.Cursor) error {
		f := &File{Source: wire.NewSource(bytes.NewReader(nil), 0)}
		_, err := f.readAttribute(c)
		return err
	},
	func(c *wire.Cursor) error { readSymbolTableEntry(c); return c.Err() },
}

// FuzzMessages runs each decoder of a message over arbitrary bytes: an error or
// a value, within the bytes that there are.
func FuzzMessages(f *testing.F) {
	for _, t := range datatypes() {
		f.Add(byte(1), byte(8), t.Encode())
		a := Attribute{Name: "name", Type: t, Space: &Dataspace{Dims: []uint64{1}, Count: 1}, Data: make([]byte, t.Size)}
		f.Add(byte(9), byte(8), a.Encode(false))
	}
	f.Add(byte(0), byte(8), (&Dataspace{Dims: []uint64{2, 3}, MaxDims: []uint64{2, 3}}).Encode())
	f.Add(byte(2), byte(8), EncodeFillValue(true))
	f.Add(byte(4), byte(8), EncodeContiguous(1, 2))
	f.Add(byte(4), byte(4), EncodeChunked(1, []uint64{3, 4}, 8))
	f.Add(byte(4), byte(8), []byte{4, 2, 1, 3, 1, 5, 6, 4, 3, 10, 1, 2, 3, 4, 5, 6, 7, 8})
	f.Add(byte(5), byte(8), EncodeFilterPipeline([]Filter{{ID: 1, Name: "deflate", Values: []uint32{6}}}))
	f.Add(byte(6), byte(8), []byte{1, 8, 1, 1, 'x', 2, 0, '/', 'y'})
	f.Add(byte(7), byte(8), make([]byte, 18))
	f.Add(byte(8), byte(2), EncodeAttributeInfo(1, 2))
	f.Fuzz(func(t *testing.T, which, width byte, b []byte) {
		w := []int{2, 4, 8}[width%3]
		c := wire.NewCursor(b, 0, "fuzz", wire.Sizes{Offset: w, Length: w})
		if err := decoders[int(which)%len(decoders)](c); err == nil && c.Err() != nil {
			t.Error("an error was lost:", c.Err())
		}
	})
}
