package optimizers

import (
	"math"
	"strings"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/jit"
	"github.com/hornml/horn/nn/internal/pattern"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addMuon(r *layer.Registry) { register(r, "Muon", func() layer.Configurable { return new(Muon) }) }

// Muon moves matrices by their momentum brought near to an orthogonal matrix (keras.optimizers.Muon); what is no matrix, is
// an embedding, or matches a pattern of ExcludeLayers follows Adam with weight decay.
type Muon struct {
	Base
	AdamBeta1, AdamBeta2, Epsilon float64
	ExcludeLayers                 []string // patterns that are searched in the paths of variables
	MuonA, MuonB, MuonC           float64
	AdamLRRatio, Momentum         float64
	NSSteps                       int
	Nesterov, ExcludeEmbeddings   bool
	AdamWeightDecay, RMSRate      *float64

	patterns              []*pattern.Pattern
	momentums, velocities []*layer.Variable // no velocity for matrices
	orthogonal            *jit.Function
}

// Config implements layer.Configurable.
func (o *Muon) Config(c *layer.Config) {
	o.config(c, o, "Muon", 0.001)
	o.decay(c, 0.004)
	c.Float("adam_beta_1", &o.AdamBeta1, 0.9)
	c.Float("adam_beta_2", &o.AdamBeta2, 0.999)
	c.Float("epsilon", &o.Epsilon, 1e-7)
	o.exclude(c)
	c.Float("muon_a", &o.MuonA, 3.4445)
	c.Float("muon_b", &o.MuonB, -4.775)
	c.Float("muon_c", &o.MuonC, 2.0315)
	c.Float("adam_lr_ratio", &o.AdamLRRatio, 1)
	c.Float("momentum", &o.Momentum, 0.95)
	c.Int("ns_steps", &o.NSSteps, 5)
	c.Bool("nesterov", &o.Nesterov, true)
	c.Bool("exclude_embeddings", &o.ExcludeEmbeddings, true)
	orDefault(c, "adam_weight_decay", &o.AdamWeightDecay, 0.004)
	orDefault(c, "rms_rate", &o.RMSRate, 0.2)
	if o.NSSteps < 0 || o.NSSteps > 1000 {
		c.Errorf("ns_steps", "a number from 0 to 1000 is expected, not %d", o.NSSteps)
	}
	o.orthogonal = jit.NewFunction(o.orthogonalize)
}

// orDefault visits a number or null that has a default.
func orDefault(c *layer.Config, key string, field **float64, def float64) {
	c.FloatOrNone(key, field)
	if _, given := c.Value(key); !given && *field == nil {
		*field = &def
	}
}

func (o *Muon) exclude(c *layer.Config) {
	list := make([]any, len(o.ExcludeLayers))
	for i, p := range o.ExcludeLayers {
		list[i] = p
	}
	var v any = list
	c.Raw("exclude_layers", &v, []any(nil))
	o.ExcludeLayers, o.patterns = nil, nil
	if v == nil {
		return
	}
	list, ok := v.([]any)
	if !ok {
		c.Errorf("exclude_layers", "a list of patterns is expected, not %s", pyjson.Describe(v))
	}
	for _, item := range list {
		p, ok := item.(string)
		re, err := pattern.Compile(p)
		if !ok || err != nil {
			c.Errorf("exclude_layers", "%s is no pattern that can be searched for", pyjson.Describe(item))
			return
		}
		o.ExcludeLayers, o.patterns = append(o.ExcludeLayers, p), append(o.patterns, re)
	}
}

// followsAdam tells the variables that are no matter for Muon.
func (o *Muon) followsAdam(v *layer.Variable) bool {
	if len(v.Shape) != 2 || o.ExcludeEmbeddings && strings.Contains(strings.ToLower(v.Path), "embedding") {
		return true
	}
	for _, p := range o.patterns {
		if p.Found(v.Path) {
			return true
		}
	}
	return false
}

func (o *Muon) build() {
	o.momentums, o.velocities = nil, nil
	for _, v := range o.trainable {
		o.momentums = append(o.momentums, o.addLike(v, "momentum", 0))
		var velocity *layer.Variable
		if o.followsAdam(v) {
			velocity = o.addLike(v, "velocity", 0)
		}
		o.velocities = append(o.velocities, velocity)
	}
}

func (o *Muon) weightDecay(v *layer.Variable) *float64 {
	if o.followsAdam(v) {
		return o.AdamWeightDecay
	}
	return o.WeightDecay
}

func (o *Muon) update(s *step) {
	m := s.slot(o.momentums)
	if o.velocities[s.at] != nil {
		v := s.slot(o.velocities)
		adam(s, m, v, v, s.rate*o.AdamLRRatio, o.AdamBeta1, o.AdamBeta2, o.Epsilon)
		return
	}
	for i, g := range s.g {
		m[i] = o.Momentum*m[i] + g
		s.g[i] = m[i]
		if o.Nesterov {
			s.g[i] = g + o.Momentum*m[i]
		}
	}
	d := s.v.DType
	if d != tensor.Float64 {
		d = tensor.Float32
	}
	rate := s.rate
	if o.RMSRate != nil {
		rate *= math.Sqrt(float64(max(s.v.Shape[0], s.v.Shape[1]))) * *o.RMSRate
	}
	out, err := o.orthogonal.Run(shaped(s.g, s.v.Shape, d))
	if err != nil {
		s.err = err
		return
	}
	change := o.read(out[0])
	for i, u := range change {
		s.w[i] -= rate * u
	}
	o.keep(change)
}

// orthogonalize brings the singular values of a matrix near to 1 by Newton-Schulz iterations: with a = x*xT,
// x = A*x + (B*a + C*a*a)*x.
func (o *Muon) orthogonalize(b *graph.Builder, args []*graph.Value) []*graph.Value {
	x := args[0]
	tall := x.Shape[0] > x.Shape[1]
	if tall {
		x = b.SwapAxes(x, 0, 1)
	}
	x = b.Div(x, b.AddS(b.Sqrt(b.SumKeep(b.Square(x))), 1e-7))
	for range o.NSSteps {
		a := b.MatMulT(x, x, false, true)
		y := b.Add(b.MulS(a, o.MuonB), b.MatMul(b.MulS(a, o.MuonC), a))
		x = b.Add(b.MulS(x, o.MuonA), b.MatMul(y, x))
	}
	if tall {
		x = b.SwapAxes(x, 0, 1)
	}
	return []*graph.Value{x}
}
