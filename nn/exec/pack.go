package exec

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor/kernel"
)

// packed are weights in the form of some kernel, made once for all plans of a model. They are filled when the whole graph
// has been looked at, by all threads.
type packed[T any] struct {
	form T
	done chan struct{} // closed when form is filled
}

// packedForm returns the weights of a source in the form that the name identifies: allocate makes it, fill fills it later.
func packedForm[T any](l *lowering, name string, src graph.Source, allocate func() T, fill func(form T, w []float32)) (T, error) {
	p, err := get(l.cache, name, func() (*packed[T], error) {
		buf, err := src.Buf()
		if err != nil {
			return nil, err
		}
		p := &packed[T]{allocate(), make(chan struct{})}
		l.fills = append(l.fills, func() {
			defer close(p.done)
			fill(p.form, buf.F)
		})
		return p, nil
	})
	if err != nil {
		var none T
		return none, err
	}
	l.awaited = append(l.awaited, p.done)
	return p.form, nil
}

// pack returns the packed form of columns [first, first+n) of the [k, ldw] matrix of a source (of rows [first, first+n) of
// the [.., ldw] matrix if transposed), with the columns multiplied by scale if there is one; scaleKey identifies scale.
func (l *lowering) pack(src graph.Source, k, n, ldw, first int, transposed bool, scale []float32, scaleKey string) (*kernel.PackedB, error) {
	level := kernel.Current()
	name := fmt.Sprintf("pack %v %d %d %d %d %v %q %q", level, k, n, ldw, first, transposed, src.Key(), scaleKey)
	allocate := func() *kernel.PackedB { return kernel.NewPackedB(level, k, n) }
	return packedForm(l, name, src, allocate, func(b *kernel.PackedB, w []float32) {
		if transposed {
			w = w[first*ldw:]
		} else {
			w = w[first:]
		}
		if scale != nil {
			w, ldw = scaled(w, k, n, ldw, transposed, scale)
		}
		kernel.PackPanels(b, 0, b.Panels(), w, ldw, transposed)
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

// finish packs the weights that this graph is the first to need, and waits for those that another one is packing.
func (l *lowering) finish() {
	var next atomic.Int64
	var wg sync.WaitGroup
	work := func() {
		for i := next.Add(1) - 1; int(i) < len(l.fills); i = next.Add(1) - 1 {
			l.fills[i]()
		}
	}
	for range min(l.threads, len(l.fills)) - 1 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			work()
		}()
	}
	work()
	wg.Wait()
	l.fills = nil
	for _, done := range l.awaited {
		<-done
	}
}
