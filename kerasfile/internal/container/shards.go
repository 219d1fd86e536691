package container

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hornml/horn/h5lite"
	"github.com/hornml/horn/internal/place"
	"github.com/hornml/horn/internal/pyjson"
)

// shards is a weights file in several, with a map of them: X.weights.json, and X_00000.weights.h5, ... beside it.
type shards struct {
	weightsAlone
	files []*h5lite.File
	open  []io.Closer
}

// maxShards bounds the files of a sharded model.
const maxShards = 10_000

// openShards reads the map of a sharded weights file, and opens all shards that it names.
func openShards(fsys fs.FS, name string, r io.ReaderAt, size int64, o Options) (c Container, err error) {
	if size > o.ConfigBytes {
		return nil, &LimitError{Entry: name, What: "the size in bytes", Value: size, Limit: o.ConfigBytes}
	}
	data := make([]byte, size)
	if _, err := r.ReadAt(data, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	doc, err := o.parseJSON(name, data)
	if err != nil {
		return nil, err
	}
	names, err := shardNames(name, doc.Object("weight_map"))
	if err != nil {
		return nil, err
	}
	s := &shards{weightsAlone: weightsAlone{Shards}}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	for _, shard := range names {
		r, size, closer, err := openFile(fsys, path.Join(path.Dir(name), shard), o)
		if err != nil {
			return nil, &FormatError{Entry: shard, Msg: "a shard of " + name, Err: err}
		}
		s.open = append(s.open, closer)
		f, err := openHDF5(shard, r, size)
		if err != nil {
			return nil, err
		}
		s.files = append(s.files, f)
	}
	return s, nil
}

// shardNames lists the files that a map names: a name stands for a file beside the map.
func shardNames(name string, groups *pyjson.Object) ([]string, error) {
	if groups == nil {
		return nil, &FormatError{Entry: name, Msg: "has no weight_map: this is no map of shards"}
	}
	seen := map[string]bool{}
	var names []string
	for _, key := range groups.Keys() {
		list, ok := groups.Get(key).([]any)
		if !ok {
			list = []any{groups.Get(key)}
		}
		for _, v := range list {
			shard, ok := v.(string)
			if !ok || shard == "" || strings.ContainsAny(shard, `/\:`) || shard == "." || shard == ".." {
				msg := fmt.Sprintf("weight_map/%s: the name of a file beside this one is expected, not %s", key, pyjson.Describe(v))
				return nil, &FormatError{Entry: name, Msg: msg}
			}
			if !seen[shard] {
				seen[shard] = true
				names = append(names, shard)
			}
		}
		if len(names) > maxShards {
			return nil, &LimitError{Entry: name, What: "the number of shards", Value: int64(len(names)), Limit: maxShards}
		}
	}
	slices.Sort(names)
	return names, nil
}

func (*shards) Metadata() (*pyjson.Object, error) { return nil, nil }

func (s *shards) Weights() (*Weights, error) { return &Weights{Files: s.files}, nil }

func (*shards) Asset(string) ([]byte, error) { return nil, fs.ErrNotExist }

func (s *shards) Close() error {
	var errs []error
	for _, f := range s.open {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// ShardParts lays groups out in files of at most max bytes of variables each, and the map of them, which comes last: so it
// never names a shard that is not whole. name is that of the map.
func ShardParts(name string, groups []Group, max int64) ([]place.Part, error) {
	base := strings.ReplaceAll(strings.TrimSuffix(name, path.Ext(name)), ".weights", "")
	shardName := func(i int) string { return fmt.Sprintf("%s_%05d.weights.h5", base, i) }
	trees := []*h5lite.Tree{h5lite.NewTree()}
	where := new(pyjson.Object)
	var size, total int64
	for _, g := range groups {
		for i, key := range g.Keys {
			t := g.Values[i]
			n := int64(t.Len()) * int64(t.DType().Size())
			if n > max {
				return nil, fmt.Errorf("%s/%s has %d bytes, more than the %d of a shard", g.Path, key, n, max)
			}
			total += n
			if size += n; size > max {
				trees, size = append(trees, h5lite.NewTree()), n
			}
			WriteDataset(trees[len(trees)-1].Group(g.Path), key, t)
			addShard(where, "/"+g.Path, shardName(len(trees)-1))
		}
	}
	var parts []place.Part
	for i, tree := range trees {
		parts = append(parts, place.Part{Name: shardName(i), Body: tree})
	}
	doc := pyjson.NewObject("metadata", pyjson.NewObject("total_size", pyjson.Float(float64(total))), "weight_map", where)
	return append(parts, Document(name, pyjson.MarshalIndent(doc))), nil
}

// addShard notes in which file a group has a dataset: a string for one dataset, a list for more.
func addShard(where *pyjson.Object, group, file string) {
	switch v := where.Get(group).(type) {
	case nil:
		where.Set(group, file)
	case string:
		if v == file {
			where.Set(group, []any{file})
		} else {
			where.Set(group, []any{v, file})
		}
	case []any:
		if v[len(v)-1] != file {
			where.Set(group, append(v, file))
		}
	}
}
