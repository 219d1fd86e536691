package npy

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/hornml/horn/tensor"
)

// Encode writes one .npy array, version 1, little-endian, in C order. bfloat16 is written as float32. Strings are written as
// fixed-length Unicode or, if some are not UTF-8, as bytes, and filled up with zeros; such that end in a zero byte, which
// would be lost, are an error.
func Encode(w io.Writer, t tensor.Any) error {
	var descr string
	var body func() error
	switch x := t.(type) {
	case *tensor.Of[bool]:
		descr = "|b1"
	case *tensor.Of[string]:
		kind, width, err := textWidth(x.Data())
		if err != nil {
			return err
		}
		descr = fmt.Sprintf("%s%d", kind, width)
		body = func() error { return writeTexts(w, x.Data(), kind, width) }
	case *tensor.Of[tensor.BHalf]:
		f, err := tensor.ToFloat32(t)
		if err != nil {
			return err
		}
		t, descr = f, "<f4"
	default:
		for name, d := range numbers {
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
	if body != nil {
		return body()
	}
	return writeNumbers(w, t.Raw())
}

// writeNumbers writes in pieces, without a copy of all.
func writeNumbers(w io.Writer, data any) error {
	switch d := data.(type) {
	case []bool:
		return inPieces(w, d, 1)
	case []float32:
		return inPieces(w, d, 4)
	case []float64:
		return inPieces(w, d, 8)
	case []int32:
		return inPieces(w, d, 4)
	case []int64:
		return inPieces(w, d, 8)
	case []uint8:
		_, err := w.Write(d)
		return err
	}
	return binary.Write(w, binary.LittleEndian, data)
}

func inPieces[T any](w io.Writer, d []T, size int) error {
	buf := make([]byte, min(chunk, len(d)*size))
	for len(d) > 0 {
		n := min(len(d), chunk/size)
		if _, err := binary.Encode(buf, binary.LittleEndian, d[:n]); err != nil {
			return err
		}
		if _, err := w.Write(buf[:n*size]); err != nil {
			return err
		}
		d = d[n:]
	}
	return nil
}

// maxTexts bounds what strings take: each takes as much as the longest.
const maxTexts = 16 << 30

// textWidth chooses the type of strings.
func textWidth(s []string) (kind string, width int, err error) {
	kind, bytes, runes := "<U", 1, 1
	for i, v := range s {
		if strings.HasSuffix(v, "\x00") {
			return "", 0, fmt.Errorf("npy: the string %d ends in a zero byte, which a .npy file does not keep", i)
		}
		bytes, runes = max(bytes, len(v)), max(runes, utf8.RuneCountInString(v))
		if !utf8.ValidString(v) {
			kind = "|S"
		}
	}
	width, each := runes, 4*runes
	if kind == "|S" {
		width, each = bytes, bytes
	}
	if len(s) > 0 && int64(each) > maxTexts/int64(len(s)) || each > math.MaxInt32 {
		return "", 0, fmt.Errorf("npy: %d strings of up to %d bytes each take more than %d bytes: a .npy file gives each as much as the longest",
			len(s), each, int64(maxTexts))
	}
	return kind, width, nil
}

func writeTexts(w io.Writer, s []string, kind string, width int) error {
	if kind == "|S" {
		buf := make([]byte, width)
		for _, v := range s {
			clear(buf[copy(buf, v):])
			if _, err := w.Write(buf); err != nil {
				return err
			}
		}
		return nil
	}
	buf := make([]byte, 0, 4*width)
	for _, v := range s {
		buf = buf[:0]
		for _, r := range v {
			buf = binary.LittleEndian.AppendUint32(buf, uint32(r))
		}
		clear(buf[len(buf):cap(buf)])
		if _, err := w.Write(buf[:4*width]); err != nil {
			return err
		}
	}
	return nil
}
