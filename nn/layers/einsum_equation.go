package layers

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
)

// einsumEquation is an equation of EinsumDense in its three forms: "ab,bc->ac", with "..." before the letters of input and
// output, or with "..." after them.
type einsumEquation struct {
	input, kernel, output string // letters only
	dotsFirst, dotsLast   bool
}

// parseEinsum reads an equation.
func parseEinsum(equation string) (e einsumEquation, err error) {
	wrong := fmt.Errorf(`the equation %q has none of the forms "X,Y->Z", "...X,Y->...Z" and "X...,Y->Z..."`, equation)
	operands, output, ok := strings.Cut(equation, "->")
	input, kernel, ok2 := strings.Cut(operands, ",")
	if !ok || !ok2 {
		return e, wrong
	}
	e = einsumEquation{input: input, kernel: kernel, output: output}
	if strings.HasPrefix(input, "...") && strings.HasPrefix(output, "...") {
		e.dotsFirst, e.input, e.output = true, input[3:], output[3:]
	} else if strings.HasSuffix(input, "...") && strings.HasSuffix(output, "...") {
		e.dotsLast, e.input, e.output = true, input[:len(input)-3], output[:len(output)-3]
	}
	for _, term := range []string{e.input, e.kernel, e.output} {
		for _, r := range term {
			if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
				return e, wrong
			}
		}
		if term == "" {
			return e, wrong
		}
	}
	return e, nil
}

// denseAxes reports whether the equation is a product of matrices as it lies in memory: the last axes of the input meet the
// first of the kernel, and the rest of both, in order, is the output. n is the number of axes that are summed.
func (e einsumEquation) denseAxes() (n int, ok bool) {
	for n = 1; n < len(e.kernel) && n <= len(e.input); n++ {
		if e.input[len(e.input)-n:] == e.kernel[:n] && e.output == e.input[:len(e.input)-n]+e.kernel[n:] {
			return n, !e.dotsLast
		}
	}
	return 0, false
}

// einsumShapes are the shapes that belong to an equation and an input.
type einsumShapes struct {
	equation einsumEquation
	kernel   []int
	bias     []int // nil for none; broadcasts with the output
	unproved byte  // an axis whose length output_shape says, and the input leaves open; 0 for none
}

// shapes takes the input's shape, the output's shape without the batch (-1 for unknown lengths) and the letters of the bias.
func (e einsumEquation) shapes(input, output []int, biasAxes string) (s einsumShapes, err error) {
	extra := len(input) - len(e.input)
	if extra < 0 || extra > 0 && !e.dotsFirst && !e.dotsLast {
		return s, fmt.Errorf("the equation has %d axes for an input of rank %d", len(e.input), len(input))
	}
	s.equation = e
	// The whole output: the batch, the axes that leading dots stand for, output_shape, those of trailing dots.
	full, lead := []int{input[0]}, 0
	if e.dotsFirst {
		lead = extra
		full = append(full, input[min(1, extra):extra]...)
	}
	full = append(full, output...)
	if e.dotsLast {
		full = append(full, input[len(e.input):]...)
	}
	if len(full) != lead+len(e.output) && !e.dotsLast || len(full) < len(e.output) {
		return s, fmt.Errorf("an output_shape of %v does not give the lengths of the axes %q after the batch", output, e.output)
	}
	size := map[byte]int{}
	for i := range len(e.input) {
		size[e.input[i]] = input[lead+i]
	}
	for i := range len(e.output) {
		letter, n := e.output[i], full[lead+i]
		have, known := size[letter]
		switch {
		case !known, have < 0:
			size[letter] = n
			if known && n >= 0 {
				s.unproved = letter
			}
		case !graph.Fits(n, have):
			return s, fmt.Errorf("the output_shape %v says %d for axis %q, the input has %d", output, n, e.output[i:i+1], have)
		}
		if !strings.Contains(e.input, e.output[i:i+1]) && !strings.Contains(e.kernel, e.output[i:i+1]) {
			return s, fmt.Errorf("the axis %q of the output is neither in the input nor in the kernel", e.output[i:i+1])
		}
	}
	for i := range len(e.kernel) {
		n, known := size[e.kernel[i]]
		if !known || n < 0 {
			return s, fmt.Errorf("the length of the kernel's axis %q is not known from the input and output_shape", e.kernel[i:i+1])
		}
		s.kernel = append(s.kernel, n)
	}
	if biasAxes == "" {
		return s, nil
	}
	// The bias has lengths of 1 along the axes it does not name, from the first that it names on.
	first := len(e.output)
	for i := range len(biasAxes) {
		p := strings.IndexByte(e.output, biasAxes[i])
		if p < 0 {
			return s, fmt.Errorf("bias_axes names the axis %q, which the output %q does not have", biasAxes[i:i+1], e.output)
		}
		first = min(first, p)
	}
	for i := first; i < len(e.output); i++ {
		n := 1
		if strings.IndexByte(biasAxes, e.output[i]) >= 0 {
			n = size[e.output[i]]
		}
		if n < 0 {
			return s, fmt.Errorf("the length of the bias's axis %q is not known", e.output[i:i+1])
		}
		s.bias = append(s.bias, n)
	}
	if e.dotsLast {
		s.bias = append(s.bias, slices.Repeat([]int{1}, extra)...)
	}
	return s, nil
}

// reduced reports whether the product adds up along an axis of the kernel.
func (e einsumEquation) reduced(axis int) bool {
	return !strings.Contains(e.output, e.kernel[axis:axis+1])
}

// reducedInput lists the axes of an input of the given rank along which the product adds up.
func (e einsumEquation) reducedInput(rank int) []int {
	var axes []int
	for i := range len(e.input) {
		if !strings.Contains(e.output, e.input[i:i+1]) {
			axes = append(axes, i+e.lead(rank))
		}
	}
	return axes
}

// lead is the number of axes that leading dots stand for in an input of the given rank.
func (e einsumEquation) lead(rank int) int {
	if e.dotsFirst {
		return rank - len(e.input)
	}
	return 0
}

// scale is the shape in which a scale for each output of a kernel broadcasts with the output.
func (e einsumEquation) scale(kernel []int, rank int) []int {
	extra := rank - len(e.input)
	out := ones(e.lead(rank))
	for i := range len(e.output) {
		n := 1
		if k := strings.IndexByte(e.kernel, e.output[i]); k >= 0 {
			n = kernel[k]
		}
		out = append(out, n)
	}
	if e.dotsLast {
		out = append(out, ones(extra)...)
	}
	return out
}

// scaleIndex returns, for an element of the kernel, the place of its scale in what scale describes.
func (e einsumEquation) scaleIndex(kernel []int) func(i int) int {
	strides := make([]int, len(kernel)) // in the scale
	stride := 1
	for i := len(e.output) - 1; i >= 0; i-- {
		if k := strings.IndexByte(e.kernel, e.output[i]); k >= 0 {
			strides[k] = stride
			stride *= kernel[k]
		}
	}
	return func(i int) int {
		place := 0
		for k := len(kernel) - 1; k >= 0; k-- {
			place += i % kernel[k] * strides[k]
			i /= kernel[k]
		}
		return place
	}
}

// alignInput brings a scale of the input's shape, with lengths of 1 along the axes that are added up, to the axes of the
// output.
func (e einsumEquation) alignInput(c *layer.Call, scale *value) *value {
	rank := scale.Rank()
	lead, extra := e.lead(rank), rank-len(e.input)
	var order, shape []int
	for i := range lead {
		order, shape = append(order, i), append(shape, scale.Shape[i])
	}
	for i := range len(e.output) {
		n := 1
		if k := strings.IndexByte(e.input, e.output[i]); k >= 0 {
			order = append(order, lead+k)
			n = scale.Shape[lead+k]
		}
		shape = append(shape, n)
	}
	if e.dotsLast {
		for i := range extra {
			order, shape = append(order, len(e.input)+i), append(shape, scale.Shape[len(e.input)+i])
		}
	}
	order = append(order, e.reducedInput(rank)...)
	return c.Reshape(c.Transpose(scale, order...), shape...)
}
