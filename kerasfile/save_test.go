package kerasfile_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/tensor"
)

func small(t testing.TB, seed float32) *nn.Model {
	t.Helper()
	m, err := nn.NewSequential(nn.NewInputLayer([]int{3}), layers.NewDense(4), layers.NewDense(2))
	if err != nil {
		t.Fatal(err)
	}
	fill(t, m, seed)
	return m
}

func fill(t testing.TB, m *nn.Model, seed float32) {
	t.Helper()
	for _, v := range m.Variables() {
		x := tensor.New(v.Shape...)
		for i := range x.Data() {
			x.Data()[i] = seed
		}
		if err := v.Assign(x); err != nil {
			t.Fatal(err)
		}
	}
}

// first returns the one number that all elements of a model of small are.
func first(t testing.TB, path string) float32 {
	t.Helper()
	m, err := kerasfile.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	var seen float32
	for i, v := range m.Variables() {
		x, err := v.Tensor()
		if err != nil {
			t.Fatal(err)
		}
		for k, y := range x.Data() {
			if i == 0 && k == 0 {
				seen = y
			}
			if y != seen {
				t.Fatalf("%s mixes %v and %v", path, seen, y)
			}
		}
	}
	return seen
}

func TestOverwrite(t *testing.T) {
	for _, name := range []string{"m.keras", "m.h5", "m/"} {
		path := filepath.Join(t.TempDir(), name)
		if strings.HasSuffix(name, "/") {
			path += "/"
		}
		for _, seed := range []float32{1, 2} {
			if err := kerasfile.Save(small(t, seed), path); err != nil {
				t.Fatal(err)
			}
			if got := first(t, path); got != seed {
				t.Errorf("%s has %v, not %v", name, got, seed)
			}
		}
		if err := kerasfile.Save(small(t, 3), path, kerasfile.WithOverwrite(false)); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: %v is not fs.ErrExist", name, err)
		}
		if got := first(t, path); got != 2 {
			t.Errorf("%s was changed to %v", name, got)
		}
		onlyFile(t, filepath.Dir(filepath.Clean(path)))
	}
}

func onlyFile(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 {
		t.Errorf("files were left behind: %v", entries)
	}
}

func TestNames(t *testing.T) {
	m := small(t, 1)
	for _, name := range []string{"m.onnx", "m", "m.weights.h5"} {
		if err := kerasfile.Save(m, filepath.Join(t.TempDir(), name)); err == nil {
			t.Errorf("%s was written", name)
		}
	}
}

func TestFixedDateGivesFixedBytes(t *testing.T) {
	var a, b, c bytes.Buffer
	date := kerasfile.WithDate(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	for _, w := range []io.Writer{&a, &b} {
		if err := kerasfile.Write(w, small(t, 1), date); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("equal models give different bytes")
	}
	if err := kerasfile.Write(&c, small(t, 1), kerasfile.WithDate(time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC))); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(a.Bytes(), c.Bytes()) || a.Len() != c.Len() {
		t.Error("the date is not written")
	}
}

// TestParallelSaves writes one file from many goroutines: at all times it holds one of the models, whole.
func TestParallelSaves(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.keras")
	if err := kerasfile.Save(small(t, 1), path); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for g := range 4 {
		m := small(t, float32(g+1))
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 5 {
				if err := kerasfile.Save(m, path); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	for range 20 {
		first(t, path)
	}
	wg.Wait()
	onlyFile(t, filepath.Dir(path))
}

// TestKilledWhileSaving kills processes that save over a file: the file stays whole.
func TestKilledWhileSaving(t *testing.T) {
	if path := os.Getenv("HORN_SAVE_UNTIL_KILLED"); path != "" {
		m, err := nn.NewSequential(nn.NewInputLayer([]int{1000}), layers.NewDense(1000), layers.NewDense(1000))
		if err != nil {
			t.Fatal(err)
		}
		for seed := float32(1); ; seed++ {
			fill(t, m, seed)
			if err := kerasfile.Save(m, path); err != nil {
				t.Fatal(err)
			}
		}
	}
	if testing.Short() {
		t.Skip("starts processes and kills them")
	}
	path := filepath.Join(t.TempDir(), "m.keras")
	if err := kerasfile.Save(small(t, 1), path); err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestKilledWhileSaving$")
		cmd.Env = append(os.Environ(), "HORN_SAVE_UNTIL_KILLED="+path)
		if err := cmd.Start(); err != nil {
			t.Skipf("no process can be started here: %v", err)
		}
		time.Sleep(time.Duration(100+23*i) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // killed: an error
		first(t, path)
	}
}

// limited takes n bytes, as a disk that becomes full.
type limited struct{ n int }

var errFull = errors.New("no space left on device")

func (l *limited) Write(p []byte) (int, error) {
	if len(p) > l.n {
		n := l.n
		l.n = 0
		return n, errFull
	}
	l.n -= len(p)
	return len(p), nil
}

func TestFullDisk(t *testing.T) {
	m := small(t, 1)
	var whole bytes.Buffer
	if err := kerasfile.Write(&whole, m); err != nil {
		t.Fatal(err)
	}
	for n := 0; n < whole.Len(); n += 1 + whole.Len()/50 {
		if err := kerasfile.Write(&limited{n}, m); !errors.Is(err, errFull) {
			t.Errorf("after %d of %d bytes: %v", n, whole.Len(), err)
		}
	}
	const full = "/dev/full"
	if _, err := os.Stat(full); err != nil {
		return
	}
	f, err := os.OpenFile(full, os.O_WRONLY, 0)
	if err != nil {
		return
	}
	defer f.Close()
	if err := kerasfile.Write(f, m); err == nil {
		t.Error("a full disk took the model")
	}
}

// TestTrainableIsWritten freezes a layer of a loaded model.
func TestTrainableIsWritten(t *testing.T) {
	m, err := kerasfile.Load("../conformance/testdata/goldens/format/keras-3.15.1/mlp.keras")
	if err != nil {
		t.Fatal(err)
	}
	before := pyjson.Clone(layer.FileRecord(m))
	l := m.Layer("hidden")
	l.SetTrainable(false)
	var buf bytes.Buffer
	if err := kerasfile.Write(&buf, m); err != nil {
		t.Fatal(err)
	}
	again, err := kerasfile.Read(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if again.Layer("hidden").Trainable() {
		t.Error("the layer is not frozen in the file")
	}
	if !again.Layer("probs").Trainable() {
		t.Error("another layer is frozen, too")
	}
	if !pyjson.Equal(before, layer.FileRecord(m)) {
		t.Error("saving changed the model's record")
	}
}

func TestForAnOlderKeras(t *testing.T) {
	m, err := kerasfile.Load("../conformance/testdata/goldens/format/keras-3.15.1/cnn.keras")
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	var notes []string
	if err := kerasfile.Write(&buf, m, kerasfile.WithKeras("3.3"),
		kerasfile.WithSaveNotes(func(s string) { notes = append(notes, s) })); err != nil {
		t.Fatal(err)
	}
	old, err := kerasfile.Read(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	if err != nil {
		t.Fatal(err)
	}
	text := string(pyjson.Marshal(layer.FileRecord(old)))
	for _, key := range []string{"input_axes", "renorm", "output_padding", "quantization_config", "DTypePolicy"} {
		if strings.Contains(text, key) {
			t.Errorf("%s is in the file for 3.3", key)
		}
	}
	if old.Origin.KerasVersion != "3.3.0" || len(notes) != 1 {
		t.Errorf("version %s, notes %q", old.Origin.KerasVersion, notes)
	}
	for _, bad := range []string{"2.15", "3", "3.99", "latest"} {
		if err := kerasfile.Write(io.Discard, m, kerasfile.WithKeras(bad)); err == nil {
			t.Errorf("a file for Keras %s was written", bad)
		}
	}
}

func TestSlashInName(t *testing.T) {
	dense := layers.NewDense(4)
	layer.SetName(dense, "a/b")
	m, err := nn.NewSequential(nn.NewInputLayer([]int{3}), dense)
	if err != nil {
		t.Fatal(err)
	}
	if err := kerasfile.Write(io.Discard, m); err == nil {
		t.Error("a name was written that Keras refuses")
	}
}

// TestProgress follows the bytes into a file.
func TestProgress(t *testing.T) {
	for _, name := range []string{"m.keras", "m.h5", "dir/", "w.weights.h5", "w.weights.json", "w.npz"} {
		var last int64
		save := kerasfile.Save
		if strings.HasPrefix(name, "w.") {
			save = kerasfile.SaveWeights
		}
		if err := save(small(t, 1), filepath.Join(t.TempDir(), name)+strings.Repeat("/", strings.Count(name, "/")),
			kerasfile.WithProgress(func(n int64) {
				if n <= last {
					t.Errorf("%s: %d bytes after %d", name, n, last)
				}
				last = n
			})); err != nil {
			t.Fatal(err)
		}
		if last < 4*(3*4+4+4*2+2) {
			t.Errorf("%s: %d bytes are fewer than those of the variables", name, last)
		}
	}
}
