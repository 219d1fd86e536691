package h5lite

import (
	"fmt"
	"io"
	"math/bits"
	"strings"

	"github.com/hornml/horn/h5lite/internal/format"
)

// Tree is a file to write: groups, datasets and attributes, held in memory but
// for the data that are given as functions. Nothing is written before
// [Tree.WriteTo]. The first mistake in building a tree is kept; Size and WriteTo
// return it. A Tree is for one goroutine at a time.
//
// Files have the classic form that h5py writes by default (superblock version 0,
// symbol tables, version 1 object headers), so that every HDF5 library since
// 1.6 reads them. Equal trees give equal bytes.
type Tree struct {
	*TreeGroup
	err  error
	plan *plan
}

// TreeGroup is a group of a [Tree].
type TreeGroup struct {
	treeObject
	children map[string]any // *TreeGroup or *TreeDataset
}

// TreeDataset is a dataset of a [Tree].
type TreeDataset struct {
	treeObject
	typ    Type
	shape  []uint64
	null   bool
	data   any // a slice, or nil
	source func(io.Writer) error
	chunk  []uint64
	level  int // of deflate, 0: none
	shuf   bool
}

// treeObject is what groups and datasets have.
type treeObject struct {
	tree  *Tree
	path  string
	attrs []*format.Attribute
	index map[string]int // of attrs, by name
	vlen  map[*format.Attribute][]string
}

// NewTree makes an empty tree.
func NewTree() *Tree {
	t := &Tree{}
	t.TreeGroup = t.newGroup("/")
	return t
}

func (t *Tree) newGroup(path string) *TreeGroup {
	return &TreeGroup{treeObject{tree: t, path: path}, map[string]any{}}
}

// Err is the first mistake that was made in building the tree.
func (t *Tree) Err() error { return t.err }

func (o *treeObject) fail(format string, args ...any) {
	if o.tree.err == nil {
		o.tree.err = fmt.Errorf("h5lite: writing %q: %w", o.path, fmt.Errorf(format, args...))
	}
}

// Path is the path from the root.
func (o *treeObject) Path() string { return o.path }

// Group gives the group at a path below g, and makes it and its parents if they
// are not there yet.
func (g *TreeGroup) Group(path string) *TreeGroup {
	for name := range strings.SplitSeq(path, "/") {
		if name == "" {
			continue
		}
		switch c := g.children[name].(type) {
		case nil:
			if !g.allowed(name) {
				return g
			}
			sub := g.tree.newGroup(join(g.path, name))
			g.children[name] = sub
			g.tree.plan = nil
			g = sub
		case *TreeGroup:
			g = c
		default:
			g.fail("%q is a dataset, not a group", name)
			return g
		}
	}
	return g
}

// allowed refuses names that no reader could look up.
func (g *TreeGroup) allowed(name string) bool {
	switch {
	case name == "" || name == "." || strings.ContainsRune(name, 0):
		g.fail("the name %q is not possible", name)
	case len(name) > 1<<15:
		g.fail("a name of %d bytes", len(name))
	default:
		return true
	}
	return false
}

// DatasetOption changes how a dataset is stored.
type DatasetOption func(*TreeDataset)

// Chunks stores a dataset in chunks of the given shape; without numbers the
// shape is chosen.
func Chunks(shape ...int) DatasetOption {
	return func(d *TreeDataset) {
		d.chunk = make([]uint64, len(shape))
		for i, n := range shape {
			d.chunk[i] = uint64(max(n, 0))
		}
	}
}

// Deflate compresses the chunks of a dataset, at a level from 1 to 9.
func Deflate(level int) DatasetOption {
	return func(d *TreeDataset) {
		if level < 1 || level > 9 {
			d.fail("deflate level %d, want 1 to 9", level)
			return
		}
		d.level = level
	}
}

// Shuffle sorts the bytes of a chunk's elements by their significance, which
// helps Deflate with numbers.
func Shuffle() DatasetOption {
	return func(d *TreeDataset) { d.shuf = true }
}

// Dataset adds a dataset at a path below g and makes its parents. data is a
// slice with the elements in C order, of a type that [Dataset.Read] gives, or
// one such value; []byte become uint8 unless [As] says otherwise. No shape and
// one element make a scalar, As(t, nil) a null dataspace. The tree keeps data
// and does not copy them: they must not change until all is written.
func (g *TreeGroup) Dataset(path string, shape []int, data any, opts ...DatasetOption) *TreeDataset {
	d := g.add(path)
	typ, slice, null, err := resolve(data)
	if err != nil {
		d.fail("%w", err)
		return d
	}
	d.typ, d.data, d.null = typ, slice, null
	d.finish(shape, opts)
	if !null && d.tree.err == nil {
		if n := sliceLen(slice, typ); uint64(n) != d.count() {
			d.fail("%d elements for the shape %v", n, shape)
		}
	}
	return d
}

// DatasetFrom adds a dataset whose elements come from a function when they are
// needed, so that they need not be in memory. It has to write exactly the bytes
// of the elements in C order, little-endian, and may be called more than once: a
// chunked dataset calls it for its size, too. Variable-length strings cannot be
// given so.
func (g *TreeGroup) DatasetFrom(path string, typ Type, shape []int, source func(w io.Writer) error, opts ...DatasetOption) *TreeDataset {
	d := g.add(path)
	d.typ, d.source = typ, source
	if typ.t != nil && typ.IsVariable() {
		d.fail("variable-length strings cannot come from a function")
	}
	d.finish(shape, opts)
	return d
}

// add makes an empty dataset at a path.
func (g *TreeGroup) add(path string) *TreeDataset {
	path = strings.Trim(path, "/")
	dir, name := "", path
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		dir, name = path[:i], path[i+1:]
	}
	g = g.Group(dir)
	d := &TreeDataset{treeObject: treeObject{tree: g.tree, path: join(g.path, name)}}
	if g.allowed(name) {
		if g.children[name] != nil {
			d.fail("the name is taken")
		} else {
			g.children[name] = d
			g.tree.plan = nil
		}
	}
	return d
}

// resolve gives the type and the slice of what a caller passed.
func resolve(data any) (typ Type, slice any, null bool, err error) {
	t, ok := data.(Typed)
	if !ok {
		if t.Type, ok = typeOf(data); !ok {
			return typ, nil, false, fmt.Errorf("elements of Go type %T cannot be written", data)
		}
		t.Data = data
	}
	if why := t.Type.writable(); why != "" {
		return typ, nil, false, fmt.Errorf("%s", why)
	}
	t.Type = t.Type.written()
	if t.Data == nil {
		return t.Type, nil, true, nil
	}
	slice = asSlice(t.Data)
	if !t.Type.matches(slice) {
		return typ, nil, false, fmt.Errorf("a %T does not hold elements %v", slice, t.Type)
	}
	if s, ok := slice.([]string); ok && !t.Type.IsVariable() {
		for _, v := range s {
			if len(v) > t.Type.Size() {
				return typ, nil, false, fmt.Errorf("a string of %d bytes for elements %v", len(v), t.Type)
			}
		}
	}
	return t.Type, slice, false, nil
}

// finish sets shape and options and checks them.
func (d *TreeDataset) finish(shape []int, opts []DatasetOption) {
	if why := d.typ.writable(); why != "" {
		d.fail("%s", why)
		return
	}
	d.shape = makeShape(shape)
	if d.shape == nil || d.null && len(shape) > 0 {
		d.fail("the shape %v is not possible", shape)
		return
	}
	for _, o := range opts {
		o(d)
	}
	if d.level == 0 && !d.shuf && d.chunk == nil {
		return
	}
	if len(d.shape) == 0 {
		d.fail("a scalar cannot be chunked or compressed")
		return
	}
	if len(d.chunk) == 0 {
		d.chunk = guessChunk(d.shape, d.typ.Size())
	}
	n := uint64(d.typ.Size())
	for i, c := range d.chunk {
		if len(d.chunk) != len(d.shape) || c == 0 || c > max(d.shape[i], 1) || n*c > 1<<30 {
			d.fail("chunks %v for the shape %v (at most 1 GiB, no longer than the shape)", d.chunk, shape)
			return
		}
		n *= c
	}
}

// makeShape gives dimensions, nil if their product is absurd.
func makeShape(shape []int) []uint64 {
	dims := make([]uint64, len(shape))
	n := uint64(1)
	for i, s := range shape {
		hi, lo := bits.Mul64(n, uint64(max(s, 0)))
		if s < 0 || hi != 0 || lo > 1<<48 || len(shape) > format.MaxRank {
			return nil
		}
		dims[i], n = uint64(s), lo
	}
	return dims
}

// guessChunk halves the longest dimension until a chunk has at most 256 KiB.
func guessChunk(shape []uint64, size int) []uint64 {
	c := make([]uint64, len(shape))
	n := uint64(size)
	for i, s := range shape {
		c[i] = max(s, 1)
		n *= c[i]
	}
	for n > 256<<10 {
		longest := 0
		for i := range c {
			if c[i] > c[longest] {
				longest = i
			}
		}
		if c[longest] == 1 {
			break
		}
		n = n / c[longest]
		c[longest] = (c[longest] + 1) / 2
		n *= c[longest]
	}
	return c
}

// count is the number of elements.
func (d *TreeDataset) count() uint64 {
	if d.null {
		return 0
	}
	n := uint64(1)
	for _, s := range d.shape {
		n *= s
	}
	return n
}

// bytes is the size of all elements.
func (d *TreeDataset) bytes() uint64 { return d.count() * uint64(d.typ.Size()) }

// SetAttribute attaches a value to the object: a slice with as many elements as
// the shape has, or one value and no shape; [As] gives it another type, and
// As(t, nil) makes a null dataspace. An attribute of that name is replaced.
// Objects with an attribute of more than 64 KiB are written in a newer form that
// libraries before 1.8 do not read; variable-length strings count as 16 bytes
// each.
func (o *treeObject) SetAttribute(name string, shape []int, value any) {
	typ, slice, null, err := resolve(value)
	dims := makeShape(shape)
	switch {
	case err != nil:
		o.fail("attribute %q: %w", name, err)
		return
	case dims == nil || null && len(shape) > 0:
		o.fail("attribute %q: the shape %v is not possible", name, shape)
		return
	case name == "" || len(name) > 1<<15 || strings.ContainsRune(name, 0):
		o.fail("an attribute cannot have the name %q", name)
		return
	}
	a := &format.Attribute{Name: name, Type: typ.t, Space: &format.Dataspace{Null: null, Dims: dims}}
	if !null {
		d := TreeDataset{typ: typ, shape: dims}
		if n := sliceLen(slice, typ); uint64(n) != d.count() {
			o.fail("attribute %q: %d elements for the shape %v", name, n, shape)
			return
		}
		if typ.IsVariable() {
			if o.vlen == nil {
				o.vlen = map[*format.Attribute][]string{}
			}
			o.vlen[a] = slice.([]string)
			a.Data = make([]byte, d.bytes())
		} else {
			a.Data = encodeElements(nil, typ, slice)
		}
	}
	o.tree.plan = nil
	if i, ok := o.index[name]; ok {
		delete(o.vlen, o.attrs[i])
		o.attrs[i] = a
		return
	}
	if o.index == nil {
		o.index = map[string]int{}
	}
	o.index[name] = len(o.attrs)
	o.attrs = append(o.attrs, a)
}

// encodeElements appends elements as they are stored, but for variable-length
// strings.
func encodeElements(b []byte, t Type, slice any) []byte {
	switch s := slice.(type) {
	case []bool:
		for _, v := range s {
			x := byte(0)
			if v {
				x = 1
			}
			b = append(b, x)
		}
		return b
	case []string:
		for _, v := range s {
			pad := "\x00"
			if t.Padding() == 2 {
				pad = " "
			}
			b = append(b, v...)
			b = append(b, strings.Repeat(pad, t.Size()-len(v))...)
		}
		return b
	}
	raw, _, _ := rawMemory(slice)
	at := len(b)
	b = append(b, raw...)
	if bigEndianHost {
		swap(b[at:], t.swaps())
	}
	return b
}
