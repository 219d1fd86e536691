package conformance

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/tensor"
)

// The corpus of hostile files is described in testdata/hostile/pack.py; its manifest says what each file must lead to.

type hostileRecord struct {
	File, Kind, Target, Wrong, Expect string
	Mentions                          []string
	Content                           *modelContent
	ContentOf                         string `json:"content_of"`
	AsModel                           string `json:"as_model"`
	Maps                              map[string]int64
	Limits                            *struct {
		Seconds float64
		PeakMiB float64 `json:"peak_mib"`
	}
}

type modelContent struct {
	Class, Name string
	Layers      []string
	Params      int
	Weights     []struct {
		Path, DType, SHA256 string
		Shape               []int
	}
	Inputs  []arrayContent
	Outputs []arrayContent
}

type arrayContent struct {
	Name, DType string
	Shape       []int
	Values      []any
}

// tensor makes the array; outputs have no dtype and are floats.
func (a arrayContent) tensor() (tensor.Any, error) {
	values := make([]float64, len(a.Values))
	for i, v := range a.Values {
		switch v := v.(type) {
		case float64:
			values[i] = v
		case string:
			values[i] = pyjson.Number(map[string]string{"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[v]).Float()
		}
	}
	d := tensor.Float64
	if a.DType != "" {
		var err error
		if d, err = tensor.ParseDType(a.DType); err != nil {
			return nil, err
		}
	}
	t, err := tensor.FromRaw(values, a.Shape)
	if err != nil {
		return nil, err
	}
	return t.Convert(d)
}

func openHostile(t *testing.T) (read func(name string) []byte) {
	t.Helper()
	z, err := zip.OpenReader("testdata/hostile/keras.zip")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { z.Close() })
	return func(name string) []byte {
		f, err := z.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		data, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
}

// TestHostileModels loads damaged, malicious and unusual model files and compares the outcome with what each must lead to.
func TestHostileModels(t *testing.T) {
	read := openHostile(t)
	var manifest struct {
		Bases   map[string]*modelContent
		Records []hostileRecord
	}
	if err := json.Unmarshal(read("manifest.json"), &manifest); err != nil {
		t.Fatal(err)
	}
	mentioned, mentions := 0, 0
	for _, r := range manifest.Records {
		t.Run(r.File, func(t *testing.T) {
			data := read(r.File)
			content := r.Content
			if r.ContentOf != "" && r.ContentOf != "none" {
				content = manifest.Bases[r.ContentOf]
			}
			seconds, peak := 5.0, 256.0
			if r.Limits != nil {
				seconds, peak = max(seconds, r.Limits.Seconds), max(peak, r.Limits.PeakMiB)
			}
			var err, wrong error
			grown := measure(t, seconds, func() { err, wrong = loadHostile(data, content, r.Maps) })
			if grown > peak {
				t.Errorf("the heap grew by %.0f MiB, at most %.0f are allowed", grown, peak)
			}
			expect := r.Expect
			if r.AsModel != "" {
				expect = "error"
			}
			switch {
			case expect == "error" && err == nil:
				t.Errorf("%s: loaded without an error", r.Wrong)
			case expect == "ok" && err != nil:
				t.Errorf("%s: %v", r.Wrong, err)
			case err == nil && wrong != nil:
				t.Errorf("%s: %v", r.Wrong, wrong)
			}
			if err != nil {
				checkMessage(t, err)
				for _, m := range r.Mentions {
					mentions++
					if strings.Contains(err.Error(), m) {
						mentioned++
					} else if testing.Verbose() {
						t.Logf("%q is not in: %v", m, err)
					}
				}
			}
		})
	}
	t.Logf("errors name %d of %d places", mentioned, mentions)
}

// checkMessage demands one clear sentence of an error: no stack trace, nothing endless.
func checkMessage(t *testing.T, err error) {
	t.Helper()
	s := err.Error()
	if len(s) > 20_000 || strings.Contains(s, "goroutine ") || strings.Contains(s, "runtime error") {
		t.Errorf("the error is no sentence for people: %.500s", s)
	}
}

// measure runs f and returns by how many MiB the heap grew at most meanwhile.
func measure(t *testing.T, seconds float64, f func()) float64 {
	t.Helper()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	base, peak := m.HeapAlloc, m.HeapAlloc
	done := make(chan any, 1)
	go func() {
		defer func() { done <- recover() }()
		f()
	}()
	deadline := time.After(time.Duration(seconds * float64(time.Second)))
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case p := <-done:
			if p != nil {
				t.Errorf("panic: %v", p)
			}
			return float64(peak-base) / (1 << 20)
		case <-deadline:
			t.Fatalf("not done after %v seconds", seconds)
		case <-tick.C:
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
		}
	}
}

// loadHostile loads a model and, where that works, compares it with its content: wrong says what differs.
func loadHostile(data []byte, content *modelContent, maps map[string]int64) (err, wrong error) {
	m, err := kerasfile.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err, nil
	}
	if maps != nil {
		return nil, compareMap(m, maps)
	}
	if content == nil {
		return nil, nil
	}
	outputs, err := runContent(m, content.Inputs)
	if err != nil {
		return err, nil
	}
	if wrong := compareContent(m, content); wrong != nil {
		return nil, wrong
	}
	return nil, compareOutputs(outputs, content.Outputs)
}

func runContent(m *nn.Model, inputs []arrayContent) ([]tensor.Any, error) {
	var list []tensor.Any
	for _, a := range inputs {
		x, err := a.tensor()
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return m.PredictAll(list...)
}

func compareContent(m *nn.Model, c *modelContent) error {
	if m.Class().Name != c.Class || m.Name() != c.Name {
		return fmt.Errorf("it is the %s %q, not the %s %q", m.Class().Name, m.Name(), c.Class, c.Name)
	}
	byHash := map[string]int{}
	params := 0
	for _, v := range m.Variables() {
		value, err := v.Value()
		if err != nil {
			return err
		}
		params += v.Size()
		byHash[fullHash(value)]++
	}
	if params != c.Params {
		return fmt.Errorf("it has %d parameters, not %d", params, c.Params)
	}
	for _, w := range c.Weights {
		if byHash[w.SHA256] == 0 {
			return fmt.Errorf("no variable has the elements of %s", w.Path)
		}
		byHash[w.SHA256]--
	}
	return nil
}

func fullHash(t tensor.Any) string {
	h := sha256.New()
	_ = binary.Write(h, binary.LittleEndian, t.Raw()) // numbers: cannot fail
	return hex.EncodeToString(h.Sum(nil))
}

// compareOutputs allows 1e-5 plus 1e-4 of the value.
func compareOutputs(got []tensor.Any, want []arrayContent) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d outputs, there should be %d", len(got), len(want))
	}
	for i, w := range want {
		x, err := w.tensor()
		if err != nil {
			return err
		}
		if !slices.Equal(got[i].Shape(), w.Shape) {
			return fmt.Errorf("output %d has shape %v, not %v", i, got[i].Shape(), w.Shape)
		}
		a, b := golden.Floats(got[i]), golden.Floats(x)
		for k := range b {
			same := a[k] == b[k] || math.IsNaN(a[k]) && math.IsNaN(b[k]) || math.Abs(a[k]-b[k]) <= 1e-5+1e-4*math.Abs(b[k])
			if !same {
				return fmt.Errorf("element %d of output %d is %v, not %v", k, i, a[k], b[k])
			}
		}
	}
	return nil
}

func compareMap(m *nn.Model, maps map[string]int64) error {
	for word, want := range maps {
		x := tensor.FromSlice([]string{word}, 1, 1)
		out, err := m.PredictAll(x)
		if err != nil {
			return err
		}
		got := make([]int64, out[0].Len())
		if err := out[0].Int64s(got); err != nil {
			return err
		}
		if len(got) != 1 || got[0] != want {
			return fmt.Errorf("%q gives %v, not %d", word, got, want)
		}
	}
	return nil
}

// mutation is a change of one value in the config of a sound model.
type mutation struct {
	Base, Class, Keras, Expect string
	Path                       []any
	Set                        json.RawMessage
	Delete                     bool
	Outputs                    []arrayContent
}

// TestMutations changes configs of sound models in one place each: wrong types, values out of range, missing and unknown
// keys.
func TestMutations(t *testing.T) {
	read := openHostile(t)
	var table struct {
		Bases map[string]struct{ Inputs, Outputs []arrayContent }
		Cases []mutation
	}
	if err := json.Unmarshal(read("mutations.json"), &table); err != nil {
		t.Fatal(err)
	}
	bases := map[string]map[string][]byte{}
	for name := range table.Bases {
		z, err := zip.NewReader(bytes.NewReader(read("bases/"+name+".keras")), int64(len(read("bases/"+name+".keras"))))
		if err != nil {
			t.Fatal(err)
		}
		bases[name] = map[string][]byte{}
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			if bases[name][f.Name], err = io.ReadAll(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	bad := map[string]int{}
	named := 0
	for i, c := range table.Cases {
		base := table.Bases[c.Base]
		outputs := base.Outputs
		if c.Outputs != nil {
			outputs = c.Outputs
		}
		what := fmt.Sprintf("case %d: %s %s %v set %s", i, c.Base, c.Class, c.Path, c.Set)
		err, wrong := c.run(bases[c.Base], base.Inputs, outputs)
		switch {
		case c.Expect == "error" && err == nil:
			bad[c.Class]++
			t.Errorf("%s: no error", what)
		case err == nil && wrong != nil:
			bad[c.Class]++
			t.Errorf("%s: %v", what, wrong)
		}
		if err != nil {
			checkMessage(t, err)
			key := fmt.Sprint(c.Path[len(c.Path)-1])
			if strings.Contains(err.Error(), key) {
				named++
			}
		}
	}
	if len(bad) > 0 {
		t.Logf("by class: %v", bad)
	}
	t.Logf("%d cases; %d errors name the key", len(table.Cases), named)
}

func (c mutation) run(entries map[string][]byte, inputs, outputs []arrayContent) (err, wrong error) {
	defer func() {
		if r := recover(); r != nil {
			wrong = fmt.Errorf("panic: %v", r)
		}
	}()
	config, err := pyjson.Parse(entries["config.json"])
	if err != nil {
		return err, nil
	}
	value := any(nil)
	if !c.Delete {
		if value, err = pyjson.Parse(c.Set); err != nil {
			return err, nil
		}
	}
	config = mutate(config, c.Path, value, c.Delete)
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for name, data := range entries {
		if name == "config.json" {
			data = pyjson.Marshal(config)
		}
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err == nil {
			_, err = w.Write(data)
		}
		if err != nil {
			return err, nil
		}
	}
	if err := z.Close(); err != nil {
		return err, nil
	}
	m, err := kerasfile.Read(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	if err != nil {
		return err, nil
	}
	got, err := runContent(m, inputs)
	if err != nil {
		return err, nil
	}
	for i := range got { // the table has the elements; keepdims=True gives them another shape
		if i < len(outputs) && slices.Equal(squeeze(got[i].Shape()), squeeze(outputs[i].Shape)) {
			got[i] = tensor.Reshape(got[i], outputs[i].Shape...)
		}
	}
	return nil, compareOutputs(got, outputs)
}

// squeeze leaves out axes of length 1.
func squeeze(shape []int) []int {
	return slices.DeleteFunc(slices.Clone(shape), func(d int) bool { return d == 1 })
}

// mutate returns a document with the value at a path changed or deleted.
func mutate(v any, path []any, value any, remove bool) any {
	if len(path) == 0 {
		return value
	}
	switch v := v.(type) {
	case *pyjson.Object:
		key, _ := path[0].(string)
		if len(path) == 1 && remove {
			v.Delete(key)
		} else {
			v.Set(key, mutate(v.Get(key), path[1:], value, remove))
		}
	case []any:
		i, _ := path[0].(float64)
		if len(path) == 1 && remove {
			return append(v[:int(i):int(i)], v[int(i)+1:]...)
		}
		v[int(i)] = mutate(v[int(i)], path[1:], value, remove)
	}
	return v
}
