package container

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/hornml/horn/h5lite"
	"github.com/hornml/horn/internal/place"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/tensor"
)

// limits are small enough to be exceeded in a test.
func limits() Options {
	return Options{ConfigBytes: 1 << 12, Values: 1000, EntryBytes: 1 << 16, AssetBytes: 1 << 10, Entries: 100, Expansion: 1000}
}

// variables are one group of each type that weights files have, and a group without variables.
func variables() []Group {
	half := tensor.FromSlice([]tensor.Half{0x3c00, 0xbc00}, 2)
	brain := tensor.FromSlice([]tensor.BHalf{0x3f80, 0xbf80, 0}, 3, 1)
	return []Group{
		{Path: "layers/dense/vars", Name: "first", Keys: []string{"0", "1"},
			Values: []tensor.Any{tensor.FromSlice([]float32{1, 2, 3, 4}, 2, 2), half}},
		{Path: "layers/dense_1/vars", Name: "second", Keys: []string{"0", "1", "2"},
			Values: []tensor.Any{brain, tensor.FromSlice([]uint8{1, 2}, 2), tensor.FromSlice([]bool{true, false}, 2)}},
		{Path: "layers/flatten/vars", Name: "flatten"},
		{Path: "optimizer/vars", Name: "adam", Keys: []string{"0"}, Values: []tensor.Any{tensor.Scalar(int64(7))}},
	}
}

// parts are those of a small model.
func parts(t testing.TB) []place.Part {
	t.Helper()
	tree, err := WeightsTree(variables())
	if err != nil {
		t.Fatal(err)
	}
	return []place.Part{
		Document(MetadataName, []byte(`{"keras_version": "3.15.1", "date_saved": "2026-01-02@03:04:05"}`)),
		Document(ConfigName, []byte(`{"module": "keras", "class_name": "Sequential"}`)),
		{Name: WeightsName, Body: tree}, Document("assets/layers/lookup/vocabulary.txt", []byte("a\nb")),
	}
}

// zipped are parts as a .keras file.
func zipped(t testing.TB, parts []place.Part) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := WriteZip(&buf, parts, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func read(data []byte, o Options) (Container, error) {
	return Read(bytes.NewReader(data), int64(len(data)), o)
}

// check holds a container of a whole model against what was written.
func check(t *testing.T, c Container, err error, kind Kind) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	if c.Kind() != kind {
		t.Errorf("it is a %s, not a %s", c.Kind(), kind)
	}
	config, err := c.Config()
	if err != nil || config.String("class_name") != "Sequential" {
		t.Errorf("config: %v, %v", config, err)
	}
	meta, err := c.Metadata()
	if err != nil || meta.String("keras_version") != "3.15.1" {
		t.Errorf("metadata: %v, %v", meta, err)
	}
	asset, err := c.Asset("layers/lookup/vocabulary.txt")
	if string(asset) != "a\nb" || err != nil {
		t.Errorf("asset: %q, %v", asset, err)
	}
	for _, name := range []string{"layers/other/vocabulary.txt", "../config.json", "/etc/passwd", ""} {
		if data, err := c.Asset(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("asset %q: %q, %v", name, data, err)
		}
	}
	entries := c.Entries()
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	if len(entries) != 4 || entries[0].Name != "assets/layers/lookup/vocabulary.txt" || entries[0].Size != 3 || entries[0].Stored != 3 {
		t.Errorf("entries: %v", entries)
	}
	w, err := c.Weights()
	if err != nil {
		t.Fatal(err)
	}
	checkVariables(t, w.Files)
}

// checkVariables reads variables back, by path.
func checkVariables(t *testing.T, files []*h5lite.File) {
	t.Helper()
	index, err := NewIndex(files...)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range variables() {
		if len(g.Keys) == 0 {
			continue
		}
		vars, err := index.Vars(strings.TrimSuffix(g.Path, "/vars"))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(vars.Names, g.Keys) {
			t.Errorf("%s has %q, not %q", g.Path, vars.Names, g.Keys)
		}
		for i, key := range g.Keys {
			d := vars.Datasets[key]
			if got := DatasetType(d); got != g.Values[i].DType() {
				t.Errorf("%s/%s will be %v, not %v", g.Path, key, got, g.Values[i].DType())
			}
			got, err := ReadDataset(d)
			if err != nil || !same(got, g.Values[i]) {
				t.Errorf("%s/%s is %v, %v", g.Path, key, got, err)
			}
		}
	}
	for path, want := range map[string]bool{"": true, "layers": true, "layers/dense": true, "layers/flatten": false, "layers/dens": false,
		"optimizer": true} {
		if index.HasVariables(path) != want {
			t.Errorf("variables below %q: %v", path, !want)
		}
	}
	if want := []string{"layers/dense/vars", "layers/dense_1/vars", "optimizer/vars"}; !slices.Equal(index.Groups(), want) {
		t.Errorf("the groups are %q, not %q", index.Groups(), want)
	}
	if _, err := index.Vars("layers/other"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a group that is not there: %v", err)
	}
}

func same(a, b tensor.Any) bool {
	return a.DType() == b.DType() && slices.Equal(a.Shape(), b.Shape()) && fmt.Sprint(a.Raw()) == fmt.Sprint(b.Raw())
}

func TestZip(t *testing.T) {
	data := zipped(t, parts(t))
	c, err := read(data, limits())
	check(t, c, err, Zip)
	path := filepath.Join(t.TempDir(), "a file.of.any.name")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err = Open(path, limits())
	check(t, c, err, Zip)
	c, err = OpenWeights(path, limits())
	check(t, c, err, Zip)
	c, err = OpenFS(streams{fstest.MapFS{"m.keras": {Data: data}}}, "m.keras", limits())
	check(t, c, err, Zip)
}

// streams is a file system of which files can be read from the start only.
type streams struct{ fs.FS }

func (s streams) Open(name string) (fs.File, error) {
	f, err := s.FS.Open(name)
	if err != nil {
		return nil, err
	}
	if d, ok := f.(fs.ReadDirFile); ok {
		return d, nil
	}
	return struct{ fs.File }{f}, nil
}

func TestDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model")
	var written int64
	at := &place.Place{Progress: func(n int64) { written = n }}
	if err := at.Directory(path, parts(t), OnlyModel); err != nil {
		t.Fatal(err)
	}
	if written < 1000 {
		t.Errorf("%d bytes are reported", written)
	}
	c, err := Open(path, limits())
	check(t, c, err, Directory)
	c, err = OpenWeights(path, limits())
	check(t, c, err, Directory)
	c, err = OpenFS(streams{os.DirFS(filepath.Dir(path))}, "model", limits())
	check(t, c, err, Directory)
	if err := (&place.Place{}).Directory(path, parts(t), OnlyModel); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a directory that is there: %v", err)
	}
	if err := (&place.Place{Overwrite: true}).Directory(path, parts(t)[:2], OnlyModel); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(path)
	if err != nil || len(files) != 2 {
		t.Errorf("%d files are there after the second time, %v", len(files), err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("something is left: %v", left)
	}
	if err := os.Remove(filepath.Join(path, ConfigName)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, limits()); err == nil {
		t.Error("a directory without a config was opened")
	}
}

func TestShards(t *testing.T) {
	for _, max := range []int64{16, 24, 1 << 20} {
		dir := t.TempDir()
		list, err := ShardParts("m.weights.json", variables(), max)
		if err != nil {
			t.Fatal(err)
		}
		if last := list[len(list)-1].Name; last != "m.weights.json" || (len(list) == 2) != (max == 1<<20) {
			t.Errorf("%d parts, the last is %s", len(list), last)
		}
		if err := (&place.Place{}).Files(dir, list); err != nil {
			t.Fatal(err)
		}
		c, err := OpenWeights(filepath.Join(dir, "m.weights.json"), limits())
		if err != nil {
			t.Fatal(err)
		}
		if c.Kind() != Shards {
			t.Errorf("it is %s", c.Kind())
		}
		if _, err := c.Config(); err == nil {
			t.Error("weights alone have a config")
		}
		w, err := c.Weights()
		if err != nil {
			t.Fatal(err)
		}
		checkVariables(t, w.Files)
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := ShardParts("m.weights.json", variables(), 15); err == nil {
		t.Error("a variable went into a shard that is too small for it")
	}
}

// TestMapsOfShards has maps that name what they must not.
func TestMapsOfShards(t *testing.T) {
	var tree bytes.Buffer
	w, err := WeightsTree(variables())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteTo(&tree); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		`{"weight_map": {"/layers/dense/vars": ["a.h5", "a.h5"]}}`: "",
		`{"weight_map": {}}`: "",
		`{"weight_map": {"/layers/dense/vars": ["a.h5", "b.h5"]}}`:               "stands in two of the files",
		`{"weight_map": {"/layers/dense/vars": "../a.h5"}}`:                      "the name of a file beside this one is expected",
		`{"weight_map": {"/layers/dense/vars": "/etc/passwd"}}`:                  "the name of a file beside this one is expected",
		`{"weight_map": {"/layers/dense/vars": ".."}}`:                           "the name of a file beside this one is expected",
		`{"weight_map": {"/layers/dense/vars": 7}}`:                              "not the number 7",
		`{"weight_map": {"/layers/dense/vars": "c.h5"}}`:                         "a shard of m.json",
		`{"weight_map": {"/layers/dense/vars": "m.json"}}`:                       "m.json: cannot be read",
		`{"weight_map": null}`:                                                   "has no weight_map",
		`{"weight_map": `:                                                        "m.json: cannot be read",
		`{"weight_map": {"x": "a.h5"}, "` + strings.Repeat("x", 1<<12) + `": 1}`: "the size in bytes is 4",
	} {
		fsys := fstest.MapFS{"m.json": {Data: []byte(text)}, "a.h5": {Data: tree.Bytes()}, "b.h5": {Data: tree.Bytes()}}
		c, err := OpenWeightsFS(fsys, "m.json", limits())
		if err == nil {
			var w *Weights
			if w, err = c.Weights(); err == nil {
				_, err = NewIndex(w.Files...)
			}
			c.Close()
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %v, not %q", text, err, want)
		}
	}
}

func TestArchive(t *testing.T) {
	var buf bytes.Buffer
	if err := WriteArchive(&buf, variables()); err != nil {
		t.Fatal(err)
	}
	c, err := OpenWeightsFS(fstest.MapFS{"w.npz": {Data: buf.Bytes()}}, "w.npz", limits())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	w, err := c.Weights()
	if err != nil || c.Kind() != Archive || w.Archive == nil {
		t.Fatalf("%s: %v", c.Kind(), err)
	}
	for _, g := range variables() {
		for i, key := range g.Keys {
			got, err := w.Archive.Read(g.Path + "/" + key)
			if err == nil {
				got, err = ArchiveValue(got, g.Values[i].DType())
			}
			if err != nil || !same(got, g.Values[i]) {
				t.Errorf("%s/%s is %v, %v", g.Path, key, got, err)
			}
		}
	}
}

// wholeHDF5 is a whole model in one HDF5 file, with so many layers.
func wholeHDF5(t testing.TB, layers int, attributes map[string]string) []byte {
	t.Helper()
	tree := h5lite.NewTree()
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		tree.SetAttribute(name, nil, attributes[name])
	}
	g := tree.Group("model_weights")
	var names []string
	for i := range layers {
		name := fmt.Sprintf("layer_%d", i)
		names = append(names, name)
		l := g.Group(name)
		WriteDataset(l, name+"/kernel", tensor.FromSlice([]float32{float32(i)}, 1))
		SetNames(l, "weight_names", []string{name + "/kernel"})
	}
	SetNames(g, "layer_names", append(names, "last"))
	SetNames(g.Group("last"), "weight_names", nil)
	o := tree.Group("optimizer_weights")
	WriteDataset(o, "adam/iteration", tensor.Scalar(int64(3)))
	SetNames(o, "weight_names", []string{"adam/iteration"})
	var buf bytes.Buffer
	if _, err := tree.WriteTo(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestWholeHDF5(t *testing.T) {
	for _, layers := range []int{0, 3, maxNames, maxNames + 7} {
		data := wholeHDF5(t, layers, map[string]string{"keras_version": "2.4.0", "backend": "tensorflow",
			"model_config": `{"class_name": "Sequential"}`, "training_config": `{"loss": "mse"}`})
		c, err := read(data, limits())
		if err != nil {
			t.Fatal(err)
		}
		config, err := c.Config()
		if err != nil || config.String("class_name") != "Sequential" || config.Object("training_config").String("loss") != "mse" {
			t.Errorf("config: %s, %v", pyjson.Marshal(config), err)
		}
		meta, err := c.Metadata()
		if err != nil || meta.String("keras_version") != "2.4.0" || meta.String("backend") != "tensorflow" {
			t.Errorf("metadata: %v", err)
		}
		if c.Kind() != WholeHDF5 || !c.Kind().ByLayer() {
			t.Errorf("it is %s", c.Kind())
		}
		w, err := c.Weights()
		if err != nil {
			t.Fatal(err)
		}
		by, err := OpenByLayer(w.Files[0])
		if err != nil {
			t.Fatal(err)
		}
		if len(by.Layers) != layers+1 || !by.Unversioned || by.Path() != "/model_weights" {
			t.Errorf("%d layers at %s, unversioned: %v", len(by.Layers), by.Path(), by.Unversioned)
		}
		for _, i := range []int{0, layers - 1} {
			if i < 0 || i >= layers {
				continue
			}
			a, err := by.Of(by.Layers[i])
			if err != nil || len(a.Names) != 1 || a.Layer != by.Layers[i] {
				t.Fatalf("%+v, %v", a, err)
			}
			if got, err := ReadDataset(a.Datasets[0]); err != nil || !same(got, tensor.FromSlice([]float32{float32(i)}, 1)) {
				t.Errorf("%v, %v", got, err)
			}
		}
		if a, err := by.Of("last"); err != nil || len(a.Names) != 0 {
			t.Errorf("a layer without weights: %+v, %v", a, err)
		}
		if a, err := by.Optimizer(); err != nil || len(a.Names) != 1 {
			t.Errorf("the optimizer: %+v, %v", a, err)
		}
	}
}

// TestHDF5Kinds tells the forms apart, and says what is missing.
func TestHDF5Kinds(t *testing.T) {
	long := `{"x": "` + strings.Repeat("x", 1<<12) + `"}`
	for _, c := range []struct {
		attributes map[string]string
		kind       Kind
		err        string
	}{
		{map[string]string{"model_config": `{}`}, WholeHDF5, ""},
		{nil, LayerHDF5, "attribute model_config: is missing: this is no whole Keras model"},
		{map[string]string{"layer_names": "x"}, LayerHDF5, "load the model, then these into it"},
		{map[string]string{"model_config": `[]`}, WholeHDF5, "an object is expected, not a list"},
		{map[string]string{"model_config": `{`}, WholeHDF5, "attribute model_config: cannot be read"},
		{map[string]string{"model_config": `{}`, "training_config": `7`}, WholeHDF5, "attribute training_config: an object is expected"},
		{map[string]string{"model_config": long}, WholeHDF5, "the size in bytes is 4105, the limit is 4096"},
	} {
		f, err := read(wholeHDF5(t, 1, c.attributes), limits())
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.Config()
		if f.Kind() != c.kind || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%.80v: a %s, %v, not a %s, %q", c.attributes, f.Kind(), err, c.kind, c.err)
		}
	}
	tree, err := WeightsTree(variables())
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if _, err := tree.WriteTo(&buf); err != nil {
		t.Fatal(err)
	}
	for _, before := range []int{0, 512, 1024} { // where HDF5 may begin
		if f, err := read(append(make([]byte, before), buf.Bytes()...), limits()); err != nil || f.Kind() != PathHDF5 {
			t.Errorf("behind %d bytes: %v, %v", before, f, err)
		}
	}
}

// hostileZip writes entries as they are described, true or not.
func hostileZip(t *testing.T, change func(h *zip.FileHeader), names ...string) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for _, name := range names {
		body := []byte(`{"class_name": "Sequential"}`)
		h := &zip.FileHeader{Name: name, CompressedSize64: uint64(len(body)), UncompressedSize64: uint64(len(body))}
		change(h)
		w, err := z.CreateRaw(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(body); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func nothing(*zip.FileHeader) {}

// TestHostileSizes opens and reads files that declare what they do not have, or ask for too much.
func TestHostileSizes(t *testing.T) {
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprint(ConfigName, i)
	}
	deflated := func(size int) []byte {
		var buf bytes.Buffer
		z := zip.NewWriter(&buf)
		for _, name := range []string{ConfigName, WeightsName} {
			w, err := z.Create(name) // deflated
			if err == nil {
				_, err = w.Write(append([]byte(`{}`), make([]byte, size)...))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return buf.Bytes()
	}
	wide := limits()
	wide.ConfigBytes, wide.EntryBytes = 1<<30, 1<<30
	sound := zipped(t, parts(t))
	config := func(c Container) error { _, err := c.Config(); return err }
	weights := func(c Container) error { _, err := c.Weights(); return err }
	for _, c := range []struct {
		name    string
		data    []byte
		options Options
		do      func(Container) error
		want    string
		limit   bool
	}{
		{"empty", nil, limits(), config, "the file is empty", false},
		{"text", []byte("no model at all"), limits(), config, "this is no Keras model", false},
		{"the start of a zip", sound[:len(sound)/2], limits(), config, "the file may be truncated", false},
		{"no config", hostileZip(t, nothing, "other"), limits(), config, "config.json: is not in the zip", false},
		{"one name twice", hostileZip(t, nothing, ConfigName, ConfigName), limits(), config, "stands twice in the zip", false},
		{"many entries", hostileZip(t, nothing, many...), limits(), config, "the number of entries is 101", true},
		{"encrypted", hostileZip(t, func(h *zip.FileHeader) { h.Flags |= 1 }, ConfigName), limits(), config, "is encrypted", false},
		{"another method", hostileZip(t, func(h *zip.FileHeader) { h.Method = 12 }, ConfigName), limits(), config, "is compressed by method 12",
			false},
		{"a huge entry", hostileZip(t, func(h *zip.FileHeader) { h.UncompressedSize64 = 1 << 62 }, ConfigName), limits(), config,
			"the size in bytes is 4611686018427387904", true},
		{"more than 63 bits", hostileZip(t, func(h *zip.FileHeader) { h.UncompressedSize64 = 1<<64 - 2 }, ConfigName), limits(), config,
			"the size in bytes", true},
		{"more than the file", hostileZip(t, func(h *zip.FileHeader) {
			h.CompressedSize64, h.UncompressedSize64 = 1<<20, 1<<20
		}, ConfigName), wide, config, "", false},
		{"less than the entry", hostileZip(t, func(h *zip.FileHeader) { h.UncompressedSize64 = 3 }, ConfigName), limits(), config,
			"config.json: cannot be", false},
		{"a bomb", deflated(4 << 20), wide, config, "the expansion when unpacked", true},
		{"a small bomb", deflated(1 << 16), limits(), config, "the size in bytes is 65538", true},
		{"weights that are too large", deflated(1 << 16), limits(), weights, "the size in bytes is 65538", true},
		{"no weights", hostileZip(t, nothing, ConfigName), limits(), weights, "model.weights.h5: is not in the zip", false},
		{"pickles", hostileZip(t, nothing, ConfigName, "model.weights.npz"), limits(), weights, "holds Python pickles", false},
		{"a wrong checksum", hostileZip(t, nothing, ConfigName, WeightsName), limits(), weights, "its checksum is wrong", false},
		{"weights outside", hostileZip(t, func(h *zip.FileHeader) {
			h.CompressedSize64, h.UncompressedSize64 = 1<<15, 1<<15
		}, ConfigName, WeightsName), limits(), weights, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := read(c.data, c.options)
			if err == nil {
				err = c.do(f)
				f.Close()
			}
			var limit *LimitError
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.As(err, &limit) != c.limit {
				t.Errorf("the error is %v, not %q", err, c.want)
			}
		})
	}
	asset := append(parts(t)[:3:3], Document("assets/x", make([]byte, 1<<10+1)))
	f, err := read(zipped(t, asset), limits())
	if err != nil {
		t.Fatal(err)
	}
	var limit *LimitError
	if _, err := f.Asset("x"); !errors.As(err, &limit) || limit.Limit != 1<<10 {
		t.Errorf("a large asset: %v", err)
	}
	big := streams{fstest.MapFS{"m.keras": {Data: make([]byte, 1<<16+1)}}}
	if _, err := OpenFS(big, "m.keras", limits()); !errors.As(err, &limit) {
		t.Errorf("a large stream: %v", err)
	}
	large := fstest.MapFS{"d/config.json": {Data: make([]byte, 1<<12+1)}}
	if f, err = OpenFS(large, "d", limits()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Config(); !errors.As(err, &limit) {
		t.Errorf("a large config: %v", err)
	}
	if _, err := f.Weights(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing weights: %v", err)
	}
	if meta, err := f.Metadata(); meta != nil || err != nil {
		t.Errorf("missing metadata: %v, %v", meta, err)
	}
}

// TestUncheckedWeights opens weights of which the checksum is wrong, without reading them.
func TestUncheckedWeights(t *testing.T) {
	data := zipped(t, parts(t))
	at := bytes.LastIndex(data, []byte("\x00\x00\x80\x3f\x00\x00\x00\x40"))
	if at < 0 {
		t.Fatal("the first variable is not in the file")
	}
	data[at]++
	c, err := read(data, limits())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Weights(); err == nil || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("%v", err)
	}
	o := limits()
	o.Unchecked = true
	if c, err = read(data, o); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Weights(); err != nil {
		t.Error(err)
	}
}

// TestIndex has links, aliases, backslashes and numbers of two digits.
func TestIndex(t *testing.T) {
	tree := h5lite.NewTree()
	for _, name := range []string{"10", "2", "b", "a"} {
		WriteDataset(tree.Group(`layers\dense/vars`), name, tensor.Scalar(float32(1)))
	}
	var buf bytes.Buffer
	if _, err := tree.WriteTo(&buf); err != nil {
		t.Fatal(err)
	}
	f, err := openHDF5("x", bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	if err != nil {
		t.Fatal(err)
	}
	index, err := NewIndex(f)
	if err != nil {
		t.Fatal(err)
	}
	g, err := index.Vars("layers/dense")
	if err != nil || !slices.Equal(g.Names, []string{"2", "10", "a", "b"}) {
		t.Errorf("%v, %v", g, err)
	}
	for _, path := range []string{"layers", "layers/dense", "layers/dense/vars"} {
		if !index.HasGroup(path) {
			t.Errorf("there is no group %s", path)
		}
	}
	if index.Root() != LayersName || index.Group("layers/dense") != nil || index.Group("layers/dense/vars") == nil {
		t.Errorf("root %s", index.Root())
	}
}
