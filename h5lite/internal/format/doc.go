// Package format decodes (and, for the classic form, encodes) the structures of
// an HDF5 file, one file of source for each structure, under the names that the
// HDF5 File Format Specification gives them. It knows nothing of paths, Go
// types or user calls; package h5lite puts those on top.
package format
