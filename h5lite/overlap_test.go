package h5lite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestSharedData makes a file whose datasets all lie at one place: reading them
// all would cost 40 times the file.
func TestSharedData(t *testing.T) {
	const n, count = 1 << 18, 40
	tree := NewTree()
	for i := range count {
		data := make([]float32, n)
		data[0] = float32(i)
		tree.Dataset(fmt.Sprint(i), []int{n}, data)
	}
	b := write(t, tree)
	first := len(b) - count*4*n
	for i := range count {
		at := bytes.Index(b, binary.LittleEndian.AppendUint64(nil, uint64(first+i*4*n)))
		binary.LittleEndian.PutUint64(b[at:], uint64(first))
	}
	b = b[:first+4*n]
	binary.LittleEndian.PutUint64(b[40:], uint64(len(b))) // end of file address
	s := take(b)
	var e *FormatError
	if len(s.errs) < count-3 || !errors.As(s.errs[0], &e) || !strings.Contains(e.Msg, "overlap") {
		t.Errorf("%d errors of %d datasets at one place: %v", len(s.errs), count, s.errs)
	}
}

// TestSharedTree makes two groups with one B-tree and one heap.
func TestSharedTree(t *testing.T) {
	tree := NewTree()
	tree.Group("a/x")
	tree.Group("b/y")
	b := write(t, tree)
	var messages []int // places of symbol table messages: type 0x11, 16 bytes
	for i := 0; i+8 < len(b); i += 8 {
		if bytes.Equal(b[i:i+8], []byte{0x11, 0, 16, 0, 0, 0, 0, 0}) {
			messages = append(messages, i+8)
		}
	}
	if len(messages) != 5 { // the root, a, x, b, y
		t.Fatalf("%d symbol table messages", len(messages))
	}
	copy(b[messages[3]:], b[messages[1]:messages[1]+16])
	s := take(b)
	var e *FormatError
	if len(s.errs) != 1 || !errors.As(s.errs[0], &e) || e.Path != "/b" || !strings.Contains(e.Msg, "belongs to the objects") {
		t.Errorf("%v", s.errs)
	}
}

// TestSharedStrings makes many attributes that all stand for one long string.
func TestSharedStrings(t *testing.T) {
	const count = 200
	tree := NewTree()
	long := strings.Repeat("x", 1<<20|0x1357)
	tree.SetAttribute("first", nil, long)
	for i := range count {
		tree.SetAttribute(fmt.Sprint(i), nil, "")
	}
	b := write(t, tree)
	scalar := []byte{1, 0, 0, 0, 0, 0, 0, 0} // the dataspace before an element
	at := bytes.Index(b, binary.LittleEndian.AppendUint32(scalar, uint32(len(long)))) + 8
	ref := bytes.Clone(b[at : at+16])
	heads := 0
	for i := at + 16; heads < count; i += 8 {
		if bytes.Equal(b[i-8:i], scalar) && binary.LittleEndian.Uint32(b[i:]) == 0 {
			copy(b[i:], ref)
			heads++
		}
	}
	f, err := NewFile(bytes.NewReader(b), int64(len(b)), WithLimits(Limits{Free: 8 << 20}))
	if err != nil {
		t.Fatal(err)
	}
	attrs, err := f.Root().Attributes()
	if err != nil || len(attrs) != count+1 {
		t.Fatalf("%d attributes: %v", len(attrs), err)
	}
	read := 0
	var l *LimitError
	for _, a := range attrs {
		if s, err := a.String(); err == nil && len(s) == len(long) {
			read++
		} else if err != nil && !errors.As(err, &l) {
			t.Fatal(err)
		}
	}
	if read > 10 || l == nil {
		t.Errorf("%d of %d shared strings were read: %v", read, heads, l)
	}
	// One that was counted may be read again.
	if _, err := attrs[0].String(); err != nil && !errors.As(err, &l) {
		t.Error(err)
	}
}
