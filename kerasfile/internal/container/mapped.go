package container

import (
	"fmt"
	"io"
	"runtime/debug"

	"golang.org/x/exp/mmap"
)

// mapped reads a file through the memory to which the system maps it: a weights file is read in thousands of small pieces,
// for which a system call each would be most of the time.
type mapped struct{ r *mmap.ReaderAt }

// ReadAt implements io.ReaderAt. Where somebody shortens the file meanwhile, touching what is gone is a fault, which
// becomes an error here.
func (m mapped) ReadAt(p []byte, off int64) (n int, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			n, err = 0, fmt.Errorf("the file became shorter while it was read: %w", io.ErrUnexpectedEOF)
		}
	}()
	return m.r.ReadAt(p, off)
}
