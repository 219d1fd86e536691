package h5lite

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// writeFile writes a tree into a temporary file.
func writeFile(b testing.TB, t *Tree) string {
	b.Helper()
	name := filepath.Join(b.TempDir(), "bench.h5")
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := t.WriteTo(f); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	return name
}

const bigFloats = 25 << 20 // 100 MB

// BenchmarkReadFull100MB is what the next benchmark is measured against: the
// same bytes, read by io.ReadFull into memory that is there.
func BenchmarkReadFull100MB(b *testing.B) {
	name := writeFile(b, bigTree())
	dst := make([]byte, 4*bigFloats)
	b.SetBytes(int64(len(dst)))
	for b.Loop() {
		f, err := os.Open(name)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(f, dst); err != nil {
			b.Fatal(err)
		}
		f.Close()
	}
}

// BenchmarkReadInto100MB opens a file and reads 100 MB of float32 in four
// datasets into a slice that is there.
func BenchmarkReadInto100MB(b *testing.B) {
	name := writeFile(b, bigTree())
	dst := make([]float32, bigFloats)
	b.SetBytes(4 * bigFloats)
	for b.Loop() {
		f, err := Open(name)
		if err != nil {
			b.Fatal(err)
		}
		for i := range 4 {
			d, err := f.Root().Dataset(fmt.Sprintf("layers/dense_%d/vars/0", i))
			if err != nil {
				b.Fatal(err)
			}
			if err := d.ReadInto(dst[i*bigFloats/4 : (i+1)*bigFloats/4]); err != nil {
				b.Fatal(err)
			}
		}
		f.Close()
	}
}

func bigTree() *Tree {
	t := NewTree()
	block := make([]byte, 1<<20)
	for i := range 4 {
		t.DatasetFrom(fmt.Sprintf("layers/dense_%d/vars/0", i), TypeFloat32, []int{bigFloats / 4}, func(w io.Writer) error {
			for range bigFloats / len(block) {
				if _, err := w.Write(block); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return t
}

// crowd is a tree of n groups, each with one small dataset if data is set.
func crowd(n int, data bool) *Tree {
	t := NewTree()
	g := t.Group("layers")
	for i := range n {
		name := fmt.Sprintf("dense_%d", i)
		if data {
			g.Dataset(name+"/0", []int{4}, []float32{1, 2, 3, 4})
		} else {
			g.Group(name)
		}
	}
	return t
}

// BenchmarkList10000Groups opens a file and lists 10,000 groups.
func BenchmarkList10000Groups(b *testing.B) {
	name := writeFile(b, crowd(10000, false))
	for b.Loop() {
		f, err := Open(name)
		if err != nil {
			b.Fatal(err)
		}
		g, err := f.Root().Group("layers")
		if err != nil {
			b.Fatal(err)
		}
		if names, err := g.Names(); err != nil || len(names) != 10000 {
			b.Fatal(err)
		}
		f.Close()
	}
}

// BenchmarkWalk10000Groups opens each of 10,000 groups, too.
func BenchmarkWalk10000Groups(b *testing.B) {
	name := writeFile(b, crowd(10000, false))
	for b.Loop() {
		f, err := Open(name)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		if err := Walk(f.Root(), func(Entry) error { n++; return nil }); err != nil || n != 10002 {
			b.Fatal(n, err)
		}
		f.Close()
	}
}

// BenchmarkRead10000Datasets reads 10,000 small datasets, each in a group of its
// own, by their paths.
func BenchmarkRead10000Datasets(b *testing.B) {
	name := writeFile(b, crowd(10000, true))
	dst := make([]float32, 4)
	for b.Loop() {
		f, err := Open(name)
		if err != nil {
			b.Fatal(err)
		}
		for i := range 10000 {
			d, err := f.Root().Dataset(fmt.Sprintf("layers/dense_%d/0", i))
			if err != nil {
				b.Fatal(err)
			}
			if err := d.ReadInto(dst); err != nil {
				b.Fatal(err)
			}
		}
		f.Close()
	}
}

// BenchmarkReadDeflate reads 16 MB in chunks with shuffle and deflate.
func BenchmarkReadDeflate(b *testing.B) {
	data := make([]float32, 4<<20)
	for i := range data {
		data[i] = float32(i%1000) / 7
	}
	t := NewTree()
	t.Dataset("x", []int{2048, 2048}, data, Chunks(128, 256), Shuffle(), Deflate(4))
	name := writeFile(b, t)
	b.SetBytes(int64(4 * len(data)))
	for b.Loop() {
		f, err := Open(name)
		if err != nil {
			b.Fatal(err)
		}
		d, err := f.Root().Dataset("x")
		if err != nil {
			b.Fatal(err)
		}
		if err := d.ReadInto(data); err != nil {
			b.Fatal(err)
		}
		f.Close()
	}
}

// BenchmarkWrite100MB writes what BenchmarkReadInto100MB reads, to nowhere.
func BenchmarkWrite100MB(b *testing.B) {
	b.SetBytes(4 * bigFloats)
	for b.Loop() {
		if _, err := bigTree().WriteTo(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWrite10000Groups builds and writes a crowd of groups.
func BenchmarkWrite10000Groups(b *testing.B) {
	for b.Loop() {
		if _, err := crowd(10000, true).WriteTo(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
