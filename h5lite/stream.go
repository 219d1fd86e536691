package h5lite

import (
	"encoding/binary"
	"io"
	"math"
)

// blockBytes is how much a stream holds at a time where the layout lets it
// choose, and maxBlock how much it may need for chunks that lie across.
const (
	blockBytes = 1 << 20
	maxBlock   = 64 << 20
)

// NewReader gives the elements as a stream of bytes in C order: numbers,
// booleans and enums little-endian whatever the file's order, fixed strings
// with their padding and opaque values as stored, and each variable-length
// string after its length as 4 bytes, little-endian. At most some 64 MiB are held
// in memory, however large the dataset is; one chunk always has to fit. The
// reader is for one goroutine; its Read may return [*UnsupportedError] and the
// other errors of this package.
func (d *Dataset) NewReader() io.Reader {
	r := &reader{d: d}
	if r.err = d.readable(); r.err != nil {
		return r
	}
	if r.err = d.growth(); r.err != nil {
		return r
	}
	if r.err = d.count(); r.err != nil {
		return r
	}
	r.vlen.f = d.f
	r.plan()
	return r
}

// WriteTo writes what [Dataset.NewReader] gives.
func (d *Dataset) WriteTo(w io.Writer) (int64, error) {
	r := d.NewReader().(*reader)
	var n int64
	for {
		b, err := r.next()
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		k, err := w.Write(b)
		n += int64(k)
		if err != nil {
			return n, err
		}
	}
}

// reader walks over a dataset in boxes: one index in the dimensions before
// axis, step in that of axis, everything in those after it. Boxes follow each
// other in C order.
type reader struct {
	d    *Dataset
	axis int
	step int
	at   []int // start of the next box
	done bool
	buf  []byte
	out  []byte
	rest []byte // of out, not given yet
	refs []byte // variable-length strings of the box, not given yet
	vlen vlenReader
	err  error
}

// plan chooses the boxes so that each chunk is decoded as rarely as memory
// allows.
func (r *reader) plan() {
	d := r.d
	r.at = make([]int, len(d.shape))
	if d.Len() == 0 {
		r.done = true
		return
	}
	if len(d.shape) == 0 {
		r.step = 1
		return
	}
	size := uint64(d.Type().Size())
	below := make([]uint64, len(d.shape)) // bytes of one index in a dimension
	for i := len(d.shape) - 1; i >= 0; i-- {
		below[i] = size
		size *= uint64(d.shape[i])
	}
	for r.axis = 0; ; r.axis++ {
		unit := uint64(1)
		if c := d.d.Layout.Chunk; c != nil {
			unit = min(c[r.axis], uint64(d.shape[r.axis]))
		}
		last := r.axis == len(d.shape)-1
		limit := uint64(maxBlock)
		if unit == 1 && !last {
			limit = blockBytes // nothing is gained by large boxes
		}
		n := unit * max(1, blockBytes/(below[r.axis]*unit))
		if below[r.axis]*unit > limit {
			// A row of chunks is too much at once: as many indexes as fit, so
			// that its chunks are decoded a few times.
			if n = limit / below[r.axis]; n == 0 && !last {
				continue
			}
		}
		r.step = int(min(max(n, 1), uint64(d.shape[r.axis])))
		return
	}
}

// next gives the bytes of the next box, good until the next call.
func (r *reader) next() ([]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	if len(r.refs) > 0 {
		return r.strings()
	}
	if r.done {
		return nil, io.EOF
	}
	d := r.d
	box := region{append([]int(nil), r.at...), make([]int, len(r.at))}
	for i := range box.count {
		switch {
		case i < r.axis:
			box.count[i] = 1
		case i == r.axis:
			box.count[i] = min(r.step, d.shape[i]-r.at[i])
		default:
			box.count[i] = d.shape[i]
		}
	}
	n := uint64(box.len()) * uint64(d.Type().Size())
	if n > math.MaxInt>>1 {
		r.err = &LimitError{d.path, d.d.Layout.Offset, "a piece of " + utoa(n) + " bytes does not fit into the memory of this system"}
		return nil, r.err
	}
	if uint64(cap(r.buf)) < n {
		r.buf = make([]byte, n)
	}
	b := r.buf[:n]
	if r.err = d.read(b, box); r.err != nil {
		return nil, r.err
	}
	r.advance()
	if d.Type().IsVariable() {
		r.refs = b
		return r.strings()
	}
	d.Type().toLittle(b)
	if r.err = d.checkBools(b); r.err != nil {
		return nil, r.err
	}
	return b, nil
}

// advance moves to the next box.
func (r *reader) advance() {
	r.done = true
	for i := min(r.axis, len(r.at)-1); i >= 0; i-- {
		step := 1
		if i == r.axis {
			step = r.step
		}
		if r.at[i] += step; r.at[i] < r.d.shape[i] {
			r.done = false
			return
		}
		r.at[i] = 0
	}
}

// strings puts each string after its length, up to about blockBytes.
func (r *reader) strings() ([]byte, error) {
	r.out = r.out[:0]
	size := r.d.Type().Size()
	for ; len(r.refs) > 0 && len(r.out) < blockBytes; r.refs = r.refs[size:] {
		s, err := r.vlen.bytes(r.refs[:size])
		if err != nil {
			r.err = r.d.fail(err)
			return nil, r.err
		}
		r.out = binary.LittleEndian.AppendUint32(r.out, uint32(len(s)))
		r.out = append(r.out, s...)
	}
	if r.done && len(r.refs) == 0 {
		if err := r.vlen.done(uint64(r.d.d.Layout.Offset)); err != nil {
			r.err = r.d.fail(err)
			return nil, r.err
		}
	}
	return r.out, nil
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if len(p) == 0 {
			return 0, nil
		}
		b, err := r.next()
		if err != nil {
			return 0, err
		}
		r.rest = b
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
