package filter

import "fmt"

// unshuffle puts the bytes of each element together again: a shuffled chunk has
// the first bytes of all elements, then all second bytes, and so on. Bytes
// beyond the last whole element stay where they are.
func unshuffle(b []byte, values []uint32) ([]byte, error) {
	size, n, err := shuffled(b, values)
	if err != nil || n <= 1 {
		return b, err
	}
	out := make([]byte, len(b))
	for j := range size {
		row := b[j*n : j*n+n]
		for i, o := 0, j; i < n; i, o = i+1, o+size {
			out[o] = row[i]
		}
	}
	copy(out[size*n:], b[size*n:])
	return out, nil
}

// ShuffleBytes is the reverse of what reading does.
func ShuffleBytes(b []byte, size int) []byte {
	if size <= 1 {
		return b
	}
	n := len(b) / size
	out := make([]byte, len(b))
	for j := range size {
		row := out[j*n : j*n+n]
		for i, o := 0, j; i < n; i, o = i+1, o+size {
			row[i] = b[o]
		}
	}
	copy(out[size*n:], b[size*n:])
	return out
}

// shuffled gives the element size and the number of elements to move.
func shuffled(b []byte, values []uint32) (size, n int, err error) {
	if len(values) != 1 || values[0] == 0 {
		return 0, 0, fmt.Errorf("client values %d, want one element size", values)
	}
	if values[0] == 1 || uint64(values[0]) > uint64(len(b)) {
		return 1, 0, nil
	}
	size = int(values[0])
	return size, len(b) / size, nil
}
