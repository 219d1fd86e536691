package layer_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/tensor"
)

// visitor is a method of Config with a field for it.
type visitor struct {
	name  string
	new   func() (field any, visit func(c *layer.Config))
	cases []visited
	def   string // what is written of a layer made in Go with no arguments; "" where the key is required
}

// visited is what a method makes of a value in a file.
type visited struct {
	in      string // JSON; "" for a key that is not there
	want    any    // the field; nil where wrong says why not
	written string // JSON, where it is not what was read
	wrong   string
}

// on makes a visitor of a method for one type of field.
func on[T any](visit func(c *layer.Config, field *T)) func() (any, func(c *layer.Config)) {
	return func() (any, func(*layer.Config)) {
		field := new(T)
		return field, func(c *layer.Config) { visit(c, field) }
	}
}

func ptr[T any](v T) *T { return &v }

var visitors = []visitor{
	{"Int", on(func(c *layer.Config, f *int) { c.Int("k", f) }), []visited{
		{in: `7`, want: 7}, {in: `-3`, want: -3}, {in: `2.0`, want: 2, written: `2`},
		{in: `2.5`, wrong: "an integer is expected, not the number 2.5"}, {in: `null`, wrong: "an integer"}, {in: `"7"`, wrong: "an integer"},
		{in: `true`, wrong: "an integer"}, {in: `99999999999999999999`, wrong: "an integer"}, {in: ``, wrong: "the key is missing"},
	}, ``},
	{"Int with a default", on(func(c *layer.Config, f *int) { c.Int("k", f, 5) }),
		[]visited{{in: ``, want: 5, written: `5`}, {in: `6`, want: 6}}, `5`},
	{"Positive", on(func(c *layer.Config, f *int) { c.Positive("k", f) }), []visited{
		{in: `1`, want: 1}, {in: `0`, wrong: "a positive integer is expected, not the number 0"}, {in: `-1`, wrong: "a positive integer"},
		{in: `[1]`, wrong: "an integer"},
	}, ``},
	{"IntOrNone", on(func(c *layer.Config, f **int) { c.IntOrNone("k", f) }), []visited{
		{in: `3`, want: ptr(3)}, {in: `null`, want: (*int)(nil)}, {in: ``, want: (*int)(nil), written: `null`}, {in: `"x"`, wrong: "an integer"},
	}, `null`},
	{"Float", on(func(c *layer.Config, f *float64) { c.Float("k", f, 0.5) }), []visited{
		{in: `0.25`, want: 0.25}, {in: `3`, want: 3.0, written: `3.0`}, {in: `1e-07`, want: 1e-7}, {in: ``, want: 0.5, written: `0.5`},
		{in: `"1"`, wrong: "a number is expected"}, {in: `null`, wrong: "a number is expected, not null"},
	}, `0.5`},
	{"FloatOrNone", on(func(c *layer.Config, f **float64) { c.FloatOrNone("k", f) }), []visited{
		{in: `0.5`, want: ptr(0.5)}, {in: `null`, want: (*float64)(nil)}, {in: `false`, wrong: "a number"},
	}, `null`},
	{"Floats", on(func(c *layer.Config, f *[]float64) { c.Floats("k", f, []float64{1, 2}) }), []visited{
		{in: `[0.5, 3]`, want: []float64{0.5, 3}, written: `[0.5, 3.0]`}, {in: `4.0`, want: []float64{4}, written: `[4.0]`},
		{in: `[]`, want: []float64{}},
		{in: `[1, "x"]`, wrong: "a number or a list of numbers"}, {in: `[[1]]`, wrong: "a number or a list"},
	}, `[1.0, 2.0]`},
	{"Bool", on(func(c *layer.Config, f *bool) { c.Bool("k", f, true) }), []visited{
		{in: `false`, want: false}, {in: `true`, want: true}, {in: `1`, wrong: "true or false is expected, not the number 1"},
		{in: `null`, wrong: "true or false"},
	}, `true`},
	{"String", on(func(c *layer.Config, f *string) { c.String("k", f, "a") }), []visited{
		{in: `"b"`, want: "b"}, {in: `""`, want: ""}, {in: `5`, wrong: "a string is expected, not the number 5"},
	}, `"a"`},
	{"StringOrNone", on(func(c *layer.Config, f *string) { c.StringOrNone("k", f) }), []visited{
		{in: `"b"`, want: "b"}, {in: `null`, want: ""}, {in: `{}`, wrong: "a string or null"},
	}, `null`},
	{"Choice", on(func(c *layer.Config, f *string) { c.Choice("k", f, "sum", "mean") }), []visited{
		{in: `"mean"`, want: "mean"}, {in: `"max"`, wrong: `one of ["sum" "mean"] is expected, not the string "max"`},
		{in: `null`, wrong: "one of"},
	}, `"sum"`},
	{"Ints", on(func(c *layer.Config, f *[]int) { c.Ints("k", f) }), []visited{
		{in: `[1, 2]`, want: []int{1, 2}}, {in: `3`, want: []int{3}, written: `[3]`}, {in: `[1.5]`, wrong: "an integer or a list of integers"},
		{in: ``, wrong: "missing"},
	}, ``},
	{"IntsOrNone", on(func(c *layer.Config, f *[]int) { c.IntsOrNone("k", f) }), []visited{
		{in: `[1]`, want: []int{1}}, {in: `null`, want: []int(nil)}, {in: `"1"`, wrong: "an integer or a list"},
	}, `null`},
	{"Tuple", on(func(c *layer.Config, f *[]int) { c.Tuple("k", f, 2, 1) }), []visited{
		{in: `[3, 5]`, want: []int{3, 5}}, {in: `3`, want: []int{3, 3}, written: `[3, 3]`}, {in: `[3]`, wrong: "2 integers are expected"},
		{in: `[3, 0]`, wrong: "2 positive integers are expected"}, {in: `[1, 2, 3]`, wrong: "2 integers"},
		{in: `null`, wrong: "an integer or a list"},
	}, `[1, 1]`},
	{"TupleOrNone", on(func(c *layer.Config, f *[]int) { c.TupleOrNone("k", f, 2, 0) }), []visited{
		{in: `null`, want: []int(nil)}, {in: `[0, 1]`, want: []int{0, 1}}, {in: `2`, want: []int{2, 2}, written: `[2, 2]`},
		{in: `[0, -1]`, wrong: "2 integers of 0 or more, or null"},
	}, `null`},
	{"Pairs", on(func(c *layer.Config, f *[][2]int) { c.Pairs("k", f, 2, [][2]int{{1, 1}, {1, 1}}) }), []visited{
		{in: `[[1, 2], [3, 4]]`, want: [][2]int{{1, 2}, {3, 4}}}, {in: `2`, want: [][2]int{{2, 2}, {2, 2}}, written: `[[2, 2], [2, 2]]`},
		{in: `[1, [0, 3]]`, want: [][2]int{{1, 1}, {0, 3}}, written: `[[1, 1], [0, 3]]`}, {in: `[[1, -1], [0, 0]]`, wrong: "2 pairs"},
		{in: `[1]`, wrong: "2 pairs"},
		{in: `[[1], [2]]`, wrong: "2 pairs"},
	}, `[[1, 1], [1, 1]]`},
	{"Axes", on(func(c *layer.Config, f *[]int) { c.Axes("k", f, false, -1) }), []visited{
		{in: `-1`, want: []int{-1}}, {in: `[1, 2]`, want: []int{1, 2}}, {in: `[2]`, want: []int{2}, written: `2`},
		{in: `null`, wrong: "an integer or a list"},
	}, `-1`},
	{"Axes with null", on(func(c *layer.Config, f *[]int) { c.Axes("k", f, true, -1) }), []visited{
		{in: `null`, want: []int{}, written: `[]`}, {in: `3`, want: []int{3}, written: `[3]`},
	}, `[-1]`},
	{"Rate", on(func(c *layer.Config, f *float64) { c.Rate("k", f) }), []visited{
		{in: `0.5`, want: 0.5}, {in: `0`, want: 0.0, written: `0.0`}, {in: `1.0`, want: 1.0},
		{in: `1.5`, wrong: "a number from 0 to 1 is expected, not the number 1.5"},
		{in: `-0.1`, wrong: "from 0 to 1"}, {in: `NaN`, wrong: "from 0 to 1"},
	}, ``},
	{"Dims", on(func(c *layer.Config, f *[]int) { c.Dims("k", f) }), []visited{
		{in: `[2, null]`, want: []int{2, -1}}, {in: `4`, want: []int{4}, written: `[4]`}, {in: `[0]`, wrong: "positive integers, or null"},
		{in: `["a"]`, wrong: "positive integers"},
	}, ``},
	{"DataFormat", on(func(c *layer.Config, f *string) { c.DataFormat(f) }), nil, ``},
	{"Padding", on(func(c *layer.Config, f *string) { c.Padding(f, "causal") }), nil, ``},
	{"DType", on(func(c *layer.Config, f *tensor.DType) { c.DType("k", f, tensor.Float32) }), []visited{
		{in: `"float16"`, want: tensor.Float16}, {in: `"int"`, want: tensor.Int32, written: `"int32"`},
		{in: `null`, want: tensor.Float32, written: `"float32"`},
		{in: `"mixed_bfloat16"`, want: tensor.BFloat16, written: `"bfloat16"`}, {in: `"string"`, wrong: "the name of a type of numbers"},
		{in: `"int3"`, wrong: "the name of a type"},
	}, `"float32"`},
	{"Raw", on(func(c *layer.Config, f *any) { c.Raw("k", f, nil) }), []visited{
		{in: `"x"`, want: "x"}, {in: `null`, want: nil}, {in: `[true]`, want: []any{true}},
	}, `null`},
	{"Unwritten at its default", on(func(c *layer.Config, f *int) { layer.Unwritten(c, "k", f, 4, c.Int) }),
		[]visited{{in: `5`, want: 5}}, ``},
}

// TestVisitors reads each value, compares the field, writes it, and reads once more what was written.
func TestVisitors(t *testing.T) {
	for _, v := range visitors {
		t.Run(v.name, func(t *testing.T) {
			for _, c := range v.cases {
				field, visit := v.new()
				config := "{}"
				if c.in != "" {
					config = `{"k": ` + c.in + `}`
				}
				err := read(t, &probe{config: visit}, config)
				if c.want == nil && (c.wrong != "" || err != nil) {
					fails(t, c.in, err, c.wrong, `/config/layers/3/config/k`)
					continue
				}
				if err != nil {
					t.Errorf("%s: %v", c.in, err)
					continue
				}
				if got := reflect.ValueOf(field).Elem().Interface(); c.want != nil && !reflect.DeepEqual(got, c.want) {
					t.Errorf("%s is read as %#v, not %#v", c.in, got, c.want)
				}
				want := c.written
				if want == "" {
					want = c.in
				}
				wrote := written(&probe{config: visit})
				if wrote != `{"k": `+want+`}` {
					t.Errorf("%s is written as %s, not %s", c.in, wrote, want)
				}
				again, visit2 := v.new()
				if err := read(t, &probe{config: visit2}, wrote); err != nil || !reflect.DeepEqual(field, again) {
					t.Errorf("%s is read as %v from what was written of %v (%v)", wrote, again, field, err)
				}
			}
		})
	}
}

// TestConstructed compares a layer that is made in Go without arguments with Keras's defaults.
func TestConstructed(t *testing.T) {
	for _, v := range visitors {
		if v.def == "" {
			continue
		}
		_, visit := v.new()
		if got := written(named(&probe{config: visit}, "p")); got != `{"k": `+v.def+`}` {
			t.Errorf("%s: %s, not %s", v.name, got, v.def)
		}
	}
}

func TestNamedVisitors(t *testing.T) {
	var format, padding string
	visit := func(c *layer.Config) {
		c.DataFormat(&format)
		c.Padding(&padding, "causal")
	}
	for _, c := range []struct{ in, out, wrong string }{
		{`{}`, `{"data_format": "channels_last", "padding": "valid"}`, ""},
		{`{"data_format": null, "padding": "SAME"}`, `{"data_format": "channels_last", "padding": "same"}`, ""},
		{`{"data_format": "channels_first", "padding": "causal"}`, `{"data_format": "channels_first", "padding": "causal"}`, ""},
		{`{"data_format": "channels"}`, "", `"channels_last" or "channels_first" is expected`},
		{`{"padding": "full"}`, "", `one of ["valid" "same" "causal"] is expected`},
	} {
		err := read(t, &probe{config: visit}, c.in)
		if c.wrong != "" {
			fails(t, c.in, err, c.wrong)
			continue
		}
		if got := written(&probe{config: visit}); err != nil || got != c.out {
			t.Errorf("%s: %s, not %s (%v)", c.in, got, c.out, err)
		}
	}
}

// TestObjects visits initializers and their like.
func TestObjects(t *testing.T) {
	var kernel, regularizer, constraint *layer.Object
	visit := func(c *layer.Config) {
		c.Initializer("kernel", &kernel, "glorot_uniform")
		c.Regularizer("regularizer", &regularizer)
		c.Constraint("constraint", &constraint)
	}
	if err := read(t, &probe{config: visit}, `{"kernel": {"class_name": "Constant", "config": {"value": 2.0}}, "regularizer": "l2", `+
		`"constraint": null}`); err != nil {
		t.Fatal(err)
	}
	if kernel.Name != "Constant" || regularizer.Name != "L2" || constraint != nil {
		t.Errorf("%v, %v, %v", kernel, regularizer, constraint)
	}
	x, err := kernel.Init().Make([]int{2}, tensor.Float32)
	if err != nil || x.(*tensor.Tensor).At(1) != 2 {
		t.Errorf("%v, %v", x, err)
	}
	for in, part := range map[string]string{
		`{"kernel": "no_such"}`: "keras.initializers.no_such",
		`{"kernel": 5}`:         "a name or a record of keras.initializers is expected, not the number 5",
		`{"kernel": {"class_name": "Constant", "config": {"velue": 2}}}`:       "velue",
		`{"regularizer": {"class_name": "L2", "config": {"l2": "x"}}}`:         "/config/regularizer/config/l2",
		`{"constraint": {"class_name": "MaxNorm", "config": {"axis": "one"}}}`: "axis",
	} {
		fails(t, in, read(t, &probe{config: visit}, in), part)
	}
}

func TestActivation(t *testing.T) {
	var a layer.Activation
	visit := func(c *layer.Config) { c.Activation("k", &a, "linear") }
	for _, c := range []struct {
		in, name    string
		elementwise bool
	}{
		{`"relu"`, "relu", true}, {`null`, "linear", true}, {`"softmax"`, "softmax", false},
		{`{"module": "builtins", "class_name": "function", "config": "tanh"}`, "tanh", false},
	} {
		if err := read(t, &probe{config: visit}, `{"k": `+c.in+`}`); err != nil || a.Name != c.name || a.Elementwise() != c.elementwise {
			t.Errorf("%s: %q, elementwise %v (%v)", c.in, a.Name, a.Elementwise(), err)
		}
	}
	if err := read(t, &probe{config: visit}, `{"k": {"module": "keras.layers", "class_name": "ReLU", "config": {"name": "r", "max_value": `+
		`6.0}}}`); err != nil {
		t.Fatal(err)
	}
	if a.Layer == nil || len(a.Children("activation")) != 1 || a.Children("activation")[0].Layer.Name() != "r" {
		t.Errorf("%v is no layer", a)
	}
	fails(t, "unknown", read(t, &probe{config: visit}, `{"k": "swoosh"}`), "the name of an activation is expected")
	fails(t, "capitals", read(t, &probe{config: visit}, `{"k": "ReLU"}`), "the name of an activation is expected")
	fails(t, "function", read(t, &probe{config: visit}, `{"k": {"class_name": "function", "config": "mine"}}`),
		`the function "mine" is not known`)
}

// TestInnerLayers visits layers inside layers, read from a file and given in Go.
func TestInnerLayers(t *testing.T) {
	var one, maybe layer.Layer
	var list []layer.Layer
	visit := func(c *layer.Config) {
		c.Layer("one", &one)
		c.LayerOrNone("maybe", &maybe)
		c.Layers("list", &list)
	}
	dense := func(name string) string {
		return fmt.Sprintf(`{"module": "keras.layers", "class_name": "Dense", "config": {"name": %q, "units": 3}}`, name)
	}
	if err := read(t, &probe{config: visit}, `{"one": `+dense("a")+`, "maybe": null, "list": [`+dense("b")+`, `+dense("c")+`]}`); err != nil {
		t.Fatal(err)
	}
	if one.Name() != "a" || maybe != nil || len(list) != 2 || list[1].Name() != "c" {
		t.Errorf("%v, %v, %v", one, maybe, list)
	}
	fails(t, "no record", read(t, &probe{config: visit}, `{"one": 3, "list": []}`), "/config/one", "a layer is expected, not the number 3")
	fails(t, "no list", read(t, &probe{config: visit}, `{"one": `+dense("a")+`, "list": {}}`), "/config/list", "a list of layers")
	fails(t, "inside", read(t, &probe{config: visit}, `{"one": `+dense("a")+`, "list": [`+dense("b")+
		`, {"class_name": "Dense", "config": {"units": 0}}]}`), "/config/list/1/config/units")
	layers.Custom(&probe{config: visit}, "test>Outer", layer.Args{"one": one, "maybe": one, "list": []layer.Layer{one}})
	if maybe != one || list[0] != one {
		t.Errorf("%v, %v", maybe, list)
	}
}

// TestProblems checks how a config reports what it does not like: everything at once, with paths.
func TestProblems(t *testing.T) {
	var n int
	visit := func(c *layer.Config) {
		c.Positive("n", &n)
		c.Inert("ignored")
		c.Unsupported("mode", "only %q is done", "fast")
		c.Report(errors.New("something else"))
	}
	err := read(t, &probe{config: visit}, `{"name": "x", "n": 0, "ignored": [1], "surplus": 1, "more": 2}`)
	fails(t, "problems", err, "4 problems", `/config/layers/3/config/n (layer "x"): a positive integer`, `only "fast" is done`,
		"something else", "unknown argument (surplus, more)")
	var all layer.Errors
	if !errors.As(err, &all) || len(all) != 4 || !errors.Is(err, layer.ErrUnsupported) {
		t.Errorf("%#v", err)
	}
	var unsupported *layer.UnsupportedError
	if !errors.As(err, &unsupported) || unsupported.Layer != "x" {
		t.Errorf("%v", unsupported)
	}
}

// TestCommonArguments reads what every layer has.
func TestCommonArguments(t *testing.T) {
	p := &probe{}
	if err := read(t, p, `{"name": "x", "trainable": false, "dtype": "mixed_float16", "activity_regularizer": "l1"}`); err != nil {
		t.Fatal(err)
	}
	if p.Name() != "x" || p.Trainable() || p.ComputeDType() != tensor.Float16 || p.Policy().Variable != tensor.Float32 ||
		p.ActivityRegularizer == nil {
		t.Errorf("%q %v %v", p.Name(), p.Trainable(), p.Policy())
	}
	fails(t, "dtype", read(t, &probe{}, `{"dtype": "float7"}`), "/config/dtype", `"float7"`)
	fails(t, "trainable", read(t, &probe{}, `{"trainable": "no"}`), "/config/trainable")
	omitting := &probe{config: func(c *layer.Config) { c.Omit("dtype", "trainable") }}
	if err := read(t, omitting, `{"name": "x"}`); err != nil {
		t.Fatal(err)
	}
	if keys := layer.ConfigOf(omitting).Keys(); !reflect.DeepEqual(keys, []string{"name"}) {
		t.Errorf("%q", keys)
	}
}

// TestCustomInConfig finds the caller's Go forms.
func TestCustomInConfig(t *testing.T) {
	var found, missing any
	p := &probe{config: func(c *layer.Config) { found, missing = c.Custom("mine"), c.Custom("other") }}
	d := &layer.Decoder{Registry: registry.With(layer.CustomObjects{"Probe": func() layer.Layer { return p }, "mine": 7})}
	d.Layer(parse(t, `{"class_name": "Probe", "config": {}}`), "")
	if d.Err() != nil || found != 7 || missing != nil {
		t.Errorf("%v, %v (%v)", found, missing, d.Err())
	}
	if p.Name() != "probe" {
		t.Errorf("the automatic name is %q", p.Name())
	}
}
