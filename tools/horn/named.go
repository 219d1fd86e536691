package main

import (
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/npy"
)

// pick takes the inputs out of named arrays; get reads one of them. An array that is no input is an error, for a name that
// is spelled wrong must not be left out, and a note where it is one of those that stand beside inputs.
func (r *inputReader) pick(file string, names []string, want []port,
	get func(name string, p port) (tensor.Any, error)) ([]tensor.Any, error) {
	found, err := resolve(names, want)
	if err != nil {
		return nil, err
	}
	taken := map[string]bool{}
	for _, n := range found {
		taken[n] = n != ""
	}
	var beside []string
	for _, n := range names {
		switch {
		case taken[n]:
		case r.isBeside(n):
			beside = append(beside, n)
		default:
			all := make([]string, len(want))
			for i, p := range want {
				all[i] = p.name
			}
			return nil, fmt.Errorf("the model has no input %q; it has %s%s", n, listed(all), meant(n, all))
		}
	}
	if len(beside) > 0 {
		r.app.note("%s: no input: %s", file, listed(beside))
	}
	out := make([]tensor.Any, len(want))
	for i, p := range want {
		if found[i] == "" {
			continue
		}
		if out[i], err = get(found[i], p); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// resolve finds which names are those of the inputs, "" for an optional one that is not there. Names that number the inputs
// count for all of them or for none: a model may call its first input "input_1".
func resolve(names []string, want []port) ([]string, error) {
	there := make(map[string]bool, len(names))
	for _, n := range names {
		there[n] = true
	}
	var best []string
	for way := range waysToCall {
		found, all := make([]string, len(want)), true
		for i, p := range want {
			for _, n := range p.called(way) {
				if there[n] {
					found[i] = n
					break
				}
			}
			all = all && (found[i] != "" || p.optional)
		}
		if all && slices.ContainsFunc(found, func(n string) bool { return n != "" }) {
			return found, nil
		}
		if best == nil {
			best = found
		}
	}
	for i, p := range want {
		if best[i] != "" || p.optional {
			continue
		}
		hint := ""
		for _, n := range names {
			if nearest(n, p.called(0)) != "" {
				hint = fmt.Sprintf("; is %q meant?", n)
			}
		}
		return nil, fmt.Errorf("has no array for the input %q; it has %s%s", p.name, listed(names), hint)
	}
	return best, nil
}

// isBeside reports whether a name is one of those that test data and goldens have besides inputs: targets, weights, answers.
func (r *inputReader) isBeside(name string) bool {
	if slices.Contains(r.outputs, name) {
		return true
	}
	first, _, _ := strings.Cut(strings.ToLower(name), "_")
	switch strings.TrimSuffix(first, "s") {
	case "output", "truth", "target", "label", "weight", "prediction", "probabilitie":
		return true
	}
	return slices.Contains([]string{"y", "y_true", "y_pred", "sample_weight", "sample_weights"}, strings.ToLower(name))
}

func (r *inputReader) readArchive(file string, want []port) ([]tensor.Any, error) {
	z, err := npy.OpenArchive(file)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	return r.pick(file, z.Names(), want, func(name string, p port) (tensor.Any, error) { return readEntry(z, name, p, r.budget) })
}

// readEntry reads an array of an archive, if it fits the input by what it says of itself.
func readEntry(z *npy.Archive, name string, p port, b *budget) (tensor.Any, error) {
	h, err := z.Header(name)
	if err != nil {
		return nil, err
	}
	if err := p.expects(h); err != nil {
		return nil, err
	}
	return readAny(z, name, h, b)
}

// readAny reads an array of an archive, whatever it is.
func readAny(z *npy.Archive, name string, h *npy.Header, b *budget) (tensor.Any, error) {
	if err := b.take(h.Memory(), "the array %q of shape %s", name, tensor.FormatShape(h.Shape)); err != nil {
		return nil, err
	}
	limits := npy.Limits{Bytes: math.MaxInt64}
	if b.given {
		limits.Expansion = -1
	}
	z.SetLimits(limits)
	return z.Read(name)
}

func (r *inputReader) readArray(file string, p port) (tensor.Any, error) {
	f, err := npy.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := p.expects(f.Header); err != nil {
		return nil, err
	}
	if err := r.budget.take(f.Memory(), "the array of shape %s", tensor.FormatShape(f.Shape)); err != nil {
		return nil, err
	}
	return f.Read(npy.Limits{Bytes: math.MaxInt64})
}

// memoryOfJSON is about what a value of a document takes when it is read.
const memoryOfJSON = 64

func (r *inputReader) readJSON(file string, data []byte, want []port) ([]tensor.Any, error) {
	v, err := pyjson.Parse(data)
	if err != nil {
		return nil, err
	}
	array := func(v any, p port) (tensor.Any, error) {
		d := p.dtype
		if d == tensor.String || d == tensor.Invalid {
			v = decodeBytes(v)
		}
		if d == tensor.Invalid { // not built: floats, unless it is text
			t, err := layer.ArrayOf(v, tensor.Invalid)
			if err != nil || t.DType() == tensor.String {
				return t, err
			}
			return t.Convert(tensor.Float32)
		}
		return layer.ArrayOf(v, d)
	}
	o, ok := v.(*pyjson.Object)
	if !ok {
		if len(want) > 1 {
			return nil, fmt.Errorf("the model has the %d inputs %s: give an object with their names", len(want), portNames(want))
		}
		t, err := array(v, want[0])
		return []tensor.Any{t}, err
	}
	return r.pick(file, o.Keys(), want, func(name string, p port) (tensor.Any, error) {
		t, err := array(o.Get(name), p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return t, nil
	})
}

// decodeBytes replaces {"base64": ".."} by the bytes: a string that is not UTF-8, as it is written, too.
func decodeBytes(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = decodeBytes(v[i])
		}
	case *pyjson.Object:
		if v.Len() == 1 && v.String("base64") != "" {
			if b, err := base64.StdEncoding.DecodeString(v.String("base64")); err == nil {
				return string(b)
			}
		}
	}
	return v
}
