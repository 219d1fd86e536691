package layer

import (
	"fmt"
	"math"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// AsTensor turns an argument into a value: a tensor is itself; a number is a scalar, int32 or float32 as Keras has it; a
// bool a bool; nested lists of numbers an array of them. ok is false for anything else.
func (c *Call) AsTensor(v any) (x *graph.Value, ok bool) {
	switch v := v.(type) {
	case *graph.Value:
		return v, v != nil
	case bool, pyjson.Number, []any, string:
		if list, isList := v.([]any); isList && len(Flatten(list)) > 0 {
			return c.stackNested(list)
		}
		t, err := ArrayOf(v, tensor.Invalid)
		if err != nil {
			return nil, false
		}
		return c.Const(t), true
	}
	return nil, false
}

// stackNested makes one tensor of a list that holds tensors, as numpy.stack does.
func (c *Call) stackNested(list []any) (*graph.Value, bool) {
	parts := make([]*graph.Value, len(list))
	for i, item := range list {
		x, ok := c.AsTensor(item)
		if !ok {
			return nil, false
		}
		parts[i] = x
	}
	for i := range parts {
		parts[i] = c.Cast(parts[i], parts[0].DType)
	}
	return c.Stack(0, parts...), true
}

// ArrayOf makes a tensor of nested JSON lists, all of one length at each depth. With dtype Invalid it is bool, int32 (int64
// where that is too small), float32 or string, as the leaves ask.
func ArrayOf(v any, d tensor.DType) (tensor.Any, error) {
	var shape []int
	for probe := v; ; {
		list, ok := probe.([]any)
		if !ok {
			break
		}
		shape = append(shape, len(list))
		if len(list) == 0 || len(shape) > graph.MaxRank {
			break
		}
		probe = list[0]
	}
	if len(shape) > graph.MaxRank {
		return nil, fmt.Errorf("an array of more than %d axes", graph.MaxRank)
	}
	var leaves []any
	if err := collect(v, shape, &leaves); err != nil {
		return nil, err
	}
	if d == tensor.Invalid {
		d = leafType(leaves)
	}
	out := tensor.NewAny(d, shape...)
	buf := graph.NewBuf(d, len(leaves))
	for i, leaf := range leaves {
		if err := setLeaf(buf, i, leaf); err != nil {
			return nil, err
		}
	}
	buf.Finish(d)
	buf.CopyTo(out)
	return out, nil
}

func collect(v any, shape []int, leaves *[]any) error {
	if len(shape) == 0 {
		if _, ok := v.([]any); ok {
			return fmt.Errorf("a list that is nested more deeply in some places than in others")
		}
		*leaves = append(*leaves, v)
		return nil
	}
	list, ok := v.([]any)
	if !ok || len(list) != shape[0] {
		return fmt.Errorf("a nested list whose parts differ in length")
	}
	for _, x := range list {
		if err := collect(x, shape[1:], leaves); err != nil {
			return err
		}
	}
	return nil
}

func leafType(leaves []any) tensor.DType {
	d := tensor.Bool
	for _, l := range leaves {
		switch l := l.(type) {
		case string:
			return tensor.String
		case pyjson.Number:
			if !l.IsInt() {
				return tensor.Float32
			}
			if i, ok := l.Int64(); (!ok || i != int64(int32(i))) && d != tensor.Int64 {
				d = tensor.Int64
			} else if d == tensor.Bool {
				d = tensor.Int32
			}
		}
	}
	if len(leaves) == 0 {
		return tensor.Float32
	}
	return d
}

func setLeaf(buf graph.Buf, i int, leaf any) error {
	switch l := leaf.(type) {
	case string:
		if buf.S != nil {
			buf.S[i] = l
			return nil
		}
	case bool:
		one := 0.0
		if l {
			one = 1
		}
		switch {
		case buf.B != nil:
			buf.B[i] = l
		case buf.I != nil:
			buf.I[i] = int64(one)
		case buf.F != nil:
			buf.F[i] = float32(one)
		case buf.D != nil:
			buf.D[i] = one
		default:
			return fmt.Errorf("a bool among strings")
		}
		return nil
	case pyjson.Number:
		f := l.Float()
		switch {
		case buf.B != nil:
			buf.B[i] = f != 0
		case buf.I != nil:
			n, ok := l.Int64()
			if !ok {
				if f != math.Trunc(f) || math.Abs(f) >= 1<<63 {
					return fmt.Errorf("the number %s is no integer that fits", l)
				}
				n = int64(f)
			}
			buf.I[i] = n
		case buf.F != nil:
			buf.F[i] = float32(f)
		case buf.D != nil:
			buf.D[i] = f
		default:
			return fmt.Errorf("a number among strings")
		}
		return nil
	}
	return fmt.Errorf("%s stands in an array", pyjson.Describe(leaf))
}
