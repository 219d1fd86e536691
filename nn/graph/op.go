package graph

// Op is what a node does: a value that holds all of its settings and nothing else. What an op means depends on its type and
// its fields alone, so that two ops of equal [AppendKey] do the same; fields may not be functions or maps. An op is never
// changed once a node has it.
//
// What a pass wants to know of an op beyond this it asks through the optional interfaces below.
type Op interface {
	// Name is what profiles and errors call the op; ops of different types may share a name.
	Name() string
	// Infer is the shape rule: it reads n.In and calls n.SetOut for each output. It panics with *Error (see Builder.Fail)
	// where the inputs do not fit.
	Infer(n *Node)
	// Eval is the reference evaluation. Outputs are allocated, their content is undefined. It must not keep its arguments.
	Eval(n *Node, in, out []Buf) error
}

// Optional faces of an op; see also [Differentiable].
type (
	// Impure ops depend on more than their inputs and settings; they are neither folded nor shared.
	Impure interface{ Impure() }
	// ByElement ops do the same to each element of their inputs, which broadcast.
	ByElement interface{ ByElement() }
	// StandIn ops are one of their inputs to all but gradients: the compiler puts that in their place.
	StandIn interface {
		// Stands returns the number of the input.
		Stands() int
	}
	// Permuter ops have axes in their settings.
	Permuter interface {
		// Permute returns the op for inputs whose axis axes[i] is what was axis i.
		Permute(axes []int) Op
	}
)

// IsImpure reports whether an op depends on more than its inputs and settings.
func IsImpure(op Op) bool {
	if read, ok := op.(ReadParam); ok {
		return read.Param.IsState()
	}
	_, ok := op.(Impure)
	return ok
}

// IsByElement reports whether an op does the same to each element of its inputs, which broadcast.
func IsByElement(op Op) bool {
	_, ok := op.(ByElement)
	return ok
}

// IsLeaf reports whether the node has no inputs in the graph: an input, a parameter or a constant.
func (n *Node) IsLeaf() bool {
	switch n.Op.(type) {
	case Input, ReadParam, Const:
		return true
	}
	return false
}

// Is reports whether an op is of type T.
func Is[T Op](op Op) bool {
	_, ok := op.(T)
	return ok
}
