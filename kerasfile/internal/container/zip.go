package container

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"strings"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/internal/zip"
)

// zipContainer is a .keras file: a zip of config.json, metadata.json, model.weights.h5 and assets/.
type zipContainer struct {
	r       io.ReaderAt
	size    int64
	entries map[string]*zip.Entry
	order   []*zip.Entry
	options Options
}

func openZip(r io.ReaderAt, size int64, o Options) (*zipContainer, error) {
	z, err := zip.Read(r, size)
	if err != nil {
		return nil, &FormatError{Msg: "the zip cannot be read; the file may be truncated", Err: err}
	}
	if len(z.Entries) > o.Entries {
		return nil, &LimitError{What: "the number of entries", Value: int64(len(z.Entries)), Limit: int64(o.Entries)}
	}
	if err := checkEntries(z, r); err != nil {
		return nil, err
	}
	c := &zipContainer{r: r, size: size, options: o, entries: make(map[string]*zip.Entry, len(z.Entries))}
	for _, f := range z.Entries {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		if c.entries[f.Name] != nil {
			return nil, &FormatError{Entry: f.Name, Msg: "stands twice in the zip"}
		}
		c.entries[f.Name] = f
		c.order = append(c.order, f)
	}
	if c.entries[ConfigName] == nil {
		return nil, &FormatError{Entry: ConfigName, Msg: "is not in the zip: this is no Keras model"}
	}
	return c, nil
}

// read unpacks an entry of at most limit bytes; the declared sizes are not trusted.
func (c *zipContainer) read(name string, limit int64) ([]byte, error) {
	f := c.entries[name]
	if f == nil {
		return nil, &FormatError{Entry: name, Msg: "is not in the zip", Err: fs.ErrNotExist}
	}
	if err := c.plausible(f, limit); err != nil {
		return nil, err
	}
	r, err := f.Open()
	if err != nil {
		return nil, &FormatError{Entry: name, Msg: "cannot be unpacked", Err: err}
	}
	var buf bytes.Buffer
	if f.Unpacked <= uint64(c.size) {
		buf.Grow(int(f.Unpacked) + bytes.MinRead)
	}
	n, err := io.Copy(&buf, io.LimitReader(r, limit+1))
	if err != nil {
		return nil, &FormatError{Entry: name, Msg: "cannot be unpacked", Err: err}
	}
	if n > limit {
		return nil, &LimitError{Entry: name, What: "the size in bytes", Value: n, Limit: limit}
	}
	return buf.Bytes(), nil
}

// plausible compares what an entry declares with the limits and with what is stored.
func (c *zipContainer) plausible(f *zip.Entry, limit int64) error {
	if f.Flags&zip.FlagEncrypted != 0 {
		return &FormatError{Entry: f.Name, Msg: "is encrypted"}
	}
	if f.Method != zip.Store && f.Method != zip.Deflate {
		return &FormatError{Entry: f.Name, Msg: fmt.Sprintf("is compressed by method %d; stored and deflated entries are supported", f.Method)}
	}
	if f.Unpacked > uint64(limit) {
		return &LimitError{Entry: f.Name, What: "the size in bytes", Value: int64(min(f.Unpacked, 1<<62)), Limit: limit}
	}
	if f.Stored > uint64(c.size) {
		return &FormatError{Entry: f.Name, Msg: "declares more bytes than the file has"}
	}
	if f.Unpacked > 1<<20 && f.Unpacked/uint64(c.options.Expansion) > f.Stored {
		expansion := int64(f.Unpacked / max(f.Stored, 1))
		return &LimitError{Entry: f.Name, What: "the expansion when unpacked", Value: expansion, Limit: c.options.Expansion}
	}
	return nil
}

func (*zipContainer) Kind() Kind { return Zip }

func (c *zipContainer) Config() (*pyjson.Object, error) { return c.document(ConfigName) }

func (c *zipContainer) Metadata() (*pyjson.Object, error) {
	if c.entries[MetadataName] == nil {
		return nil, nil
	}
	return c.document(MetadataName)
}

func (c *zipContainer) document(name string) (*pyjson.Object, error) {
	data, err := c.read(name, c.options.ConfigBytes)
	if err != nil {
		return nil, err
	}
	return c.options.parseJSON(name, data)
}

func (c *zipContainer) Weights() (*Weights, error) {
	f := c.entries[WeightsName]
	if f == nil {
		if c.entries["model.weights.npz"] != nil {
			msg := `holds Python pickles, which are programs and never read; save the model again without weights_format="npz"`
			return nil, &FormatError{Entry: "model.weights.npz", Msg: msg}
		}
		return nil, &FormatError{Entry: WeightsName, Msg: "is not in the zip"}
	}
	if err := c.plausible(f, c.options.EntryBytes); err != nil {
		return nil, err
	}
	if f.Method != zip.Store {
		data, err := c.read(WeightsName, c.options.EntryBytes)
		if err != nil {
			return nil, err
		}
		return openWeights(WeightsName, bytes.NewReader(data), int64(len(data)))
	}
	offset, err := f.Body()
	size := int64(f.Stored)
	if err != nil || f.Stored != f.Unpacked || offset > c.size-size {
		return nil, &FormatError{Entry: WeightsName, Msg: "lies outside the file", Err: err}
	}
	part := io.NewSectionReader(c.r, offset, size)
	if c.options.Unchecked {
		return openWeights(WeightsName, part, size)
	}
	sum := crc32.NewIEEE()
	if _, err := io.CopyBuffer(struct{ io.Writer }{sum}, part, make([]byte, 1<<18)); err != nil {
		return nil, &FormatError{Entry: WeightsName, Msg: "cannot be read", Err: err}
	}
	if sum.Sum32() != f.Sum {
		return nil, &FormatError{Entry: WeightsName, Msg: "is damaged: its checksum is wrong"}
	}
	return openWeights(WeightsName, part, size)
}

func (c *zipContainer) Asset(path string) ([]byte, error) {
	name := AssetsName + "/" + path
	if c.entries[name] == nil {
		return nil, fs.ErrNotExist
	}
	return c.read(name, c.options.AssetBytes)
}

func (c *zipContainer) Entries() []Entry {
	out := []Entry{}
	for _, f := range c.order {
		out = append(out, Entry{f.Name, clampSize(f.Unpacked), clampSize(f.Stored)})
	}
	return out
}

func clampSize(n uint64) int64 { return int64(min(n, math.MaxInt64)) }

func (*zipContainer) Close() error { return nil }
