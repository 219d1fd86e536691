package container

import (
	"archive/zip"
	"hash/crc32"
	"io"
	"time"

	"github.com/hornml/horn/internal/place"
)

// WriteZip writes the parts of a model as a .keras file: as Keras does all entries stored, with their sizes in front of
// them. For its size and its checksum each part is written twice, so that memory does not grow with the weights.
func WriteZip(w io.Writer, parts []place.Part, date time.Time) error {
	z := zip.NewWriter(w)
	for _, p := range parts {
		sum := crc32.NewIEEE()
		size, err := p.Body.WriteTo(sum)
		if err != nil {
			return err
		}
		entry, err := z.CreateRaw(zipHeader(p.Name, uint64(size), sum.Sum32(), date))
		if err != nil {
			return err
		}
		if _, err := p.Body.WriteTo(entry); err != nil {
			return err
		}
	}
	return z.Close()
}

// zipHeader describes an entry as Python's zipfile does.
func zipHeader(name string, size uint64, sum uint32, date time.Time) *zip.FileHeader {
	h := &zip.FileHeader{
		Name: name, Method: zip.Store, CreatorVersion: 3<<8 | 20, ReaderVersion: 20, ExternalAttrs: 0o600 << 16,
		CRC32: sum, CompressedSize64: size, UncompressedSize64: size,
	}
	//lint:ignore SA1019 Modified would add an extra field, and CreateRaw ignores it
	h.ModifiedDate, h.ModifiedTime = dosTime(date)
	return h
}

// dosTime is a date in the form of zip files, which begins in 1980.
func dosTime(t time.Time) (date, clock uint16) {
	if t.Year() < 1980 || t.Year() > 2107 {
		return 1<<5 | 1, 0
	}
	return uint16(t.Day() | int(t.Month())<<5 | (t.Year()-1980)<<9), uint16(t.Second()/2 | t.Minute()<<5 | t.Hour()<<11)
}
