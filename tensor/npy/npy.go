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
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hornml/horn/tensor"
)

const magic = "\x93NUMPY"

// maxHeader bounds the text that describes an array.
const maxHeader = 1 << 20

var (
	descrField   = regexp.MustCompile(`'descr'\s*:\s*'([^']*)'`)
	fortranField = regexp.MustCompile(`'fortran_order'\s*:\s*(True|False)`)
	shapeField   = regexp.MustCompile(`'shape'\s*:\s*\(([^)]*)\)`)
)

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
	descr, fortran, dims := descrField.FindStringSubmatch(header), fortranField.FindStringSubmatch(header), shapeField.FindStringSubmatch(header)
	if descr == nil || fortran == nil || dims == nil {
		return nil, fmt.Errorf("npy: the header %.80q is not understood", header)
	}
	var shape []int
	for _, s := range strings.Split(dims[1], ",") {
		if s = strings.TrimSpace(s); s != "" {
			d, err := strconv.Atoi(s)
			if err != nil || d < 0 {
				return nil, fmt.Errorf("npy: the shape (%s) is not understood", dims[1])
			}
			shape = append(shape, d)
		}
	}
	count, ok := tensor.SizeOf(shape)
	if !ok {
		return nil, fmt.Errorf("npy: the shape (%s) is impossible", dims[1])
	}
	elements, err := decodeElements(descr[1], data[start+size:], count)
	if err != nil {
		return nil, err
	}
	if fortran[1] == "True" {
		elements = fromFortran(elements, shape)
	}
	t, ok := tensor.FromAny(elements, shape)
	if !ok {
		return nil, fmt.Errorf("npy: %d elements do not make the shape (%s)", count, dims[1])
	}
	return t, nil
}

func decodeElements(descr string, data []byte, count int) (any, error) {
	if len(descr) < 3 {
		return nil, fmt.Errorf("npy: the type %q is not supported", descr)
	}
	var order binary.ByteOrder = binary.LittleEndian
	if descr[0] == '>' {
		order = binary.BigEndian
	}
	kind := descr[1:]
	width, err := strconv.Atoi(kind[1:])
	if err != nil || width < 0 || width > 1<<20 {
		return nil, fmt.Errorf("npy: the type %q is not supported", descr)
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
	var out any
	switch kind {
	case "f4":
		out = make([]float32, count)
	case "f8":
		out = make([]float64, count)
	case "f2":
		out = make([]tensor.Half, count)
	case "i1":
		out = make([]int8, count)
	case "i2":
		out = make([]int16, count)
	case "i4":
		out = make([]int32, count)
	case "i8":
		out = make([]int64, count)
	case "u1":
		out = make([]uint8, count)
	case "u2":
		out = make([]uint16, count)
	case "u4":
		out = make([]uint32, count)
	case "u8":
		out = make([]uint64, count)
	case "b1":
		b := make([]bool, count)
		for i, v := range data {
			b[i] = v != 0
		}
		return b, nil
	default:
		switch kind[0] {
		case 'S':
			s := make([]string, count)
			for i := range s {
				s[i] = string(bytes.TrimRight(data[i*width:(i+1)*width], "\x00"))
			}
			return s, nil
		case 'U':
			s := make([]string, count)
			for i := range s {
				var b []byte
				for k := range width {
					b = utf8.AppendRune(b, rune(order.Uint32(data[4*(i*width+k):])))
				}
				s[i] = strings.TrimRight(string(b), "\x00")
			}
			return s, nil
		case 'O':
			return nil, fmt.Errorf("npy: an array of Python objects is a pickle, which is a program and not read")
		}
		return nil, fmt.Errorf("npy: the type %q is not supported", descr)
	}
	_, err = binary.Decode(data, order, out)
	return out, err
}

// fromFortran brings elements from column-major into row-major order.
func fromFortran(elements any, shape []int) any {
	switch e := elements.(type) {
	case []float32:
		return reorder(e, shape)
	case []float64:
		return reorder(e, shape)
	case []tensor.Half:
		return reorder(e, shape)
	case []int8:
		return reorder(e, shape)
	case []int16:
		return reorder(e, shape)
	case []int32:
		return reorder(e, shape)
	case []int64:
		return reorder(e, shape)
	case []uint8:
		return reorder(e, shape)
	case []uint16:
		return reorder(e, shape)
	case []uint32:
		return reorder(e, shape)
	case []uint64:
		return reorder(e, shape)
	case []bool:
		return reorder(e, shape)
	case []string:
		return reorder(e, shape)
	}
	return elements
}

func reorder[T any](in []T, shape []int) []T {
	out := make([]T, len(in))
	index := make([]int, len(shape))
	for i := range out {
		at, step := 0, 1
		for k, d := range shape {
			at += index[k] * step
			step *= d
		}
		out[i] = in[at]
		for k := len(shape) - 1; k >= 0; k-- {
			if index[k]++; index[k] < shape[k] {
				break
			}
			index[k] = 0
		}
	}
	return out
}

// Encode writes one .npy array, version 1, little-endian, in C order. Strings are written as fixed-length Unicode,
// bfloat16 as float32.
func Encode(w io.Writer, t tensor.Any) error {
	data := tensor.AnyData(t)
	var descr string
	switch d := data.(type) {
	case []bool:
		descr = "|b1"
	case []tensor.BHalf:
		f := make([]float32, len(d))
		for i, v := range d {
			f[i] = v.Float32()
		}
		data, descr = f, "<f4"
	case []string:
		data, descr = encodeStrings(d)
	default:
		descr = map[tensor.DType]string{
			tensor.Float32: "<f4", tensor.Float64: "<f8", tensor.Float16: "<f2", tensor.Int8: "|i1", tensor.Int16: "<i2", tensor.Int32: "<i4",
			tensor.Int64: "<i8", tensor.Uint8: "|u1", tensor.Uint16: "<u2", tensor.Uint32: "<u4", tensor.Uint64: "<u8",
		}[t.DType()]
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
