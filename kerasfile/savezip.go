package kerasfile

import (
	"archive/zip"
	"bytes"
	"hash/crc32"
	"io"
	"time"

	"github.com/hornml/horn/h5lite"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn"
)

// writeZip writes a .keras file: as Keras does all entries stored, with their sizes in front of them.
func (o *saveOptions) writeZip(w io.Writer, m *nn.Model) error {
	root, target, err := o.document(m)
	if err != nil {
		return err
	}
	files, err := assets(m)
	if err != nil {
		return err
	}
	weights, err := o.weightsTree(m, target)
	if err != nil {
		return err
	}
	z := zip.NewWriter(w)
	if err := o.entry(z, metadataName, o.metadata(target)); err != nil {
		return err
	}
	if err := o.entry(z, configName, pyjson.Marshal(root)); err != nil {
		return err
	}
	if err := o.treeEntry(z, weightsName, weights); err != nil {
		return err
	}
	for _, a := range files {
		if err := o.entry(z, "assets/"+a.path, a.data); err != nil {
			return err
		}
	}
	return z.Close()
}

// header describes an entry as Python's zipfile does.
func (o *saveOptions) header(name string, size uint64, sum uint32) *zip.FileHeader {
	h := &zip.FileHeader{
		Name: name, Method: zip.Store, CreatorVersion: 3<<8 | 20, ReaderVersion: 20, ExternalAttrs: 0o600 << 16,
		CRC32: sum, CompressedSize64: size, UncompressedSize64: size,
	}
	//lint:ignore SA1019 Modified would add an extra field, and CreateRaw ignores it
	h.ModifiedDate, h.ModifiedTime = dosTime(o.date)
	return h
}

// dosTime is a date in the form of zip files, which begins in 1980.
func dosTime(t time.Time) (date, clock uint16) {
	if t.Year() < 1980 || t.Year() > 2107 {
		return 1<<5 | 1, 0
	}
	return uint16(t.Day() | int(t.Month())<<5 | (t.Year()-1980)<<9), uint16(t.Second()/2 | t.Minute()<<5 | t.Hour()<<11)
}

func (o *saveOptions) entry(z *zip.Writer, name string, data []byte) error {
	w, err := z.CreateRaw(o.header(name, uint64(len(data)), crc32.ChecksumIEEE(data)))
	if err != nil {
		return err
	}
	_, err = io.Copy(w, bytes.NewReader(data))
	return err
}

// treeEntry writes an HDF5 file twice: once for its checksum, which stands before it.
func (o *saveOptions) treeEntry(z *zip.Writer, name string, tree *h5lite.Tree) error {
	sum := crc32.NewIEEE()
	size, err := tree.WriteTo(sum)
	if err != nil {
		return err
	}
	w, err := z.CreateRaw(o.header(name, uint64(size), sum.Sum32()))
	if err != nil {
		return err
	}
	_, err = tree.WriteTo(w)
	return err
}
