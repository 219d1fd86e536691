package nn_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/tensor"
)

// ExampleModel_Submodel takes the features of a classifier: what its second last layer gives.
func ExampleModel_Submodel() {
	image := nn.Input([]int{8, 8, 1}, nn.Args{"name": "image"})
	x := layers.NewConv2D(4, 3, nn.Args{"activation": "relu"}).On(image)
	x = layers.NewGlobalAveragePooling2D(nn.Args{"name": "features"}).On(x)
	classifier, err := nn.NewModel(image, layers.NewDense(10, nn.Args{"activation": "softmax"}).On(x))
	if err != nil {
		fmt.Println(err)
		return
	}
	extractor, err := classifier.Submodel("features")
	if err != nil {
		fmt.Println(err)
		return
	}
	embeddings, err := extractor.Predict(tensor.New(3, 8, 8, 1))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(embeddings.Shape())
	// Output: [3 4]
}

// TestSubmodelShares changes a weight of a model: the part of it changes, too.
func TestSubmodelShares(t *testing.T) {
	x := nn.Input([]int{2})
	first := layers.NewDense(3, nn.Args{"name": "first", "kernel_initializer": "ones"})
	m := must(nn.NewModel(x, layers.NewDense(1, nn.Args{"name": "last"}).On(first.On(x))))
	part := must(m.Submodel("first"))
	if y := must(part.Predict(row(1, 2))); !slices.Equal(y.Data(), []float32{3, 3, 3}) {
		t.Errorf("%v", y.Data())
	}
	if err := m.Layer("first").Variable("kernel").Assign(tensor.FromSlice([]float32{1, 0, 0, 0, 1, 0}, 2, 3)); err != nil {
		t.Fatal(err)
	}
	if y := must(part.Predict(row(1, 2))); !slices.Equal(y.Data(), []float32{1, 2, 0}) {
		t.Errorf("after Assign %v", y.Data())
	}
	if part.Layer("first") != m.Layer("first") {
		t.Error("the layer is another one")
	}
}

// TestSubmodelInside takes a layer of a model inside, and several outputs at once.
func TestSubmodelInside(t *testing.T) {
	a := nn.Input([]int{2}, nn.Args{"name": "a"})
	deep := layers.NewReLU(nn.Args{"name": "deep"}).On(layers.NewRescaling(-1).On(a))
	inner := must(nn.NewModel(a, layers.NewRescaling(100).On(deep), nn.Args{"name": "inner"}))
	chain := must(nn.NewSequential(layers.NewRescaling(2, nn.Args{"name": "twice"}), layers.NewFlatten()))
	x := nn.Input([]int{2}, nn.Args{"name": "x"})
	y := inner.On(layers.NewRescaling(10, nn.Args{"name": "tenfold"}).On(x))
	m := must(nn.NewModel(x, chain.On(y)))
	part := must(m.Submodel("inner/deep", "tenfold", chain.Name()+"/twice"))
	got := must(part.PredictAll(row(1, -2)))
	want := [][]float32{{0, 20}, {10, -20}, {0, 4000}}
	if len(got) != len(want) {
		t.Fatal(len(got), "outputs")
	}
	for i := range want {
		if !slices.Equal(got[i].(*tensor.Tensor).Data(), want[i]) {
			t.Errorf("output %d is %v, not %v", i, got[i].(*tensor.Tensor).Data(), want[i])
		}
	}
	_, err := m.Submodel("inner/dep")
	fails(t, "a layer that is not there", err, `in the model "inner"`, `no layer "dep"`, `did you mean "deep"`)
	_, err = m.Submodel("tenfol")
	fails(t, "a slip", err, `did you mean "tenfold"`)
	_, err = m.Submodel()
	fails(t, "no outputs", err, "at least one output")
}

// TestFromTheMiddle makes a model of the layers behind one.
func TestFromTheMiddle(t *testing.T) {
	m := must(nn.NewSequential(nn.NewInputLayer([]int{2, 3}), layers.NewRescaling(10, nn.Args{"name": "tenfold"}), layers.NewFlatten(),
		layers.NewRescaling(1, nn.Args{"offset": 1, "name": "more"})))
	from, to := must(m.LayerOutputs("tenfold")), must(m.OutputTensors())
	tail := must(nn.NewModel(from, to))
	if in := tail.Inputs(); len(in) != 1 || in[0].Name != "tenfold_output" || !slices.Equal(in[0].Shape, []int{-1, 2, 3}) {
		t.Errorf("%v", in)
	}
	y := must(tail.Predict(tensor.FromSlice([]float32{1, 2, 3, 4, 5, 6}, 1, 2, 3)))
	if !slices.Equal(y.Data(), []float32{2, 3, 4, 5, 6, 7}) {
		t.Errorf("%v", y.Data())
	}
	if in := must(m.LayerInputs("more")); len(in) != 1 {
		t.Errorf("%d inputs of a layer", len(in))
	}
	way := must(nn.NewModel(must(m.LayerInputs("more")), to))
	if y := must(way.Predict(row(1, 2, 3, 4, 5, 6))); y.Data()[5] != 7 {
		t.Errorf("%v", y.Data())
	}

	_, err := nn.NewModel(to, from)
	fails(t, "the wrong way round", err, "the outputs need the input")
	loose := layers.NewReLU(nn.Args{"name": "loose"}).On(nn.Input([]int{2}))
	_, err = nn.NewModel(loose, layers.NewReLU().On(loose))
	fails(t, "a tensor of no model", err, `the shape of what "loose" gives is not known`)
}

// TestSubmodelOfUnbuilt asks a model for its tensors before and after it knows the shape of its input.
func TestSubmodelOfUnbuilt(t *testing.T) {
	m := must(nn.NewSequential(layers.NewDense(3, nn.Args{"name": "first"}), layers.NewReLU()))
	_, err := m.Submodel("first")
	fails(t, "no shape", err, "does not know the shape of its input yet")
	if _, err := m.Predict(row(1, 2)); err != nil {
		t.Fatal(err)
	}
	part := must(m.Submodel("first"))
	if y := must(part.Predict(row(1, 2))); y.Len() != 3 {
		t.Errorf("%v", y)
	}
}

// TestTensorsOfCalls takes the tensors of a layer that is called twice, each by its place.
func TestTensorsOfCalls(t *testing.T) {
	x := nn.Input([]int{1})
	twice := layers.NewRescaling(2, nn.Args{"name": "twice"})
	m := must(nn.NewModel(x, twice.On(twice.On(x))))
	for call, want := range []float32{2, 4} {
		kt := must(m.KerasTensor(nn.Tensor{Layer: twice, Call: call}))
		part := must(nn.NewModel(must(m.InputTensors()), kt))
		if y := must(part.Predict(row(1))); y.Data()[0] != want {
			t.Errorf("call %d: %v, not %v", call, y.Data(), want)
		}
	}
	_, err := m.KerasTensor(nn.Tensor{Layer: twice, Call: 2})
	fails(t, "a third call", err, "call 2")
	if got := len(layer.OutputShapes(twice)); got != 2 {
		t.Errorf("the layer has the shapes of %d calls", got)
	}
	_, err = m.KerasTensor(nn.Tensor{Layer: layer.Layer(m)})
	fails(t, "the model itself", err, "no output")
}
