package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/npy"
)

// archive reads arrays of an example .npz.
func archive(t *testing.T, name string, arrays ...string) []tensor.Any {
	t.Helper()
	a, err := npy.OpenArchive(examplesDir + name)
	if err != nil {
		t.Fatal(err)
	}
	var out []tensor.Any
	for _, n := range arrays {
		x, err := a.Read(n)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, x)
	}
	return out
}

// agrees judges an answer by the rule of verify.
func agrees(t *testing.T, what string, ours, keras tensor.Any) {
	t.Helper()
	if c := golden.Compare(ours, keras, nil, tensor.Invalid); c.Problem != "" {
		t.Errorf("%s: %s", what, c.Problem)
	}
}

// TestExamplesAgreeWithKeras compares all examples with Keras's own probabilities, by each kind of file.
func TestExamplesAgreeWithKeras(t *testing.T) {
	digits := archive(t, "digits_test.npz", "label", "probabilities")
	wine := archive(t, "wine_test.npz", "probabilities")[0]
	dir := t.TempDir()
	for i, c := range []struct {
		model, input string
		want         tensor.Any
	}{
		{"digits.keras", "digits_test.npz", digits[1]},
		{"wine.keras", "wine_test.csv", wine},
		{"wine.keras", "wine_test.npz", wine},
	} {
		out := filepath.Join(dir, fmt.Sprintf("%d.npy", i))
		must(t, "predict", examplesDir+c.model, examplesDir+c.input, "--output", out)
		got, err := npy.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, c.input, got, c.want)
		must(t, "predict", examplesDir+c.model, examplesDir+c.input, "--output", out, "--batch", "1000", "--threads", "1")
		whole, err := npy.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, c.input+" in one batch", whole, c.want)
	}
	// digit_k.png is the first picture of class k in digits_test.npz.
	labels := digits[0].(*tensor.Of[int64]).Data()
	var files []string
	var want []float32
	for k := range int64(10) {
		i := slices.Index(labels, k)
		row := digits[1].Rows(i, i+1)
		want = append(want, row.Raw().([]float32)...)
		file := fmt.Sprintf("%sdigit_%d.png", examplesDir, k)
		files = append(files, file)
		var single struct {
			Outputs map[string][]float32 `json:"outputs"`
		}
		parse(t, must(t, "predict", examplesDir+"digits.keras", file, "--json"), &single)
		agrees(t, file, tensor.FromSlice(single.Outputs["digit"], 1, 10), row)
	}
	var batch struct {
		Outputs map[string][][]float32 `json:"outputs"`
	}
	parse(t, must(t, append([]string{"predict", examplesDir + "digits.keras", "--json"}, files...)...), &batch)
	agrees(t, "ten pictures", tensor.FromSlice(slices.Concat(batch.Outputs["digit"]...), 10, 10), tensor.FromSlice(want, 10, 10))
}

func parse(t testing.TB, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("%v in %.200s", err, text)
	}
}

func TestPredictSaysSeven(t *testing.T) {
	out := must(t, "predict", examplesDir+"digits.keras", examplesDir+"digit_7.png")
	if !strings.HasPrefix(out, "digit_7.png: class 7, 99.95 %\n") || strings.Count(out, "\n") != 5 {
		t.Error(out)
	}
	out = must(t, "predict", examplesDir+"digits.keras", examplesDir+"digits_test.npz", "--top", "2")
	if strings.Count(out, "\n") != maxRows+1 || !strings.Contains(out, "and 310 more") {
		t.Error(out)
	}
}

// encodeAs writes a picture in a format.
func encodeAs(t *testing.T, img image.Image, name string) string {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch filepath.Ext(name) {
	case ".png":
		err = png.Encode(&b, img)
	case ".jpg":
		err = jpeg.Encode(&b, img, &jpeg.Options{Quality: 100})
	case ".gif":
		err = gif.Encode(&b, img, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return writeTemp(t, name, b.Bytes())
}

// seven is digit_7.png at a scale, drawn with a function for its pixels.
func seven(t *testing.T, scale int, pixel func(y uint8) color.Color) image.Image {
	t.Helper()
	src, err := decodeImage(readFile(t, examplesDir+"digit_7.png"))
	if err != nil {
		t.Fatal(err)
	}
	img := image.NewNRGBA64(image.Rect(0, 0, 8*scale, 8*scale))
	for y := range 8 * scale {
		for x := range 8 * scale {
			img.Set(x, y, pixel(color.GrayModel.Convert(src.At(x/scale, y/scale)).(color.Gray).Y))
		}
	}
	return img
}

func grey(y uint8) color.Color { return color.Gray{y} }

func TestPictures(t *testing.T) {
	digits := examplesDir + "digits.keras"
	for _, c := range []struct {
		name string
		img  image.Image
		args []string
	}{
		{"grey.png", seven(t, 1, grey), nil},
		{"grey.jpg", seven(t, 1, grey), nil},
		{"grey.gif", seven(t, 1, grey), nil},
		{"deep.png", seven(t, 1, func(y uint8) color.Color { return color.Gray16{uint16(y) * 257} }), nil},
		{"colour.png", seven(t, 1, func(y uint8) color.Color { return color.RGBA{y, y, y, 255} }), nil},
		{"large.png", seven(t, 4, grey), []string{"--resize"}},
	} {
		out := must(t, append([]string{"predict", digits, encodeAs(t, c.img, c.name)}, c.args...)...)
		if !strings.HasPrefix(out, c.name+": class 7, ") {
			t.Errorf("%s: %s", c.name, out)
		}
	}
	large := encodeAs(t, seven(t, 4, grey), "large.png")
	refused(t, 1, "32 x 32 pixels, the model takes 8 x 8; --resize", "predict", digits, large)
	refused(t, 1, "no PNG, JPEG or GIF", "predict", digits, writeTemp(t, "x.png", []byte("text")))
	refused(t, 1, "cannot be read", "predict", digits, writeTemp(t, "x.png", readFile(t, encodeAs(t, seven(t, 1, grey), "small.png"))[:60]))
	refused(t, 1, "which is no picture", "predict", goldensDir+"format/vocab/text_int.keras", large)
}

// TestFrames reads the form of pictures from an input's shape.
func TestFrames(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 2, 1))
	img.Set(0, 0, color.NRGBA{10, 20, 30, 40})
	img.Set(1, 0, color.NRGBA{50, 60, 70, 80})
	file := encodeAs(t, img, "x.png")
	for _, c := range []struct {
		shape []int
		want  []float32
		out   []int
	}{
		{[]int{-1, 1, 2, 3}, []float32{10, 20, 30, 50, 60, 70}, []int{1, 1, 2, 3}},
		{[]int{-1, 1, 2, 4}, []float32{10, 20, 30, 40, 50, 60, 70, 80}, []int{1, 1, 2, 4}},
		{[]int{-1, 3, 1, 2}, []float32{10, 50, 20, 60, 30, 70}, []int{1, 3, 1, 2}},
		{[]int{-1, -1, -1, 1}, []float32{18, 58}, []int{1, 1, 2, 1}},
		{[]int{-1, 1, 2}, []float32{18, 58}, []int{1, 1, 2}},
		{[]int{-1, 2}, []float32{18, 58}, []int{1, 2}},
		{[]int{-1, 6}, []float32{10, 20, 30, 50, 60, 70}, []int{1, 6}},
		{nil, []float32{10, 20, 30, 50, 60, 70}, []int{1, 1, 2, 3}},
	} {
		r := &inputReader{budget: (&memoryFlag{}).budget()}
		got, err := r.readPictures([]string{file}, port{name: "x", shape: c.shape, dtype: tensor.Float32})
		if err != nil {
			t.Errorf("%v: %v", c.shape, err)
			continue
		}
		if !slices.Equal(got.Shape(), c.out) || !slices.Equal(got.Raw().([]float32), c.want) {
			t.Errorf("%v: %v %v, want %v %v", c.shape, got.Shape(), got.Raw(), c.out, c.want)
		}
	}
}

func npyFile(t *testing.T, name string, x tensor.Any) string {
	t.Helper()
	var b bytes.Buffer
	if err := npy.Encode(&b, x); err != nil {
		t.Fatal(err)
	}
	return writeTemp(t, name, b.Bytes())
}

// TestInputKinds gives the same examples in every form.
func TestInputKinds(t *testing.T) {
	digits := examplesDir + "digits.keras"
	images := archive(t, "digits_test.npz", "image")[0]
	two := images.Rows(0, 2)
	one := images.Rows(0, 1)
	pixels := func(x tensor.Any, shape ...int) string {
		b := new(bytes.Buffer)
		if err := (&answer{names: []string{"image"}, outputs: []tensor.Any{tensor.Reshape(x, shape...)}}).printJSON(b); err != nil {
			t.Fatal(err)
		}
		return strings.TrimSuffix(strings.TrimPrefix(b.String(), `{"outputs": `), "}\n")
	}
	flat := func(x tensor.Any) string { // rows of 64 numbers
		var b strings.Builder
		for i, v := range x.Raw().([]uint8) {
			fmt.Fprint(&b, v)
			b.WriteString(map[bool]string{true: "\n", false: ","}[i%64 == 63])
		}
		return b.String()
	}
	var header strings.Builder
	for i := range 64 {
		fmt.Fprintf(&header, "p%d,", i)
	}
	list := func(s string) string { // the value of {"image": ...}
		return strings.TrimSuffix(strings.TrimPrefix(s, `{"image": `), "}")
	}
	whole := must(t, "predict", digits, npyFile(t, "x.npy", two), "--json")
	single := must(t, "predict", digits, npyFile(t, "x.npy", tensor.Reshape(one, 8, 8, 1)), "--json")
	if strings.Count(whole, "[") != 3 || strings.Count(single, "[") != 1 {
		t.Fatalf("%s%s", whole, single)
	}
	for name, c := range map[string]struct{ got, want string }{
		"no channel":        {must(t, "predict", digits, npyFile(t, "x.npy", tensor.Reshape(two, 2, 8, 8)), "--json"), whole},
		"single no channel": {must(t, "predict", digits, npyFile(t, "x.npy", tensor.Reshape(one, 8, 8)), "--json"), single},
		"json object":       {must(t, "predict", digits, writeTemp(t, "x.json", []byte(pixels(two, 2, 8, 8, 1))), "--json"), whole},
		"json list":         {must(t, "predict", digits, writeTemp(t, "x.json", []byte(list(pixels(two, 2, 8, 8, 1)))), "--json"), whole},
		"json single":       {must(t, "predict", digits, writeTemp(t, "x.json", []byte(list(pixels(one, 8, 8, 1)))), "--json"), single},
		"csv":               {must(t, "predict", digits, writeTemp(t, "x.csv", []byte(flat(two))), "--json"), whole},
		"csv header": {must(t, "predict", digits, writeTemp(t, "x.csv", []byte(strings.TrimSuffix(header.String(), ",")+"\n"+flat(two))),
			"--json"), whole},
		"csv semicolons": {must(t, "predict", digits, writeTemp(t, "x.csv", []byte(strings.ReplaceAll(flat(two), ",", ";"))), "--json"), whole},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", name, c.got, c.want)
		}
	}
	code, out, errText := hornIn(t, list(pixels(two, 2, 8, 8, 1)), "predict", digits, "-", "--json")
	if code != 0 || out != whole {
		t.Errorf("standard input: %s %s", out, errText)
	}
	var all struct {
		Outputs struct{ Digit [][]float32 } `json:"outputs"`
	}
	parse(t, whole, &all)
	if len(all.Outputs.Digit) != 2 || len(all.Outputs.Digit[0]) != 10 {
		t.Error(whole)
	}
}

func TestWrongInputs(t *testing.T) {
	digits, dict := examplesDir+"digits.keras", goldensDir+"graph/functional_dict_of_inputs.keras"
	file := func(name, text string) string { return writeTemp(t, name, []byte(text)) }
	array := func(shape ...int) string { return npyFile(t, "x.npy", tensor.New(shape...)) }
	for _, c := range []struct {
		words string
		args  []string
	}{
		{"there is no such file", []string{digits, "no.npy"}},
		{"there is no such file", []string{digits, "no.png"}},
		{"shape (9, 9, 1); the model takes (None, 8, 8, 1), or one example of (8, 8, 1)", []string{digits, array(9, 9, 1)}},
		{"shape (2, 3, 8, 8, 1)", []string{digits, array(2, 3, 8, 8, 1)}},
		{"not a .npy", []string{digits, file("x.npy", "text")}},
		{"npz", []string{digits, file("x.npz", "text")}},
		{`no array for the input "image"`, []string{digits, examplesDir + "wine_test.npz"}},
		{"not valid JSON", []string{digits, file("x.json", "[[1, 2")}},
		{"differ in length", []string{digits, file("x.json", "[[1, 2], [3]]")}},
		{`no array for the input "image"; it has "img", "b"; is "img" meant?`, []string{digits, file("x.json", `{"img": [1], "b": 2}`)}},
		{"has 3 columns; the input \"image\" needs 64", []string{digits, file("x.csv", "1,2,3\n")}},
		{"has no rows", []string{digits, file("x.csv", "")}},
		{"has 65 columns, the model needs 64; without a header", []string{digits, file("x.csv", strings.Repeat("1,", 64)+"1\n")}},
		{`row 2, column 1: "x" is not a number`, []string{digits, file("x.csv", strings.Repeat("1,", 63)+"1\nx"+strings.Repeat(",1", 63)+"\n")}},
		{`the 2 inputs "a", "b"`, []string{dict, array(2, 3)}},
		{`the 2 inputs "a", "b"`, []string{dict, examplesDir + "digit_7.png"}},
		{`no array for the input "a"`, []string{dict, examplesDir + "wine_test.npz"}},
		{"the model takes integers", []string{goldensDir + "core/embedding_int32_sequence.keras",
			npyFile(t, "x.npy", tensor.FromSlice([]float32{0.5, 0, 0, 0, 0}, 1, 5))}},
		{"give an object with their names", []string{dict, file("x.json", "[1]")}},
		{"0.5 is no integer", []string{goldensDir + "core/embedding_int32_sequence.keras", file("x.json", "[0.5]")}},
	} {
		refused(t, 1, c.words, append([]string{"predict"}, c.args...)...)
	}
}

func TestSeveralInputsAndOutputs(t *testing.T) {
	for _, name := range []string{"functional_dict_of_inputs", "functional_dict_of_outputs", "functional_inputs_of_three_dtypes",
		"functional_nested_inputs_and_outputs"} {
		model, golden := goldensDir+"graph/"+name+".keras", goldensDir+"graph/"+name+".npz"
		out := filepath.Join(t.TempDir(), "o.npz")
		must(t, "predict", model, golden, "--output", out)
		got, err := npy.OpenArchive(out)
		if err != nil {
			t.Fatal(err)
		}
		want, err := npy.OpenArchive(golden)
		if err != nil {
			t.Fatal(err)
		}
		outputs, err := want.Numbered("output_")
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Names()) != len(outputs) {
			t.Errorf("%s: %q for %d outputs", name, got.Names(), len(outputs))
		}
		// One file for each input gives the same.
		inputs, err := want.Numbered("input_")
		if err != nil {
			t.Fatal(err)
		}
		args := []string{"predict", model, "--json"}
		for i, x := range inputs {
			args = append(args, npyFile(t, fmt.Sprintf("%d.npy", i), x))
		}
		if a, b := must(t, args...), must(t, "predict", model, golden, "--json"); a != b {
			t.Errorf("%s: %s and %s", name, a, b)
		}
	}
	refused(t, 1, "3 outputs", "predict", goldensDir+"graph/functional_dict_of_outputs.keras",
		goldensDir+"graph/functional_dict_of_outputs.npz", "--output", filepath.Join(t.TempDir(), "o.npy"))
}

func TestOutputFiles(t *testing.T) {
	dir := t.TempDir()
	want := archive(t, "wine_test.npz", "probabilities")[0]
	for _, ext := range []string{".npy", ".npz", ".csv", ".json"} {
		file := filepath.Join(dir, "o"+ext)
		if out := must(t, "predict", examplesDir+"wine.keras", examplesDir+"wine_test.npz", "--output", file); out != "" {
			t.Errorf("%s: also on standard output: %s", ext, out)
		}
		var got tensor.Any
		var err error
		switch ext {
		case ".npy":
			got, err = npy.ReadFile(file)
		case ".npz":
			var a *npy.Archive
			if a, err = npy.OpenArchive(file); err == nil {
				got, err = a.Read("cultivar")
			}
		case ".json":
			var o struct {
				Outputs struct{ Cultivar [][]float32 } `json:"outputs"`
			}
			parse(t, string(readFile(t, file)), &o)
			got = tensor.FromSlice(slices.Concat(o.Outputs.Cultivar...), 40, 3)
		case ".csv":
			b := (&memoryFlag{}).budget()
			tab, e := parseCSV(bytes.NewReader(readFile(t, file)), []port{{name: "x", dtype: tensor.Float32, shape: []int{-1, 3}}}, b)
			if e != nil || !slices.Equal(tab.header, []string{"cultivar_0", "cultivar_1", "cultivar_2"}) {
				t.Fatalf("%v %+v", e, tab)
			}
			got, err = tab.tensor(port{dtype: tensor.Float32, shape: []int{-1, 3}}, []int{0, 1, 2}, b)
		}
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, ext, got, want)
	}
	// What fails leaves nothing, and what was there stays.
	old := filepath.Join(dir, "old.csv")
	if err := os.WriteFile(old, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, 1, "which is no table", "predict", goldensDir+"core/embedding_int32_sequence.keras",
		goldensDir+"core/embedding_int32_sequence.npz", "--output", old)
	if string(readFile(t, old)) != "old" {
		t.Error("the old file is gone")
	}
	refused(t, 1, "cannot be written", "predict", examplesDir+"wine.keras", examplesDir+"wine_test.npz", "--output",
		filepath.Join(dir, "no", "o.npy"))
	refused(t, 1, "is a directory", "predict", examplesDir+"wine.keras", examplesDir+"wine_test.npz", "--output", makeDir(t, dir, "d.npy"))
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != 6 {
		t.Errorf("%d files are left: %v %v", len(list), list, err)
	}
}

func makeDir(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestText(t *testing.T) {
	model := goldensDir + "format/vocab/text_int.keras"
	if _, err := os.Stat(model); err != nil {
		t.Fatal(err)
	}
	want := must(t, "predict", model, writeTemp(t, "x.json", []byte(`["the dog", "cat, the"]`)), "--json")
	for _, c := range []struct{ name, text string }{
		{"x.json", `[["the dog"], ["cat, the"]]`},
		{"x.csv", "the dog\n\"cat, the\"\n"},
		{"x.csv", "text\nthe dog\n\"cat, the\"\n"},
		{"x.csv", "input_layer\nthe dog\n\"cat, the\"\n"},
	} {
		if got := must(t, "predict", model, writeTemp(t, c.name, []byte(c.text)), "--json"); got != want {
			t.Errorf("%s: %s, want %s", c.text, got, want)
		}
	}
	code, one, err := hornIn(t, `"the dog"`, "predict", model, "-", "--json")
	if code != 0 || strings.Count(one, "[") != 1 {
		t.Errorf("one text: %s %s", one, err)
	}
	refused(t, 1, "a number among strings", "predict", model, writeTemp(t, "x.json", []byte("[1, 2]")))
}

func TestFormatArray(t *testing.T) {
	for _, c := range []struct {
		in   tensor.Any
		want string
	}{
		{tensor.FromSlice([]float32{1, 2.5, -3, 1e-9}, 2, 2), "[[    1,   2.5],\n [   -3, 1e-09]]"},
		{tensor.FromSlice([]string{"a", "b"}), `["a", "b"]`},
		{tensor.FromSlice([]bool{true, false}), "[ true, false]"},
		{tensor.Scalar(int32(7)), "7"},
		{tensor.New(1<<30, 0), "[]"},
		{tensor.FromSlice(make([]uint8, 2000)), "[0, 0, 0, ..., 0, 0, 0]"},
	} {
		if got := formatArray(c.in); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

// TestLayer takes what layers give in place of the model's outputs.
func TestLayer(t *testing.T) {
	model, picture := examplesDir+"digits.keras", examplesDir+"digit_7.png"
	var answer struct{ Outputs map[string]json.RawMessage }
	parse(t, must(t, "predict", model, picture, "--layer", "global_average_pooling2d", "--layer", "digit", "--json"), &answer)
	for name, want := range map[string]int{"global_average_pooling2d": 32, "digit": 10} {
		var values []float64
		if err := json.Unmarshal(answer.Outputs[name], &values); err != nil || len(values) != want {
			t.Errorf("%s: %d values (%v), not %d", name, len(values), err, want)
		}
	}
	refused(t, 1, `no layer "digi" (did you mean "digit"?)`, "predict", model, picture, "--layer", "digi")
}

// TestTimeout ends what takes too long.
func TestTimeout(t *testing.T) {
	refused(t, 1, "it takes longer than 1ns; --timeout allows more", "predict", examplesDir+"digits.keras", examplesDir+"digit_7.png",
		"--timeout", "1ns")
	refused(t, 2, "--timeout -1s", "predict", examplesDir+"digits.keras", examplesDir+"digit_7.png", "--timeout", "-1s")
}
