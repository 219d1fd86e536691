package tensor

// Rows returns entries lo to hi of the first axis of t, a view of the same elements.
func Rows(t Any, lo, hi int) Any {
	switch t := t.(type) {
	case *Of[bool]:
		return t.Slice(0, lo, hi)
	case *Of[int8]:
		return t.Slice(0, lo, hi)
	case *Of[int16]:
		return t.Slice(0, lo, hi)
	case *Of[int32]:
		return t.Slice(0, lo, hi)
	case *Of[int64]:
		return t.Slice(0, lo, hi)
	case *Of[uint8]:
		return t.Slice(0, lo, hi)
	case *Of[uint16]:
		return t.Slice(0, lo, hi)
	case *Of[uint32]:
		return t.Slice(0, lo, hi)
	case *Of[uint64]:
		return t.Slice(0, lo, hi)
	case *Of[Half]:
		return t.Slice(0, lo, hi)
	case *Of[BHalf]:
		return t.Slice(0, lo, hi)
	case *Of[float32]:
		return t.Slice(0, lo, hi)
	case *Of[float64]:
		return t.Slice(0, lo, hi)
	case *Of[string]:
		return t.Slice(0, lo, hi)
	}
	return nil
}
