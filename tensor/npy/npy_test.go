package npy

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hornml/horn/tensor"
)

var arrays = map[string]tensor.Any{
	"f4": tensor.FromSlice([]float32{1, -2.5, 3}, 3), "f8": tensor.FromSlice([]float64{1, 2, 3, 4}, 2, 2),
	"f2": tensor.FromSlice([]tensor.Half{0x3c00}, 1, 1), "i1": tensor.FromSlice([]int8{-1}, 1), "i2": tensor.FromSlice([]int16{-300}, 1),
	"i4": tensor.FromSlice([]int32{1 << 30}, 1), "i8": tensor.Scalar[int64](-1 << 62), "u1": tensor.FromSlice([]uint8{255}, 1),
	"u2": tensor.FromSlice([]uint16{65535}, 1), "u4": tensor.FromSlice([]uint32{1 << 31}, 1), "u8": tensor.FromSlice([]uint64{1 << 63}, 1),
	"b1": tensor.FromSlice([]bool{true, false}, 2), "U": tensor.FromSlice([]string{"", "héllo", "wörld🎺"}, 3), "empty": tensor.New(0, 3),
}

func TestRoundTrip(t *testing.T) {
	var archive bytes.Buffer
	if err := EncodeArchive(&archive, arrays); err != nil {
		t.Fatal(err)
	}
	a, err := NewArchive(bytes.NewReader(archive.Bytes()), int64(archive.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range arrays {
		got, err := a.Read(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want.Raw(), got.Raw()); diff != "" || !slices.Equal(got.Shape(), want.Shape()) {
			t.Errorf("%s: shape %v (-want +got):\n%s", name, got.Shape(), diff)
		}
	}
	if _, err := a.Read("missing"); err == nil {
		t.Error("an array that is not there was read")
	}
}

// header makes a .npy file by hand.
func header(text, data string) []byte {
	return []byte("\x93NUMPY\x01\x00" + string([]byte{byte(len(text)), byte(len(text) >> 8)}) + text + data)
}

func TestForeignForms(t *testing.T) {
	for name, c := range map[string]struct {
		file []byte
		want any
	}{
		"big-endian": {header("{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }", "\x01\x02\x03\x04"), []int16{0x102, 0x304}},
		"fortran order": {header("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", "\x01\x04\x02\x05\x03\x06"),
			[]uint8{1, 2, 3, 4, 5, 6}},
		"bytes": {header("{'descr': '|S3', 'fortran_order': False, 'shape': (2,), }", "ab\x00cde"), []string{"ab", "cde"}},
	} {
		got, err := Decode(c.file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(c.want, got.Raw()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestMalformed(t *testing.T) {
	for name, file := range map[string][]byte{
		"empty":         {},
		"not npy":       []byte("PK\x03\x04 and more"),
		"cut header":    []byte("\x93NUMPY\x01\x00\xff\x00{"),
		"no shape":      header("{'descr': '<f4', 'fortran_order': False}", ""),
		"pickle":        header("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "\x80\x04"),
		"pickle 8":      header("{'descr': '|O8', 'fortran_order': False, 'shape': (1,), }", "\x80\x04"),
		"too short":     header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "1234"),
		"bomb":          header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000), }", ""),
		"overflow":      header("{'descr': '<f8', 'fortran_order': False, 'shape': (9223372036854775807, 9), }", ""),
		"empty strings": header("{'descr': '|S0', 'fortran_order': False, 'shape': (1000000000,), }", ""),
		"complex":       header("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", "12345678"),
		"negative":      header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", ""),
	} {
		if v, err := Decode(file); err == nil {
			t.Errorf("%s was read as %v", name, v.Shape())
		}
	}
}

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npy")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Encode(f, arrays["f8"]); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := ReadFile(path)
	if err != nil || !slices.Equal(got.Shape(), []int{2, 2}) {
		t.Errorf("%v, %v", got, err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, a := range arrays {
		var b bytes.Buffer
		if err := Encode(&b, a); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Decode(data)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := Encode(&b, v); err != nil {
			t.Fatal(err)
		}
		if again, err := Decode(b.Bytes()); err != nil || again.Len() != v.Len() {
			t.Fatalf("%q does not survive writing: %v", data, err)
		}
	})
}
