package layers_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/layer"
)

// TestWrongValues changes one argument of a layer to a value of the right type that makes no sense.
func TestWrongValues(t *testing.T) {
	for _, c := range []struct{ class, key, value string }{
		{"Dense", "units", "0"},
		{"Dense", "units", "-3"},
		{"Dense", "units", "2.5"},
		{"Dense", "activation", `"no_such"`},
		{"Dense", "activation", `"threshold"`}, // a function of Keras, but not of one argument
		{"Dense", "kernel_initializer", `"no_such"`},
		{"Dense", "dtype", `"no_such"`},
		{"Dense", "dtype", `"int5_from_float32"`},
		{"EinsumDense", "equation", `"ab,bc"`},
		{"EinsumDense", "equation", `"ab->bc"`},
		{"EinsumDense", "output_shape", "[0]"},
		{"Embedding", "input_dim", "0"},
		{"Embedding", "output_dim", "-1"},
		{"ReversibleEmbedding", "reverse_dtype", `"int8"`},
		{"Conv1D", "filters", "0"},
		{"Conv2D", "kernel_size", "[3, 0]"},
		{"Conv2D", "kernel_size", "[3, 3, 3]"},
		{"Conv2D", "strides", "[0, 1]"},
		{"Conv2D", "padding", `"causal"`},
		{"Conv2D", "groups", "3"},
		{"Conv2D", "groups", "0"},
		{"Conv2D", "data_format", `"channels_middle"`},
		{"Conv2DTranspose", "output_padding", "1"},
		{"Conv3DTranspose", "padding", `"full"`},
		{"DepthwiseConv2D", "depth_multiplier", "0"},
		{"MaxPooling2D", "pool_size", "[2, -2]"},
		{"MaxPooling2D", "strides", "[0, 0]"},
		{"AveragePooling1D", "padding", `"causal"`},
		{"AdaptiveMaxPooling2D", "output_size", "[0, 1]"},
		{"BatchNormalization", "renorm_clipping", `{"rmax": 1, "rmin": 2}`},
		{"BatchNormalization", "renorm_clipping", `{"dmin": 2}`},
		{"LayerNormalization", "axis", "[]"},
		{"GroupNormalization", "groups", "0"},
		{"SpectralNormalization", "power_iterations", "0"},
		{"Normalization", "mean", "1.0"},
		{"Rescaling", "scale", "null"},
		{"Reshape", "target_shape", "[-1, -1]"},
		{"Reshape", "target_shape", "[-2]"},
		{"Permute", "dims", "[1, 3]"},
		{"Permute", "dims", "[0, 1]"},
		{"RepeatVector", "n", "0"},
		{"Cropping1D", "cropping", "[1, -1]"},
		{"Cropping2D", "cropping", "[[1, 2], [3]]"},
		{"ZeroPadding3D", "padding", "[1, 1]"},
		{"UpSampling2D", "interpolation", `"area"`},
		{"UpSampling1D", "size", "0"},
		{"Dot", "axes", "[1, 2, 3]"},
		{"Dropout", "rate", "1.5"},
		{"Dropout", "noise_shape", "[0]"},
		{"GaussianNoise", "stddev", "-0.1"},
		{"ReLU", "max_value", "-1"},
		{"LeakyReLU", "negative_slope", "-0.1"},
		{"PReLU", "alpha_initializer", `{"class_name": "VarianceScaling", "config": {"scale": -1}}`},
		{"Softmax", "axis", "[]"},
	} {
		record := recordOf(t, c.class)
		v, err := pyjson.Parse([]byte(c.value))
		if err != nil {
			t.Fatal(err)
		}
		record.Object("config").Set(c.key, v)
		d := layer.Decoder{Registry: registry}
		d.Layer(record, "")
		if err := d.Err(); err == nil || !strings.Contains(err.Error(), "/config/"+c.key) || !strings.Contains(err.Error(), `"x"`) {
			t.Errorf("%s with %s = %s: %v, where the key and the layer should be named", c.class, c.key, c.value, err)
		}
	}
}

// recordOf is the record of a class with its default arguments.
func recordOf(t *testing.T, class string) *pyjson.Object {
	t.Helper()
	for _, r := range kerasConfigs(t) {
		if r.String("class_name") == class {
			return r
		}
	}
	t.Fatalf("testdata/configs.json has no %s", class)
	return nil
}

// TestWrongInputs runs layers on inputs that do not fit.
func TestWrongInputs(t *testing.T) {
	for _, c := range []struct{ shape, layer, want string }{
		{"[null]", `Dense {"units": 2}`, "rank 2"},
		{"[null, 4, 4, 3]", `Conv2D {"filters": 2, "kernel_size": 5}`, "kernel_size"},
		{"[null, 4, 3]", `Conv2D {"filters": 2, "kernel_size": 3}`, "rank 4"},
		{"[null, 4, 4, 3]", `Conv2D {"filters": 2, "kernel_size": 3, "groups": 2}`, "groups"},
		{"[null, 4, 3]", `MaxPooling1D {"pool_size": 5}`, "pool_size"},
		{"[null, 4, 3]", `GlobalMaxPooling2D {}`, "rank 4"},
		{"[null, 4, 3]", `BatchNormalization {"axis": 3}`, "axis 3"},
		{"[null, 4, 6]", `GroupNormalization {"groups": 4}`, "groups"},
		{"[null, 4, 6]", `GroupNormalization {"groups": 1, "axis": 0}`, "batch"},
		{"[null, 4, 6]", `Reshape {"target_shape": [5, -1]}`, "target_shape"},
		{"[null, 4, 6]", `Permute {"dims": [1]}`, "rank 2"},
		{"[null, 4, 6]", `Cropping1D {"cropping": [2, 2]}`, "cropping"},
		{"[null, 4, 6]", `ZeroPadding1D {"padding": 1099511627776}`, "padding"},
		{"[null, 4, 6]", `UpSampling1D {"size": 1099511627776}`, "size"},
		{"[null, 4, 6]", `RepeatVector {"n": 3}`, "rank 2"},
		{"[null, 4, 6]", `Softmax {"axis": [1, -2]}`, "twice"},
		{"[null, 4, 6]", `EinsumDense {"equation": "ab,bc->ac", "output_shape": [3]}`, "rank 3"},
		{"[null, 4, 6]", `EinsumDense {"equation": "abc,cd->abd", "output_shape": [5, 3]}`, "output_shape"},
		{"[null, 4, 6]", `EinsumDense {"equation": "abc,cd->abd", "output_shape": [4, 3], "bias_axes": "e"}`, "bias_axes"},
		{"[null, 4, 6]", `Add {}`, "list"},
		{"[null, 4, 6]", `Normalization {"axis": 3}`, "axis 3"},
		{"[null, 4, 6]", `SpectralNormalization {"layer": {"module": "keras.layers", "class_name": "Flatten", "config": {"name": "f"}}}`,
			"kernel"},
		{"[null, 4, 6]", `Embedding {"input_dim": 3, "output_dim": 2, "dtype": "float8_from_float32"}`, "float8"},
	} {
		_, err := sequential(t, c.shape, nil, c.layer)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s of an input %s: %v, where %q should be named", c.layer, c.shape, err, c.want)
		}
	}
}

// TestRefused names what cannot run and why.
func TestRefused(t *testing.T) {
	for class, want := range map[string]string{"Lambda": "Python code", "TFSMLayer": "TensorFlow", "JaxLayer": "JAX", "FlaxLayer": "Flax",
		"TorchModuleWrapper": "PyTorch"} {
		_, err := sequential(t, "[null, 4]", nil, class+` {"name": "x"}`)
		if !errors.Is(err, layer.ErrUnsupported) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", class, err)
		}
	}
}
