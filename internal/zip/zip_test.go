package zip

import (
	std "archive/zip"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"strings"
	"testing"
)

// bodies are what the archives of the tests hold, under their numbers.
func bodies() [][]byte {
	return [][]byte{nil, []byte("some text"), bytes.Repeat([]byte("0123456789abcdef"), 40)}
}

func name(i int) string { return fmt.Sprintf("directory/\u00e9 %d", i) }

// written is an archive of stored and deflated entries.
func written(t testing.TB) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := NewWriter(&buf)
	for i, b := range bodies() {
		w, err := z.Stored(name(2*i), uint64(len(b)), crc32.ChecksumIEEE(b), Stamp{Date: 1<<5 | 1})
		if err == nil {
			_, err = w.Write(b)
		}
		if err != nil {
			t.Fatal(err)
		}
		if w, err = z.Deflated(name(2*i + 1)); err == nil {
			_, err = w.Write(b)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// foreign is the same archive as the standard library writes it.
func foreign(t testing.TB) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := std.NewWriter(&buf)
	for i, b := range bodies() {
		for k, method := range []uint16{std.Store, std.Deflate} {
			w, err := z.CreateHeader(&std.FileHeader{Name: name(2*i + k), Method: method})
			if err == nil {
				_, err = w.Write(b)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := z.SetComment("a comment"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// unpack returns the unpacked entries of an archive.
func unpack(data []byte) (names []string, contents [][]byte, err error) {
	a, err := Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, nil, err
	}
	for _, e := range a.Entries {
		r, err := e.Open()
		if err != nil {
			return nil, nil, err
		}
		b, err := io.ReadAll(io.LimitReader(r, 1<<20))
		if err != nil {
			return nil, nil, err
		}
		names, contents = append(names, e.Name), append(contents, b)
	}
	return names, contents, nil
}

// TestReadsAndWrites reads what both write, with what may stand before an archive.
func TestReadsAndWrites(t *testing.T) {
	for which, data := range map[string][]byte{
		"own": written(t), "the library's": foreign(t), "own behind others": append([]byte("#!/bin/sh\n"), written(t)...),
		"the library's behind others": append([]byte("PK\x01\x02 no archive"), foreign(t)...),
	} {
		names, contents, err := unpack(data)
		if err != nil || len(names) != 2*len(bodies()) {
			t.Fatalf("%s: %d entries, %v", which, len(names), err)
		}
		for i := range names {
			if names[i] != name(i) || !bytes.Equal(contents[i], bodies()[i/2]) {
				t.Errorf("%s: entry %d is %q with %d bytes", which, i, names[i], len(contents[i]))
			}
		}
	}
	z, err := std.NewReader(bytes.NewReader(written(t)), int64(len(written(t))))
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil || f.Name != name(i) || f.NonUTF8 || !bytes.Equal(b, bodies()[i/2]) {
			t.Errorf("the library reads entry %d as %q with %d bytes, %v", i, f.Name, len(b), err)
		}
	}
}

// TestWide reads headers of sizes and places that need 64 bits, and an archive of more entries than 16 bits count.
func TestWide(t *testing.T) {
	for _, c := range []struct {
		stored, unpacked uint64
		header           int64
	}{
		{5, 5, 10}, {5, 5, Wide - 1}, {5, 5, Wide}, {5, 5, 1 << 40}, {Wide - 1, Wide - 1, 0}, {Wide, Wide, 0}, {7, 1 << 50, 1 << 41},
		{1 << 50, 7, 3},
	} {
		e := &entry{Entry: Entry{Name: "x", Stored: c.stored, Unpacked: c.unpacked, Header: c.header}}
		got, err := readEntry(bytes.NewReader(appendDirectory(nil, e)))
		if err != nil || got.Stored != c.stored || got.Unpacked != c.unpacked || got.Header != c.header {
			t.Errorf("%+v becomes %+v, %v", c, got, err)
		}
		local := appendLocal(nil, e)
		stored, unpacked := uint64(le.Uint32(local[18:])), uint64(le.Uint32(local[22:]))
		if !Wides(local[LocalSize+1:], &unpacked, &stored) || stored != c.stored || unpacked != c.unpacked {
			t.Errorf("%+v becomes %d of %d in the local header", c, stored, unpacked)
		}
	}
	var buf bytes.Buffer
	z := NewWriter(&buf)
	const many = math.MaxUint16 + 10
	for i := range many {
		if _, err := z.Stored(fmt.Sprint(i), 0, 0, Stamp{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	data := buf.Bytes()
	a, err := Read(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(a.Entries) != many || a.Entries[many-1].Name != fmt.Sprint(many-1) {
		t.Errorf("many entries: %v", err)
	}
	if a, err := std.NewReader(bytes.NewReader(data), int64(len(data))); err != nil || len(a.File) != many {
		t.Errorf("the library reads many entries: %v", err)
	}
	if _, err := z.Stored(strings.Repeat("x", 1<<16), 0, 0, Stamp{}); err == nil {
		t.Error("a name of 64 KiB is written")
	}
}

// TestDamage reads archives that are cut off, and entries that are not what the directory says.
func TestDamage(t *testing.T) {
	for _, data := range [][]byte{written(t), foreign(t)} {
		for n := range data {
			if names, _, err := unpack(data[:n]); err == nil {
				t.Fatalf("%d of %d bytes are an archive of %q", n, len(data), names)
			}
		}
	}
	one := func(change func(*std.FileHeader)) []byte {
		h := &std.FileHeader{Name: "x", CRC32: crc32.ChecksumIEEE([]byte("body")), CompressedSize64: 4, UncompressedSize64: 4}
		change(h)
		var buf bytes.Buffer
		z := std.NewWriter(&buf)
		w, err := z.CreateRaw(h)
		if err == nil {
			_, err = w.Write([]byte("body"))
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return buf.Bytes()
	}
	for _, c := range []struct {
		what   string
		change func(*std.FileHeader)
		want   error
	}{
		{"nothing", func(*std.FileHeader) {}, nil},
		{"another checksum", func(h *std.FileHeader) { h.CRC32++ }, ErrChecksum},
		{"no checksum", func(h *std.FileHeader) { h.CRC32 = 0 }, ErrChecksum},
		{"less", func(h *std.FileHeader) { h.UncompressedSize64 = 3 }, ErrFormat},
		{"more", func(h *std.FileHeader) { h.UncompressedSize64 = 5 }, io.ErrUnexpectedEOF},
		{"more than the file", func(h *std.FileHeader) { h.CompressedSize64 = 1 << 63 }, io.ErrUnexpectedEOF},
		{"encrypted", func(h *std.FileHeader) { h.Flags |= FlagEncrypted }, ErrMethod},
		{"another method", func(h *std.FileHeader) { h.Method = 12 }, ErrMethod},
	} {
		if _, _, err := unpack(one(c.change)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.what, err, c.want)
		}
	}
}

// FuzzRead looks for archives that panic or in which this package finds other entries than the standard library.
func FuzzRead(f *testing.F) {
	f.Add(written(f))
	f.Add(foreign(f))
	f.Add(append([]byte("#!/bin/sh\n"), written(f)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		names, contents, err := unpack(data)
		if err != nil {
			return
		}
		z, err := std.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil || len(z.File) != len(names) {
			t.Fatalf("%q are no entries to the library, %v", names, err)
		}
		for i, file := range z.File {
			if file.Name != names[i] {
				t.Fatalf("entry %d is %q, to the library %q", i, names[i], file.Name)
			}
			if strings.HasSuffix(file.Name, "/") {
				continue
			}
			r, err := file.Open()
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(io.LimitReader(r, 1<<20))
			if file.Flags&FlagDescriptor == 0 && (err != nil || !bytes.Equal(b, contents[i])) {
				t.Fatalf("entry %d has other bytes to the library, %v", i, err)
			}
		}
	})
}
