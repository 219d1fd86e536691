package filter

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/adler32"
	"math/rand/v2"
	"strings"
	"testing"
)

// slowFletcher32 is the definition: sums of 16-bit words modulo 65535, where a
// sum that is a multiple of it and not 0 is 65535.
func slowFletcher32(b []byte) uint32 {
	mod := func(s uint32) uint32 {
		if s > 65535 {
			s -= 65535
		}
		return s
	}
	var s1, s2 uint32
	for i := 0; i < len(b); i += 2 {
		w := uint32(b[i]) << 8
		if i+1 < len(b) {
			w |= uint32(b[i+1])
		}
		s1 = mod(s1 + w)
		s2 = mod(s2 + s1)
	}
	return s2<<16 | s1
}

func TestFletcher32(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 300 {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rng.Uint32() >> (8 * (n % 2)))
		}
		if got, want := fletcher32(b), slowFletcher32(b); got != want {
			t.Errorf("%d bytes: %#x, want %#x", n, got, want)
		}
	}
	for _, x := range []byte{0, 1, 0xff} {
		b := bytes.Repeat([]byte{x}, 1<<20+1)
		if got, want := fletcher32(b), slowFletcher32(b); got != want {
			t.Errorf("%#x repeated: %#x, want %#x", x, got, want)
		}
	}
}

// encode applies a pipeline as a writer does.
func encode(t testing.TB, steps []Step, b []byte) []byte {
	t.Helper()
	for _, s := range steps {
		switch s.ID {
		case Shuffle:
			b = ShuffleBytes(b, int(s.Values[0]))
		case Deflate:
			var out bytes.Buffer
			if err := Compress(&out, b, int(s.Values[0])); err != nil {
				t.Fatal(err)
			}
			b = out.Bytes()
		case Fletcher32:
			sum := fletcher32(b)
			b = append(bytes.Clone(b), byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24))
		}
	}
	return b
}

var pipelines = [][]Step{
	{},
	{{ID: Deflate, Values: []uint32{1}}},
	{{ID: Shuffle, Values: []uint32{4}}, {ID: Deflate, Values: []uint32{6}}},
	{{ID: Shuffle, Values: []uint32{8}}, {ID: Deflate, Values: []uint32{9}}, {ID: Fletcher32}},
	{{ID: Fletcher32}, {ID: Shuffle, Values: []uint32{2}}, {ID: Deflate, Values: []uint32{4}}},
	{{ID: Deflate, Values: []uint32{1}}, {ID: Deflate, Values: []uint32{1}}},
	{{ID: Fletcher32}, {ID: Fletcher32}},
}

func TestDecodeUndoesEncode(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, steps := range pipelines {
		for _, n := range []int{0, 1, 3, 4, 5, 17, 1000, 70001} {
			b := make([]byte, n)
			for i := range b {
				b[i] = byte(rng.IntN(5))
			}
			raw := encode(t, steps, bytes.Clone(b))
			if got, err := Decode(steps, 0, bytes.Clone(raw), n); err != nil || !bytes.Equal(got, b) {
				t.Errorf("%v, %d bytes: %v", steps, n, err)
			}
			if _, err := Decode(steps, 0, raw, n+1); err == nil {
				t.Errorf("%v, %d bytes: one more was not missed", steps, n)
			}
		}
	}
}

func TestDecodeLeavesOutMasked(t *testing.T) {
	steps := pipelines[3]
	b := []byte("12345678abcdefgh")
	for mask := uint32(0); mask < 8; mask++ {
		var used []Step
		for i, s := range steps {
			if mask>>i&1 == 0 {
				used = append(used, s)
			}
		}
		if got, err := Decode(steps, mask, encode(t, used, bytes.Clone(b)), len(b)); err != nil || !bytes.Equal(got, b) {
			t.Errorf("mask %b: %v", mask, err)
		}
	}
}

func TestDecodeNamesTheFilter(t *testing.T) {
	for _, s := range []Step{{ID: 4}, {ID: 32000}, {ID: 999, Name: "mine"}} {
		if _, err := Decode([]Step{s}, 0, nil, 0); err == nil || !strings.Contains(err.Error(), s.String()) {
			t.Errorf("%v: %v", s, err)
		}
		if s.Supported() {
			t.Errorf("%v is supported", s)
		}
	}
}

// TestDecodeRefusesUnfinished cuts deflated chunks wherever all elements are there already: libhdf5 takes none of them.
func TestDecodeRefusesUnfinished(t *testing.T) {
	data := bytes.Repeat([]byte("elements of a chunk "), 40)
	for level := range uint32(10) {
		steps := []Step{{ID: Deflate, Values: []uint32{level}}}
		whole := encode(t, steps, bytes.Clone(data))
		for cut := range len(whole) {
			if _, err := Decode(steps, 0, bytes.Clone(whole[:cut]), len(data)); err == nil {
				t.Errorf("level %d: the first %d bytes of %d are taken for a chunk", level, cut, len(whole))
			}
		}
		changed := bytes.Clone(whole)
		changed[len(changed)-1]++
		if _, err := Decode(steps, 0, changed, len(data)); err == nil {
			t.Errorf("level %d: a wrong Adler-32", level)
		}
		if got, err := Decode(steps, 0, append(bytes.Clone(whole), "behind"...), len(data)); err != nil || !bytes.Equal(got, data) {
			t.Errorf("level %d, with bytes behind the end as libhdf5 takes them: %v", level, err)
		}
	}
	// All elements and an Adler-32, but no last block.
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	if _, err := z.Write(data); err != nil || z.Flush() != nil {
		t.Fatal(err)
	}
	sum := adler32.Checksum(data)
	for _, raw := range [][]byte{b.Bytes(), binary.BigEndian.AppendUint32(bytes.Clone(b.Bytes()), sum)} {
		if _, err := Decode(pipelines[1], 0, bytes.Clone(raw), len(data)); err == nil {
			t.Error("a chunk without a last block")
		}
	}
}

// TestDecodeChecksClientValues holds the settings of filters against what libhdf5 demands of them.
func TestDecodeChecksClientValues(t *testing.T) {
	data := []byte("sixteen elements")
	packed := encode(t, pipelines[1], bytes.Clone(data))
	for _, values := range [][]uint32{nil, {10}, {1, 2}} {
		if _, err := Decode([]Step{{ID: Deflate, Values: values}}, 0, bytes.Clone(packed), len(data)); err == nil {
			t.Errorf("deflate with %d", values)
		}
	}
	for _, values := range [][]uint32{nil, {0}, {4, 4}} {
		if _, err := Decode([]Step{{ID: Shuffle, Values: values}}, 0, bytes.Clone(data), len(data)); err == nil {
			t.Errorf("shuffle with %d", values)
		}
	}
}

// TestFletcher32OfOldLibraries reads checksums as HDF5 1.6.2 wrote them, and no others.
func TestFletcher32OfOldLibraries(t *testing.T) {
	data := []byte("sixteen elements")
	sum := fletcher32(data)
	one, two, three, four := byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24)
	for _, test := range []struct {
		sum  [4]byte
		good bool
	}{
		{[4]byte{one, two, three, four}, true},
		{[4]byte{two, one, four, three}, true},
		{[4]byte{four, three, two, one}, false},
		{[4]byte{three, four, one, two}, false},
		{[4]byte{one ^ 1, two, three, four}, false},
	} {
		_, err := Decode([]Step{{ID: Fletcher32}}, 0, append(bytes.Clone(data), test.sum[:]...), len(data))
		if (err == nil) != test.good {
			t.Errorf("%x of %08x: %v", test.sum, sum, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for i := range pipelines {
		b := []byte("some bytes, some bytes, some bytes")
		f.Add(encode(f, pipelines[i], bytes.Clone(b)), byte(i), uint32(0), uint16(len(b)))
	}
	f.Fuzz(func(t *testing.T, raw []byte, pipeline byte, mask uint32, size uint16) {
		steps := pipelines[int(pipeline)%len(pipelines)]
		b, err := Decode(steps, mask, bytes.Clone(raw), int(size))
		if err == nil && len(b) != int(size) {
			t.Errorf("%d bytes, want %d", len(b), size)
		}
		// Whatever bytes there are, they survive the way out and back.
		again, err := Decode(steps, 0, encode(t, steps, bytes.Clone(raw)), len(raw))
		if err != nil || !bytes.Equal(again, raw) {
			t.Errorf("%v: %v", steps, err)
		}
	})
}
