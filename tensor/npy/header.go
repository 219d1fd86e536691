package npy

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/hornml/horn/tensor"
)

const (
	magic = "\x93NUMPY"
	// maxHeader bounds the text that describes an array. NumPy takes 10,000 characters.
	maxHeader = 1 << 16
	// maxRank is NumPy's.
	maxRank = 64
)

// Header is what a .npy array says of itself.
type Header struct {
	Shape []int
	DType tensor.DType

	kind    byte // NumPy's: f, i, u, b, S, U
	width   int  // of an element in the file, in bytes
	bytes   int64
	length  int64 // of the header, with what is before it
	count   int
	fortran bool // the first axis varies fastest
	order   binary.ByteOrder
}

// Memory is the number of bytes that the array takes when it is read, an estimate for strings.
func (h *Header) Memory() int64 {
	each := int64(h.DType.Size())
	if h.DType == tensor.String {
		each += int64(h.width)
	}
	if int64(h.count) > math.MaxInt64/max(each, 1) {
		return math.MaxInt64
	}
	return int64(h.count) * each
}

// readHeader reads from the start of a file up to its elements.
func readHeader(r io.Reader) (*Header, error) {
	var start [12]byte
	if _, err := io.ReadFull(r, start[:10]); err != nil || string(start[:6]) != magic {
		return nil, fmt.Errorf("npy: not a .npy file")
	}
	cut := fmt.Errorf("npy: the header is cut off")
	size, length := int64(binary.LittleEndian.Uint16(start[8:])), int64(10)
	if start[6] >= 2 {
		if _, err := io.ReadFull(r, start[10:]); err != nil {
			return nil, cut
		}
		size, length = int64(binary.LittleEndian.Uint32(start[8:])), 12
	}
	if size > maxHeader {
		return nil, fmt.Errorf("npy: the header has %d bytes, more than %d", size, maxHeader)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, cut
	}
	h := &Header{length: length + size}
	return h, h.parse(string(text))
}

// parse reads the text of a header, a Python dict.
func (h *Header) parse(header string) error {
	descr, isText := field(header, "descr", "'")
	fortran, isBool := field(header, "fortran_order", ",}")
	dims, isTuple := field(header, "shape", ")")
	descr, quoted := strings.CutPrefix(descr, "'")
	dims, opened := strings.CutPrefix(dims, "(")
	fortran = strings.TrimSpace(fortran)
	if !isText || !isBool || !isTuple || !quoted || !opened || fortran != "True" && fortran != "False" {
		return fmt.Errorf("npy: the header %s is not understood", shorten(strconv.Quote(header)))
	}
	h.fortran = fortran == "True"
	if n := strings.Count(dims, ","); n > maxRank {
		return fmt.Errorf("npy: the shape has %d dimensions, NumPy has %d at most", n, maxRank)
	}
	for s := range strings.SplitSeq(dims, ",") {
		if s = strings.TrimSpace(s); s != "" {
			d, err := strconv.Atoi(s)
			if err != nil || d < 0 {
				return fmt.Errorf("npy: the shape (%s) is not understood", shorten(dims))
			}
			h.Shape = append(h.Shape, d)
		}
	}
	if len(h.Shape) > maxRank {
		return fmt.Errorf("npy: the shape has %d dimensions, NumPy has %d at most", len(h.Shape), maxRank)
	}
	count, ok := tensor.SizeOf(h.Shape)
	if !ok {
		return fmt.Errorf("npy: the shape (%s) is impossible", shorten(dims))
	}
	h.count = count
	return h.element(descr)
}

// field returns what stands after a key in the header, up to the first of the ends, such as "(2, 3" for 'shape': (2, 3).
func field(header, key, ends string) (string, bool) {
	_, rest, ok := strings.Cut(header, "'"+key+"'")
	if !ok {
		return "", false
	}
	rest, ok = strings.CutPrefix(strings.TrimLeft(rest, " \t\r\n\f"), ":")
	if !ok {
		return "", false
	}
	rest = strings.TrimLeft(rest, " \t\r\n\f")
	end := strings.IndexAny(rest[min(1, len(rest)):], ends)
	if end < 0 {
		return "", false
	}
	return rest[:end+1], true
}

// shorten cuts a text of a file for a message.
func shorten(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

// numbers are NumPy's names of the types of numbers, without their byte order.
var numbers = map[string]tensor.DType{
	"f2": tensor.Float16, "f4": tensor.Float32, "f8": tensor.Float64, "i1": tensor.Int8, "i2": tensor.Int16, "i4": tensor.Int32,
	"i8": tensor.Int64, "u1": tensor.Uint8, "u2": tensor.Uint16, "u4": tensor.Uint32, "u8": tensor.Uint64, "b1": tensor.Bool,
}

// element reads the type of the elements, such as "<f4".
func (h *Header) element(descr string) error {
	unsupported := fmt.Errorf("npy: the type %q is not supported", shorten(descr))
	if len(descr) > 1 && descr[1] == 'O' {
		return fmt.Errorf("npy: an array of Python objects is a pickle, which is a program and not read")
	}
	if len(descr) < 3 || !strings.ContainsRune("<>|=", rune(descr[0])) {
		return unsupported
	}
	h.order = binary.LittleEndian
	if descr[0] == '>' {
		h.order = binary.BigEndian
	}
	name := descr[1:]
	h.kind = name[0]
	width, err := strconv.Atoi(name[1:])
	if err != nil || width < 0 || width > 1<<28 {
		return unsupported
	}
	h.width = width
	switch d, ok := numbers[name]; {
	case ok:
		h.DType = d
	case h.kind == 'S':
		h.DType = tensor.String
	case h.kind == 'U':
		h.DType = tensor.String
		h.width *= 4
	default:
		return unsupported
	}
	if int64(h.count) > math.MaxInt64/int64(max(h.width, 1)) {
		return fmt.Errorf("npy: the shape %s is impossible", tensor.FormatShape(h.Shape))
	}
	if h.width == 0 && h.count > 1<<20 {
		return fmt.Errorf("npy: %d elements without content", h.count)
	}
	h.bytes = int64(h.count) * int64(h.width)
	return nil
}

// cShape is the shape in which the elements follow each other with the last axis fastest. Axes of one element change
// nothing, and would cost time for each element where axes are exchanged.
func (h *Header) cShape() []int {
	if !h.fortran {
		return h.Shape
	}
	shape := slices.DeleteFunc(slices.Clone(h.Shape), func(d int) bool { return d == 1 })
	slices.Reverse(shape)
	return shape
}
