// Package zip reads and writes zip archives, as far as models and arrays are kept in them: one disk, entries that are stored or
// deflated, zip64. Programs that only load a model link it instead of archive/zip, which brings a deflater, dates and file systems
// with it, a tenth of such a program.
package zip

import (
	"encoding/binary"
	"errors"
)

// Methods of compression.
const (
	Store   = 0
	Deflate = 8
)

// Flags of an entry.
const (
	FlagEncrypted  = 1 << 0
	FlagDescriptor = 1 << 3  // sizes and checksum follow the bytes
	flagUTF8       = 1 << 11 // the name is UTF-8
)

// Parts of an archive (PKWARE APPNOTE 4.3 to 4.5).
const (
	LocalSignature      = 0x04034b50
	DescriptorSignature = 0x08074b50
	directorySignature  = 0x02014b50
	endSignature        = 0x06054b50
	end64Signature      = 0x06064b50
	locatorSignature    = 0x07064b50

	LocalSize     = 30 // of a local header without name and extra field
	directorySize = 46 // of an entry of the directory without name, extra field and comment
	endSize       = 22 // of the end record without comment
	end64Size     = 56
	locatorSize   = 20

	// Wide stands for a size that the zip64 extra field has.
	Wide       = 0xffffffff
	wideCount  = 0xffff
	extraZip64 = 1
)

var (
	// ErrFormat says that something is no archive.
	ErrFormat = errors.New("zip: not a valid zip file")
	// ErrMethod says that an entry is neither stored nor deflated, or encrypted.
	ErrMethod = errors.New("zip: unsupported compression algorithm")
	// ErrChecksum says that the bytes of an entry are not those that were written.
	ErrChecksum = errors.New("zip: checksum error")
)

var le = binary.LittleEndian

// Wides fills in the sizes of a header that are Wide, in their order, from its extra field. It reports whether all are there; an
// extra field that is not well formed ends where it is not, for some writers pad with what they like.
func Wides(extra []byte, sizes ...*uint64) bool {
	for len(extra) >= 4 {
		id, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		if n > len(extra)-4 {
			break
		}
		field := extra[4 : 4+n]
		extra = extra[4+n:]
		if id != extraZip64 {
			continue
		}
		for _, size := range sizes {
			if *size != Wide {
				continue
			}
			if len(field) < 8 {
				return false
			}
			*size = le.Uint64(field)
			field = field[8:]
		}
		return true
	}
	for _, size := range sizes {
		if *size == Wide {
			return false
		}
	}
	return true
}
