package filter

import (
	"fmt"
)

// Identifiers of filters (HDF5 File Format Specification, IV.A.2.l, and the
// public registry of filters).
const (
	Deflate    = 1
	Shuffle    = 2
	Fletcher32 = 3
)

// Step is one filter of a pipeline, with what the file says of it.
type Step struct {
	ID     uint16
	Name   string
	Values []uint32
}

// names are the filters that exist and are not applied here.
var names = map[uint16]string{
	4: "szip", 5: "nbit", 6: "scaleoffset", 305: "lzo", 307: "bzip2", 32000: "lzf", 32001: "blosc", 32002: "mafisc",
	32003: "snappy", 32004: "lz4", 32008: "bitshuffle", 32013: "zfp", 32015: "zstd", 32017: "sz", 32026: "blosc2",
}

// Name tells a filter by its registered name, else by the file's name for it
// and its number.
func (s Step) String() string {
	switch s.ID {
	case Deflate:
		return "deflate"
	case Shuffle:
		return "shuffle"
	case Fletcher32:
		return "fletcher32"
	}
	if n, ok := names[s.ID]; ok {
		return fmt.Sprintf("%s (filter %d)", n, s.ID)
	}
	if s.Name != "" {
		return fmt.Sprintf("filter %d (%q)", s.ID, s.Name)
	}
	return fmt.Sprintf("filter %d", s.ID)
}

// Supported reports whether a filter can be undone.
func (s Step) Supported() bool { return s.ID >= Deflate && s.ID <= Fletcher32 }

// Decode undoes the steps, last one first, except those of mask, and gives a
// chunk of exactly size bytes. It may change and return raw. Memory stays
// within a small multiple of size and of len(raw).
func Decode(steps []Step, mask uint32, raw []byte, size int) ([]byte, error) {
	// What each step has to give back: checksums before it in the pipeline are
	// still attached. Before an earlier deflate the size is known by bound only.
	want := make([]int, len(steps))
	exact := true
	n := size
	for i, s := range steps {
		want[i] = n
		if !exact {
			want[i] = -1
		}
		if mask>>i&1 != 0 {
			continue
		}
		switch s.ID {
		case Fletcher32:
			n += 4
		case Deflate:
			exact = false
		}
	}
	for i := len(steps) - 1; i >= 0; i-- {
		if mask>>i&1 != 0 {
			continue
		}
		var err error
		switch s := steps[i]; s.ID {
		case Deflate:
			if len(s.Values) != 1 || s.Values[0] > 9 {
				err = fmt.Errorf("client values %d, want one level of 0 to 9", s.Values)
				break
			}
			raw, err = inflate(raw, want[i], size+size/8+4096)
		case Shuffle:
			raw, err = unshuffle(raw, s.Values)
		case Fletcher32:
			raw, err = checkFletcher32(raw)
		default:
			err = fmt.Errorf("not supported")
		}
		if err != nil {
			return nil, fmt.Errorf("%v: %w", steps[i], err)
		}
	}
	if len(raw) != size {
		return nil, fmt.Errorf("%d bytes after all filters, want %d", len(raw), size)
	}
	return raw, nil
}
