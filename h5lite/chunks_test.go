package h5lite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/hornml/horn/h5lite/internal/wire"
)

// chunked is a file with one dataset "x" of 8 chunks, compressed at a level (0: stored as they are), with the addresses of
// its chunks' addresses.
func chunked(t *testing.T, level int) (file []byte, places []int) {
	t.Helper()
	data := make([]int32, 8*64)
	for i := range data {
		data[i] = int32(i)
	}
	tree := NewTree()
	options := []DatasetOption{Chunks(64)}
	if level > 0 {
		options = append(options, Deflate(level))
	}
	tree.Dataset("x", []int{len(data)}, data, options...)
	file = write(t, tree)
	at := bytes.Index(file, []byte("TREE\x01"))
	const key = 4 + 4 + 2*8
	for i := range 8 {
		places = append(places, at+24+i*(key+8)+key)
	}
	return file, places
}

func readX(b []byte, opts ...Option) (any, error) {
	f, err := NewFile(bytes.NewReader(b), int64(len(b)), opts...)
	if err != nil {
		return nil, err
	}
	d, err := f.Root().Dataset("x")
	if err != nil {
		return nil, err
	}
	return d.Read()
}

// TestOverlappingChunks lets chunks share their bytes: libhdf5 reads them, and so does this package, within its limits.
func TestOverlappingChunks(t *testing.T) {
	for _, level := range []int{0, 1} {
		b, places := chunked(t, level)
		copy(b[places[5]:places[5]+8], b[places[2]:places[2]+8])
		if level > 0 {
			size := places[2] - 24
			copy(b[places[5]-24:places[5]-20], b[size:size+4])
		}
		got, err := readX(b)
		if err != nil {
			t.Fatal(err)
		}
		x := got.([]int32)
		if !slices.Equal(x[5*64:6*64], x[2*64:3*64]) || x[0] != 0 || x[7*64] != 7*64 {
			t.Errorf("level %d: %v", level, x)
		}
	}
	b, places := chunked(t, 0)
	shifted := binary.LittleEndian.Uint64(b[places[2]:]) + 4
	binary.LittleEndian.PutUint64(b[places[5]:], shifted)
	if got, err := readX(b); err != nil || got.([]int32)[5*64] != 2*64+1 {
		t.Errorf("chunks that share a part: %v", err)
	}
	// Many chunks at one place multiply what is read: that has the limit of all that grows.
	wide := make([]int32, 1<<20)
	tree := NewTree()
	tree.Dataset("x", []int{len(wide)}, wide, Chunks(len(wide)/64))
	b = write(t, tree)
	at := bytes.Index(b, []byte("TREE\x01")) + 24
	for i := range 64 {
		copy(b[at+i*32+24:at+i*32+32], b[at+24:at+32])
	}
	b = b[:len(b)-63*len(wide)/64*4]
	binary.LittleEndian.PutUint64(b[40:], uint64(len(b)))
	if _, err := readX(b); err != nil {
		t.Errorf("64 chunks at one place, 4 MiB in all: %v", err)
	}
	var l *LimitError
	if _, err := readX(b, WithLimits(Limits{Free: 1 << 20})); !errors.As(err, &l) || !strings.Contains(l.Msg, "overlap") {
		t.Errorf("64 chunks at one place: %v", err)
	}
}

// TestSiblings changes the right sibling of a node: the way from the root down finds all, and libhdf5 goes that way.
func TestSiblings(t *testing.T) {
	data := make([]int32, 100)
	tree := NewTree()
	tree.Dataset("x", []int{len(data)}, data, Chunks(1)) // two leaves
	tree.Dataset("y", []int{64}, data[:64], Chunks(64))
	whole := write(t, tree)
	var nodes []int
	for at := 0; ; at++ {
		i := bytes.Index(whole[at:], []byte("TREE\x01"))
		if i < 0 {
			break
		}
		at += i
		nodes = append(nodes, at)
	}
	if len(nodes) != 4 { // two leaves and their parent, and the tree of y
		t.Fatalf("%d nodes", len(nodes))
	}
	for _, test := range []struct {
		name  string
		node  int
		right uint64
		good  bool
	}{
		{"none", nodes[0], wire.Undefined, true},
		{"a node of another level", nodes[0], uint64(nodes[2]), true},
		{"a node of another dataset", nodes[0], uint64(nodes[3]), true},
		{"itself", nodes[0], uint64(nodes[0]), false},
		{"a circle of two", nodes[1], uint64(nodes[0]), false},
		{"no node", nodes[1], 8, false},
		{"beyond the file", nodes[1], uint64(len(whole)), false},
	} {
		b := bytes.Clone(whole)
		binary.LittleEndian.PutUint64(b[test.node+16:], test.right)
		if _, err := readX(b); (err == nil) != test.good {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	b := bytes.Clone(whole)
	binary.LittleEndian.PutUint64(b[nodes[0]+8:], 8) // the left one, which nobody follows
	if _, err := readX(b); err != nil {
		t.Errorf("the left sibling: %v", err)
	}
}

// TestSingleChunkFlag changes the flags of the only chunk, one of which says that its size after the filters is given, the
// other that partial chunks have no filters. The chunk is whole, so its filters are undone whatever they say.
func TestSingleChunkFlag(t *testing.T) {
	files, _ := readHostile(t)
	b := bytes.Clone(files["h5/base_v3.h5"])
	f, err := NewFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	d, err := f.Root().Dataset("misc/single")
	if err != nil {
		t.Fatal(err)
	}
	want, err := d.Read()
	if err != nil {
		t.Fatal(err)
	}
	// Version, class, flags, rank, width, dimensions and element size of the data layout message.
	message := []byte{5, 2, 2, 3, 1, 9, 9, 4, 1}
	at := bytes.Index(b, message)
	header := bytes.LastIndex(b[:at], []byte("OHDR"))
	if at < 0 || header < 0 {
		t.Fatal("no layout message")
	}
	fix := func(flags byte) []byte {
		b := bytes.Clone(b)
		b[at+2] = flags
		if flags&2 == 0 {
			rest := b[at+len(message):]
			copy(rest, rest[12:20]) // the address, where size and mask were
		}
		size := 0 // of the messages in the first chunk of the header
		p := header + 6
		if b[header+5]&0x20 != 0 {
			p += 16
		}
		if b[header+5]&0x10 != 0 {
			p += 4
		}
		for i := range 1 << (b[header+5] & 3) {
			size |= int(b[p+i]) << (8 * i)
		}
		end := p + 1<<(b[header+5]&3) + size
		binary.LittleEndian.PutUint32(b[end:], wire.Lookup3(b[header:end]))
		return b
	}
	for flags := range byte(4) {
		b := fix(flags)
		f, err := NewFile(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		d, err := f.Root().Dataset("misc/single")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := d.Read(); err != nil || !slices.Equal(got.([]float32), want.([]float32)) {
			t.Errorf("flags %d: %v, %v", flags, got, err)
		}
	}
}
