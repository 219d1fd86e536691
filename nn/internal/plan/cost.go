package plan

import "github.com/hornml/horn/tensor/kernel"

// Estimates of how many nanoseconds work takes on one core, from the measurements in docs/kernels.md. They decide which
// steps, and which runs, the crew shares, for which a factor of two does not matter.

// slowness is how much longer arithmetic takes at the present level than with AVX-512.
func slowness() float64 {
	switch kernel.Current() {
	case kernel.AVX512:
		return 1
	case kernel.AVX2:
		return 2
	case kernel.NEON:
		return 4
	}
	return 25
}

// productCost is that of [rows, k] x [k, cols]: arithmetic, and reading the weights from a cache.
func productCost(rows, k, cols int) float64 {
	weights := float64(k) * float64(cols)
	return slowness()*2*float64(rows)*weights/250 + weights/30
}

// packCost is that of packing an operand of n elements, half of it transposed.
func packCost(n int) float64 { return 0.25 * float64(n) }

// movedCost is that of reading and writing n elements of a cache.
func movedCost(n int) float64 { return 0.08 * float64(n) }

// cost is that of an instruction of a program for n elements that are in the first-level cache.
func (in *instr) cost(n int) float64 {
	perElement := 0.03 * slowness()
	switch in.kind {
	case instrWhere:
		perElement = 0.5
	case instrUnaryF, instrBinaryF:
		perElement = 12
	case instrUnary:
		switch in.unary {
		case kernel.Negative, kernel.Absolute, kernel.Sign, kernel.Square, kernel.ReLU, kernel.Clip, kernel.LeakyReLU, kernel.Affine:
		default:
			perElement = 0.2 * slowness()
		}
	case instrBinary:
		if in.binary == kernel.Power {
			perElement = 0.5 * slowness()
		}
	}
	return perElement * float64(n)
}

// cost is that of a program without reading its operands and writing its result.
func (p *program) cost() float64 {
	sum := 0.0
	for i := range p.instrs {
		sum += p.instrs[i].cost(p.size)
	}
	return sum
}

// softmaxCost is that of a softmax of n elements.
func softmaxCost(n int) float64 { return 0.22 * slowness() * float64(n) }

// normCost is that of a normalization of n elements.
func normCost(n int) float64 { return 0.14 * slowness() * float64(n) }
