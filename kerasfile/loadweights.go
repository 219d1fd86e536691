package kerasfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hornml/horn/h5lite"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile/internal/dialect"
	"github.com/hornml/horn/kerasfile/internal/release"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/npy"
)

// LoadWeights gives a model the weights in a file (Model.load_weights): a .weights.h5 file, the .weights.json of a sharded
// one, a .keras file or directory, a whole-model or weights-only .h5 file of the legacy form, or an .npz file that
// SaveWeights wrote. What the file is decides, not its name. The variables of the optimizer are read if the file has
// them and the model is compiled. After an error some variables may have new values.
func LoadWeights(m *nn.Model, name string, opts ...Option) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	dir, base := filepath.Split(filepath.Clean(name))
	if info.IsDir() {
		dir, base = name, "."
	} else if dir == "" {
		dir = "."
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return LoadWeightsFS(m, root.FS(), base, opts...)
}

// LoadWeightsFS is LoadWeights from a file system.
func LoadWeightsFS(m *nn.Model, fsys fs.FS, name string, opts ...Option) error {
	o := settings(opts)
	if err := ready(m); err != nil {
		return err
	}
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return err
	}
	if info.IsDir() {
		c, err := openDirectory(fsys, name, o.limits)
		if err != nil {
			return err
		}
		defer c.Close()
		return loadContainerWeights(m, c, o)
	}
	r, size, closer, err := openFile(fsys, name, o.limits)
	if err != nil {
		return err
	}
	defer closer.Close()
	first := make([]byte, len(hdf5Signature))
	n, _ := r.ReadAt(first, 0)
	switch {
	case n > 0 && (first[0] == '{' || strings.HasSuffix(name, ".weights.json")):
		return loadShards(m, fsys, name, r, size, o)
	case string(first) == hdf5Signature:
		return loadHDF5Weights(m, r, size, o)
	case h5lite.IsHDF5(r, size) && string(first[:2]) != "PK":
		return loadHDF5Weights(m, r, size, o)
	}
	if a, err := npy.NewArchive(r, size); err == nil && len(a.Names()) > 0 {
		return loadArchive(m, a, o)
	}
	c, err := open(r, size, o)
	if err != nil {
		return err
	}
	defer c.Close()
	return loadContainerWeights(m, c, o)
}

// ready builds a model that was not built yet.
func ready(m *nn.Model) error {
	if m.IsBuilt() {
		return nil
	}
	if err := m.Build(); err != nil {
		return err
	}
	if !m.IsBuilt() {
		return errors.New("the model has no variables yet: it does not know the shape of its input")
	}
	return nil
}

// openFile opens a file for reading at any place; one that cannot do that is read into memory.
func openFile(fsys fs.FS, name string, limits Limits) (r io.ReaderAt, size int64, closer io.Closer, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, 0, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, nil, err
	}
	if r, ok := f.(io.ReaderAt); ok {
		return r, info.Size(), f, nil
	}
	data, err := io.ReadAll(io.LimitReader(f, limits.EntryBytes+1))
	if err == nil && int64(len(data)) > limits.EntryBytes {
		err = &LimitError{Entry: name, What: "the size in bytes", Value: int64(len(data)), Limit: limits.EntryBytes}
	}
	if err != nil {
		f.Close()
		return nil, 0, nil, err
	}
	return bytes.NewReader(data), int64(len(data)), f, nil
}

func loadContainerWeights(m *nn.Model, c container, o options) error {
	from, err := readOrigin(c)
	if err != nil {
		return err
	}
	w, err := c.weights()
	if err != nil {
		return err
	}
	defer w.Close()
	_, legacy := c.(*legacyFile)
	return assignWeights(m, dialect.Origin{Release: release.Parse(from.KerasVersion), Legacy: legacy}, o, w)
}

// loadHDF5Weights tells the forms of HDF5 files apart by what stands in them.
func loadHDF5Weights(m *nn.Model, r io.ReaderAt, size int64, o options) error {
	f, err := openHDF5("", r, size)
	if err != nil {
		return err
	}
	from := dialect.Origin{Legacy: isLegacyWeights(f)}
	if s, ok, err := text(f.Root(), "keras_version"); err == nil && ok {
		from.Release = release.Parse(s)
	}
	return assignWeights(m, from, o, f)
}

// isLegacyWeights reports whether a file has its weights by layer name.
func isLegacyWeights(f *h5lite.File) bool {
	for _, name := range []string{"layer_names", "layer_names0"} {
		if _, err := f.Root().Attribute(name); err == nil {
			return true
		}
	}
	_, err := f.Root().Group("model_weights")
	return err == nil
}

func assignWeights(m *nn.Model, from dialect.Origin, o options, files ...*h5lite.File) error {
	compiled := o.compile && m.CompileConfig() != nil
	if from.Legacy {
		w := options{compile: compiled, note: o.note, byName: o.byName, skipMismatch: o.skipMismatch}
		if compiled {
			dropOptimizer(m)
		}
		return loadLegacyWeights(m, files[0], from, w)
	}
	if o.byName {
		return errors.New("weights are found by name in legacy .h5 files only; in this one they stand by their place")
	}
	file, err := indexWeights(files...)
	if err != nil {
		return err
	}
	l := newWeightsLoader(m, file, from, o.note)
	l.skipMismatch = o.skipMismatch
	if err := l.load(); err != nil {
		return err
	}
	if compiled {
		dropOptimizer(m)
		l.optimizers()
	}
	return nil
}

func dropOptimizer(m *nn.Model) {
	compile := m.CompileConfig()
	m.DropCompileState()
	m.SetCompileConfig(compile)
}

// maxShards bounds the files of a sharded model.
const maxShards = 10_000

// loadShards reads the map of a sharded weights file, and all shards that it names. They stand beside it.
func loadShards(m *nn.Model, fsys fs.FS, name string, r io.ReaderAt, size int64, o options) error {
	if size > o.limits.ConfigBytes {
		return &LimitError{Entry: name, What: "the size in bytes", Value: size, Limit: o.limits.ConfigBytes}
	}
	data := make([]byte, size)
	if _, err := r.ReadAt(data, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	doc, err := parseJSON(name, data)
	if err != nil {
		return err
	}
	shards := doc.Object("weight_map")
	if shards == nil {
		return &FormatError{Entry: name, Msg: "has no weight_map: this is no map of shards"}
	}
	var names []string
	for _, key := range shards.Keys() {
		list, ok := shards.Get(key).([]any)
		if !ok {
			list = []any{shards.Get(key)}
		}
		for _, v := range list {
			shard, ok := v.(string)
			if !ok || shard == "" || strings.ContainsAny(shard, `/\:`) || shard == "." || shard == ".." {
				return &FormatError{Entry: name, Msg: fmt.Sprintf("weight_map/%s: the name of a file beside this one is expected, not %s", key, pyjson.Describe(v))}
			}
			if !slices.Contains(names, shard) {
				names = append(names, shard)
			}
		}
		if len(names) > maxShards {
			return &LimitError{Entry: name, What: "the number of shards", Value: int64(len(names)), Limit: maxShards}
		}
	}
	slices.Sort(names)
	var files []*h5lite.File
	for _, shard := range names {
		r, size, closer, err := openFile(fsys, path.Join(path.Dir(name), shard), o.limits)
		if err != nil {
			return &FormatError{Entry: shard, Msg: "a shard of " + name, Err: err}
		}
		defer closer.Close()
		f, err := openHDF5(shard, r, size)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	return assignWeights(m, dialect.Origin{}, o, files...)
}

// loadArchive reads an .npz file with the paths of a weights file as names.
func loadArchive(m *nn.Model, a *npy.Archive, o options) error {
	var errs Errors
	for _, obj := range walk(m) {
		for i, v := range layer.SavedVariables(obj.layer) {
			key := variableKey(obj.path, i, v)
			t, err := a.Read(key)
			if err == nil {
				if !slices.Equal(t.Shape(), v.Shape) {
					err = fmt.Errorf("the shape is %s, it must be %s", tensor.FormatShape(t.Shape()), tensor.FormatShape(v.Shape))
				} else if t, err = archiveValue(t, v.DType); err == nil {
					err = v.Assign(t)
				}
			}
			if err != nil && o.skipMismatch {
				o.note(fmt.Sprintf("skipped: %s: %v", key, err))
			} else if err != nil {
				errs = append(errs, &WeightError{Path: key, Variable: v.Path, Msg: "does not fit", Err: err})
			}
		}
	}
	if len(errs) > 0 {
		return errs
	}
	return nil
}

// archiveValue converts an array of an .npz file; .npy has no bfloat16, so that such variables stand as their bits there.
func archiveValue(t tensor.Any, d tensor.DType) (tensor.Any, error) {
	if bits, ok := t.(*tensor.Of[uint16]); ok && d == tensor.BFloat16 {
		out := tensor.Zeros[tensor.BHalf](bits.Shape()...)
		for i, b := range bits.Data() {
			out.Data()[i] = tensor.BHalf(b)
		}
		return out, nil
	}
	return t.Convert(d)
}

// variableKey is the path of a variable in a weights file.
func variableKey(path string, i int, v *layer.Variable) string {
	key := v.FileKey
	if key == "" {
		key = fmt.Sprint(i)
	}
	return join(path, "vars") + "/" + key
}
