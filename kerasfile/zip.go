package kerasfile

import (
	"archive/zip"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"strings"

	"bytes"

	"github.com/hornml/horn/h5lite"
)

// zipContainer is a .keras file: a zip of config.json, metadata.json, model.weights.h5 and assets/.
type zipContainer struct {
	r       io.ReaderAt
	size    int64
	entries map[string]*zip.File
	order   []*zip.File
	// unchecked leaves out the checksum of the weights, for which all of them have to be read.
	unchecked bool
	limits    Limits
	closer    io.Closer
}

const (
	configName   = "config.json"
	metadataName = "metadata.json"
	weightsName  = "model.weights.h5"
)

func openZip(r io.ReaderAt, size int64, limits Limits) (*zipContainer, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, &FormatError{Msg: "the zip cannot be read; the file may be truncated", Err: err}
	}
	if len(z.File) > limits.Entries {
		return nil, &LimitError{What: "the number of entries", Value: int64(len(z.File)), Limit: int64(limits.Entries)}
	}
	c := &zipContainer{r: r, size: size, limits: limits, entries: make(map[string]*zip.File, len(z.File))}
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		if c.entries[f.Name] != nil {
			return nil, &FormatError{Entry: f.Name, Msg: "stands twice in the zip"}
		}
		c.entries[f.Name] = f
		c.order = append(c.order, f)
	}
	if c.entries[configName] == nil {
		return nil, &FormatError{Entry: configName, Msg: "is not in the zip: this is no Keras model"}
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
	defer r.Close()
	var buf bytes.Buffer
	if f.UncompressedSize64 <= uint64(c.size) {
		buf.Grow(int(f.UncompressedSize64) + bytes.MinRead)
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
func (c *zipContainer) plausible(f *zip.File, limit int64) error {
	if f.Flags&1 != 0 {
		return &FormatError{Entry: f.Name, Msg: "is encrypted"}
	}
	if f.Method != zip.Store && f.Method != zip.Deflate {
		return &FormatError{Entry: f.Name, Msg: fmt.Sprintf("is compressed by method %d; stored and deflated entries are supported", f.Method)}
	}
	if f.UncompressedSize64 > uint64(limit) {
		return &LimitError{Entry: f.Name, What: "the size in bytes", Value: int64(min(f.UncompressedSize64, 1<<62)), Limit: limit}
	}
	if f.CompressedSize64 > uint64(c.size) {
		return &FormatError{Entry: f.Name, Msg: "declares more bytes than the file has"}
	}
	if f.UncompressedSize64 > 1<<20 && f.UncompressedSize64/uint64(c.limits.Expansion) > f.CompressedSize64 {
		return &LimitError{Entry: f.Name, What: "the expansion when unpacked", Value: int64(f.UncompressedSize64 / max(f.CompressedSize64, 1)), Limit: c.limits.Expansion}
	}
	return nil
}

func (c *zipContainer) config() ([]byte, error) { return c.read(configName, c.limits.ConfigBytes) }

func (c *zipContainer) metadata() ([]byte, error) {
	if c.entries[metadataName] == nil {
		return nil, nil
	}
	return c.read(metadataName, c.limits.ConfigBytes)
}

func (c *zipContainer) weights() (*h5lite.File, error) {
	f := c.entries[weightsName]
	if f == nil {
		if c.entries["model.weights.npz"] != nil {
			return nil, &FormatError{Entry: "model.weights.npz", Msg: `holds Python pickles, which are programs and never read; save the model again without weights_format="npz"`}
		}
		return nil, &FormatError{Entry: weightsName, Msg: "is not in the zip"}
	}
	if err := c.plausible(f, c.limits.EntryBytes); err != nil {
		return nil, err
	}
	if f.Method != zip.Store {
		data, err := c.read(weightsName, c.limits.EntryBytes)
		if err != nil {
			return nil, err
		}
		return openHDF5(weightsName, bytes.NewReader(data), int64(len(data)))
	}
	offset, err := f.DataOffset()
	size := int64(f.CompressedSize64)
	if err != nil || f.CompressedSize64 != f.UncompressedSize64 || offset > c.size-size {
		return nil, &FormatError{Entry: weightsName, Msg: "lies outside the file", Err: err}
	}
	part := io.NewSectionReader(c.r, offset, size)
	if c.unchecked {
		return openHDF5(weightsName, part, size)
	}
	sum := crc32.NewIEEE()
	if _, err := io.CopyBuffer(struct{ io.Writer }{sum}, part, make([]byte, 1<<18)); err != nil {
		return nil, &FormatError{Entry: weightsName, Msg: "cannot be read", Err: err}
	}
	if sum.Sum32() != f.CRC32 {
		return nil, &FormatError{Entry: weightsName, Msg: "is damaged: its checksum is wrong"}
	}
	return openHDF5(weightsName, part, size)
}

func openHDF5(name string, r io.ReaderAt, size int64) (*h5lite.File, error) {
	f, err := h5lite.NewFile(r, size)
	if err != nil {
		return nil, &FormatError{Entry: name, Msg: "cannot be read", Err: err}
	}
	return f, nil
}

func (c *zipContainer) asset(path string) ([]byte, error) {
	name := "assets/" + path
	if c.entries[name] == nil {
		return nil, fs.ErrNotExist
	}
	return c.read(name, c.limits.AssetBytes)
}

func (c *zipContainer) Close() error {
	if c.closer != nil {
		return c.closer.Close()
	}
	return nil
}
