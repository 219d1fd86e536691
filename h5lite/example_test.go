package h5lite_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"

	"github.com/hornml/horn/h5lite"
)

// weights is a small file, as a program might have read it from somewhere.
func weights() *bytes.Reader {
	t := h5lite.NewTree()
	t.SetAttribute("keras_version", nil, "3.15.1")
	vars := t.Group("layers/dense/vars")
	vars.SetAttribute("name", nil, "dense")
	vars.Dataset("0", []int{2, 3}, []float32{1, 2, 3, 4, 5, 6})
	vars.Dataset("1", []int{3}, []float32{0.5, 0, -0.5})
	var b bytes.Buffer
	if _, err := t.WriteTo(&b); err != nil {
		log.Fatal(err)
	}
	return bytes.NewReader(b.Bytes())
}

func ExampleOpen() {
	f, err := h5lite.Open("testdata/h5/libver_earliest.h5")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	d, err := f.Root().Dataset("layers/dense/vars/0")
	if err != nil {
		log.Fatal(err)
	}
	v, err := d.Read()
	if err != nil {
		log.Fatal(err)
	}
	kernel := v.([]float32)
	fmt.Println(d.Type(), d.Shape(), len(kernel))
	// Output: <f4 [4 3] 12
}

func ExampleNewFile() {
	r := weights()
	f, err := h5lite.NewFile(r, r.Size())
	if err != nil {
		log.Fatal(err)
	}
	version, err := f.Root().Attribute("keras_version")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(version.String())
	bias := make([]float32, 3)
	d, err := f.Root().Dataset("layers/dense/vars/1")
	if err != nil {
		log.Fatal(err)
	}
	if err := d.ReadInto(bias); err != nil {
		log.Fatal(err)
	}
	fmt.Println(bias)
	// Output:
	// 3.15.1 <nil>
	// [0.5 0 -0.5]
}

func ExampleWalk() {
	r := weights()
	f, err := h5lite.NewFile(r, r.Size())
	if err != nil {
		log.Fatal(err)
	}
	err = h5lite.Walk(f.Root(), func(e h5lite.Entry) error {
		switch o := e.Object.(type) {
		case *h5lite.Group:
			fmt.Println(e.Path)
		case *h5lite.Dataset:
			fmt.Println(e.Path, o.Type(), o.Shape())
		}
		return e.Err // or go on with what is sound
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// /
	// /layers
	// /layers/dense
	// /layers/dense/vars
	// /layers/dense/vars/0 <f4 [2 3]
	// /layers/dense/vars/1 <f4 [3]
}

func ExampleDataset_ReadSlab() {
	r := weights()
	f, err := h5lite.NewFile(r, r.Size())
	if err != nil {
		log.Fatal(err)
	}
	d, err := f.Root().Dataset("layers/dense/vars/0")
	if err != nil {
		log.Fatal(err)
	}
	column := make([]float32, 2)
	if err := d.ReadSlab(column, []int{0, 1}, []int{2, 1}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(column)
	// Output: [2 5]
}

func ExampleTree() {
	t := h5lite.NewTree()
	t.SetAttribute("layer_names", []int{2}, h5lite.As(h5lite.FixedString(5, false), []string{"dense", "relu"}))
	t.Dataset("dense/kernel", []int{2, 2}, []float32{1, 2, 3, 4}, h5lite.Shuffle(), h5lite.Deflate(6))
	t.Dataset("dense/scale", nil, float32(0.1))
	t.DatasetFrom("dense/large", h5lite.TypeUint8, []int{1000}, func(w io.Writer) error {
		_, err := io.CopyN(w, zeros{}, 1000)
		return err
	})
	size, err := t.Size()
	if err != nil {
		log.Fatal(err)
	}
	var b bytes.Buffer // or a file, or an entry of a zip
	n, err := t.WriteTo(&b)
	fmt.Println(n == size, err)
	// Output: true <nil>
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

func ExampleFormatError() {
	r := weights()
	b := make([]byte, r.Size())
	r.Read(b)
	_, err := h5lite.NewFile(bytes.NewReader(b[:1000]), 1000)
	var damaged *h5lite.FormatError
	if errors.As(err, &damaged) {
		fmt.Println(damaged.Structure, damaged.Offset)
	}
	// Output: superblock 0
}
