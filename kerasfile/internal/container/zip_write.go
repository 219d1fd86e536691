package container

import (
	"hash/crc32"
	"io"
	"time"

	"github.com/hornml/horn/internal/place"
	"github.com/hornml/horn/internal/zip"
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
		entry, err := z.Stored(p.Name, uint64(size), sum.Sum32(), stamp(date))
		if err != nil {
			return err
		}
		if _, err := p.Body.WriteTo(entry); err != nil {
			return err
		}
	}
	return z.Close()
}

// stamp is a date in the form of zip files, which begins in 1980.
func stamp(t time.Time) zip.Stamp {
	if t.Year() < 1980 || t.Year() > 2107 {
		return zip.Stamp{Date: 1<<5 | 1}
	}
	return zip.Stamp{
		Date:  uint16(t.Day() | int(t.Month())<<5 | (t.Year()-1980)<<9),
		Clock: uint16(t.Second()/2 | t.Minute()<<5 | t.Hour()<<11),
	}
}
