package kerasfile

import (
	"archive/zip"
	"bytes"
	"io"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// oddValues take the place of values in a config.
var oddValues = []any{
	nil, true, false, pyjson.Number("0"), pyjson.Number("-1"), pyjson.Number("1"), pyjson.Number("2"), pyjson.Number("3"), pyjson.Number("7"),
	pyjson.Number("100000"), pyjson.Number("2147483648"), pyjson.Number("4294967297"), pyjson.Number("4611686018427387905"),
	pyjson.Number("9223372036854775807"), pyjson.Number("-9223372036854775808"), pyjson.Number("1e300"), pyjson.Number("-0.5"),
	pyjson.Number("NaN"), pyjson.Number("Infinity"), "", "x", "same", "valid", "causal", "relu", "channels_first", "float16", "int8", "string",
	[]any{}, []any{pyjson.Number("1")}, []any{nil, pyjson.Number("3")}, []any{pyjson.Number("0"), pyjson.Number("0"), pyjson.Number("0")},
	new(pyjson.Object),
}

// place is where a value stands in a config.
type place struct {
	get func() any
	set func(any)
	del func() // nil where that cannot be
}

// placesIn lists all places of a config, in its order.
func placesIn(v any, out []place) []place {
	switch v := v.(type) {
	case []any:
		for i := range v {
			out = append(out, place{get: func() any { return v[i] }, set: func(x any) { v[i] = x }})
			out = placesIn(v[i], out)
		}
	case *pyjson.Object:
		for _, k := range v.Keys() {
			out = append(out, place{func() any { return v.Get(k) }, func(x any) { v.Set(k, x) }, func() { v.Delete(k) }})
			out = placesIn(v.Get(k), out)
		}
	}
	return out
}

// mutate changes a config as the bytes say, four for each change: where, what, and with what.
func mutate(config any, program []byte) {
	for ; len(program) >= 4; program = program[4:] {
		places := placesIn(config, nil)
		if len(places) == 0 {
			return
		}
		at := places[(int(program[0])<<8|int(program[1]))%len(places)]
		other := places[(int(program[3])*len(places)/256+int(program[1]))%len(places)]
		switch program[2] % 8 {
		case 0, 1, 2:
			at.set(pyjson.Clone(oddValues[int(program[3])%len(oddValues)]))
		case 3:
			if at.del != nil {
				at.del()
			}
		case 4: // a copy of something else
			at.set(pyjson.Clone(other.get()))
		case 5: // one more of what a list has
			if list, ok := at.get().([]any); ok && len(list) > 0 {
				at.set(append(slices.Clone(list), pyjson.Clone(list[int(program[3])%len(list)])))
			}
		case 6:
			if list, ok := at.get().([]any); ok && len(list) > 0 {
				i := int(program[3]) % len(list)
				at.set(slices.Delete(slices.Clone(list), i, i+1))
			}
		case 7: // two change places
			x, y := at.get(), other.get()
			at.set(pyjson.Clone(y))
			other.set(pyjson.Clone(x))
		}
	}
}

// FuzzModel changes the structure of real configs. A model that comes out of it runs or says why not, and survives being saved: the
// copy has its answers.
func FuzzModel(f *testing.F) {
	var configs [][]byte
	files, err := filepath.Glob("../conformance/testdata/goldens/*/*.keras")
	if err != nil || len(files) == 0 {
		f.Fatal(err, "no goldens")
	}
	for i, file := range files {
		if i%5 != 0 {
			continue
		}
		z, err := zip.OpenReader(file)
		if err != nil {
			f.Fatal(err)
		}
		r, err := z.Open("config.json")
		if err != nil {
			f.Fatal(err)
		}
		config, err := io.ReadAll(r)
		z.Close()
		if err != nil {
			f.Fatal(err)
		}
		if len(config) < 20<<10 {
			configs = append(configs, config)
		}
	}
	for i := range configs {
		f.Add(uint16(i), []byte{byte(i), byte(3 * i), byte(i), byte(7 * i), byte(i), byte(i >> 2), byte(i >> 1), byte(i * i)})
	}
	f.Fuzz(func(t *testing.T, which uint16, program []byte) {
		root, err := pyjson.Parse(configs[int(which)%len(configs)])
		if err != nil {
			t.Fatal(err)
		}
		mutate(root, program[:min(len(program), 64)])
		m, err := FromJSON(pyjson.Marshal(root), WithMemoryLimit(64<<20))
		if err == nil {
			survives(t, m)
		}
	})
}

// survives runs a model on zeros, saves it, and compares what the copy answers.
func survives(t *testing.T, m *nn.Model) {
	inputs, ok := zeros(m)
	var buf bytes.Buffer
	if err := Write(&buf, m); err != nil || !ok {
		return
	}
	want, err := m.PredictAll(inputs...)
	if err != nil {
		return
	}
	again, err := Read(bytes.NewReader(buf.Bytes()), int64(buf.Len()), WithMemoryLimit(64<<20))
	if err != nil {
		t.Fatalf("the copy: %v", err)
	}
	got, err := again.PredictAll(inputs...)
	if err != nil {
		t.Fatalf("the copy: %v", err)
	}
	for i := range want {
		if !slices.Equal(got[i].Shape(), want[i].Shape()) || !equalBufs(graph.BufOf(got[i]), graph.BufOf(want[i])) {
			t.Fatalf("output %d of the copy differs", i)
		}
	}
}

// equalBufs compares elements, NaN with NaN.
func equalBufs(a, b graph.Buf) bool {
	return slices.EqualFunc(a.F, b.F, func(x, y float32) bool { return x == y || x != x && y != y }) &&
		slices.EqualFunc(a.D, b.D, func(x, y float64) bool { return x == y || x != x && y != y }) &&
		slices.Equal(a.I, b.I) && slices.Equal(a.B, b.B) && slices.Equal(a.S, b.S)
}

// zeros makes inputs for a model; ok is false where they would be large.
func zeros(m *nn.Model) (inputs []tensor.Any, ok bool) {
	total := 0
	for _, s := range m.Inputs() {
		shape := make([]int, len(s.Shape))
		size := 1
		for i, d := range s.Shape {
			if shape[i] = d; d < 0 {
				shape[i] = 2
			}
			if shape[i] > 1<<12 || size > 1<<12 {
				return nil, false
			}
			size *= shape[i]
		}
		total += size
		inputs = append(inputs, tensor.NewAny(s.DType, shape...))
	}
	return inputs, total < 1<<14 && len(inputs) > 0
}
