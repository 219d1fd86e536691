package plan

import (
	"fmt"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor/kernel"
)

// packed returns the weights w in the form of some kernel that the key identifies: allocate makes it, fill fills it. scale,
// if there is one, is of what else it is made.
func packed[T any](l *lowering, key string, w *graph.Value, scale *item, allocate func() T,
	fill func(form T, w graph.Buf, scale []float32) error) (T, error) {
	r := recipe{key: fmt.Sprintf("%s %q", key, keyOf(w)), from: []*graph.Value{w}, value: func() any { return allocate() }}
	var factors []float32
	if scale != nil {
		r.key += fmt.Sprintf(" %q", scale.key)
		r.of = []*item{scale}
		factors = scale.value.([]float32)
	}
	leaf := w.Node
	r.fill = func(s *snapshot, value any) error {
		buf, err := s.leaf(leaf)
		if err != nil {
			return err
		}
		return fill(value.(T), buf, factors)
	}
	it, err := l.forms.use(r, true)
	if err != nil {
		var none T
		return none, err
	}
	return it.value.(T), nil
}

// pack returns the packed form of columns [first, first+n) of the [k, ldw] matrix w (of rows [first, first+n) of the [.., ldw]
// matrix if transposed), with the columns multiplied by the elements [first, first+n) of scale if there is one.
func (l *lowering) pack(w *graph.Value, k, n, ldw, first int, transposed bool, scale *item) (*kernel.PackedB, error) {
	level := kernel.Current()
	key := fmt.Sprintf("pack %v %d %d %d %d %v", level, k, n, ldw, first, transposed)
	allocate := func() *kernel.PackedB { return kernel.NewPackedB(level, k, n) }
	return packed(l, key, w, scale, allocate, func(b *kernel.PackedB, buf graph.Buf, scale []float32) error {
		w, ld := buf.F[first:], ldw
		if transposed {
			w = buf.F[first*ldw:]
		}
		if scale != nil {
			w, ld = scaled(w, k, n, ldw, transposed, scale[first:first+n])
		}
		kernel.PackPanels(b, 0, b.Panels(), w, ld, transposed)
		return nil
	})
}

// scaled returns the matrix with its columns (its rows if transposed) multiplied, rows close together.
func scaled(w []float32, k, n, ldw int, transposed bool, scale []float32) (out []float32, ld int) {
	out = make([]float32, k*n)
	if transposed {
		for j := range n {
			kernel.Multiply.RunScalar(out[j*k:(j+1)*k], w[j*ldw:j*ldw+k], scale[j])
		}
		return out, k
	}
	if ldw == n {
		kernel.Multiply.RunRow(out, w[:k*n], scale)
		return out, n
	}
	for i := range k {
		kernel.Multiply.Run(out[i*n:(i+1)*n], w[i*ldw:i*ldw+n], scale)
	}
	return out, n
}
