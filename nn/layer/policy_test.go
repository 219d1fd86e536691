package layer_test

import (
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func TestParsePolicy(t *testing.T) {
	for _, c := range []struct {
		name              string
		compute, variable tensor.DType
		quantization      string
		block, bits       int
	}{
		{"float32", tensor.Float32, tensor.Float32, "", 0, 0},
		{"bfloat16", tensor.BFloat16, tensor.BFloat16, "", 0, 0},
		{"int32", tensor.Int32, tensor.Int32, "", 0, 0},
		{"mixed_float16", tensor.Float16, tensor.Float32, "", 0, 0},
		{"mixed_bfloat16", tensor.BFloat16, tensor.Float32, "", 0, 0},
		{"int8_from_float32", tensor.Float32, tensor.Float32, "int8", 0, 0},
		{"int4/64_from_mixed_bfloat16", tensor.BFloat16, tensor.Float32, "int4", 64, 0},
		{"int4/-1_from_float32", tensor.Float32, tensor.Float32, "int4", -1, 0},
		{"float8_from_float32", tensor.Float32, tensor.Float32, "float8", 0, 0},
		{"gptq/4/128_from_float32", tensor.Float32, tensor.Float32, "gptq", 128, 4},
		{"gptq/2/-1_from_float32", tensor.Float32, tensor.Float32, "gptq", -1, 2},
		{"awq/4/32_from_float32", tensor.Float32, tensor.Float32, "awq", 32, 4},
	} {
		p, err := layer.ParsePolicy(c.name)
		if err != nil || p.Name != c.name || p.Compute != c.compute || p.Variable != c.variable || p.Quantization != c.quantization ||
			p.BlockSize != c.block || p.WeightBits != c.bits {
			t.Errorf("%s: %+v (%v)", c.name, p, err)
		}
	}
	for _, name := range []string{"", "float7", "int9_from_float32", "int4/0_from_float32", "int4/x_from_float32", "gptq/5/128_from_float32",
		"awq/8/128_from_float32", "int8_from_", "mixed_float32"} {
		_, err := layer.ParsePolicy(name)
		fails(t, name, err, "is no dtype policy")
	}
}

// TestPolicyRecords reads the forms that files have, and writes them back as they were.
func TestPolicyRecords(t *testing.T) {
	for _, c := range []struct {
		in, name string
		wrong    string
	}{
		{`null`, "float32", ""},
		{`"float16"`, "float16", ""},
		{`{"module": "keras", "class_name": "DTypePolicy", "config": {"name": "mixed_float16"}, "registered_name": null}`, "mixed_float16", ""},
		{`{"module": "keras.dtype_policies", "class_name": "QuantizedDTypePolicy", "config": {"mode": "int8", "source_name": "float32"}, ` +
			`"registered_name": null}`, "int8_from_float32", ""},
		{`{"class_name": "DTypePolicy"}`, "", "a dtype policy without a config"},
		{`{"class_name": "NoPolicy", "config": {}}`, "", "NoPolicy"},
		{`5`, "", "a dtype policy is a name or a record, not the number 5"},
	} {
		p := &probe{}
		err := read(t, p, `{"name": "p", "dtype": `+c.in+`}`)
		if c.wrong != "" {
			fails(t, c.in, err, "/config/dtype", c.wrong)
			continue
		}
		if err != nil || p.Policy().Name != c.name {
			t.Errorf("%s: %+v (%v)", c.in, p.Policy(), err)
			continue
		}
		if got := string(pyjson.Marshal(layer.ConfigOf(p).Get("dtype"))); c.in != "null" && got != c.in {
			t.Errorf("%s is written as %s", c.in, got)
		}
	}
}

// TestPolicyMap chooses for a layer by its path: the path itself first, then a pattern, then the default.
func TestPolicyMap(t *testing.T) {
	const dtype = `{"module": "keras.dtype_policies", "class_name": "DTypePolicyMap", "config": {"default_policy": "float32",
		"policy_map": {"enc/.*": "float16", "enc/a": "bfloat16", "p": "float64", "(": "int8"}}, "registered_name": null}`
	outer := &probe{}
	if err := read(t, outer, `{"name": "enc", "dtype": `+dtype+`}`); err != nil {
		t.Fatal(err)
	}
	if outer.ComputeDType() != tensor.Float32 {
		t.Errorf("the default is %s", outer.ComputeDType())
	}
	for name, want := range map[string]tensor.DType{"a": tensor.BFloat16, "b": tensor.Float16} {
		inner := &probe{}
		layer.Adopt(outer, inner, "Inner", name)
		if inner.ComputeDType() != want || inner.Class().Module != "keras.layers" || inner.Name() != name {
			t.Errorf("enc/%s computes in %s", name, inner.ComputeDType())
		}
	}
	p := &probe{}
	if err := read(t, p, `{"name": "p", "dtype": `+dtype+`}`); err != nil || p.ComputeDType() != tensor.Float64 {
		t.Errorf("%s (%v)", p.ComputeDType(), err)
	}
}
