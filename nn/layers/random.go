package layers

import (
	"math"
	"math/bits"
	"math/rand/v2"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// generator draws the random numbers of a layer as its keras.random.SeedGenerator does on JAX. The generator's state in Keras is
// the seed and a counter of the draws; the counter belongs to a session.
type generator struct {
	counter *graph.Param
	seed    uint32
}

// bind gives the generator its seed and its place. Without a seed in the config it takes one of its own, a new one for each
// layer that is made.
func (g *generator) bind(c *layer.Call, seed any) *generator {
	if g.counter != nil {
		return g
	}
	g.counter = graph.NewState(c.Path() + "/seed_generator/counter")
	g.seed = 1 + rand.Uint32N(1e9)
	if o, ok := seed.(*pyjson.Object); ok { // a SeedGenerator
		seed = o.Object("config").Get("seed")
	}
	switch n := seed.(type) {
	case int:
		g.seed = uint32(n)
	case pyjson.Number:
		if i, ok := n.Int64(); ok {
			g.seed = uint32(i)
		}
	}
	return g
}

// uniform returns numbers of [0, 1) of a float type (jax.random.uniform).
func (g *generator) uniform(c *layer.Call, d tensor.DType, shape ...int) *value {
	return c.Emit1(opUniform{Seed: g.seed, DType: d, Shape: shape}, c.Draw(g.counter))
}

// normal returns numbers of the standard normal distribution (jax.random.normal): the inverse of its distribution function for
// numbers of (-1, 1).
func (g *generator) normal(c *layer.Call, d tensor.DType, shape ...int) *value {
	low := -1 + math.Pow(2, -float64(mantissa(d)+1)) // what follows -1
	u := c.Max(c.AddS(c.MulS(g.uniform(c, d, shape...), 2), low), c.Scalar(d, low))
	return c.MulS(c.Cast(c.Unary(graph.Erfinv, c.Cast(u, wide(d))), d), math.Sqrt2)
}

// drop is keras.random.dropout on JAX: elements of x become 0 with the probability rate, and others grow by 1/(1-rate). noise is
// the shape of the mask, which broadcasts to that of x.
func (g *generator) drop(c *layer.Call, x *value, rate float64, noise []int) *value {
	switch rate {
	case 0:
		return x
	case 1:
		return c.Full(x.DType, 0, x.Shape...)
	}
	keep := c.Compare(graph.Less, g.uniform(c, tensor.Float32, noise...), c.Scalar(tensor.Float32, 1-rate))
	return c.Where(c.BroadcastTo(keep, x.Shape...), c.Div(x, c.Scalar(x.DType, 1-rate)), c.Scalar(x.DType, 0))
}

// inTraining returns what a dropout inside of a layer does to a value: nothing unless the layer is called as in training.
func (g *generator) inTraining(c *layer.Call, rate float64, seed any) func(x *value) *value {
	return func(x *value) *value {
		if !c.Training() || rate == 0 {
			return x
		}
		return g.bind(c, seed).drop(c, x, rate, x.Shape)
	}
}

// mantissa is the number of stored bits of a float type's mantissa.
func mantissa(d tensor.DType) int {
	switch d {
	case tensor.Float64:
		return 52
	case tensor.Float16:
		return 10
	case tensor.BFloat16:
		return 7
	}
	return 23
}

// opUniform draws numbers of [0, 1), evenly spaced as the type's mantissa allows, from the Threefry generator of 2x32 bits
// (Salmon and others, Parallel random numbers: as easy as 1, 2, 3, 2011), keyed by a seed and a counter, as JAX does.
type opUniform struct {
	Seed  uint32
	DType tensor.DType
	Shape []int
}

// Name implements graph.Op.
func (opUniform) Name() string { return "random_uniform" }

// Infer implements graph.Op.
func (op opUniform) Infer(n *graph.Node) { n.SetOut(op.DType, op.Shape...) }

// Eval implements graph.Op: element i is made of the block i alone, so that no order matters.
func (op opUniform) Eval(_ *graph.Node, in, out []graph.Buf) error {
	key := [2]uint32{op.Seed, uint32(in[0].I[0])}
	shift := mantissa(op.DType)
	if op.DType == tensor.Float64 {
		for i := range out[0].D {
			hi, lo := threefry(key, uint64(i))
			out[0].D[i] = float64((uint64(hi)<<32|uint64(lo))>>(64-shift)) / (1 << 52)
		}
		return nil
	}
	width := 32 // the random bits of which the mantissa takes the first
	switch op.DType {
	case tensor.Float16:
		width = 16
	case tensor.BFloat16:
		width = 8
	}
	for i := range out[0].F {
		hi, lo := threefry(key, uint64(i))
		out[0].F[i] = float32((hi^lo)<<(32-width)>>(32-shift)) / float32(uint32(1)<<shift)
	}
	return nil
}

// threefry encrypts a block with a key: twenty rounds, with a part of the key added after every fourth.
func threefry(key [2]uint32, block uint64) (x, y uint32) {
	turns := [2][4]int{{13, 15, 26, 6}, {17, 29, 16, 24}}
	keys := [3]uint32{key[0], key[1], key[0] ^ key[1] ^ 0x1bd11bda}
	x, y = uint32(block>>32)+keys[0], uint32(block)+keys[1]
	for i := range 5 {
		for _, turn := range turns[i%2] {
			x += y
			y = bits.RotateLeft32(y, turn) ^ x
		}
		x += keys[(i+1)%3]
		y += keys[(i+2)%3] + uint32(i+1)
	}
	return x, y
}
