package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/npy"
)

// identity writes a model that gives back what it takes, of a shape and a type.
func identity(t testing.TB, name, dtype string, shape ...int) string {
	t.Helper()
	in := nn.Input(shape, layer.Args{"name": name, "dtype": dtype})
	m, err := nn.NewModel(in, layers.NewIdentity().On(in))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "identity.keras")
	if err := kerasfile.Save(m, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// within32MiB runs a command line that has to be refused, and reports what it allocated if that is much.
func within32MiB(t *testing.T, words string, args ...string) {
	t.Helper()
	if math.MaxInt == math.MaxInt32 {
		words = "" // some sizes are none at all on these machines
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	refused(t, 1, words, args...)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 32<<20 {
		t.Errorf("horn %s: %d MiB are allocated", strings.Join(args, " "), took>>20)
	}
}

// npyHeader is a .npy file that declares a shape and has a little data.
func npyHeader(descr, shape, data string) []byte {
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': True, 'shape': (%s), }\n", descr, shape)
	out := binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(text)))
	return append(append(out, text...), data...)
}

// zipOf is a zip of one deflated entry.
func zipOf(t *testing.T, name string, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// pngOf is a PNG that declares a size, of one bit for a pixel, and holds nothing of it.
func pngOf(width, height uint32) []byte {
	chunk := func(kind string, data []byte) []byte {
		out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
		out = append(append(out, kind...), data...)
		return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height)
	out := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(head, 1, 0, 0, 0, 0))...)
	return append(append(out, chunk("IDAT", []byte{0x78, 1})...), chunk("IEND", nil)...)
}

// resized changes the size that a JPEG or a GIF declares.
func resized(data []byte, width, height uint16) []byte {
	data = slices.Clone(data)
	if bytes.HasPrefix(data, []byte("GIF8")) {
		binary.LittleEndian.PutUint16(data[6:], width)
		binary.LittleEndian.PutUint16(data[8:], height)
		return data
	}
	for _, marker := range []string{"\xff\xc0", "\xff\xc2"} {
		if i := bytes.Index(data, []byte(marker)); i >= 0 {
			binary.BigEndian.PutUint16(data[i+5:], height)
			binary.BigEndian.PutUint16(data[i+7:], width)
		}
	}
	return data
}

// sparse is a file of 100 GiB that takes no place.
func sparse(t *testing.T, name string) string {
	t.Helper()
	path := writeTemp(t, name, nil)
	if err := os.Truncate(path, 100<<30); err != nil {
		t.Skipf("no large files here: %v", err)
	}
	return path
}

// endless is a stream that repeats itself for ever.
type endless struct{ text string }

func (e endless) Read(p []byte) (int, error) {
	for i := 0; i < len(p); i += len(e.text) {
		copy(p[i:], e.text)
	}
	return len(p), nil
}

// TestEndlessStream has standard input that never ends: reading it does.
func TestEndlessStream(t *testing.T) {
	model := identity(t, "in0", "float32", -1)
	for text, words := range map[string]string{"[0,": "values or more takes", "y\n": `is not JSON: it starts with "y"`, " ": "takes"} {
		var err bytes.Buffer
		code := newApp(endless{text}, &bytes.Buffer{}, &err).run([]string{"predict", model, "-", "--max-memory", "64MB"})
		if code != 1 || !strings.Contains(err.String(), words) {
			t.Errorf("%q: exit %d: %s", text, code, err.String())
		}
	}
}

// twoInputs writes a model that adds two inputs of a shape.
func twoInputs(t *testing.T, shape ...int) string {
	t.Helper()
	a, b := nn.Input(shape, layer.Args{"name": "input_1"}), nn.Input(shape, layer.Args{"name": "input_2"})
	m, err := nn.NewModel([]any{a, b}, layers.NewSubtract().On([]any{a, b}))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "two.keras")
	if err := kerasfile.Save(m, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPromises has files of a few bytes that promise gigabytes: none of them is believed.
func TestPromises(t *testing.T) {
	file := func(name string, data []byte) string { return writeTemp(t, name, data) }
	vector, anyLength := identity(t, "in0", "float32", 4), identity(t, "in0", "float32", -1)
	pictures := identity(t, "in0", "float32", -1, -1, 3)
	digits := examplesDir + "digits.keras"
	var j, g bytes.Buffer
	small := image.NewRGBA(image.Rect(0, 0, 8, 8))
	if err := jpeg.Encode(&j, small, nil); err != nil {
		t.Fatal(err)
	}
	if err := gif.Encode(&g, small, nil); err != nil {
		t.Fatal(err)
	}
	progressive := bytes.Replace(j.Bytes(), []byte("\xff\xc0"), []byte("\xff\xc2"), 1)
	zeros := npyHeader("<f4", "80, 262144", string(make([]byte, 80<<20)))
	for _, c := range []struct {
		words string
		args  []string
	}{
		{"has shape (0, 4294967296)", []string{"predict", vector, file("x.npy", npyHeader("<f4", "0, 4294967296", ""))}},
		{"takes 16.0 GiB of memory", []string{"predict", anyLength, file("x.npz", zipOf(t, "in0.npy", npyHeader("<f4", "1, 4294967296", "")))}},
		{"bytes of elements are declared", []string{"predict", anyLength, file("x.npy", npyHeader("<f4", "1, 4294967296", ""))}},
		{"bytes of elements are declared", []string{"predict", anyLength, file("x.npz", zipOf(t, "x.npy", npyHeader("<f4", "1, 67108864", "")))}},
		{"dimensions, NumPy has 64", []string{"predict", vector, file("x.npy", npyHeader("<f4", strings.Repeat("1, ", 9000), "1234"))}},
		{"more than 65536", []string{"predict", vector, file("x.npy", []byte("\x93NUMPY\x02\x00\x00\x00\x20\x00"+string(make([]byte, 2<<20))))}},
		{"times as many bytes as are stored", []string{"predict", anyLength, file("x.npz", zipOf(t, "in0.npy", zeros))}},
		{"a document of 98306 values or more takes 6.4 MiB", []string{"predict", anyLength, "--max-memory", "5MB", file("x.json",
			[]byte("[["+strings.Repeat("0,", 1<<20)+"0]]"))}},
		{"the table up to row", []string{"predict", anyLength, "--max-memory", "2MB", file("x.csv", []byte(strings.Repeat("0,0,0,0\n", 1<<17)))}},
		{"the file takes 100.0 GiB", []string{"predict", anyLength, sparse(t, "x.csv")}},
		{"the file takes 100.0 GiB", []string{"predict", anyLength, sparse(t, "x.json")}},
		{"not a .npy", []string{"predict", anyLength, sparse(t, "x.npy")}},
		{"npz", []string{"predict", anyLength, sparse(t, "x.npz")}},
		{"no PNG, JPEG or GIF", []string{"predict", pictures, sparse(t, "x.png")}},
		{"an architecture has at most", []string{"convert", sparse(t, "x.json"), filepath.Join(t.TempDir(), "y.keras")}},
		{"takes 3.0 MiB of memory", []string{"predict", anyLength, "--max-memory", "1MB", file("y.npy",
			npyHeader("<f4", "1, 786432", string(make([]byte, 3<<20))))}},
		{"a picture of 100000 x 100000 pixels takes", []string{"predict", pictures, file("x.png", pngOf(100000, 100000))}},
		{"a picture of 1 x 300000000 pixels takes", []string{"predict", digits, "--resize", file("x.png", pngOf(1, 300_000_000))}},
		{"a picture of 65000 x 65000 pixels takes", []string{"predict", pictures, file("x.jpg", resized(j.Bytes(), 65000, 65000))}},
		{"a picture of 5000 x 5000 pixels takes", []string{"predict", pictures, file("x.jpg", resized(progressive, 5000, 5000))}},
		{"a picture of 65000 x 65000 pixels takes", []string{"predict", pictures, file("x.gif", resized(g.Bytes(), 65000, 65000))}},
		{"a picture of 9000 x 9000 pixels takes", []string{"predict", pictures, file("x.png", pngOf(9000, 9000))}},
		{"the model takes 8 x 8", []string{"predict", digits, file("x.png", pngOf(5000, 5000))}},
		{"takes 512.0 MiB of memory", []string{"bench", identity(t, "in0", "float64", 1<<13, 1<<13), "--seconds", "0.01"}},
		{"more than the 256.0 MiB", []string{"bench", identity(t, "in0", "float32", 100, 1000, 1000), "--seconds", "0.01"}},
		{"more than the 27.1 MiB", []string{"bench", twoInputs(t, 3000, 4000, 5), "--seconds", "0.01", "--batch", "1"}},
		{"more than the 1.0 MiB", []string{"bench", identity(t, "in0", "string", 1<<17), "--seconds", "0.01", "--max-memory", "1MiB"}},
		{"has shape (1, 4294967296)", []string{"evaluate", digits, file("x.npz", zipOf(t, "x.npy", npyHeader("<f4", "1, 4294967296", "")))}},
	} {
		within32MiB(t, c.words, c.args...)
	}
}

// TestMaxMemory has the flag allow what is refused without it.
func TestMaxMemory(t *testing.T) {
	model := identity(t, "in0", "float32", -1)
	zeros := writeTemp(t, "x.npz", zipOf(t, "in0.npy", npyHeader("<f4", "1, 20971520", string(make([]byte, 80<<20)))))
	refused(t, 1, "times as many bytes as are stored, the limit is 1000; --max-memory allows", "predict", model, zeros)
	must(t, "predict", model, zeros, "--max-memory", "1GB")
	refused(t, 2, "a size such as 500MB", "predict", model, zeros, "--max-memory", "much")
}

// TestArraysThatAreNoInput has names that are spelled wrong, arrays that are too many, and those that stand beside inputs.
func TestArraysThatAreNoInput(t *testing.T) {
	one := identity(t, "values", "float32", 2)
	x := tensor.FromSlice([]float32{1, 2}, 1, 2)
	npz := func(names ...string) string {
		var b bytes.Buffer
		arrays := map[string]tensor.Any{}
		for _, n := range names {
			arrays[n] = x
		}
		if err := npy.EncodeArchive(&b, arrays); err != nil {
			t.Fatal(err)
		}
		return writeTemp(t, "x.npz", b.Bytes())
	}
	for _, names := range [][]string{{"values"}, {"input_0"}, {"arr_0"}, {"x"}, {"values", "label"}, {"input_0", "output_0", "truth_0"},
		{"values", "target_0", "weight_0"}, {"values", "identity"}} {
		code, out, err := horn(t, "predict", one, npz(names...), "--json")
		if code != 0 || out != `{"outputs": {"identity": [[1, 2]]}}`+"\n" || (len(names) > 1) != strings.Contains(err, "no input: ") {
			t.Errorf("%q: exit %d: %s%s", names, code, out, err)
		}
	}
	for _, c := range []struct {
		words string
		names []string
	}{
		{`no array for the input "values"; it has "vlaues"; is "vlaues" meant?`, []string{"vlaues"}},
		{`no array for the input "values"; it has "pictures"`, []string{"pictures"}},
		{`no input "pictures"; it has "values"`, []string{"values", "pictures"}},
		{`no input "valves"; it has "values"; did you mean "values"?`, []string{"values", "valves"}},
		{`no input "input_1"`, []string{"input_0", "input_1"}},
		{`no input "input_0"`, []string{"values", "input_0"}},
	} {
		for _, args := range [][]string{{"predict", one}, {"bench", one, "--seconds", "0.01", "--input"}} {
			refused(t, 1, c.words, append(args, npz(c.names...))...)
		}
		text := `{"` + strings.Join(c.names, `": [[1, 2]], "`) + `": [[1, 2]]}`
		refused(t, 1, c.words, "predict", one, writeTemp(t, "x.json", []byte(text)))
	}
	// An input that is called as another one is numbered.
	two := twoInputs(t, 2)
	for first, text := range map[string]string{
		"4": `{"input_0": [[5, 5]], "input_1": [[1, 1]]}`, "-4": `{"input_2": [[5, 5]], "input_1": [[1, 1]]}`,
	} {
		if out := must(t, "predict", two, writeTemp(t, "x.json", []byte(text)), "--json"); !strings.Contains(out, "[["+first+", ") {
			t.Errorf("%s: %s", text, out)
		}
	}
}

// TestWideTables has a table of many named columns, in any order, read in linear time.
func TestWideTables(t *testing.T) {
	const n = 50_000
	model := identity(t, "in0", "float32", n)
	var names, values []string
	for i := n - 1; i >= 0; i-- {
		names, values = append(names, fmt.Sprintf("in0_%d", i)), append(values, fmt.Sprint(i))
	}
	file := writeTemp(t, "x.csv", []byte(strings.Join(names, ",")+",more\n"+strings.Join(values, ",")+",0\n"))
	out := filepath.Join(t.TempDir(), "o.npy")
	must(t, "predict", model, file, "--output", out)
	got, err := npy.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got.Raw().([]float32) {
		if v != float32(i) {
			t.Fatalf("column %d is %v", i, v)
		}
	}
	// Columns that are left over are named, but not fifty thousand.
	_, _, note := horn(t, "predict", identity(t, "in0", "float32", 2), file)
	if !strings.Contains(note, "and 49979 more") || len(note) > 1000 {
		t.Errorf("%q", note)
	}
}

// TestStringsStay has strings that are bytes, not characters, go in and out in every form.
func TestStringsStay(t *testing.T) {
	model := identity(t, "in0", "string", 2)
	want := []string{"\xff\xfe", "a,\"b\" é"}
	in := npyFile(t, "x.npy", tensor.FromSlice(want, 1, 2))
	dir := t.TempDir()
	for _, ending := range []string{".npy", ".npz", ".json", ".csv"} {
		file, again := filepath.Join(dir, "o"+ending), filepath.Join(dir, "p.npy")
		must(t, "predict", model, in, "--output", file)
		if ending == ".npz" { // the output is no input by its name
			a, err := npy.OpenArchive(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := a.Read("identity")
			if err != nil || !slices.Equal(got.Raw().([]string), want) {
				t.Errorf("%s: %q, %v", ending, got.Raw(), err)
			}
			continue
		}
		if ending == ".csv" { // names of columns are text like any other
			_, rows, _ := bytes.Cut(readFile(t, file), []byte("\n"))
			if err := os.WriteFile(file, rows, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if ending == ".json" {
			text := strings.TrimSuffix(strings.TrimPrefix(string(readFile(t, file)), `{"outputs": {"identity": `), "}}\n")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		must(t, "predict", model, file, "--output", again)
		got, err := npy.ReadFile(again)
		if err != nil || !slices.Equal(got.Raw().([]string), want) {
			t.Errorf("%s: %q, %v", ending, got.Raw(), err)
		}
	}
}

// TestPixels compares what pictures become with keras.applications.imagenet_utils.preprocess_input and layers.Rescaling.
func TestPixels(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 2, 1))
	img.Set(0, 0, color.NRGBA{0, 1, 255, 255})
	img.Set(1, 0, color.NRGBA{10, 127, 200, 255})
	file := encodeAs(t, img, "x.png")
	last, first := identity(t, "in0", "float32", 1, 2, 3), identity(t, "in0", "float32", 3, 1, 2)
	for _, c := range []struct {
		flag, value string
		want        [6]float32
	}{
		{"--preprocess", "tf", [6]float32{-1.0, -0.9921568632125854, 1.0, -0.9215686321258545, -0.003921568393707275, 0.5686274766921997}},
		{"--preprocess", "torch", [6]float32{-2.1179039478302, -2.018207311630249, 2.640000104904175, -1.9466564655303955, 0.18767505884170532,
			1.6813944578170776}},
		{"--preprocess", "caffe", [6]float32{151.06100463867188, -115.77899932861328, -123.68000030517578, 96.06099700927734, 10.221000671386719,
			-113.68000030517578}},
		{"--scale", "1/255", [6]float32{0.0, 0.003921568859368563, 1.0, 0.03921568766236305, 0.49803924560546875, 0.7843137979507446}},
		{"--scale", "1/127.5,-1", [6]float32{-1.0, -0.9921568632125854, 1.0, -0.9215686321258545, -0.0039215087890625, 0.5686275959014893}},
	} {
		for _, model := range []string{last, first} {
			out := filepath.Join(t.TempDir(), "o.npy")
			code, _, note := horn(t, "predict", model, file, c.flag, c.value, "--output", out)
			if code != 0 || note != "" {
				t.Fatalf("exit %d: %s", code, note)
			}
			got, err := npy.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			if model == first {
				got = tensor.Transpose(got, 1, 2, 0)
			}
			for i, v := range got.Raw().([]float32) {
				if math.Float32bits(v) != math.Float32bits(c.want[i]) {
					t.Errorf("%s %s: element %d is %v, Keras has %v", c.flag, c.value, i, v, c.want[i])
				}
			}
		}
	}
	for _, c := range []struct {
		code  int
		words string
		args  []string
	}{
		{2, "--scale much: a factor such as 1/255", []string{last, file, "--scale", "much"}},
		{2, "--scale 1/0: a factor", []string{last, file, "--scale", "1/0"}},
		{2, `did you mean "torch"?`, []string{last, file, "--preprocess", "troch"}},
		{2, "two ways to say the same", []string{last, file, "--preprocess", "tf", "--scale", "1/255"}},
		{1, "is for three channels", []string{examplesDir + "digits.keras", examplesDir + "digit_7.png", "--preprocess", "caffe"}},
		{2, "--scale is for pictures; there are none", []string{examplesDir + "wine.keras", examplesDir + "wine_test.csv", "--scale", "2"}},
	} {
		refused(t, c.code, c.words, append([]string{"predict"}, c.args...)...)
	}
}

// TestNoteOfScale says which models rescale pixels themselves.
func TestNoteOfScale(t *testing.T) {
	picture := encodeAs(t, image.NewNRGBA(image.Rect(0, 0, 8, 8)), "x.png")
	inner, err := nn.NewSequential(nn.NewInputLayer([]int{8, 8, 3}), layers.NewRescaling(1/255.0))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := nn.NewSequential(nn.NewInputLayer([]int{8, 8, 3}), layers.NewConv2D(2, 3))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		layers []layer.Layer
		noted  bool
	}{
		"rescaling":          {[]layer.Layer{layers.NewRescaling(1 / 255.0), layers.NewConv2D(2, 3)}, false},
		"behind others":      {[]layer.Layer{layers.NewZeroPadding2D(), layers.NewRescaling(1 / 255.0)}, false},
		"normalization":      {[]layer.Layer{layers.NewBatchNormalization()}, false},
		"in a model":         {[]layer.Layer{inner, layers.NewConv2D(2, 3)}, false},
		"none":               {[]layer.Layer{layers.NewConv2D(2, 3)}, true},
		"none in a model":    {[]layer.Layer{plain}, true},
		"after the kernel":   {[]layer.Layer{layers.NewConv2D(2, 3), layers.NewBatchNormalization()}, true},
		"none behind others": {[]layer.Layer{layers.NewZeroPadding2D(), layers.NewConv2D(2, 3)}, true},
	} {
		in := nn.Input([]int{8, 8, 3})
		out := in
		for _, l := range c.layers {
			out = l.On(out)
		}
		m, err := nn.NewModel(in, out)
		if err != nil {
			t.Fatal(err)
		}
		model := filepath.Join(t.TempDir(), "m.keras")
		if err := kerasfile.Save(m, model); err != nil {
			t.Fatal(err)
		}
		code, _, note := horn(t, "predict", model, picture)
		if code != 0 || strings.Contains(note, "rescales the pixels") != c.noted {
			t.Errorf("%s: exit %d: %q", name, code, note)
		}
		if _, _, note := horn(t, "predict", model, picture, "--scale", "1"); note != "" {
			t.Errorf("%s: %q in spite of --scale", name, note)
		}
	}
}

// TestMeant has commands, flags and names that are spelled wrong.
func TestMeant(t *testing.T) {
	for _, c := range []struct {
		words string
		args  []string
	}{
		{`unknown command "pedict" for "horn"; did you mean "predict"?`, []string{"pedict", "x"}},
		{`unknown command "sumary" for "horn"; did you mean "summary"?`, []string{"sumary"}},
		{`unknown command "dupm" for "horn h5"; did you mean "dump"?`, []string{"h5", "dupm", "x"}},
		{`no command "evalaute"; did you mean "evaluate"?`, []string{"help", "evalaute"}},
		{"unknown flag: --ouput; did you mean --output?", []string{"predict", "--ouput", "x"}},
		{"unknown flag: --thread; did you mean --threads?", []string{"summary", "--thread", "1"}},
		{"unknown flag: --xyzzy;", []string{"summary", "--xyzzy"}},
	} {
		refused(t, 2, c.words, c.args...)
	}
}

func TestVersion(t *testing.T) {
	flag, command := must(t, "--version"), must(t, "version")
	if flag != command || !strings.HasPrefix(flag, "horn ") || strings.Count(flag, "\n") != 1 ||
		!strings.Contains(flag, "Keras "+kerasVersion) || !strings.Contains(flag, runtime.Version()) {
		t.Errorf("%q and %q", flag, command)
	}
}

// FuzzInputs reads any bytes as any kind of input.
func FuzzInputs(f *testing.F) {
	endings := []string{".npy", ".npz", ".csv", ".json", ".png", ".jpg", ".gif"}
	for i, name := range []string{"wine_test.npz", "wine_test.csv", "digit_1.png"} {
		data, err := os.ReadFile(examplesDir + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(slices.Index(endings, filepath.Ext(name)), i, data)
	}
	f.Add(3, 1, []byte(`{"x": [[1, 2]]}`))
	dir := f.TempDir()
	want := []port{
		{name: "x", shape: []int{-1, 13}, dtype: tensor.Float32, alone: true},
		{name: "x", shape: []int{-1, -1}, dtype: tensor.Int32, alone: true},
		{name: "x", shape: []int{-1, -1, -1, 3}, dtype: tensor.Float32, alone: true}, {name: "x", shape: []int{-1, 1}, dtype: tensor.String},
		{name: "x", alone: true},
	}
	f.Fuzz(func(t *testing.T, ending, model int, data []byte) {
		if ending < 0 || model < 0 {
			return
		}
		file := filepath.Join(dir, "x"+endings[ending%len(endings)])
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		memory := memoryFlag{bytes: 16 << 20}
		p := want[model%len(want)]
		r := &inputReader{app: newApp(nil, &bytes.Buffer{}, &bytes.Buffer{}), ports: []port{p}, budget: memory.budget()}
		in, err := r.read([]string{file})
		if err == nil && p.shape != nil && in.arrays[0] != nil {
			if _, _, err := p.arrange(in.arrays[0].Shape()); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
		}
	})
}
