package plan

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/kernel"
)

// program computes a tree of elementwise ops block by block, so that what one op writes is still in the first-level
// cache when the next reads it.
type program struct {
	size   int // elements of the result
	instrs []instr
	regs   int // blocks of scratch
	// Blocks are multiples of grain elements and do not cross multiples of span (0: no such limit).
	grain, span int
}

// instr is one op of a program; dst is a register, or -1 for the result.
type instr struct {
	dst    int
	x, y   operand
	z      operand // the offset of instrMulAddRow; what instrWhere takes where the mask x is false
	unary  kernel.UnaryOp
	binary kernel.BinaryOp
	kind   instrKind
	p      graph.Params
	f1     func(x float64, p graph.Params) float64
	f2     func(x, y float64) float64
	half   tensor.DType // to which the result is rounded, Invalid for none
}

type instrKind uint8

const (
	instrUnary   instrKind = iota // kernel.UnaryOp
	instrBinary                   // kernel.BinaryOp
	instrUnaryF                   // f1
	instrBinaryF                  // f2
	instrCopy
	instrMulAddRow // x*y + z with y and z of one value for each column
	instrWhere     // y where the mask x is true, else z
)

// operand is where an instruction reads: a register, a number, or a value in memory. A value that is smaller than the
// result repeats: element i of the result meets element i/(mid*inner)*inner + i%inner of the value.
type operand struct {
	kind   operandKind
	reg    int
	scalar float32
	value  *graph.Value
	id     int
	inner  int
	mid    int
}

type operandKind uint8

const (
	operandReg    operandKind = iota
	operandScalar             // a number known when the plan is made
	operandFull               // as large as the result
	operandRow                // inner elements, again and again; inner small
	operandPart               // inner elements again and again, inner large: blocks stay within them
	operandOuter              // depends on i/(mid*inner), and on i%inner if inner > 1
)

// blockSize is about how many elements a block has: several blocks fit the first-level cache.
const blockSize = 1024

// longRow is the length from which on a repeating operand is cut into blocks.
const longRow = 512

// classify finds out how a value is read at the positions of a result of the given shape; ok is false where the pattern
// is not one of the operand kinds.
func classify(shape []int, v *graph.Value) (o operand, ok bool) {
	o.value = v
	size, total := v.Size(), graph.Product(shape)
	if size == total {
		o.kind = operandFull
		return o, true
	}
	if size == 1 {
		if buf, isC := graph.ConstBuf(v); isC && v.InFloat32() {
			return operand{kind: operandScalar, scalar: buf.F[0]}, true
		}
		return operand{kind: operandOuter, value: v, inner: 1, mid: total}, true
	}
	if len(v.Shape) > len(shape) {
		return o, false
	}
	// Which axes of the result does v have? It must be a block of leading ones, then missing ones, then trailing ones.
	lead := len(shape) - len(v.Shape)
	has := make([]bool, len(shape))
	for i, d := range v.Shape {
		has[lead+i] = d != 1 || shape[lead+i] == 1
	}
	end := len(shape)
	inner := 1
	for end > 0 && has[end-1] {
		end--
		inner *= shape[end]
	}
	mid := 1
	for end > 0 && (!has[end-1] || shape[end-1] == 1) {
		end--
		mid *= shape[end]
	}
	for i := range end {
		if !has[i] {
			// Leading axes that v lacks altogether only repeat everything.
			if outerHas(has[:end], shape) {
				return o, false
			}
			mid *= graph.Product(shape[:end])
			end = 0
			break
		}
	}
	o.inner, o.mid = inner, mid
	if end == 0 {
		o.kind = operandRow
		if inner > longRow {
			o.kind = operandPart
		}
		return o, true
	}
	o.kind = operandOuter
	return o, true
}

func outerHas(has []bool, shape []int) bool {
	for i, h := range has {
		if h && shape[i] != 1 {
			return true
		}
	}
	return false
}

// admit adds the limits that an operand puts on blocks; false if they contradict those of others.
func (p *program) admit(o operand) bool {
	grain, span := p.grain, p.span
	fits := true
	join := func(limit int) {
		if span != 0 && max(limit, span)%min(limit, span) != 0 {
			fits = false
		}
		if span == 0 || limit < span {
			span = limit
		}
	}
	switch o.kind {
	case operandRow:
		if grain%o.inner != 0 {
			if o.inner%grain != 0 {
				return false
			}
			grain = o.inner
		}
	case operandPart:
		join(o.inner)
	case operandOuter:
		if o.inner > longRow {
			join(o.inner)
		} else {
			join(o.inner * o.mid)
			if grain%o.inner != 0 {
				if o.inner%grain != 0 {
					return false
				}
				grain = o.inner
			}
		}
	}
	if !fits || grain > 8*blockSize || span != 0 && span%grain != 0 {
		return false
	}
	p.grain, p.span = grain, span
	return true
}

// settle gives the operands their ids once values have places.
func (p *program) settle(pl *Plan) *program {
	q := *p
	q.instrs = slices.Clone(p.instrs)
	for i := range q.instrs {
		for _, o := range []*operand{&q.instrs[i].x, &q.instrs[i].y, &q.instrs[i].z} {
			if o.value != nil {
				o.id = pl.id(o.value)
			}
		}
	}
	return &q
}

// block returns the number of elements of a block.
func (p *program) block() int {
	n := max(blockSize/p.grain, 1) * p.grain
	if p.span != 0 {
		n = min(n, p.span)
	}
	return n
}

// run computes the elements [from, to) of the result into out, whose first element is element `base` of the result;
// from must be at the start of a block or of out.
func (p *program) run(r *run, scratch []float32, out []float32, base, from, to int) {
	size := p.block()
	for at := from; at < to; {
		end := min(at+size, to)
		if p.span != 0 {
			end = min(end, (at/p.span+1)*p.span)
		}
		p.runBlock(r, scratch, out[at-base:end-base], at, end-at)
		at = end
	}
}

func (p *program) runBlock(r *run, scratch []float32, out []float32, at, n int) {
	stride := p.block()
	for i := range p.instrs {
		in := &p.instrs[i]
		dst := out
		if in.dst >= 0 {
			dst = scratch[in.dst*stride:][:n]
		}
		switch in.kind {
		case instrUnary:
			in.unary.RunWith(dst, in.x.slice(r, scratch, dst, stride, at, n), float32(in.p.A), float32(in.p.B))
		case instrCopy:
			copy(dst, in.x.slice(r, scratch, dst, stride, at, n))
		case instrUnaryF:
			x := in.x.slice(r, scratch, dst, stride, at, n)
			for k, v := range x {
				dst[k] = float32(in.f1(float64(v), in.p))
			}
		case instrMulAddRow:
			scale, shift := r.bufs[in.y.id].F, r.bufs[in.z.id].F
			kernel.MulAddRow(dst, in.x.slice(r, scratch, dst, stride, at, n), scale[:in.y.inner], shift[:in.z.inner])
		case instrWhere:
			in.runWhere(r, scratch, dst, stride, at, n)
		case instrBinary:
			in.runBinary(r, scratch, dst, stride, at, n)
		case instrBinaryF:
			x, y := &in.x, &in.y
			for k := range dst {
				dst[k] = float32(in.f2(float64(x.element(r, scratch, stride, at, k)), float64(y.element(r, scratch, stride, at, k))))
			}
		}
		if in.half != tensor.Invalid {
			graph.RoundHalf(dst, in.half)
		}
	}
}

// element reads one element of an operand.
func (o *operand) element(r *run, scratch []float32, stride, at, k int) float32 {
	switch o.kind {
	case operandReg:
		return scratch[o.reg*stride+k]
	case operandScalar:
		return o.scalar
	case operandFull:
		return r.bufs[o.id].F[at+k]
	case operandRow, operandPart:
		return r.bufs[o.id].F[(at+k)%o.inner]
	}
	i := at + k
	return r.bufs[o.id].F[i/(o.mid*o.inner)*o.inner+i%o.inner]
}

// slice returns n elements of an operand one after the other; those that repeat are written out in dst first.
func (o *operand) slice(r *run, scratch, dst []float32, stride, at, n int) []float32 {
	switch o.kind {
	case operandReg:
		return scratch[o.reg*stride:][:n]
	case operandFull:
		return r.bufs[o.id].F[at : at+n]
	case operandPart:
		i := at % o.inner
		return r.bufs[o.id].F[i : i+n]
	}
	if o.kind == operandOuter && o.inner > longRow {
		i := at/(o.mid*o.inner)*o.inner + at%o.inner
		return r.bufs[o.id].F[i : i+n]
	}
	for k := range n {
		dst[k] = o.element(r, scratch, stride, at, k)
	}
	return dst[:n]
}

// row returns the elements that repeat through a block: a vector, or a single number.
func (o *operand) row(r *run, at int) (row []float32, single bool) {
	switch o.kind {
	case operandRow:
		return r.bufs[o.id].F[:o.inner], o.inner == 1
	case operandOuter:
		if o.inner <= longRow {
			i := at / (o.mid * o.inner) * o.inner
			return r.bufs[o.id].F[i : i+o.inner], o.inner == 1
		}
	}
	return nil, false
}

func (in *instr) runBinary(r *run, scratch, dst []float32, stride, at, n int) {
	if in.y.kind == operandScalar {
		in.binary.RunScalar(dst, in.x.slice(r, scratch, dst, stride, at, n), in.y.scalar)
		return
	}
	if in.x.kind == operandScalar {
		in.binary.ScalarRun(dst, in.x.scalar, in.y.slice(r, scratch, dst, stride, at, n))
		return
	}
	if row, single := in.y.row(r, at); row != nil {
		x := in.x.slice(r, scratch, dst, stride, at, n)
		switch {
		case single:
			in.binary.RunScalar(dst, x, row[0])
		case n%len(row) == 0:
			in.binary.RunRow(dst, x, row)
		default:
			in.binary.Run(dst, x, row[:n])
		}
		return
	}
	if row, single := in.x.row(r, at); row != nil {
		y := in.y.slice(r, scratch, dst, stride, at, n)
		switch {
		case single:
			in.binary.ScalarRun(dst, row[0], y)
		case n%len(row) == 0:
			in.binary.RowRun(dst, row, y)
		default:
			in.binary.Run(dst, row[:n], y)
		}
		return
	}
	in.binary.Run(dst, in.x.slice(r, scratch, dst, stride, at, n), in.y.slice(r, scratch, dst, stride, at, n))
}
