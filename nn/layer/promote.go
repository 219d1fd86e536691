package layer

import (
	"math/bits"

	"github.com/hornml/horn/tensor"
)

// PyInt and PyFloat stand for the types of Python numbers among the arguments of [ResultType]. They are weak: a number
// takes the type of the tensor that it meets, if its kind allows that.
const (
	PyInt   tensor.DType = 0xf0 + iota // Python's int
	PyFloat                            // Python's float
)

// promotion is Keras's lattice of types (keras.backend.result_type): each type with those directly above it. Two types
// meet in the lowest type that both lead to.
var promotion = map[tensor.DType][]tensor.DType{
	tensor.Bool:     {PyInt},
	PyInt:           {tensor.Uint8, tensor.Int8},
	tensor.Uint8:    {tensor.Int16, tensor.Uint16},
	tensor.Uint16:   {tensor.Int32, tensor.Uint32},
	tensor.Uint32:   {tensor.Int64, tensor.Uint64},
	tensor.Uint64:   {PyFloat},
	tensor.Int8:     {tensor.Int16},
	tensor.Int16:    {tensor.Int32},
	tensor.Int32:    {tensor.Int64},
	tensor.Int64:    {PyFloat},
	PyFloat:         {tensor.BFloat16, tensor.Float16},
	tensor.BFloat16: {tensor.Float32},
	tensor.Float16:  {tensor.Float32},
	tensor.Float32:  {tensor.Float64},
	tensor.Float64:  nil,
}

// above holds for each type the set of types at or above it, a bit for each.
var above = closure(promotion)

func closure(direct map[tensor.DType][]tensor.DType) map[tensor.DType]uint32 {
	up := map[tensor.DType]uint32{}
	var visit func(d tensor.DType) uint32
	visit = func(d tensor.DType) uint32 {
		set, done := up[d]
		if !done {
			set = typeBit(d)
			for _, parent := range direct[d] {
				set |= visit(parent)
			}
			up[d] = set
		}
		return set
	}
	for d := range direct {
		visit(d)
	}
	return up
}

func typeBit(d tensor.DType) uint32 {
	if d >= PyInt {
		d = 30 + d - PyInt
	}
	return 1 << d
}

// ResultType returns the type in which an operation of keras.ops computes with tensors of the given types and Python
// numbers (keras.backend.result_type): the lowest type of Keras's lattice that holds all of them. Numbers alone are
// int32 or float32. Types of 64 bits stay as they are, as with TensorFlow and as torch's own operators have it; see
// [Narrow]. ok is false where types have none in common (strings with anything else).
func ResultType(types ...tensor.DType) (d tensor.DType, ok bool) {
	if len(types) == 0 {
		return tensor.Float32, true
	}
	same := true
	common := ^uint32(0)
	for _, t := range types {
		common &= above[t]
		same = same && t == types[0]
	}
	if same && types[0] < PyInt {
		return types[0], types[0] != tensor.Invalid
	}
	// The join of a lattice is the common upper bound below all others: the one with the most types above it.
	best := 0
	for t, set := range above {
		if common&typeBit(t) != 0 && bits.OnesCount32(set) > best {
			d, best = t, bits.OnesCount32(set)
		}
	}
	switch d {
	case PyInt:
		d = tensor.Int32
	case PyFloat:
		d = tensor.Float32
	}
	return d, best > 0
}

// Narrow turns 64-bit integers into 32-bit ones, as keras.backend.result_type does with every backend but TensorFlow;
// operations that ask it for their type give int32 for int64. (It does the same with float64. That is left out here, so
// that a model with a float64 policy computes in it throughout.)
func Narrow(d tensor.DType) tensor.DType {
	switch d {
	case tensor.Int64:
		return tensor.Int32
	case tensor.Uint64:
		return tensor.Uint32
	}
	return d
}
