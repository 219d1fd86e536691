package initializers

import (
	"math"
	"slices"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// decode reads an initializer as a file has it.
func decode(t *testing.T, record string) layer.Initializer {
	t.Helper()
	v, err := pyjson.Parse([]byte(record))
	if err != nil {
		t.Fatal(err)
	}
	d := layer.Decoder{Registry: layer.NewRegistry(All)}
	o := d.Object("initializers", v, "", "")
	if err := d.Err(); err != nil {
		t.Fatal(err)
	}
	return o.Init()
}

func made(t *testing.T, i layer.Initializer, shape ...int) []float64 {
	t.Helper()
	x, err := i.Make(shape, tensor.Float64)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(x.Shape(), shape) {
		t.Fatalf("the shape is %v, not %v", x.Shape(), shape)
	}
	return x.Raw().([]float64)
}

// TestSpread draws many numbers: mean and standard deviation are those that the class promises, and no number is beyond
// its limit.
func TestSpread(t *testing.T) {
	for _, c := range []struct {
		record              string
		mean, stddev, limit float64
	}{
		{`"glorot_uniform"`, 0, math.Sqrt(2.0 / 500), math.Sqrt(6.0 / 500)},
		{`"glorot_normal"`, 0, math.Sqrt(2.0 / 500), 2 * math.Sqrt(2.0/500) / 0.87962566103423978},
		{`"he_uniform"`, 0, math.Sqrt(2.0 / 200), math.Sqrt(6.0 / 200)},
		{`"he_normal"`, 0, math.Sqrt(2.0 / 200), 1},
		{`"lecun_uniform"`, 0, math.Sqrt(1.0 / 200), math.Sqrt(3.0 / 200)},
		{`"lecun_normal"`, 0, math.Sqrt(1.0 / 200), 1},
		{`{"class_name": "VarianceScaling", "config": {"scale": 3, "mode": "fan_out", "distribution": "untruncated_normal"}}`, 0,
			math.Sqrt(3.0 / 300), 1},
		{`{"class_name": "GlorotUniform", "config": {"seed": 4, "input_axes": [0, 1], "output_axes": []}}`, 0, math.Sqrt(2.0 / 60001), 1},
		{`{"class_name": "RandomNormal", "config": {"mean": 2, "stddev": 0.5}}`, 2, 0.5, 10},
		{`{"class_name": "TruncatedNormal", "config": {"mean": 0, "stddev": 1}}`, 0, 0.87962566103423978, 2},
		{`{"class_name": "RandomUniform", "config": {"minval": 1, "maxval": 3}}`, 2, 2 / math.Sqrt(12), 3},
	} {
		x := made(t, decode(t, c.record), 200, 300)
		sum, squares := 0.0, 0.0
		for _, v := range x {
			sum += v
			if math.Abs(v) > c.limit {
				t.Fatalf("%s: %v is beyond %v", c.record, v, c.limit)
			}
		}
		mean := sum / float64(len(x))
		for _, v := range x {
			squares += (v - mean) * (v - mean)
		}
		stddev := math.Sqrt(squares / float64(len(x)))
		// Six standard errors.
		if math.Abs(mean-c.mean) > 6*c.stddev/math.Sqrt(float64(len(x))) || math.Abs(stddev/c.stddev-1) > 0.03 {
			t.Errorf("%s: mean %v, standard deviation %v; they should be %v and %v", c.record, mean, stddev, c.mean, c.stddev)
		}
	}
}

// TestSeeds makes the same numbers from the same seed, in each form of a seed, and others without one.
func TestSeeds(t *testing.T) {
	for _, class := range []string{"GlorotUniform", "HeNormal", "RandomNormal", "TruncatedNormal", "RandomUniform", "Orthogonal"} {
		for _, seed := range []string{`7`, `-7`, `{"module": "keras.random", "class_name": "SeedGenerator", "config": {"seed": 7}}`} {
			record := `{"class_name": "` + class + `", "config": {"seed": ` + seed + `}}`
			a, b := made(t, decode(t, record), 3, 4), made(t, decode(t, record), 3, 4)
			other := made(t, decode(t, `{"class_name": "`+class+`", "config": {"seed": null}}`), 3, 4)
			for i := range a {
				if a[i] != b[i] {
					t.Fatalf("%s: %v and then %v", record, a, b)
				}
			}
			if a[0] == other[0] {
				t.Errorf("%s: the same numbers without a seed", record)
			}
		}
	}
}

// TestOrthogonal multiplies a matrix with its transpose.
func TestOrthogonal(t *testing.T) {
	for _, shape := range [][]int{{5, 3}, {3, 5}, {2, 2, 4}} {
		x := made(t, decode(t, `{"class_name": "Orthogonal", "config": {"gain": 2}}`), shape...)
		cols := shape[len(shape)-1]
		rows := len(x) / cols
		n := min(rows, cols)
		for i := range n {
			for j := range n {
				dot := 0.0
				for k := range max(rows, cols) {
					if rows >= cols {
						dot += x[k*cols+i] * x[k*cols+j]
					} else {
						dot += x[i*cols+k] * x[j*cols+k]
					}
				}
				want := 0.0
				if i == j {
					want = 4
				}
				if math.Abs(dot-want) > 1e-12 {
					t.Errorf("%v: the product of %d and %d is %v, not %v", shape, i, j, dot, want)
				}
			}
		}
	}
}

// TestConstant makes constants, the identity and the kernels of a Fourier transform, with Keras's answers.
func TestConstant(t *testing.T) {
	for _, c := range []struct {
		record string
		shape  []int
		want   []float64
	}{
		{`"zeros"`, []int{2}, []float64{0, 0}},
		{`"one"`, []int{2}, []float64{1, 1}},
		{`{"class_name": "Constant", "config": {"value": 2.5}}`, []int{1, 2}, []float64{2.5, 2.5}},
		{`{"class_name": "Constant", "config": {"value": {"class_name": "__numpy__", "config": {"value": [1, 2], "dtype": "float32"}}}}`,
			[]int{2}, []float64{1, 2}},
		{`{"class_name": "Constant", "config": {"value": [1, 2]}}`, []int{2, 2}, []float64{1, 2, 1, 2}},
		{`{"class_name": "Identity", "config": {"gain": 3}}`, []int{2, 3}, []float64{3, 0, 0, 0, 3, 0}},
		{`"stft"`, []int{5, 1, 3}, []float64{0, 0, 0, 0.4082483, 0, -0.4082483, 0.8164966, -0.8164966, 0.8164966, 0.4082483, 0, -0.4082483, 0,
			0, 0}},
		{`{"class_name": "STFT", "config": {"side": "imag", "window": "hamming", "scaling": "spectrum", "periodic": true}}`, []int{5, 1, 3},
			[]float64{0, 0, 0, 0, -0.1473527, 0, 0, 0, 0, 0, 0.3378325, 0, 0, 0, 0}},
		{`{"class_name": "STFT", "config": {"window": null}}`, []int{5, 1, 3}, []float64{1, 1, 1, 1, 0, -1, 1, -1, 1, 1, 0, -1, 1, 1, 1}},
		{`{"class_name": "STFT", "config": {"window": "blackman", "scaling": null}}`, []int{5, 1, 3},
			[]float64{0, 0, 0, 0.34, 0, -0.34, 1, -1, 1, 0.34, 0, -0.34, 0, 0, 0}},
		{`{"class_name": "STFT", "config": {"window": [0, 1, 0, 2, 0]}}`, []int{5, 1, 2},
			[]float64{0, 0, 1 / math.Sqrt(5), -1 / math.Sqrt(5), 0, 0, 2 / math.Sqrt(5), -2 / math.Sqrt(5), 0, 0}},
	} {
		got := made(t, decode(t, c.record), c.shape...)
		for i, w := range c.want {
			if math.Abs(got[i]-w) > 1e-7 {
				t.Errorf("%s: %v, not %v", c.record, got, c.want)
				break
			}
		}
	}
}

// TestImpossible asks for shapes that an initializer cannot make.
func TestImpossible(t *testing.T) {
	for _, c := range []struct {
		record string
		shape  []int
	}{
		{`"orthogonal"`, []int{3}},
		{`"identity"`, []int{3}},
		{`"stft"`, []int{5, 3}},
		{`"stft"`, []int{5, 2, 3}},
		{`"ones"`, []int{1 << 15, 1 << 15}},
		{`"glorot_uniform"`, []int{1 << 15, 1 << 15}},
		{`{"class_name": "GlorotUniform", "config": {"input_axes": [2], "output_axes": [0]}}`, []int{3, 3}},
		{`{"class_name": "Constant", "config": {"value": [1, 2]}}`, []int{3}},
		{`{"class_name": "STFT", "config": {"window": [1, 2]}}`, []int{3, 1, 2}},
	} {
		if _, err := decode(t, c.record).Make(c.shape, tensor.Float32); err == nil {
			t.Errorf("%s makes a variable of shape %v", c.record, c.shape)
		}
	}
}
