package graph

import (
	"slices"
	"sync/atomic"

	"github.com/hornml/horn/tensor"
)

// Param is a tensor that outlives runs: a weight, an optimizer's slot, the state of a recurrent layer. A plan reads it, and
// may say what it becomes ([Builder.SetParam]).
//
// The elements of a weight are one for all runs; whoever owns them calls Changed when they are others. The elements of a
// state belong to a session: each has its own.
type Param struct {
	name    string
	dtype   tensor.DType
	shape   []int
	load    func() (Buf, error)
	store   func(Buf) error
	id      uint64
	version atomic.Uint64
}

var params atomic.Uint64

// NewParam returns a parameter of the given type and shape, such as a weight. The name, that of the variable, is for
// messages. load returns the present elements, which nobody may change; store replaces them by a copy of others and calls
// Changed, nil where no run may do that.
func NewParam(name string, d tensor.DType, shape []int, load func() (Buf, error), store func(Buf) error) *Param {
	return &Param{name: name, dtype: d, shape: shape, load: load, store: store, id: params.Add(1)}
}

// NewState returns a parameter whose elements belong to a session. Type and shape are those with which it is read.
func NewState(name string) *Param { return &Param{name: name, id: params.Add(1)} }

// Name returns the parameter's name.
func (p *Param) Name() string { return p.name }

// IsState reports whether the elements belong to a session.
func (p *Param) IsState() bool { return p.load == nil }

// Version counts the changes of the elements.
func (p *Param) Version() uint64 { return p.version.Load() }

// Changed says that the elements are others from now on.
func (p *Param) Changed() { p.version.Add(1) }

// Buf returns the present elements of a parameter that is no state; the caller must not change them.
func (p *Param) Buf() (Buf, error) { return p.load() }

// Store replaces the elements by a copy of buf.
func (p *Param) Store(buf Buf) error {
	if p.store == nil {
		return errOutside
	}
	return p.store(buf)
}

// ReadParam is the value that a parameter has when a run begins; a state is zero in the first.
type ReadParam struct {
	Param *Param
	DType tensor.DType
	Shape []int
}

// Name implements Op.
func (ReadParam) Name() string { return "param" }

// Infer implements Op.
func (op ReadParam) Infer(n *Node) { n.SetOut(op.DType, op.Shape...) }

// Eval implements Op. A state has its elements from a session, not from here.
func (op ReadParam) Eval(_ *Node, _, out []Buf) error {
	if op.Param.IsState() {
		return errOutside
	}
	buf, err := op.Param.Buf()
	if err != nil {
		return err
	}
	out[0].Copy(buf)
	return nil
}

// Param returns the value that a parameter has when a run begins.
func (b *Builder) Param(p *Param) *Value { return b.Emit1(ReadParam{p, p.dtype, p.shape}) }

// State returns the value that a state has when a run begins, zeros in the first run. Its shape is that of the latest call.
func (b *Builder) State(p *Param, d tensor.DType, shape ...int) *Value {
	return b.Emit1(ReadParam{p, d, shape})
}

// SetParam makes v what a parameter is after the run.
func (b *Builder) SetParam(p *Param, v *Value) {
	for i, u := range b.Graph.Updates {
		if u.Param == p {
			b.Graph.Updates[i].Value = v
			return
		}
	}
	b.Graph.Updates = append(b.Graph.Updates, Update{Param: p, Value: v})
}

// Update is what a parameter becomes when a run ends.
type Update struct {
	Param *Param
	Value *Value
}

// StateValue is what a state has in some session.
type StateValue struct {
	Buf   Buf
	DType tensor.DType
	Shape []int
}

// NewStateValue returns zeros for a value that is read from, or becomes, a state.
func NewStateValue(v *Value) StateValue {
	return StateValue{NewBuf(v.DType, v.Size()), v.DType, v.Shape}
}

// Fits reports whether s has the type and shape of v.
func (s StateValue) Fits(v *Value) bool { return s.DType == v.DType && slices.Equal(s.Shape, v.Shape) }

// IsFixed reports whether the elements of v are known before a run: those of a constant, or of a parameter that is no
// state.
func IsFixed(v *Value) bool {
	switch op := v.Node.Op.(type) {
	case Const:
		return true
	case ReadParam:
		return !op.Param.IsState()
	}
	return false
}
