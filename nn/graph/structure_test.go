package graph_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	. "github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor"
)

// branching is a graph with two inputs, two outputs and a node that nothing needs.
func branching() *Builder {
	b := NewBuilder()
	x, y := b.Input(tensor.Float32, 2, 3), b.Input(tensor.Float32, 3)
	sum := b.Add(x, y)
	b.Exp(sum) // unused
	parts := b.Split(b.Tanh(sum), 1, 1, 2)
	b.Graph.Outputs = []*Value{parts[1], sum}
	return b
}

// TestVerifyFindsWhatIsBroken breaks one thing at a time.
func TestVerifyFindsWhatIsBroken(t *testing.T) {
	for name, c := range map[string]struct {
		want string
		do   func(g *Graph)
	}{
		"nothing":        {"", func(*Graph) {}},
		"order":          {"is not there yet", func(g *Graph) { slices.Reverse(g.Nodes) }},
		"a missing node": {"input 0: float32(2, 3) of add is not there yet", func(g *Graph) { g.Nodes = slices.Delete(g.Nodes, 2, 3) }},
		"a node twice":   {"it stands in the graph twice", func(g *Graph) { g.Nodes = append(g.Nodes, g.Nodes[0]) }},
		"a wrong type": {"is declared as float64(2, 3) and inferred as float32(2, 3)",
			func(g *Graph) { g.Nodes[2].Out[0].DType = tensor.Float64 }},
		"a wrong shape": {"is declared as", func(g *Graph) { g.Nodes[2].Out[0].Shape = []int{3, 3} }},
		"another op":    {"is declared as", func(g *Graph) { g.Nodes[2].Op = Compare{Fn: Less} }},
		"inputs": {"broadcast", func(g *Graph) {
			g.Nodes[1].Op, g.Nodes[1].Out[0].Shape = Input{DType: tensor.Float32, Shape: []int{4}}, []int{4}
			g.Nodes[2].In[1] = g.Nodes[1].Out[0]
		}},
		"an output from outside": {"output 0: float32(1,) of input is not there yet", func(g *Graph) {
			g.Outputs[0] = NewNode(Input{DType: tensor.Float32, Shape: []int{1}}, "").Out[0]
		}},
		"an update from outside": {"update 0: ", func(g *Graph) {
			g.Updates = []Update{{NewState("s"), NewNode(Input{DType: tensor.Float32, Shape: []int{1}}, "").Out[0]}}
		}},
	} {
		g := branching().Graph
		c.do(g)
		err := Verify(g)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, not %q", name, err, c.want)
		}
	}
	b := NewBuilder()
	x := b.Input(tensor.Float32, 2, 4, 3)
	out, _ := b.Scan([]*Value{x}, nil, Loop{}, nil, func(b *Builder, xs, _ []*Value) (*Value, []*Value) { return b.Tanh(xs[0]), nil })
	b.Graph.Outputs = one(out)
	body := b.Graph.Nodes[len(b.Graph.Nodes)-1].Op.(Scan).Body
	body.Nodes[0], body.Nodes[1] = body.Nodes[1], body.Nodes[0]
	if err := Verify(b.Graph); err == nil || !strings.Contains(err.Error(), "its body: ") {
		t.Errorf("the body of a loop: %v", err)
	}
}

// TestPrune drops what nothing needs, and keeps inputs and what parameters become.
func TestPrune(t *testing.T) {
	b := branching()
	names := func() (list []string) {
		for _, n := range b.Graph.Nodes {
			list = append(list, n.Op.Name())
		}
		return list
	}
	state := NewState("s")
	b.SetParam(state, b.Neg(b.State(state, tensor.Float32, 2)))
	b.Graph.Prune()
	if got := strings.Join(names(), " "); got != "input input add tanh slice param neg" {
		t.Error(got)
	}
	b.Graph.Renumber()
	for i, n := range b.Graph.Nodes {
		if n.ID != i {
			t.Errorf("node %d has the number %d", i, n.ID)
		}
	}
	b.Graph.Outputs, b.Graph.Updates = nil, nil
	b.Graph.Prune()
	if got := strings.Join(names(), " "); got != "input input" {
		t.Error(got)
	}
	if err := Verify(b.Graph); err != nil {
		t.Error(err)
	}
}

// TestClone makes a graph that is the same and shares no node.
func TestClone(t *testing.T) {
	b := branching()
	state := NewState("s")
	b.SetParam(state, b.Graph.Outputs[1])
	g, c := b.Graph, b.Graph.Clone()
	if string(AppendGraphKey(nil, g)) != string(AppendGraphKey(nil, c)) {
		t.Error("the copy is another graph")
	}
	for i := range g.Nodes {
		if g.Nodes[i] == c.Nodes[i] || c.Nodes[i].Out[0].Node != c.Nodes[i] {
			t.Errorf("node %d is shared", i)
		}
	}
	if c.Updates[0].Param != state || c.Updates[0].Value.Node == g.Updates[0].Value.Node {
		t.Error("what parameters become")
	}
	c.Nodes[3].Op = Elementwise{Fn: Neg}
	if g.Nodes[3].Op == c.Nodes[3].Op || string(AppendGraphKey(nil, g)) == string(AppendGraphKey(nil, c)) {
		t.Error("a change of the copy changes the graph, or not its key")
	}
}

// TestUsers counts who reads a value: nodes, once for each input, and the world outside.
func TestUsers(t *testing.T) {
	b := NewBuilder()
	x := b.Input(tensor.Float32, 2)
	y := b.Neg(x)
	z := b.Mul(y, y)
	b.Graph.Outputs = one(z)
	b.SetParam(NewState("s"), z)
	uses := UsersOf(b.Graph)
	if got := uses.Only(x); got != y.Node {
		t.Errorf("the input is read by %v", got)
	}
	if n := uses[y.Output()]; len(n) != 2 || n[0] != z.Node || uses.Only(y) != nil {
		t.Errorf("a value that is read twice by one node: %v", n)
	}
	if n := uses[z.Output()]; len(n) != 2 || n[0] != nil || n[1] != nil {
		t.Errorf("what leaves the graph is read by %v", n)
	}
	if !y.WithMask(x).Same(y) || y.Same(x) || y.Same(nil) {
		t.Error("handles of one output")
	}
}

// TestStates runs a graph that counts: states are zero at first, and belong to whoever keeps them.
func TestStates(t *testing.T) {
	b := NewBuilder()
	s := NewState("counter")
	x := b.Input(tensor.Float32, 2)
	next := b.Add(b.State(s, tensor.Float32, 2), x)
	b.SetParam(s, b.Neg(next))
	b.SetParam(s, next) // the last one counts
	b.Graph.Outputs = one(next)
	if len(b.Graph.Updates) != 1 || !s.IsState() || s.Name() != "counter" {
		t.Fatal(b.Graph.Updates)
	}
	states := map[*Param]StateValue{}
	step := func(states map[*Param]StateValue) []float32 {
		out, err := Interpret(b.Graph, Run{Inputs: []Buf{{F: []float32{1, 10}}}, States: states})
		if err != nil {
			t.Fatal(err)
		}
		return out[0].F
	}
	for i := range 3 {
		if got := step(states); !slices.Equal(got, []float32{float32(i + 1), float32(10*i + 10)}) {
			t.Errorf("step %d: %v", i, got)
		}
		if got := step(nil); !slices.Equal(got, []float32{1, 10}) {
			t.Errorf("nobody keeps states: %v", got)
		}
	}
	states[s] = StateValue{Buf{F: []float32{5, 5, 5}}, tensor.Float32, []int{3}} // of another batch
	if got := step(states); !slices.Equal(got, []float32{1, 10}) {
		t.Errorf("a state of another shape: %v", got)
	}
	if kept := states[s]; !kept.Fits(next) || kept.Fits(NewStateValueOf(tensor.Float32, 3)) {
		t.Errorf("%v", kept)
	}
}

// NewStateValueOf returns a value of some type and shape.
func NewStateValueOf(d tensor.DType, shape ...int) *Value {
	return NewNode(Input{DType: d, Shape: shape}, "").Out[0]
}

// TestParams reads parameters, and stores what they become.
func TestParams(t *testing.T) {
	data := []float32{1, 2}
	var p *Param
	p = NewParam("w", tensor.Float32, []int{2}, func() (Buf, error) { return Buf{F: data}, nil }, func(b Buf) error {
		data = slices.Clone(b.F)
		p.Changed()
		return nil
	})
	b := NewBuilder()
	v := b.Param(p)
	b.SetParam(p, b.MulS(v, 3))
	b.Graph.Outputs = one(v)
	for i := range 3 {
		before := p.Version()
		out, err := Interpret(b.Graph, Run{})
		if err != nil || out[0].F[1] != float32(2*math.Pow(3, float64(i))) || p.Version() == before {
			t.Errorf("run %d: %v (%v), version %d", i, out, err, p.Version())
		}
	}
	lost := errors.New("the file is gone")
	for what, broken := range map[string]*Param{
		"reading": NewParam("w", tensor.Float32, []int{2}, func() (Buf, error) { return Buf{}, lost }, nil),
		"storing": NewParam("w", tensor.Float32, []int{2}, func() (Buf, error) { return Buf{F: data}, nil }, func(Buf) error { return lost }),
	} {
		b := NewBuilder()
		b.SetParam(broken, b.Neg(b.Param(broken)))
		if _, err := Interpret(b.Graph, Run{}); !errors.Is(err, lost) {
			t.Errorf("%s: %v", what, err)
		}
	}
	fixed := NewParam("w", tensor.Float32, []int{2}, func() (Buf, error) { return Buf{F: data}, nil }, nil)
	if err := fixed.Store(Buf{F: data}); err == nil {
		t.Error("what no run may change is changed")
	}
	if !IsFixed(b.Param(fixed)) || !IsFixed(b.Scalar(tensor.Float32, 1)) || IsFixed(b.State(NewState("s"), tensor.Float32, 1)) ||
		IsFixed(b.Input(tensor.Float32, 1)) {
		t.Error("what is known before a run")
	}
}

// TestConstants makes constants of one key of equal elements, and of different ones of others.
func TestConstants(t *testing.T) {
	b := NewBuilder()
	keys := map[string]int{}
	for i, v := range []*Value{
		b.Floats(tensor.Float32, 1, 2), b.Floats(tensor.Float64, 1, 2), b.Floats(tensor.Float16, 1, 2), b.Ints(tensor.Int32, 1, 2),
		b.Ints(tensor.Int64, 1, 2), b.Floats(tensor.Float32, 2, 1), b.Floats(tensor.Float32, 1, math.Copysign(0, -1)),
		b.Floats(tensor.Float32, 1, 0),
		b.Const(tensor.FromSlice([]bool{true, false})), b.Const(tensor.FromSlice([]string{"a", "b"})),
		b.Const(tensor.FromSlice([]string{"ab", ""})),
	} {
		key := SourceOf(v).Key()
		if other, ok := keys[key]; ok {
			t.Errorf("constants %d and %d have one key", other, i)
		}
		keys[key] = i
	}
	if SourceOf(b.Floats(tensor.Float32, 1, 2)).Key() != SourceOf(b.Const(tensor.FromSlice([]float32{1, 2}))).Key() {
		t.Error("equal elements have different keys")
	}
	if SourceOf(b.Input(tensor.Float32, 1)) != nil {
		t.Error("an input has a source")
	}
	for d, want := range map[tensor.DType]float64{tensor.Float32: 2.5, tensor.Float64: 2.5, tensor.Int32: 2, tensor.Bool: 1,
		tensor.Uint8: 2} {
		buf, ok := ConstBuf(b.Scalar(d, 2.5))
		if !ok || buf.Float64(0) != want {
			t.Errorf("%s of 2.5 is %v", d, buf)
		}
	}
	if buf, _ := ConstBuf(b.Int(tensor.Int64, math.MaxInt64)); buf.I[0] != math.MaxInt64 {
		t.Errorf("%v", buf)
	}
	if buf, _ := ConstBuf(b.Ints(tensor.Int8, 300)); buf.I[0] != 44 {
		t.Errorf("a byte holds %v", buf)
	}
	if v, ok := ConstScalar(b.Scalar(tensor.Float32, 3)); !ok || v != 3 {
		t.Errorf("%v", v)
	}
	for name, v := range map[string]*Value{"a vector": b.Floats(tensor.Float32, 1, 2), "an integer": b.Int(tensor.Int32, 1),
		"an input": b.Input(tensor.Float32)} {
		if _, ok := ConstScalar(v); ok {
			t.Errorf("%s is taken for a number", name)
		}
	}
	is(t, "full", 0, floats([]int{2, 2}, 7, 7, 7, 7), nil, func(b *Builder, _ []*Value) *Value { return b.Full(tensor.Float32, 7, 2, 2) })
	is(t, "iota", 0, ints([]int{3}, 0, 1, 2), nil, func(b *Builder, _ []*Value) *Value { return b.Iota(tensor.Int32, 3) })
	is(t, "zeros", 0, ints([]int{2}, 0, 0), []array{ints([]int{2}, 5, 6)}, func(b *Builder, v []*Value) *Value { return b.ZerosLike(v[0]) })
}

// TestBuilderRefuses ends the building of graphs that are too large, too deep, or lack something.
func TestBuilderRefuses(t *testing.T) {
	f := tensor.Float32
	for want, build := range map[string]func(b *Builder){
		"the graph has more than 3 values": func(b *Builder) {
			b.Budget.MaxValues = 3
			x := b.Input(f, 1)
			for range 5 {
				x = b.Neg(x)
			}
		},
		"add: input 1 is missing":                                   func(b *Builder) { b.Add(b.Input(f, 1), nil) },
		"input: a tensor of rank 17; at most 16 axes are supported": func(b *Builder) { b.Input(f, make([]int, 17)...) },
		"input: a result of impossible shape":                       func(b *Builder) { b.Input(f, math.MaxInt, math.MaxInt) },
		"axis 2 is out of range for a tensor of rank 2":             func(b *Builder) { b.Softmax(b.Input(f, 1, 2), 2) },
		"axis -3 is out of range for a tensor of rank 2":            func(b *Builder) { b.Softmax(b.Input(f, 1, 2), -3) },
		"reshape: float32(2, 3) does not reshape to (4,)":           func(b *Builder) { b.Reshape(b.Input(f, 2, 3), 4) },
		"reshape: float32(2, 3) does not reshape to (4, None)":      func(b *Builder) { b.Reshape(b.Input(f, 2, 3), 4, -1) },
		"squeeze: axis 0 of float32(2, 3) is not 1":                 func(b *Builder) { b.Squeeze(b.Input(f, 2, 3), 0) },
		"transpose: axes [0 0] do not permute float32(2, 3)":        func(b *Builder) { b.Transpose(b.Input(f, 2, 3), 0, 0) },
		"broadcast_to: float32(2, 3) does not broadcast to (2, 4)":  func(b *Builder) { b.BroadcastTo(b.Input(f, 2, 3), 2, 4) },
		"slice: 2 elements from 2, 1 apart, are outside axis 1 of float32(2, 3)": func(b *Builder) {
			b.Slice(b.Input(f, 2, 3), 1, 2, 4)
		},
		"slice: axis 1 of float32(2, 3) cannot give -1 elements":      func(b *Builder) { b.Slice(b.Input(f, 2, 3), 1, 2, 1) },
		"concatenate: nothing to join":                                func(b *Builder) { b.Concat(0) },
		"concatenate: float32(2, 3) and float32(2,) differ in type":   func(b *Builder) { b.Concat(0, b.Input(f, 2, 3), b.Input(f, 2)) },
		"concatenate: float32(2, 3) and float32(2, 4) differ in axis": func(b *Builder) { b.Concat(0, b.Input(f, 2, 3), b.Input(f, 2, 4)) },
		"stack: nothing to join":                                      func(b *Builder) { b.Stack(0) },
		"pad: 1 paddings for float32(2, 3)":                           func(b *Builder) { b.Pad(b.Input(f, 2, 3), []int{1}, []int{1}, 0) },
		"pad: negative padding of axis 1": func(b *Builder) {
			b.Pad(b.Input(f, 2, 3), []int{0, -1},
				[]int{0, 0}, 0)
		},
		"take_along_axis: float32(2, 3) and indices int32(2,) differ": func(b *Builder) {
			b.TakeAlong(b.Input(f, 2, 3), b.Input(tensor.Int32, 2), 0)
		},
		"scatter: indices int32(2, 3) and updates float32(2,) do not fit float32(2, 3)": func(b *Builder) {
			b.Scatter(b.Input(f, 2, 3), b.Input(tensor.Int32, 2, 3), b.Input(f, 2), "")
		},
		"scatter: updates float32(2, 2) where the indices ask for (2, 3)": func(b *Builder) {
			b.Scatter(b.Input(f, 2, 3), b.Input(tensor.Int32, 2, 1), b.Input(f, 2, 2), "")
		},
	} {
		if got := problem(build); !strings.HasPrefix(got, want) {
			t.Errorf("%q, not %q", got, want)
		}
	}
	e := &Error{Where: "layer", Msg: "message"}
	if e.Error() != "layer: message" || (&Error{Msg: "message"}).Error() != "message" {
		t.Error(e)
	}
}

// TestBuffers converts between tensors and storage, and keeps the range of a type.
func TestBuffers(t *testing.T) {
	for _, x := range []tensor.Any{
		tensor.FromSlice([]float32{1, -2}), tensor.FromSlice([]float64{1, -2}), tensor.FromSlice([]int8{1, -2}),
		tensor.FromSlice([]int16{1, -2}),
		tensor.FromSlice([]int32{1, -2}), tensor.FromSlice([]int64{1, -2}), tensor.FromSlice([]uint8{1, 254}), tensor.FromSlice([]uint16{1, 2}),
		tensor.FromSlice([]uint32{1, 1 << 31}), tensor.FromSlice([]bool{true, false}), tensor.FromSlice([]string{"a", ""}),
		tensor.FromSlice([]tensor.Half{tensor.HalfFrom(1), tensor.HalfFrom(-2)}),
	} {
		buf := BufOf(x)
		if buf.Class() != ClassOf(x.DType()) || buf.Len() != 2 {
			t.Errorf("%s is stored in class %d, %d elements", x.DType(), buf.Class(), buf.Len())
		}
		y := tensor.NewAny(x.DType(), 2)
		buf.CopyTo(y)
		again := NewBuf(x.DType(), 2)
		again.SetFrom(y)
		for i := range 2 {
			if again.Float64(i) != buf.Float64(i) || buf.S != nil && again.S[i] != buf.S[i] {
				t.Errorf("%s: element %d became %v", x.DType(), i, again)
			}
		}
	}
	turned := tensor.FromSlice([]float32{1, 2, 3, 4}, 2, 2).Transpose(1, 0)
	if got := BufOf(turned); !slices.Equal(got.F, []float32{1, 3, 2, 4}) {
		t.Errorf("a turned tensor is stored as %v", got)
	}
	for d, want := range map[tensor.DType]int64{tensor.Int8: 0, tensor.Uint8: 0, tensor.Int16: 256, tensor.Uint16: 256,
		tensor.Int32:  1<<16 + 256,
		tensor.Uint32: 1<<16 + 256, tensor.Int64: 1<<32 + 1<<16 + 256} {
		buf := Buf{I: []int64{1<<32 + 1<<16 + 256}}
		if buf.Finish(d); buf.I[0] != want {
			t.Errorf("%s holds %d, not %d", d, buf.I[0], want)
		}
	}
	if got := Offsets([]int{2, 3}, []int{1, 10}, 5); !slices.Equal(got, []int{5, 15, 25, 6, 16, 26}) {
		t.Errorf("%v", got)
	}
	if got := Strides([]int{2, 3, 4}); !slices.Equal(got, []int{12, 4, 1}) {
		t.Errorf("%v", got)
	}
}
