package kerasfile_test

import (
	"errors"
	"fmt"
	"log"
	"math"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/tensor"
)

// scale is the Go form of a layer that somebody registered in Python as "cases>Scale":
//
//	class Scale(keras.Layer):
//	    def __init__(self, inner, factor=2.0, **kwargs): ...
//	    def build(self, shape):
//	        self.gain = self.add_weight(shape=(2,), name="gain") ...
//	    def call(self, x):
//	        y = self.inner(x) + self.branches["one"](x) + self.branches["two"][0](x) * self.branches["two"][1](x)
//	        return self.factor * y * self.gain + self.bias + self.extra + self._private(x)
type scale struct {
	layer.Base
	Inner  layer.Layer
	Factor float64

	one, private      layer.Layer
	two               []layer.Layer
	gain, extra, bias *layer.Variable
}

func newScale() layer.Layer {
	return &scale{one: layers.NewDense(2), private: layers.NewDense(2), two: []layer.Layer{layers.NewDense(2), layers.NewDense(2)}}
}

// Config names the arguments as get_config does.
func (l *scale) Config(c *layer.Config) {
	c.Layer("inner", &l.Inner)
	c.Float("factor", &l.Factor, 2)
}

// Children names the layers inside by their attributes in Python, which gives their paths in the weights file.
func (l *scale) Children() []layer.Child {
	return []layer.Child{
		{Attr: "inner", Layer: l.Inner}, {Attr: "branches", List: []layer.Layer{l.one}},
		{Attr: "branches/container", List: l.two}, {Attr: "_private", Layer: l.private},
	}
}

// Build makes the layer's own variables, in Python's order.
func (l *scale) Build(c *layer.Call) {
	l.gain = c.AddWeight("gain", nil, []int{2})
	l.extra = c.AddWeight("extra", nil, []int{1}, layer.NotTrainable)
	l.bias = c.AddWeight("bias", nil, []int{2})
}

// Call writes the layer's ops.
func (l *scale) Call(c *layer.Call) any {
	x := c.X()
	y := c.Add(c.Add(c.Run1(l.Inner, x), c.Run1(l.one, x)), c.Mul(c.Run1(l.two[0], x), c.Run1(l.two[1], x)))
	y = c.Add(c.Mul(c.MulS(y, l.Factor), c.Var(l.gain)), c.Var(l.bias))
	return c.Add(c.Add(y, c.Var(l.extra)), c.Run1(l.private, x))
}

func ExampleWithCustomObjects() {
	const path = "../conformance/testdata/goldens/format/extras/custom"
	_, err := kerasfile.Load(path + ".keras")
	var unsupported *kerasfile.UnsupportedError
	fmt.Println("without:", errors.As(err, &unsupported))

	twice := func(b *graph.Builder, x *graph.Value) *graph.Value { return b.MulS(x, 2) }
	custom := layer.CustomObjects{"cases>Scale": newScale, "cases>twice": twice}
	c := golden.Case{Name: "custom", Model: path + ".keras", Golden: path + ".npz"}
	result := c.Run(golden.Compiled, kerasfile.WithCustomObjects(custom))
	fmt.Println("with:", result.Status, result.Message)
	// Output:
	// without: true
	// with: pass
}

// A Lambda layer holds Python code, which is never run. Its Go form is found by the layer's name.
func Example_lambda() {
	config := []byte(`{"module": "keras", "class_name": "Sequential", "registered_name": null, "config": {"name": "s", "layers": [
	  {"module": "keras.layers", "class_name": "InputLayer", "registered_name": null,
	   "config": {"batch_shape": [null, 2], "dtype": "float32", "name": "x"}},
	  {"module": "keras.layers", "class_name": "Lambda", "registered_name": null,
	   "config": {"name": "half", "trainable": true, "dtype": "float32",
	   "function": {"class_name": "__lambda__", "config": {"code": "4wAA", "defaults": null, "closure": null}}, "arguments": {}}}]}}`)
	halve := func(c *layer.Call, x *graph.Value) *graph.Value { return c.MulS(x, 0.5) } // keras.layers.Lambda(lambda x: x / 2, name="half")
	custom := layer.CustomObjects{"Lambda:half": halve}
	model, err := kerasfile.FromJSON(config, kerasfile.WithCustomObjects(custom))
	if err != nil {
		log.Fatal(err)
	}
	y, err := model.Predict(tensor.FromSlice([]float32{1, float32(math.Inf(1))}, 1, 2))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(y.Data())
	// Output: [0.5 +Inf]
}
