package graph

// PairSlope says what the derivatives of a function of two numbers are; see [Slope].
type PairSlope interface {
	// Slopes returns d times the derivatives of f at x and y, where out = f(x, y), in the shape of out. Those that are not
	// wanted may be nil, and those that are 0 everywhere are.
	Slopes(b *Builder, f *Binary, x, y, out, d *Value, wantX, wantY bool) (dx, dy *Value)
}

// Gradient implements Differentiable.
func (op Pairwise) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	grads := make([]*Value, 2)
	if op.Fn.D == nil || !n.Out[0].Differentiable() {
		return grads
	}
	grads[0], grads[1] = op.Fn.D.Slopes(b.Builder, op.Fn, n.In[0], n.In[1], n.Out[0], dOut[0], b.Wants(0), b.Wants(1))
	for i, g := range grads {
		if g != nil {
			grads[i] = b.SumTo(g, n.In[i].Shape...)
		}
	}
	return grads
}

// pairSlopes are the derivatives of the functions of this package.
type pairSlopes struct{}

// Slopes implements PairSlope.
func (pairSlopes) Slopes(b *Builder, f *Binary, x, y, out, d *Value, wantX, wantY bool) (dx, dy *Value) {
	switch f {
	case Add:
		return d, d
	case Sub:
		if wantY {
			dy = b.Neg(d)
		}
		return d, dy
	case Mul:
		if wantX {
			dx = b.Mul(d, y)
		}
		if wantY {
			dy = b.Mul(d, x)
		}
	case Div:
		dx = b.Div(d, y)
		if wantY {
			dy = b.Neg(b.Mul(dx, out))
			// x/y times 1/y, but where x is 0 so is the derivative, as far as 1/y is finite: 0 * out says the same.
		}
	case Max, Min:
		return b.share(x, y, out, d), b.share(y, x, out, d)
	case Pow:
		if wantX {
			dx = b.Mul(d, b.Masked(b.Compare(NotEqual, y, b.Scalar(y.DType, 0)), b.Mul(y, b.Pow(x, b.AddS(y, -1)))))
		}
		if wantY {
			// The logarithm of 0 counts as 0, so that 0 to a positive power has no slope.
			base := b.Where(b.Compare(Equal, x, b.Scalar(x.DType, 0)), b.Scalar(x.DType, 1), x)
			dy = b.Mul(d, b.Mul(b.Log(base), out))
		}
	case Mod:
		if wantY {
			dy = b.Neg(b.Mul(d, b.Binary(FloorDiv, x, y)))
		}
		return d, dy
	case Fmod:
		if wantY {
			dy = b.Neg(b.Mul(d, b.Unary(Trunc, b.Div(x, y))))
		}
		return d, dy
	case Atan2:
		square := b.Add(b.Square(x), b.Square(y))
		if wantX {
			dx = b.Mul(d, b.Div(y, square))
		}
		if wantY {
			dy = b.Neg(b.Mul(d, b.Div(x, square)))
		}
	case Hypot:
		// Both are 1/2 at the origin, as if the tie of their maximum were split.
		origin := b.Compare(Equal, out, b.Scalar(out.DType, 0))
		half := b.MulS(d, 0.5)
		if wantX {
			dx = b.Where(origin, half, b.Mul(d, b.Div(x, out)))
		}
		if wantY {
			dy = b.Where(origin, half, b.Mul(d, b.Div(y, out)))
		}
	}
	return dx, dy
}

// share is the part of d that belongs to x, one of the operands of which out is the extreme: all, or half of it in a tie.
func (b *Builder) share(x, other, out, d *Value) *Value {
	dx := b.Masked(b.Compare(Equal, x, out), d)
	return b.Where(b.Compare(Equal, x, other), b.MulS(d, 0.5), dx)
}

// Gradient implements Differentiable.
func (Where) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	grads := make([]*Value, 3)
	zero := b.Scalar(n.Out[0].DType, 0)
	if b.Wants(1) {
		grads[1] = b.SumTo(b.Where(n.In[0], dOut[0], zero), n.In[1].Shape...)
	}
	if b.Wants(2) {
		grads[2] = b.SumTo(b.Where(n.In[0], zero, dOut[0]), n.In[2].Shape...)
	}
	return grads
}

// Gradient implements Differentiable: it flows between floats of any two types.
func (Cast) Gradient(b *Backward, n *Node, dOut []*Value) []*Value {
	if x := n.In[0]; x.Differentiable() && n.Out[0].Differentiable() {
		return []*Value{b.Cast(dOut[0], x.DType)}
	}
	return []*Value{nil}
}
