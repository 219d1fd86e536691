package filter

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"sync"
)

var readers sync.Pool // of io.ReadCloser that are zlib.Resetter

// inflate undoes deflate, in zlib's wrapping. want is the size of the result,
// or -1 if only its bound is known.
func inflate(raw []byte, want, bound int) ([]byte, error) {
	src := bytes.NewReader(raw)
	var z io.ReadCloser
	var err error
	if v := readers.Get(); v != nil {
		z = v.(io.ReadCloser)
		err = z.(zlib.Resetter).Reset(src, nil)
	} else {
		z, err = zlib.NewReader(src)
	}
	if err != nil {
		return nil, err
	}
	defer readers.Put(z)
	if want >= 0 {
		// One byte more finds both a longer result and the checksum at the end.
		out := make([]byte, want+1)
		n, err := fillUntilEnd(z, out)
		switch {
		case err != nil:
			return nil, err
		case n > want:
			return nil, fmt.Errorf("more than %d bytes", want)
		case n < want:
			return nil, fmt.Errorf("%d bytes, want %d", n, want)
		}
		return out[:n], nil
	}
	out, err := io.ReadAll(io.LimitReader(z, int64(bound)+1))
	if err == nil && len(out) > bound {
		err = fmt.Errorf("more than %d bytes", bound)
	}
	return out, err
}

// fillUntilEnd reads until b is full or the stream is at its end. Unlike
// io.ReadFull it keeps apart an end that the stream declares, with a last block
// and a checksum that fits, from bytes that are cut off before it.
func fillUntilEnd(z io.Reader, b []byte) (n int, err error) {
	for n < len(b) {
		k, err := z.Read(b[n:])
		n += k
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// writers by level, reused since each holds large tables.
var writers [10]sync.Pool

// Compress gives raw as deflate stores it, in zlib's wrapping.
func Compress(dst *bytes.Buffer, raw []byte, level int) error {
	var z *zlib.Writer
	if v := writers[level].Get(); v != nil {
		z = v.(*zlib.Writer)
		z.Reset(dst)
	} else {
		var err error
		if z, err = zlib.NewWriterLevel(dst, level); err != nil {
			return err
		}
	}
	if _, err := z.Write(raw); err != nil {
		return err
	}
	err := z.Close()
	writers[level].Put(z)
	return err
}
