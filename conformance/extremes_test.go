package conformance

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hornml/horn/internal/fault"
	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/tensor"
)

// extremes are values that no sound input has, one of which takes the place of every third element, or of all.
var extremes = []struct {
	name string
	f    float64
	i    int64
	s    string
}{
	{"NaN", math.NaN(), math.MinInt64, "\xff\xfe"},
	{"infinity", math.Inf(1), math.MaxInt64, strings.Repeat("a ", 1000)},
	{"minus infinity", math.Inf(-1), -1, ""},
	{"large", 1e38, math.MaxInt32, "\x00"},
	{"minus large", -1e19, math.MinInt32, "a\xf0"},
	{"zero", 0, 0, " "},
}

// spoilt returns a tensor of t's type and shape with the extreme in every step-th place.
func spoilt(t tensor.Any, which, step int) tensor.Any {
	e := extremes[which]
	if t.DType() == tensor.String {
		data := make([]string, t.Len())
		copy(data, t.Raw().([]string))
		for i := 0; i < len(data); i += step {
			data[i] = e.s
		}
		return tensor.FromSlice(data, t.Shape()...)
	}
	out := tensor.NewAny(t.DType(), t.Shape()...)
	if t.DType().IsFloat() {
		data := make([]float64, t.Len())
		_ = t.Float64s(data)
		for i := 0; i < len(data); i += step {
			data[i] = e.f
		}
		_ = out.SetFloat64s(data)
		return out
	}
	if t.DType() == tensor.Bool {
		return t
	}
	data := make([]int64, t.Len())
	_ = t.Int64s(data)
	for i := 0; i < len(data); i += step {
		data[i] = e.i
	}
	_ = out.SetInt64s(data)
	return out
}

// TestExtremeInputs gives every golden inputs that nobody would: it answers or says what is wrong, soon.
func TestExtremeInputs(t *testing.T) {
	cases, err := golden.Find(goldens)
	if err != nil || len(cases) < 900 {
		t.Fatal(len(cases), err)
	}
	for _, c := range cases {
		m, inputs, err := c.Load(kerasfile.WithMemoryLimit(1 << 28))
		if err != nil || len(inputs) == 0 {
			continue // those that cannot be loaded have tests of their own
		}
		for which, e := range extremes {
			for _, step := range []int{1, 3} {
				given := make([]tensor.Any, len(inputs))
				for i, x := range inputs {
					if given[i] = x; x != nil {
						given[i] = spoilt(x, which, step)
					}
				}
				start := time.Now()
				err := func() (err error) {
					defer func() {
						if r := recover(); r != nil {
							err = &fault.Error{Where: c.Name, Err: fmt.Errorf("%v", r)}
						}
					}()
					_, err = m.PredictAll(given...)
					if step == 3 && err == nil {
						_, err = golden.Interpreted(m, given)
					}
					return err
				}()
				var f *fault.Error
				if errors.As(err, &f) {
					t.Errorf("%s, %s: %v", c.Name, e.name, err)
				}
				if took := time.Since(start); took > 5*time.Second {
					t.Errorf("%s, %s: %v", c.Name, e.name, took)
				}
			}
		}
	}
}

// TestOtherShapes gives every golden inputs of which one axis has another length, 0 for instance: it answers or says what is wrong.
func TestOtherShapes(t *testing.T) {
	cases, err := golden.Find(goldens)
	if err != nil || len(cases) < 900 {
		t.Fatal(len(cases), err)
	}
	for _, c := range cases {
		m, inputs, err := c.Load(kerasfile.WithMemoryLimit(1 << 28))
		if err != nil || len(inputs) == 0 {
			continue
		}
		for axis := range 5 {
			for _, length := range []int{0, 1, 3, 17} {
				given := make([]tensor.Any, len(inputs))
				changed := false
				for i, x := range inputs {
					if given[i] = x; x == nil || axis >= x.Rank() {
						continue
					}
					shape := slices.Clone(x.Shape())
					shape[axis], changed = length, true
					given[i] = tensor.NewAny(x.DType(), shape...)
				}
				if !changed {
					continue
				}
				start := time.Now()
				err := func() (err error) {
					defer func() {
						if r := recover(); r != nil {
							err = &fault.Error{Where: c.Name, Err: fmt.Errorf("%v", r)}
						}
					}()
					if _, err = m.PredictAll(given...); err == nil {
						_, err = golden.Interpreted(m, given)
					}
					return err
				}()
				var f *fault.Error
				if errors.As(err, &f) {
					t.Errorf("%s, axis %d of length %d: %v", c.Name, axis, length, err)
				}
				if took := time.Since(start); took > 5*time.Second {
					t.Errorf("%s, axis %d of length %d: %v", c.Name, axis, length, took)
				}
			}
		}
	}
}
