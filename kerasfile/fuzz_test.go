package kerasfile

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile/internal/container"
	"github.com/hornml/horn/nn/layer"
)

// seed returns a golden of the conformance tests.
func seed(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("../conformance/testdata/goldens", name))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// FuzzRead loads any bytes as a model: zip or HDF5, config, weights. What loads is run, and must survive saving.
func FuzzRead(f *testing.F) {
	for _, name := range []string{
		"format/keras-3.15.1/mlp.keras", "format/keras-3.15.1/mlp.h5", "format/keras-3.0.5/seq.keras", "format/extras/nested_io.keras",
		"keras2/point_history_2.15.0.keras", "keras2/mnist_resnet_2.10.0.h5", "keras2/point_history_2.4.0.hdf5",
	} {
		f.Add(seed(f, name))
	}
	z, err := zip.OpenReader("../conformance/testdata/hostile/keras.zip")
	if err != nil {
		f.Fatal(err)
	}
	defer z.Close()
	for _, e := range z.File {
		if !strings.HasPrefix(e.Name, "keras/") || e.UncompressedSize64 > 64<<10 {
			continue
		}
		r, err := e.Open()
		if err != nil {
			f.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { loadAndRun(t, data) })
}

// FuzzConfig puts any document into a sound file as its config.
func FuzzConfig(f *testing.F) {
	base := seed(f, "format/keras-3.15.1/multi.keras")
	z, err := zip.NewReader(bytes.NewReader(base), int64(len(base)))
	if err != nil {
		f.Fatal(err)
	}
	entries := map[string][]byte{}
	for _, e := range z.File {
		r, err := e.Open()
		if err != nil {
			f.Fatal(err)
		}
		if entries[e.Name], err = io.ReadAll(r); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(entries[container.ConfigName])
	for _, name := range []string{"format/keras-3.15.1/mha.keras", "format/keras-3.15.1/seq.keras", "format/extras/text.keras",
		"format/extras/states.keras"} {
		data := seed(f, name)
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			f.Fatal(err)
		}
		r, err := z.Open(container.ConfigName)
		if err != nil {
			f.Fatal(err)
		}
		config, err := io.ReadAll(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(config)
	}
	f.Fuzz(func(t *testing.T, config []byte) {
		var buf bytes.Buffer
		z := zip.NewWriter(&buf)
		for _, name := range []string{container.MetadataName, container.ConfigName, container.WeightsName} {
			data := entries[name]
			if name == container.ConfigName {
				data = config
			}
			w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
			if err == nil {
				_, err = w.Write(data)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		loadAndRun(t, buf.Bytes())
		_, _ = FromJSON(config)
	})
}

// loadAndRun loads a model, runs it on zeros if its inputs are small, saves it, and compares the copy's config.
func loadAndRun(t *testing.T, data []byte) {
	m, err := Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return
	}
	if inputs, ok := zeros(m); ok {
		_, _ = m.PredictAll(inputs...)
	}
	var first bytes.Buffer
	if err := Write(&first, m); err != nil {
		return
	}
	again, err := Read(bytes.NewReader(first.Bytes()), int64(first.Len()))
	if err != nil {
		t.Fatalf("what was loaded does not load after saving: %v", err)
	}
	if a, b := layer.FileRecord(m), layer.FileRecord(again); !pyjson.Equal(a, b) {
		t.Fatalf("the config changes in saving:\n%s\n%s", pyjson.Marshal(a), pyjson.Marshal(b))
	}
}
