package npy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/hornml/horn/tensor"
)

// chunk is how many bytes are read or written at once.
const chunk = 1 << 18

// elements reads what follows the header.
func (h *Header) elements(r io.Reader) (tensor.Any, error) {
	t := tensor.NewAny(h.DType, h.cShape()...)
	var err error
	switch d := t.Raw().(type) {
	case []bool:
		err = each(h, r, d, func(raw []byte, to []bool) error {
			for i, v := range raw {
				to[i] = v != 0
			}
			return nil
		})
	case []string:
		err = each(h, r, d, h.texts)
	case []float32:
		err = each(h, r, d, numbersOf[float32](h.order))
	case []float64:
		err = each(h, r, d, numbersOf[float64](h.order))
	case []tensor.Half:
		err = each(h, r, d, numbersOf[tensor.Half](h.order))
	case []int8:
		err = each(h, r, d, numbersOf[int8](h.order))
	case []int16:
		err = each(h, r, d, numbersOf[int16](h.order))
	case []int32:
		err = each(h, r, d, numbersOf[int32](h.order))
	case []int64:
		err = each(h, r, d, numbersOf[int64](h.order))
	case []uint8:
		err = each(h, r, d, numbersOf[uint8](h.order))
	case []uint16:
		err = each(h, r, d, numbersOf[uint16](h.order))
	case []uint32:
		err = each(h, r, d, numbersOf[uint32](h.order))
	case []uint64:
		err = each(h, r, d, numbersOf[uint64](h.order))
	}
	if err != nil {
		return nil, err
	}
	if h.fortran {
		t = tensor.Reshape(tensor.Transpose(t), h.Shape...)
	}
	return t, nil
}

func numbersOf[T any](order binary.ByteOrder) func(raw []byte, to []T) error {
	return func(raw []byte, to []T) error {
		_, err := binary.Decode(raw, order, to)
		return err
	}
}

// each reads elements in pieces, so that what is in the file never stands in memory beside what it becomes.
func each[T any](h *Header, r io.Reader, to []T, convert func(raw []byte, to []T) error) error {
	if h.width == 0 {
		return nil
	}
	at := max(1, chunk/h.width)
	buf := make([]byte, min(at, len(to))*h.width)
	for len(to) > 0 {
		n := min(at, len(to))
		raw := buf[:n*h.width]
		if _, err := io.ReadFull(r, raw); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("npy: the elements are cut off: %w", io.ErrUnexpectedEOF)
		} else if err != nil {
			return err
		}
		if err := convert(raw, to[:n]); err != nil {
			return err
		}
		to = to[n:]
	}
	return nil
}

// texts reads strings of bytes (kind S), which stay what they are, or of UTF-32 (kind U); both are filled up with zeros.
func (h *Header) texts(raw []byte, to []string) error {
	for i := range to {
		data := raw[i*h.width : (i+1)*h.width]
		if h.kind == 'S' {
			to[i] = string(bytes.TrimRight(data, "\x00"))
			continue
		}
		b := make([]byte, 0, len(data)/4)
		for ; len(data) > 0; data = data[4:] {
			r := h.order.Uint32(data)
			if r > utf8.MaxRune || !utf8.ValidRune(rune(r)) {
				return fmt.Errorf("npy: a string holds %#x, which is no character", r)
			}
			b = utf8.AppendRune(b, rune(r))
		}
		to[i] = strings.TrimRight(string(b), "\x00")
	}
	return nil
}
