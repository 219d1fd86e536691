package kernel

// LSTMGates turns the pre-activations of one LSTM step into the new states, for
// tanh and sigmoid as activations, as keras.layers.LSTM has by default. Row b
// of z, ldz apart, holds the gates i, f, c, o of units elements each; c, ldc
// apart, is the carry, updated in place; h, ldh apart, receives the output:
//
//	c = sigmoid(f)*c + sigmoid(i)*tanh(g);  h = sigmoid(o)*tanh(c)
func LSTMGates(h []float32, ldh int, c []float32, ldc int, z []float32, ldz, batch, units int) {
	if batch <= 0 || units <= 0 {
		return
	}
	check(ldz >= 4*units && (batch == 1 || ldc >= units && ldh >= units), badShape)
	check(len(z) >= area(batch-1, ldz)+4*units && len(c) >= area(batch-1, ldc)+units && len(h) >= area(batch-1, ldh)+units, badShape)
	for b := range batch {
		lstmRow(h[b*ldh:][:units], c[b*ldc:][:units], z[b*ldz:][:4*units])
	}
}

func lstmRow(h, c, z []float32) {
	if lstmAsm(h, c, z) {
		return
	}
	// Block by block, so that the gates need only a little memory.
	var in, out, cand [gateBlock]float32
	for u, at := len(h), 0; at < u; at += gateBlock {
		n := min(gateBlock, u-at)
		i, o, g := in[:n], out[:n], cand[:n]
		carry := c[at : at+n]
		Sigmoid.Run(o, z[u+at:][:n]) // the forget gate
		Multiply.Run(carry, carry, o)
		Sigmoid.Run(i, z[at:][:n])
		Tanh.Run(g, z[2*u+at:][:n])
		MulAdd(carry, i, g, carry)
		Sigmoid.Run(o, z[3*u+at:][:n])
		Tanh.Run(g, carry)
		Multiply.Run(h[at:at+n], o, g)
	}
}

// gateBlock is how many units the plain gates work on at a time.
const gateBlock = 64

// GRUGates turns the pre-activations of one GRU step with reset_after=True into
// the new state, for tanh and sigmoid as activations. Row b of x, ldx apart,
// holds the input's part of the gates z, r, h of units elements each, with its
// bias; row b of r, ldr apart, the recurrent part with its own bias. prev, ldp
// apart, is the old state; h, ldh apart, receives the new one and may be prev:
//
//	z = sigmoid(xz+rz);  r = sigmoid(xr+rr)
//	h = z*prev + (1-z)*tanh(xh + r*rh)
func GRUGates(h []float32, ldh int, prev []float32, ldp int, x []float32, ldx int, r []float32, ldr, batch, units int) {
	if batch <= 0 || units <= 0 {
		return
	}
	check(ldx >= 3*units && ldr >= 3*units && (batch == 1 || ldp >= units && ldh >= units), badShape)
	check(len(x) >= area(batch-1, ldx)+3*units && len(r) >= area(batch-1, ldr)+3*units, badShape)
	check(len(prev) >= area(batch-1, ldp)+units && len(h) >= area(batch-1, ldh)+units, badShape)
	for b := range batch {
		gruRow(h[b*ldh:][:units], prev[b*ldp:][:units], x[b*ldx:][:3*units], r[b*ldr:][:3*units])
	}
}

func gruRow(h, prev, x, r []float32) {
	if gruAsm(h, prev, x, r) {
		return
	}
	var keep, cand [gateBlock]float32
	for u, at := len(h), 0; at < u; at += gateBlock {
		n := min(gateBlock, u-at)
		z, g := keep[:n], cand[:n]
		Add.Run(z, x[u+at:][:n], r[u+at:][:n]) // the reset gate
		Sigmoid.Run(z, z)
		MulAdd(g, z, r[2*u+at:][:n], x[2*u+at:][:n])
		Tanh.Run(g, g)
		Add.Run(z, x[at:][:n], r[at:][:n])
		Sigmoid.Run(z, z)
		// z*prev + (1-z)*g = z*(prev-g) + g
		y := h[at : at+n]
		Subtract.Run(y, prev[at:at+n], g)
		MulAdd(y, y, z, g)
	}
}

// GRUReset is the first half of a GRU step with reset_after=False: row b of zr,
// ldz apart, holds the complete pre-activations of the gates z and r, which are
// replaced by their sigmoids; rh, ldrh apart, receives r*prev, the operand of
// the candidate's recurrent product.
func GRUReset(rh []float32, ldrh int, prev []float32, ldp int, zr []float32, ldz, batch, units int) {
	if batch <= 0 || units <= 0 {
		return
	}
	check(ldz >= 2*units && (batch == 1 || ldp >= units && ldrh >= units), badShape)
	check(len(zr) >= area(batch-1, ldz)+2*units, badShape)
	check(len(prev) >= area(batch-1, ldp)+units && len(rh) >= area(batch-1, ldrh)+units, badShape)
	for b := range batch {
		gates := zr[b*ldz:][:2*units]
		Sigmoid.Run(gates, gates)
		Multiply.Run(rh[b*ldrh:][:units], gates[units:], prev[b*ldp:][:units])
	}
}

// GRUOutput is the second half: row b of g, ldg apart, holds the complete
// pre-activations of the candidate, and the first units elements of row b of
// zr, ldz apart, the gate z as GRUReset left it. g is overwritten. h, ldh
// apart, receives z*prev + (1-z)*tanh(g), and may be prev.
func GRUOutput(h []float32, ldh int, prev []float32, ldp int, zr []float32, ldz int, g []float32, ldg, batch, units int) {
	if batch <= 0 || units <= 0 {
		return
	}
	check(ldz >= units && ldg >= units && (batch == 1 || ldp >= units && ldh >= units), badShape)
	check(len(zr) >= area(batch-1, ldz)+units && len(g) >= area(batch-1, ldg)+units, badShape)
	check(len(prev) >= area(batch-1, ldp)+units && len(h) >= area(batch-1, ldh)+units, badShape)
	for b := range batch {
		cand, z := g[b*ldg:][:units], zr[b*ldz:][:units]
		old, out := prev[b*ldp:][:units], h[b*ldh:][:units]
		Tanh.Run(cand, cand)
		// z*prev + (1-z)*g = z*(prev-g) + g
		Subtract.Run(out, old, cand)
		MulAdd(out, out, z, cand)
	}
}
