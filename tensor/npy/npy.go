// Package npy reads and writes NumPy's .npy arrays and .npz archives of them.
//
// Arrays of bools, integers, floats, and fixed-length strings are read in either byte order and either memory order; arrays of Python
// objects, which are pickles and so programs, are refused. Sizes are checked against the data before anything is
// allocated. Format: numpy.lib.format, versions 1 to 3.
package npy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hornml/horn/tensor"
)

const magic = "\x93NUMPY"

// maxHeader bounds the text that describes an array.
const maxHeader = 1 << 20

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

// Decode reads one .npy array.
func Decode(data []byte) (tensor.Any, error) {
	if len(data) < 10 || string(data[:6]) != magic {
		return nil, fmt.Errorf("npy: not a .npy file")
	}
	size, start := int(binary.LittleEndian.Uint16(data[8:])), 10
	if data[6] >= 2 {
		if len(data) < 12 {
			return nil, fmt.Errorf("npy: the header is cut off")
		}
		size, start = int(min(binary.LittleEndian.Uint32(data[8:]), maxHeader+1)), 12
	}
	if size > maxHeader || size > len(data)-start {
		return nil, fmt.Errorf("npy: the header is cut off")
	}
	header := string(data[start : start+size])
	descr, isText := field(header, "descr", "'")
	fortran, isBool := field(header, "fortran_order", ",}")
	dims, isTuple := field(header, "shape", ")")
	descr, quoted := strings.CutPrefix(descr, "'")
	dims, opened := strings.CutPrefix(dims, "(")
	fortran = strings.TrimSpace(fortran)
	if !isText || !isBool || !isTuple || !quoted || !opened || fortran != "True" && fortran != "False" {
		return nil, fmt.Errorf("npy: the header %.80q is not understood", header)
	}
	var shape []int
	for _, s := range strings.Split(dims, ",") {
		if s = strings.TrimSpace(s); s != "" {
			d, err := strconv.Atoi(s)
			if err != nil || d < 0 {
				return nil, fmt.Errorf("npy: the shape (%s) is not understood", dims)
			}
			shape = append(shape, d)
		}
	}
	count, ok := tensor.SizeOf(shape)
	if !ok {
		return nil, fmt.Errorf("npy: the shape (%s) is impossible", dims)
	}
	if fortran == "True" { // the first axis varies fastest: the array of the axes in reverse
		slices.Reverse(shape)
		t, err := decodeElements(descr, data[start+size:], shape, count)
		if err != nil {
			return nil, err
		}
		slices.Reverse(shape)
		return tensor.Reshape(tensor.Transpose(t), shape...), nil
	}
	return decodeElements(descr, data[start+size:], shape, count)
}

// dtypes are NumPy's names of the types of numbers, without their byte order.
var dtypes = map[string]tensor.DType{
	"f2": tensor.Float16, "f4": tensor.Float32, "f8": tensor.Float64, "i1": tensor.Int8, "i2": tensor.Int16, "i4": tensor.Int32,
	"i8": tensor.Int64, "u1": tensor.Uint8, "u2": tensor.Uint16, "u4": tensor.Uint32, "u8": tensor.Uint64,
}

func decodeElements(descr string, data []byte, shape []int, count int) (tensor.Any, error) {
	unsupported := fmt.Errorf("npy: the type %q is not supported", descr)
	if len(descr) < 3 {
		return nil, unsupported
	}
	var order binary.ByteOrder = binary.LittleEndian
	if descr[0] == '>' {
		order = binary.BigEndian
	}
	kind := descr[1:]
	width, err := strconv.Atoi(kind[1:])
	if err != nil || width < 0 || width > 1<<20 {
		return nil, unsupported
	}
	bytesEach := width
	if kind[0] == 'U' {
		bytesEach *= 4
	}
	if bytesEach > 0 && count > len(data)/bytesEach {
		return nil, fmt.Errorf("npy: %d elements of %d bytes are declared, %d bytes are there", count, bytesEach, len(data))
	}
	if bytesEach == 0 && count > 1<<20 {
		return nil, fmt.Errorf("npy: %d elements without content", count)
	}
	data = data[:count*bytesEach]
	if d, ok := dtypes[kind]; ok {
		t := tensor.NewAny(d, shape...)
		_, err := binary.Decode(data, order, t.Raw())
		return t, err
	}
	switch {
	case kind == "b1":
		t := tensor.Zeros[bool](shape...)
		for i, v := range data {
			t.Data()[i] = v != 0
		}
		return t, nil
	case kind[0] == 'S', kind[0] == 'U':
		t := tensor.Zeros[string](shape...)
		for i := range count {
			t.Data()[i] = decodeString(kind[0], data[i*bytesEach:(i+1)*bytesEach], order)
		}
		return t, nil
	case kind[0] == 'O':
		return nil, fmt.Errorf("npy: an array of Python objects is a pickle, which is a program and not read")
	}
	return nil, unsupported
}

// decodeString reads a string of bytes (kind S) or of UTF-32 (kind U), which is filled up with zeros.
func decodeString(kind byte, data []byte, order binary.ByteOrder) string {
	if kind == 'S' {
		return string(bytes.TrimRight(data, "\x00"))
	}
	var b []byte
	for ; len(data) > 0; data = data[4:] {
		b = utf8.AppendRune(b, rune(order.Uint32(data)))
	}
	return strings.TrimRight(string(b), "\x00")
}

// Encode writes one .npy array, version 1, little-endian, in C order. Strings are written as fixed-length Unicode,
// bfloat16 as float32.
func Encode(w io.Writer, t tensor.Any) error {
	data := t.Raw()
	var descr string
	switch x := t.(type) {
	case *tensor.Of[bool]:
		descr = "|b1"
	case *tensor.Of[string]:
		data, descr = encodeStrings(x.Data())
	case *tensor.Of[tensor.BHalf]:
		f, err := tensor.ToFloat32(t)
		if err != nil {
			return err
		}
		data, descr = f.Data(), "<f4"
	default:
		for name, d := range dtypes {
			if d == t.DType() {
				descr = "<" + name
			}
		}
		if t.DType().Size() == 1 {
			descr = "|" + descr[1:] // one byte has no order
		}
	}
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, tensor.FormatShape(t.Shape()))
	pad := 64 - (10+len(header)+1)%64
	header += strings.Repeat(" ", pad%64) + "\n"
	out := append([]byte(magic), 1, 0)
	out = binary.LittleEndian.AppendUint16(out, uint16(len(header)))
	if _, err := w.Write(append(out, header...)); err != nil {
		return err
	}
	return binary.Write(w, binary.LittleEndian, data)
}

func encodeStrings(s []string) (data any, descr string) {
	width := 1
	for _, v := range s {
		width = max(width, utf8.RuneCountInString(v))
	}
	runes := make([]uint32, len(s)*width)
	for i, v := range s {
		k := i * width
		for _, r := range v {
			runes[k] = uint32(r)
			k++
		}
	}
	return runes, fmt.Sprintf("<U%d", width)
}
