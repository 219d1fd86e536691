package core

import (
	"slices"

	"github.com/hornml/horn/kerasfile/internal/release"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// upgradeArrays brings the arrays of one layer in a whole-model file into the order and the layout of the variables:
// what Keras 1 and the CuDNN layers of Keras 2 laid out in another way. Arrays that fit stay as they are.
func upgradeArrays(variables []*layer.Variable, arrays []tensor.Any, r release.Release) ([]tensor.Any, error) {
	arrays, err := joinGates(variables, arrays, r)
	if err != nil || len(arrays) != len(variables) {
		return arrays, err
	}
	for i, v := range variables {
		if isRecurrent(variables[i:]) && isCuDNN(variables[i+2], arrays[i+2]) {
			if err := fromCuDNN(arrays[i:i+3], variables[i+2]); err != nil {
				return nil, err
			}
			continue
		}
		if slices.Equal(arrays[i].Shape(), v.Shape) {
			continue
		}
		t, err := tensor.ToFloat32(arrays[i])
		if err != nil {
			continue // a shape error follows
		}
		if laidOut := layOut(t, v.Shape, r); laidOut != nil {
			arrays[i] = laidOut
		}
	}
	return arrays, nil
}

// layOut tries the orders of axes that kernels had: in Keras 1 and in other backends.
func layOut(t *tensor.Tensor, want []int, r release.Release) tensor.Any {
	orders := [][]int{{3, 2, 0, 1}, {2, 3, 1, 0}, {0, 1, 3, 2}, {2, 3, 0, 1}}
	if r.Major() < 2 {
		orders = [][]int{{2, 3, 1, 0}, {0, 1, 3, 2}, {2, 3, 0, 1}, {3, 2, 0, 1}}
	}
	if t.Rank() != 4 {
		return nil
	}
	for _, axes := range orders {
		moved := t.Transpose(axes...)
		switch {
		case slices.Equal(moved.Shape(), want):
			return moved.Clone()
		case len(want) == 3 && moved.Shape()[1] == 1 && slices.Equal(want, []int{moved.Shape()[0], moved.Shape()[2], moved.Shape()[3]}):
			return moved.Clone().Reshape(want...) // Conv1D was a convolution of two dimensions
		}
	}
	if s := t.Shape(); len(want) == 3 && s[1] == 1 && slices.Equal(want, []int{s[0], s[2], s[3]}) {
		return t.Reshape(want...)
	}
	return nil
}

// joinGates puts the single gates of Keras 1's recurrent layers together: for each gate W, U and b, those of an LSTM in
// the order i, c, f, o.
func joinGates(variables []*layer.Variable, arrays []tensor.Any, r release.Release) ([]tensor.Any, error) {
	if r.Major() > 1 || len(arrays) == len(variables) {
		return arrays, nil
	}
	var out []tensor.Any
	for i := 0; i < len(variables); i++ {
		v := variables[i]
		recurrent := isRecurrent(variables[i:])
		gates := []int{0, 2, 1, 3}
		if recurrent && len(v.Shape) == 2 && v.Shape[1] == 3*variables[i+1].Shape[0] {
			gates = []int{0, 1, 2}
		}
		if !recurrent || len(arrays) < 3*len(gates) {
			if len(arrays) == 0 {
				return out, nil
			}
			out, arrays = append(out, arrays[0]), arrays[1:]
			continue
		}
		for part := range 3 {
			var list []*tensor.Tensor
			for _, g := range gates {
				t, err := tensor.ToFloat32(arrays[3*g+part])
				if err != nil {
					return nil, err
				}
				list = append(list, t)
			}
			joined := concatLast(list)
			if joined == nil {
				return append(out, arrays...), nil // a shape error follows
			}
			out = append(out, joined)
		}
		arrays = arrays[3*len(gates):]
		i += 2
	}
	return append(out, arrays...), nil
}

// isRecurrent reports whether variables begin with those of a recurrent layer.
func isRecurrent(variables []*layer.Variable) bool {
	return len(variables) > 2 && variables[0].Name == "kernel" && variables[1].Name == "recurrent_kernel" && variables[2].Name == "bias"
}

// concatLast joins tensors of equal shapes along their last axis; nil if the shapes differ.
func concatLast(list []*tensor.Tensor) *tensor.Tensor {
	shape := slices.Clone(list[0].Shape())
	for _, t := range list {
		if !slices.Equal(t.Shape(), shape) || len(shape) == 0 {
			return nil
		}
	}
	n := shape[len(shape)-1]
	shape[len(shape)-1] = n * len(list)
	out := tensor.New(shape...)
	data := out.Data()
	for i, t := range list {
		src := t.Data()
		for row := 0; row*n < len(src) && n > 0; row++ {
			copy(data[(row*len(list)+i)*n:], src[row*n:(row+1)*n])
		}
	}
	return out
}

// isCuDNN recognises the bias of a CuDNNLSTM or CuDNNGRU: two biases, one behind the other.
func isCuDNN(bias *layer.Variable, t tensor.Any) bool {
	if t.Rank() != 1 || t.Len() == 0 {
		return false
	}
	switch len(bias.Shape) {
	case 1:
		return t.Len() == 2*bias.Shape[0]
	case 2:
		return bias.Shape[0] == 2 && t.Len() == 2*bias.Shape[1]
	}
	return false
}

// fromCuDNN turns kernel, recurrent kernel and bias of a CuDNN layer into those of the plain one. For each gate the
// kernel's numbers in C order are those of the plain one in Fortran order, and the recurrent kernel is transposed. The
// plain LSTM has the sum of both biases, the GRU has both.
func fromCuDNN(arrays []tensor.Any, bias *layer.Variable) error {
	var ts [3]*tensor.Tensor
	for i := range ts {
		t, err := tensor.ToFloat32(arrays[i])
		if err != nil {
			return err
		}
		ts[i] = t
	}
	kernel, recurrent := ts[0], ts[1]
	if kernel.Rank() != 2 || recurrent.Rank() != 2 {
		return nil
	}
	units := recurrent.Shape()[0]
	in, width := kernel.Shape()[0], kernel.Shape()[1]
	if units == 0 || width%units != 0 || recurrent.Shape()[1] != width {
		return nil // a shape error follows
	}
	newKernel, newRecurrent := tensor.New(in, width), tensor.New(units, width)
	k, r, nk, nr := kernel.Data(), recurrent.Data(), newKernel.Data(), newRecurrent.Data()
	for g := 0; g < width; g += units {
		for n := range in * units {
			nk[n%in*width+g+n/in] = k[n/units*width+g+n%units]
		}
		for i := range units {
			for j := range units {
				nr[i*width+g+j] = r[j*width+g+i]
			}
		}
	}
	b := ts[2].Data()
	half := len(b) / 2
	newBias := tensor.New(bias.Shape...)
	if len(bias.Shape) == 2 {
		copy(newBias.Data(), b)
	} else {
		for i, out := 0, newBias.Data(); i < half; i++ {
			out[i] = b[i] + b[half+i]
		}
	}
	arrays[0], arrays[1], arrays[2] = newKernel, newRecurrent, newBias
	return nil
}
