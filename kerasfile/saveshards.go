package kerasfile

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/hornml/horn/h5lite"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile/internal/release"
	"github.com/hornml/horn/nn"
)

// saveShards writes X.weights.json, the map of a sharded weights file, and X_00000.weights.h5, ... beside it. The map is
// written last, so that it never names a shard that is not whole.
func (o *saveOptions) saveShards(m *nn.Model, path string, target release.Release) error {
	groups, err := o.savedGroups(m, target)
	if err != nil {
		return err
	}
	dir, name := filepath.Split(path)
	base := strings.ReplaceAll(strings.TrimSuffix(name, filepath.Ext(name)), ".weights", "")
	shardName := func(i int) string { return fmt.Sprintf("%s_%05d.weights.h5", base, i) }

	trees := []*h5lite.Tree{h5lite.NewTree()}
	shards := new(pyjson.Object)
	var size, total int64
	for _, g := range groups {
		at := "/" + g.path
		for i, key := range g.keys {
			t := g.values[i]
			n := int64(t.Len()) * int64(t.DType().Size())
			if n > o.shard {
				return fmt.Errorf("%s/%s has %d bytes, more than a shard may have (WithMaxShardSize: %d)", g.path, key, n, o.shard)
			}
			total += n
			if size += n; size > o.shard {
				trees, size = append(trees, h5lite.NewTree()), n
			}
			tree := trees[len(trees)-1]
			writeDataset(tree.Group(g.path), key, t)
			addShard(shards, at, shardName(len(trees)-1))
		}
	}
	for i, tree := range trees {
		err := o.replaceFile(filepath.Join(dir, shardName(i)), func(w io.Writer) error {
			_, err := tree.WriteTo(w)
			return err
		})
		if err != nil {
			return err
		}
	}
	doc := pyjson.NewObject("metadata", pyjson.NewObject("total_size", pyjson.Float(float64(total))), "weight_map", shards)
	return o.replaceFile(path, func(w io.Writer) error {
		_, err := w.Write(pyjson.MarshalIndent(doc))
		return err
	})
}

// addShard notes in which file a group has a dataset: a string for one dataset, a list for more.
func addShard(shards *pyjson.Object, group, file string) {
	switch v := shards.Get(group).(type) {
	case nil:
		shards.Set(group, file)
	case string:
		if v == file {
			shards.Set(group, []any{file})
		} else {
			shards.Set(group, []any{v, file})
		}
	case []any:
		if v[len(v)-1] != file {
			shards.Set(group, append(v, file))
		}
	}
}
