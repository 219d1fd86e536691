// Package h5lite reads and writes HDF5 files: the part of the format that Keras,
// h5py and tf.keras use, in pure Go, with no HDF5 library behind it.
//
// # Reading
//
// [Open] or [NewFile] gives a [File], its root a [Group]. [Group.Get] follows a
// path to a [Group], a [Dataset] or a [NamedType]; [Walk] visits everything.
// Opening reads a few hundred bytes; groups are listed and headers are read when
// they are asked for, data when they are read. [Dataset.Read] gives a slice of
// the type that the file has, [Dataset.ReadInto] fills memory of the caller,
// [Dataset.ReadSlab] reads a part, [Dataset.NewReader] and [Dataset.WriteTo]
// stream, and [Dataset.ReadConvert] converts numbers. Files and objects may be
// used by many goroutines at once.
//
// What is read:
//   - superblocks of version 0 to 3, with user blocks and extensions; addresses
//     and lengths of 2, 4 and 8 bytes
//   - object headers of version 1 and 2; groups as symbol tables, as link messages
//     and in dense storage; hard and soft links; committed types; shared messages
//   - compact, contiguous and chunked data, with every chunk index: version 1 and
//     2 B-trees, single chunk, implicit, fixed array, extensible array
//   - the filters deflate, shuffle and Fletcher-32; fill values; chunks that were
//     never written, or left unfiltered
//   - integers of 1, 2, 4 and 8 bytes, IEEE floats of 2, 4 and 8, in either byte
//     order; bitfields and enums as their integers, h5py's booleans as bool; fixed
//     and variable-length strings in either character set; opaque values as bytes
//     (Keras stores bfloat16 so)
//   - attributes in headers and in dense storage
//
// What is refused, by an [*UnsupportedError] that names it, while the rest of the
// file stays readable: values of compound, array, reference, complex and time
// types and of variable-length sequences; other number formats (VAX, bfloat16 as
// a float, 3-byte integers); other filters (szip, n-bit, scale-offset, lzf, ...);
// virtual datasets, external storage, external and user-defined links; files
// split over several by a driver. No second file is ever opened.
//
// # Writing
//
// [NewTree] starts a file in memory; [Tree.WriteTo] writes it in the classic form
// that h5py writes by default and that every HDF5 library since 1.6 reads.
// Datasets that come from functions ([TreeGroup.DatasetFrom]) are streamed, so
// a file may be far larger than memory. [Tree.Size] knows the size beforehand.
// Equal trees give equal bytes. What is written: groups of any size; contiguous
// datasets, and chunked ones with shuffle and deflate; scalars, empty and null
// ones; all the types above but bitfields and enums other than booleans;
// attributes, in dense storage where one exceeds 64 KiB. Existing files are not
// changed.
//
// # Errors
//
// A [*FormatError] says what is damaged and at which offset, an
// [*UnsupportedError] what is lacking, a [*LimitError] which limit was hit. A
// missing object is an error that errors.Is takes for fs.ErrNotExist. Damage is
// found where it is read: a file with one bad dataset opens, and the others read.
//
// # Security
//
// A file is taken for an opponent. Whatever its bytes, reading does not panic,
// loop for ever, read outside of the file, open another one, or run anything. No
// memory is taken because a file says so: counts and sizes are compared with the
// bytes at hand first, sums and products are checked for overflow (on 32-bit
// systems, too), cycles and shared structures are found out, and metadata
// checksums are verified. Work and memory are bounded by the size of the file
// and by [Limits]: data that are stored as they are can always be read, data that
// grow in reading may grow 1000 times, or to 64 MiB. Breaking this promise is a
// bug. It is tested with corpora of hostile files and by fuzzing.
//
// # Files of this package
//
//	file.go options.go errors.go       opening, limits, errors
//	object.go group.go walk.go         objects, links and paths, the walk over all
//	dataset.go attribute.go type.go    what is known of data without reading them
//	read.go region.go stream.go        reading: whole, in boxes, as a stream
//	convert.go strings.go float16.go   numbers of other types, strings, half floats
//	byteorder.go unsafe.go             bytes of slices, the only use of unsafe
//	tree.go newtype.go                 building a file to write
//	plan.go plandata.go                placing its parts, writing them
//	internal/wire                      bounded bytes, cursor, checksums
//	internal/format                    one file for each structure of the format
//	internal/filter                    deflate, shuffle, Fletcher-32
package h5lite
