package layer_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/tensor"
)

// TestFindClass looks classes up as files of different releases name them.
func TestFindClass(t *testing.T) {
	for _, c := range []struct{ module, name, want string }{
		{"keras.layers", "Dense", "keras.layers.Dense"},
		{"", "Dense", "keras.layers.Dense"},
		{"keras.src.layers.core.dense", "Dense", "keras.layers.Dense"},
		{"tensorflow.keras.layers", "Dense", "keras.layers.Dense"},
		{"tf_keras.layers", "Dense", "keras.layers.Dense"},
		{"elsewhere", "Dense", ""},
		{"keras.layers", "Dance", ""},
		{"", "Dance", ""},
	} {
		class, ok := registry.FindClass(c.module, c.name)
		got := ""
		if ok {
			got = class.Module + "." + class.Name
		}
		if got != c.want {
			t.Errorf("%s.%s is %q, not %q", c.module, c.name, got, c.want)
		}
	}
}

func TestFindOp(t *testing.T) {
	for class, want := range map[string]string{
		"Add": "keras.src.ops.numpy", "Relu": "keras.src.ops.nn", "TopK": "keras.src.ops.math", "Cast": "keras.src.ops.core",
		"Cholesky": "keras.src.ops.linalg", "NoSuchOp": "",
	} {
		if got := registry.FindOp(class); got != want {
			t.Errorf("%s is in %q, not %q", class, got, want)
		}
	}
}

// TestSupportOf tells what is done with a class, and why not.
func TestSupportOf(t *testing.T) {
	for _, c := range []struct {
		module, class, kind string
		ok                  bool
		reason              string
	}{
		{"keras.layers", "Dense", "layer", true, ""},
		{"keras.layers", "Lambda", "layer", false, "Python code"},
		{"keras.layers", "Dance", "layer", false, "custom object"},
		{"keras.src.ops.numpy", "Add", "operation", true, ""},
		{"keras.src.ops.numpy", "NoSuchOp", "operation", false, "not known here"},
		{"keras.initializers", "GlorotUniform", "initializers", true, ""},
		{"keras.initializers", "Mine", "initializers", false, "keras.initializers.Mine is not known here"},
		{"keras.src.backend.tensorflow.optimizers.x", "Mine", "optimizers", false, "not known here"},
		{"builtins", "relu", "function", true, ""},
		{"builtins", "mine", "function", false, "custom object"},
		{"", "__lambda__", "function", false, "never run"},
		{"keras", "DTypePolicy", "dtype_policies", true, ""},
		{"keras.random", "SeedGenerator", "random", true, ""},
	} {
		s := registry.SupportOf(c.module, c.class, nil)
		if s.Kind != c.kind || s.OK != c.ok || !strings.Contains(s.Reason, c.reason) || s.OK != (s.Reason == "") {
			t.Errorf("%s.%s: %+v", c.module, c.class, s)
		}
	}
}

func TestKindOf(t *testing.T) {
	for module, want := range map[string]string{
		"keras.losses": "losses", "keras.src.losses.losses": "losses", "keras.optimizers.schedules": "optimizers.schedules",
		"keras.optimizers":                   "optimizers",
		"keras.src.backend.jax.optimizers.x": "optimizers", "keras.layers": "", "other.losses": "", "": "", "keras.lossesque": "",
	} {
		if got := layer.KindOf(module); got != want {
			t.Errorf("%q is of %q, not %q", module, got, want)
		}
	}
}

// TestTables lists what is registered, sorted and without doubles.
func TestTables(t *testing.T) {
	var names []string
	for _, c := range registry.Classes() {
		names = append(names, c.Module+"."+c.Name)
	}
	ops, refused := registry.Ops()
	for what, list := range map[string][]string{"classes": names, "ops": ops, "activations": registry.Activations(),
		"initializers": registry.Objects("initializers")} {
		if len(list) < 10 || !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
			t.Errorf("%s: %q", what, list)
		}
	}
	for key, why := range refused {
		if slices.Contains(ops, key) || why == "" {
			t.Errorf("%s is refused (%q) and supported", key, why)
		}
	}
	for key, why := range registry.Refused() {
		if slices.Contains(names, key) || why == "" {
			t.Errorf("%s is refused (%q) and supported", key, why)
		}
	}
	if got := (layer.Class{Name: "ReLU"}).PythonName() + (layer.Class{Name: "A", Python: "B"}).PythonName(); got != "ReLUB" {
		t.Error(got)
	}
}

func panics(t *testing.T, part string, f func()) {
	t.Helper()
	defer func() {
		if s, _ := recover().(string); !strings.Contains(s, part) {
			t.Errorf("%q is no panic about %q", s, part)
		}
	}()
	f()
}

// TestAddTwice: families may overlap, but a name stands for one class.
func TestAddTwice(t *testing.T) {
	r := layer.NewRegistry(layers.CoreLayers, layers.CoreLayers, layers.All)
	if n := len(r.Classes()); n != len(layer.NewRegistry(layers.All).Classes()) {
		t.Errorf("%d classes", n)
	}
	panics(t, "keras.layers.Dense is another class already", func() { r.Register("my", "Dense", nil, "keras.layers.Dense") })
	panics(t, "initializers.zeros is another class already", func() { r.RegisterObject("initializers", "Nothing", nil, "zeros") })
	if _, ok := r.Activation("swoosh"); ok || r.Object("initializers", "mine") != nil {
		t.Error("found what nobody added")
	}
}

// TestExtended leaves the registry that is extended as it was, and gives the caller's own forms precedence.
func TestExtended(t *testing.T) {
	small := layer.NewRegistry(layers.PoolingLayers)
	both := small.Extended(layers.MergingLayers)
	if _, ok := small.FindClass("keras.layers", "Add"); ok {
		t.Error("the registry grew")
	}
	for _, class := range []string{"Add", "MaxPool2D"} {
		if _, ok := both.FindClass("keras.layers", class); !ok {
			t.Errorf("%s is missing", class)
		}
	}
	mine := both.With(layer.CustomObjects{"a": 1, "b": 2}).With(layer.CustomObjects{"b": 3})
	if mine.Custom("a") != 1 || mine.Custom("b") != 3 || both.Custom("a") != nil || both.With(nil) != both {
		t.Error("custom objects are mixed up")
	}
}

// TestNoRegistry: without a registry there is nothing to find, and nothing goes wrong.
func TestNoRegistry(t *testing.T) {
	var none *layer.Registry
	if _, ok := none.FindClass("keras.layers", "Dense"); ok || none.Object("initializers", "zeros") != nil || none.Custom("x") != nil {
		t.Error("found something in nothing")
	}
	ops, why := none.Ops()
	if none.Classes() != nil || none.Refused() != nil || ops != nil || why != nil || none.Activations() != nil ||
		none.Objects("losses") != nil || none.FindOp("Add") != "" || none.SupportOf("keras.layers", "Dense", nil).OK {
		t.Error("nothing lists something")
	}
	if a, ok := none.Activation(""); !ok || a.Name != "linear" {
		t.Error("linear needs no registry")
	}
	d := &layer.Decoder{Registry: none.With(layer.CustomObjects{"mine": 1})}
	d.Layer(parse(t, `{"module": "keras.layers", "class_name": "Dense", "config": {"units": 1}}`), "")
	if d.Err() == nil || !strings.Contains(d.Err().Error(), "Dense") {
		t.Errorf("%v", d.Err())
	}
}

func TestNewObject(t *testing.T) {
	o := registry.Object("initializers", "constant")
	if o.Name != "Constant" || o.Init() == nil {
		t.Errorf("%+v", o)
	}
	record := string(pyjson.Marshal(o.Record()))
	want := `{"module": "keras.initializers", "class_name": "Constant", "config": {"value": 0.0}, "registered_name": null}`
	if record != want {
		t.Errorf("%s, not %s", record, want)
	}
	none := registry.Object("initializers", "")
	if none != nil || none.Init() != nil || none.Record() != nil {
		t.Error("an empty name is no object")
	}
	if registry.Object("regularizers", "l2").Init() != nil {
		t.Error("a regularizer is no initializer")
	}
}

// TestCustomObjects gives Go forms of an object, an activation and an operation.
func TestCustomObjects(t *testing.T) {
	d := &layer.Decoder{Registry: registry.With(layer.CustomObjects{"my>Ones": func() layer.Configurable { return myOnes{} }})}
	o := d.Object("initializers", parse(t, `{"class_name": "Ones", "config": {}, "registered_name": "my>Ones"}`), "/x", "")
	if d.Err() != nil || o.Name != "Ones" {
		t.Fatal(o, d.Err())
	}
	if _, ok := o.Impl.(myOnes); !ok {
		t.Errorf("%T", o.Impl)
	}

	double := func(b *graph.Builder, x *graph.Value) *graph.Value { return b.MulS(x, 2) }
	d = &layer.Decoder{Registry: registry.With(layer.CustomObjects{"double": double})}
	l := d.Layer(parse(t, `{"module": "keras.layers", "class_name": "Activation", "config": {"name": "a", "activation": "double"}}`), "")
	if d.Err() != nil {
		t.Fatal(d.Err())
	}
	if _, out, err := run(l, nil, vector(3)); err != nil || out[0].F[0] != 6 {
		t.Errorf("%v (%v)", out, err)
	}
}

type myOnes struct{}

func (myOnes) Config(*layer.Config) {}

// TestConstruct takes arguments as Go has them.
func TestConstruct(t *testing.T) {
	l, err := registry.New("Conv2D", layer.Args{"filters": 3, "kernel_size": []int{2, 3}},
		layer.Args{"use_bias": false, "activation": "relu", "dtype": tensor.Float16})
	if err != nil {
		t.Fatal(err)
	}
	config := layer.ConfigOf(l)
	for k, want := range map[string]string{"filters": "3", "kernel_size": "[2, 3]", "use_bias": "false", "strides": "[1, 1]",
		"padding": `"valid"`} {
		if got := string(pyjson.Marshal(config.Get(k))); got != want {
			t.Errorf("%s is %s, not %s", k, got, want)
		}
	}
	if l.Name() != "conv2d" || l.Class().Module != "keras.layers" || layer.FileRecord(l) != nil || l.Policy().Compute != tensor.Float16 ||
		!l.Trainable() {
		t.Errorf("%q %+v %v", l.Name(), l.Class(), l.Policy())
	}
	for _, c := range []struct {
		class string
		args  layer.Args
		part  string
	}{
		{"Dance", nil, `"Dance" is no layer of Keras`},
		{"Dense", nil, "the key is missing"},
		{"Dense", layer.Args{"units": 2.5}, "units"},
		{"Dense", layer.Args{"units": 2, "unitz": 3}, "unitz"},
		{"Dense", layer.Args{"units": 2, "dtype": "float7"}, "float7"},
	} {
		_, err := registry.New(c.class, c.args)
		fails(t, c.class, err, c.part)
	}
	panics(t, "layer: P: ", func() { layer.Construct(nil, &probe{}, layer.Class{Name: "P"}, layer.Args{"x": 1}) })
	named := layers.Custom(&probe{}, "shop>Scale")
	if named.Name() != "scale" || named.Class().Registered != "shop>Scale" {
		t.Errorf("%q %+v", named.Name(), named.Class())
	}
}

// TestGoValues gives arguments in each type that Go may have for them.
func TestGoValues(t *testing.T) {
	for _, c := range []struct {
		v    any
		want string
	}{
		{nil, "null"}, {3, "3"}, {int64(3), "3"}, {0.5, "0.5"}, {float32(0.5), "0.5"}, {"s", `"s"`}, {true, "true"}, {[]int{1}, "[1]"},
		{[]float64{1}, "[1.0]"}, {[]string{"a"}, `["a"]`}, {[]bool{true}, "[true]"}, {[][]int{{1, 2}}, "[[1, 2]]"}, {[]any{1, "a"}, `[1, "a"]`},
		{map[string]any{"b": 1, "a": []int{}}, `{"a": [], "b": 1}`}, {tensor.Int8, `"int8"`},
	} {
		var got any
		layer.Construct(nil, &probe{config: func(c *layer.Config) { c.Raw("v", &got) }}, layer.Class{Name: "P"}, layer.Args{"v": c.v})
		if s := string(pyjson.Marshal(got)); s != c.want {
			t.Errorf("%#v is %s, not %s", c.v, s, c.want)
		}
	}
}

// TestGiveNames makes names unique as Keras does: the first keeps the bare name.
func TestGiveNames(t *testing.T) {
	dense := func(args layer.Args) layer.Layer {
		l, err := registry.New("Dense", layer.Args{"units": 1}, args)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	a, b, c, d := dense(nil), dense(layer.Args{"name": "dense"}), dense(nil), dense(nil)
	list := []layer.Layer{d, b, c, a}
	if err := layer.GiveNames(list); err != nil {
		t.Fatal(err)
	}
	if got := []string{a.Name(), b.Name(), c.Name(), d.Name()}; !slices.Equal(got, []string{"dense_1", "dense", "dense_2", "dense_3"}) {
		t.Errorf("%q", got)
	}
	// Another model keeps the name that one has given.
	if err := layer.GiveNames([]layer.Layer{c, dense(nil)}); err != nil || c.Name() != "dense_2" {
		t.Errorf("%q (%v)", c.Name(), err)
	}
	if !layer.Older(a, b) || layer.Older(d, a) {
		t.Error("the order of construction is lost")
	}
	fails(t, "two of one name", layer.GiveNames([]layer.Layer{b, dense(layer.Args{"name": "dense"})}),
		`the name "dense" is used by two layers`)
}
