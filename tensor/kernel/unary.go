package kernel

// UnaryOp is an elementwise function of one operand. The names are those of
// keras.ops. Some take parameters, alpha and beta.
type UnaryOp uint8

// The elementwise functions of one operand.
const (
	Exp         UnaryOp = iota // e^x
	Expm1                      // e^x - 1
	Log                        // natural logarithm
	Log1p                      // log(1 + x)
	Tanh                       // hyperbolic tangent
	Sigmoid                    // 1 / (1 + e^-x)
	SiLU                       // x * sigmoid(x)
	Mish                       // x * tanh(softplus(x))
	GELU                       // x * Phi(x), exact: 0.5 x (1 + erf(x/sqrt 2)); NaN for -Inf
	GELUTanh                   // 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
	Erf                        // error function
	ReLU                       // max(x, 0)
	LeakyReLU                  // x if x >= 0, else alpha*x
	ELU                        // x if x > 0, else alpha*(e^x - 1)
	SELU                       // 1.0507009873554805 * elu(x, 1.6732632423543772)
	Softplus                   // log(1 + e^x)
	Softsign                   // x / (1 + |x|)
	HardSigmoid                // relu6(x + 3) / 6
	HardSiLU                   // x * hard_sigmoid(x)
	Sqrt                       // square root
	Rsqrt                      // 1 / sqrt(x)
	Reciprocal                 // 1 / x
	Absolute                   // |x|
	Negative                   // -x
	Square                     // x*x
	Sign                       // -1, 0 or 1; 0 keeps its sign, NaN stays NaN
	Floor                      // largest integer <= x
	Ceil                       // smallest integer >= x
	Round                      // nearest integer, ties to even
	Clip                       // x limited to [alpha, beta]; NaN stays NaN
	Affine                     // alpha*x + beta, rounded once or twice
	Sin                        // sine
	Cos                        // cosine
	unaryOps
)

var unaryNames = [...]string{
	"exp", "expm1", "log", "log1p", "tanh", "sigmoid", "silu", "mish", "gelu", "gelu_tanh", "erf",
	"relu", "leaky_relu", "elu", "selu", "softplus", "softsign", "hard_sigmoid", "hard_silu",
	"sqrt", "rsqrt", "reciprocal", "absolute", "negative", "square", "sign", "floor", "ceil", "round",
	"clip", "affine", "sin", "cos",
}

// String gives the name, as keras.ops has it.
func (op UnaryOp) String() string {
	if op < unaryOps {
		return unaryNames[op]
	}
	return "unknown"
}

// chunk bounds the elements of one assembly call, which the runtime cannot
// preempt: at most some 30 us, and the operands stay in the L2 cache.
const chunk = 1 << 15

// Run writes the function of every element of a to dst, which may be a.
func (op UnaryOp) Run(dst, a []float32) { op.RunWith(dst, a, 0, 0) }

// RunWith is Run for the functions that take parameters.
func (op UnaryOp) RunWith(dst, a []float32, alpha, beta float32) {
	check(len(dst) == len(a), badLength)
	if op == Sin || op == Cos {
		op.runTrig(dst, a)
		return
	}
	for len(a) > 0 {
		n := min(len(a), chunk)
		op.block(dst[:n], a[:n], alpha, beta)
		dst, a = dst[n:], a[n:]
	}
}

// block is RunWith of at most chunk elements.
func (op UnaryOp) block(dst, a []float32, alpha, beta float32) {
	if !unaryAsm(op, dst, a, alpha, beta) {
		unaryGeneric(op, dst, a, alpha, beta)
	}
}

// trigLimit is up to where the vector loops of Sin and Cos reduce their
// arguments: 41722 times pi, where the rounding of x/pi is small beside 1.
const trigLimit = 1 << 17

// runTrig runs the vector loop of Sin or Cos, and afterwards the plain function
// for what lies beyond trigLimit.
func (op UnaryOp) runTrig(dst, a []float32) {
	var before [256]float32
	for len(a) > 0 {
		n := min(len(a), sumBlock)
		// The sum of squares is a quick bound for all of a block; NaN fails it.
		if SumSquares.Of(a[:n]) <= trigLimit*trigLimit/2 {
			op.block(dst[:n], a[:n], 0, 0)
		} else {
			n = copy(before[:], a[:n])
			op.block(dst[:n], a[:n], 0, 0)
			for i, x := range before[:n] {
				if x > trigLimit || x < -trigLimit {
					dst[i] = float32(op.of(float64(x), 0))
				}
			}
		}
		dst, a = dst[n:], a[n:]
	}
}
