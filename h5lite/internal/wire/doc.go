// Package wire reads the bytes of an HDF5 file: a bounded [Source] with a small
// page cache, a [Cursor] over one structure, the checksums of the format, and
// the error that every reader of a structure returns.
//
// Nothing here trusts a number of the file: a length is compared with the
// bytes at hand before memory is taken for it.
package wire
