package kerasfile_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/nn/ops"
	"github.com/hornml/horn/tensor"
)

// builders make models in Go; conformance/live has Keras load them.
var builders = map[string]func() (*nn.Model, error){"mlp": mlp, "cnn": cnn, "lstm": lstm, "transformer": transformer, "branches": branches}

func mlp() (*nn.Model, error) {
	return nn.NewSequential(
		nn.NewInputLayer([]int{6}),
		layers.NewDense(16, layer.Args{"activation": "relu", "kernel_initializer": "he_normal"}),
		layers.NewDropout(0.3),
		layers.NewDense(3, layer.Args{"activation": "softmax"}),
	)
}

func cnn() (*nn.Model, error) {
	return nn.NewSequential(
		nn.NewInputLayer([]int{12, 12, 3}),
		layers.NewConv2D(8, 3, layer.Args{"padding": "same", "activation": "relu"}),
		layers.NewBatchNormalization(),
		layers.NewMaxPooling2D(),
		layers.NewSeparableConv2D(6, []int{3, 3}),
		layers.NewGlobalAveragePooling2D(),
		layers.NewDense(2),
	)
}

func lstm() (*nn.Model, error) {
	x := nn.Input([]int{-1}, layer.Args{"dtype": "int32", "name": "tokens"})
	y := layers.NewEmbedding(20, 8, layer.Args{"mask_zero": true}).On(x)
	y = layers.NewBidirectional(layers.NewLSTM(5, layer.Args{"return_sequences": true})).On(y)
	y = layers.NewGRU(4).On(y)
	return nn.NewModel(x, layers.NewDense(1, layer.Args{"activation": "sigmoid"}).On(y))
}

func transformer() (*nn.Model, error) {
	x := nn.Input([]int{7, 8}, layer.Args{"name": "x"})
	y := layers.NewMultiHeadAttention(2, 4).On(x, x)
	y = layers.NewLayerNormalization(layer.Args{"epsilon": 1e-6}).On(layers.NewAdd().On([]*layer.KerasTensor{x, y}))
	z := layers.NewDense(16, layer.Args{"activation": "gelu"}).On(y)
	z = layers.NewDense(8).On(z)
	z, err := ops.Apply("numpy", "Add", nil, y, z)
	if err != nil {
		return nil, err
	}
	z = layers.NewGlobalAveragePooling1D().On(z)
	return nn.NewModel(x, layers.NewDense(2).On(z), layer.Args{"name": "block"})
}

// branches has two inputs by name, a shared layer, a model in a model, and two outputs.
func branches() (*nn.Model, error) {
	a, b := nn.Input([]int{4}, layer.Args{"name": "a"}), nn.Input([]int{4}, layer.Args{"name": "b"})
	shared := layers.NewDense(5, layer.Args{"activation": "tanh"})
	h := nn.Input([]int{5})
	inner, err := nn.NewModel(h, layers.NewDense(3).On(layers.NewDense(6, layer.Args{"activation": "relu"}).On(h)),
		layer.Args{"name": "inner"})
	if err != nil {
		return nil, err
	}
	p, q := inner.On(shared.On(a)), inner.On(shared.On(b))
	joined := layers.NewConcatenate().On([]*layer.KerasTensor{p, q})
	return nn.NewModel(map[string]*layer.KerasTensor{"a": a, "b": b}, []*layer.KerasTensor{p, layers.NewDense(2).On(joined)})
}

// sample returns inputs for a model, three of each.
func sample(m *nn.Model) []tensor.Any {
	var out []tensor.Any
	for _, s := range m.Inputs() {
		shape := []int{3}
		for _, d := range s.Shape[1:] {
			if d < 0 {
				d = 5
			}
			shape = append(shape, d)
		}
		if s.DType.IsInt() {
			x := tensor.Zeros[int32](shape...)
			for i := range x.Data() {
				x.Data()[i] = int32(i*7%19) * int32(min(i%5, 1))
			}
			out = append(out, x)
			continue
		}
		x := tensor.New(shape...)
		for i := range x.Data() {
			x.Data()[i] = float32(math.Sin(float64(i)))
		}
		out = append(out, x)
	}
	return out
}

func TestModelsMadeInGo(t *testing.T) {
	for name, build := range builders {
		t.Run(name, func(t *testing.T) {
			m, err := build()
			if err != nil {
				t.Fatal(err)
			}
			want, err := m.PredictAll(sample(m)...)
			if err != nil {
				t.Fatal(err)
			}
			var buf bytes.Buffer
			if err := kerasfile.Write(&buf, m); err != nil {
				t.Fatal(err)
			}
			again, err := kerasfile.Read(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
			if err != nil {
				t.Fatal(err)
			}
			got, err := again.PredictAll(sample(again)...)
			if err != nil {
				t.Fatal(err)
			}
			for i := range want {
				a, b := want[i].(*tensor.Tensor).Data(), got[i].(*tensor.Tensor).Data()
				for k := range a {
					if a[k] != b[k] {
						t.Fatalf("output %d of the copy differs: %v, it was %v", i, b, a)
					}
				}
			}
		})
	}
}

func TestAutomaticNames(t *testing.T) {
	m, err := cnn()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range m.Layers() {
		names = append(names, l.Name())
	}
	want := []string{"input_layer", "conv2d", "batch_normalization", "max_pooling2d", "separable_conv2d", "global_average_pooling2d", "dense"}
	for i := range want {
		if names[i] != want[i] {
			t.Errorf("the layers are %q, in Keras %q", names, want)
			break
		}
	}
	two, err := mlp()
	if err != nil {
		t.Fatal(err)
	}
	if two.Layer("dense_1") == nil || two.Layer("dense").Variable("kernel") == nil {
		t.Error("the second Dense is not dense_1")
	}
}

func TestWrongConstruction(t *testing.T) {
	if _, err := layers.New("Dense", layer.Args{"units": 3, "colour": "red"}); err == nil {
		t.Error("an unknown argument was taken")
	}
	if _, err := layers.New("Dense", layer.Args{"units": "three"}); err == nil {
		t.Error("a string was taken for a number")
	}
	x := nn.Input([]int{3})
	if _, err := nn.NewModel(nn.Input([]int{3}), layers.NewDense(2).On(x)); err == nil {
		t.Error("a model whose input is not among its inputs was made")
	}
	if _, err := nn.NewModel(x, layers.NewConv2D(2, 3).On(x)); err == nil {
		t.Error("a convolution over vectors was made")
	}
	if _, err := nn.NewSequential(layers.NewDense(2, layer.Args{"name": "d"}), layers.NewDense(2, layer.Args{"name": "d"})); err == nil {
		t.Error("two layers of one name were taken")
	}
}
