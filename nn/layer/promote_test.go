package layer

import (
	"strings"
	"testing"

	"github.com/hornml/horn/tensor"
)

// kerasTypes is the table of keras.backend.result_type for each pair of types, as Keras 3.15.1 gives it on JAX.
const kerasTypes = `
bool: bool uint8 uint16 uint32 uint32 int8 int16 int32 int32 bfloat16 float16 float32 float32 int32 float32
uint8: uint8 uint8 uint16 uint32 uint32 int16 int16 int32 int32 bfloat16 float16 float32 float32 uint8 float32
uint16: uint16 uint16 uint16 uint32 uint32 int32 int32 int32 int32 bfloat16 float16 float32 float32 uint16 float32
uint32: uint32 uint32 uint32 uint32 uint32 int32 int32 int32 int32 bfloat16 float16 float32 float32 uint32 float32
uint64: uint32 uint32 uint32 uint32 uint32 float32 float32 float32 float32 bfloat16 float16 float32 float32 uint32 float32
int8: int8 int16 int32 int32 float32 int8 int16 int32 int32 bfloat16 float16 float32 float32 int8 float32
int16: int16 int16 int32 int32 float32 int16 int16 int32 int32 bfloat16 float16 float32 float32 int16 float32
int32: int32 int32 int32 int32 float32 int32 int32 int32 int32 bfloat16 float16 float32 float32 int32 float32
int64: int32 int32 int32 int32 float32 int32 int32 int32 int32 bfloat16 float16 float32 float32 int32 float32
bf16: bfloat16 bfloat16 bfloat16 bfloat16 bfloat16 bfloat16 bfloat16 bfloat16 bfloat16 bfloat16 float32 float32 float32 bfloat16 bfloat16
float16: float16 float16 float16 float16 float16 float16 float16 float16 float16 float32 float16 float32 float32 float16 float16
float32: float32 float32 float32 float32 float32 float32 float32 float32 float32 float32 float32 float32 float32 float32 float32
float64: float32 float32 float32 float32 float32 float32 float32 float32 float32 float32 float32 float32 float32 float32 float32
pyint: int32 uint8 uint16 uint32 uint32 int8 int16 int32 int32 bfloat16 float16 float32 float32 int32 float32
pyfloat: float32 float32 float32 float32 float32 float32 float32 float32 float32 bfloat16 float16 float32 float32 float32 float32
`

func TestResultType(t *testing.T) {
	order := []tensor.DType{
		tensor.Bool, tensor.Uint8, tensor.Uint16, tensor.Uint32, tensor.Uint64, tensor.Int8, tensor.Int16, tensor.Int32, tensor.Int64,
		tensor.BFloat16, tensor.Float16, tensor.Float32, tensor.Float64, PyInt, PyFloat,
	}
	for i, line := range strings.Split(strings.TrimSpace(kerasTypes), "\n") {
		_, row, _ := strings.Cut(line, ": ")
		for j, want := range strings.Fields(row) {
			got, ok := ResultType(order[i], order[j])
			got = Narrow(got)
			if got == tensor.Float64 { // Keras narrows this, too
				got = tensor.Float32
			}
			if !ok || got.String() != want {
				t.Errorf("ResultType(%v, %v) = %v, %v; Keras has %s", order[i], order[j], got, ok, want)
			}
		}
	}
}

func TestResultTypeOfMany(t *testing.T) {
	for _, c := range []struct {
		in   []tensor.DType
		want tensor.DType
	}{
		{nil, tensor.Float32},
		{[]tensor.DType{tensor.Int64}, tensor.Int64},
		{[]tensor.DType{PyInt}, tensor.Int32},
		{[]tensor.DType{tensor.Int64, tensor.Int64}, tensor.Int64},
		{[]tensor.DType{tensor.Float64, tensor.Int32}, tensor.Float64},
		{[]tensor.DType{tensor.Int8, tensor.Uint8, PyFloat}, tensor.Float32},
		{[]tensor.DType{tensor.BFloat16, tensor.Float16, tensor.Bool}, tensor.Float32},
		{[]tensor.DType{tensor.String, tensor.String}, tensor.String},
	} {
		if got, ok := ResultType(c.in...); !ok || got != c.want {
			t.Errorf("ResultType(%v) = %v, %v; want %v", c.in, got, ok, c.want)
		}
	}
	if d, ok := ResultType(tensor.String, tensor.Float32); ok {
		t.Errorf("a string and a float have the type %v in common", d)
	}
}
