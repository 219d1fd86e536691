package format

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/hornml/horn/h5lite/internal/wire"
)

// structures are readers of one structure each, with all that it leads to.
var structures = []struct {
	signature string // what a seed has at its address
	read      func(f *File, addr uint64, n uint32) error
}{
	{"\x01\x00", readObject},
	{"OHDR", readObject},
	{"HEAP", func(f *File, addr uint64, n uint32) error {
		h, err := f.readLocalHeap(addr, addr)
		if err == nil {
			_, err = h.name(uint64(n))
		}
		return err
	}},
	{"SNOD", func(f *File, addr uint64, n uint32) error {
		_, err := f.symbolNode(nil, addr, addr, &localHeap{data: make([]byte, 4096)})
		return err
	}},
	{"TREE\x00", func(f *File, addr uint64, n uint32) error {
		return f.walkBTree1(addr, addr, nil, func(uint64, *btree1Key) error { return nil })
	}},
	{"TREE\x01", chunksOf(IndexBTree1)},
	{"BTHD", func(f *File, addr uint64, n uint32) error {
		sizes := func(typ uint8) int { return []int{24, 11, 17, 24, 36}[n%5] }
		return f.walkBTree2(addr, addr, []uint8{1, 5, 8, 10, 11}, sizes, func([]byte, int64) error { return nil })
	}},
	{"BTHD", chunksOf(IndexBTree2)},
	{"FRHP", func(f *File, addr uint64, n uint32) error {
		h, err := f.readFractalHeap(addr, addr, 7+int(n%2))
		if err != nil {
			return err
		}
		_, err = h.object([]byte{byte(n >> 28 << 4), byte(n), byte(n >> 8), 0, 0, byte(n >> 16), 0, 0}[:h.idLen])
		return err
	}},
	{"GCOL", func(f *File, addr uint64, n uint32) error {
		_, err := f.GlobalHeapObject(addr, n>>16, uint64(n&0xffff))
		return err
	}},
	{"FAHD", chunksOf(IndexFixedArray)},
	{"EAHD", chunksOf(IndexExtensibleArray)},
	{"SMTB", func(f *File, addr uint64, n uint32) error {
		_, err := f.readSharedTable(addr, int(n%9))
		return err
	}},
}

// readObject reads an object header and everything that its messages lead to.
func readObject(f *File, addr uint64, n uint32) error {
	h, err := f.ReadHeader(addr)
	if err != nil {
		return err
	}
	if _, err := f.Attributes(h); err != nil {
		return err
	}
	kind, err := h.Kind(f)
	switch {
	case err != nil:
		return err
	case kind == KindGroup:
		_, err = f.Links(h)
		return err
	case kind == KindDatatype:
		_, err = f.Datatype(h)
		return err
	}
	d, err := f.Dataset(h)
	if err != nil || d.Layout.Class != Chunked {
		return err
	}
	_, err = f.Chunks(d, addr)
	return err
}

// chunksOf reads a chunk index, as if a dataset had it whose shape n gives.
func chunksOf(index IndexType) func(f *File, addr uint64, n uint32) error {
	return func(f *File, addr uint64, n uint32) error {
		d := &Dataset{Type: NewFloat(4), Space: &Dataspace{}, Layout: &Layout{Class: Chunked, Addr: addr, ElementSize: 4, Index: index}}
		d.Layout.PageBits = uint8(n >> 24 % 12)
		rank := 1 + int(n%3)
		d.Space.Count = 1
		for i := range rank {
			dim, chunk := uint64(1+n>>(4*i)%50), uint64(1+n>>(5*i)%7)
			d.Space.Dims = append(d.Space.Dims, dim)
			d.Layout.Chunk = append(d.Layout.Chunk, chunk)
			d.Space.Count *= dim
			m := dim
			if index == IndexExtensibleArray && i == int(n>>8)%rank || index == IndexBTree2 {
				m = Unlimited
			}
			d.Space.MaxDims = append(d.Space.MaxDims, m)
		}
		if n>>7&1 != 0 {
			d.Filters = []Filter{{ID: 1}}
		}
		_, err := f.Chunks(d, addr)
		return err
	}
}

// FuzzStructures reads one structure at an address of a file of arbitrary
// bytes. Checksums that do not match are put right, so that damage gets behind
// them.
func FuzzStructures(f *testing.F) {
	for _, name := range []string{"../../testdata/hostile.zip", "../../testdata/h5corpus.zip"} {
		z, err := zip.OpenReader(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range z.File {
			if strings.HasSuffix(file.Name, ".json") || file.UncompressedSize64 > 12<<10 {
				continue
			}
			r, err := file.Open()
			if err != nil {
				f.Fatal(err)
			}
			b, err := io.ReadAll(r)
			if err != nil {
				f.Fatal(err)
			}
			for kind, s := range structures {
				if at := bytes.Index(b, []byte(s.signature)); at >= 0 {
					f.Add(b, byte(kind), uint32(at), uint32(len(b)*7))
				}
			}
		}
		z.Close()
	}
	mismatch := regexp.MustCompile(`checksum is 0x([0-9a-f]+), the content has 0x([0-9a-f]+)`)
	f.Fuzz(func(t *testing.T, b []byte, kind byte, addr, n uint32) {
		b = bytes.Clone(b)
		for range 10 {
			src := wire.NewSource(bytes.NewReader(b), int64(len(b)))
			file := &File{Source: src, heaps: map[uint64]*globalHeap{}, Super: Superblock{LeafK: 4, GroupK: 16, ChunkK: 32}}
			file.shared = func() (*sharedTable, error) { return file.readSharedTable(uint64(n), 1) }
			err := structures[int(kind)%len(structures)].read(file, uint64(addr), n)
			if err == nil {
				return
			}
			var e *wire.Error
			if !errors.As(err, &e) {
				t.Fatal(err)
			}
			m := mismatch.FindStringSubmatch(e.Msg)
			if m == nil || e.Offset > int64(len(b)) {
				return
			}
			is, _ := strconv.ParseUint(m[1], 16, 32)
			want, _ := strconv.ParseUint(m[2], 16, 32)
			at := bytes.Index(b[e.Offset:], le.AppendUint32(nil, uint32(is)))
			if at < 0 {
				return
			}
			le.PutUint32(b[int(e.Offset)+at:], uint32(want))
		}
	})
}
