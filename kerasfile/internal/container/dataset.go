package container

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/hornml/horn/h5lite"
	"github.com/hornml/horn/tensor"
)

// DatasetType is the type that ReadDataset will give; Invalid where it will fail.
func DatasetType(d *h5lite.Dataset) tensor.DType {
	switch t := d.Type(); {
	case t.Class() == h5lite.Opaque:
		return tensor.BFloat16
	case t.IsBool():
		return tensor.Bool
	default:
		name := strings.TrimLeft(t.NumpyName(), "<>|")
		if dtype, ok := numpyTypes[name]; ok {
			return dtype
		}
	}
	return tensor.Invalid
}

var numpyTypes = map[string]tensor.DType{
	"f2": tensor.Float16, "f4": tensor.Float32, "f8": tensor.Float64, "i1": tensor.Int8, "i2": tensor.Int16, "i4": tensor.Int32,
	"i8": tensor.Int64, "u1": tensor.Uint8, "u2": tensor.Uint16, "u4": tensor.Uint32, "u8": tensor.Uint64, "str": tensor.String,
}

// ReadDataset reads a dataset as a tensor of the file's type. Keras stores bfloat16 as opaque pairs of bytes with an
// attribute that names the type.
func ReadDataset(d *h5lite.Dataset) (tensor.Any, error) {
	data, err := d.Read()
	if err != nil {
		return nil, err
	}
	switch raw := data.(type) {
	case []h5lite.Float16:
		half := make([]tensor.Half, len(raw))
		for i, v := range raw {
			half[i] = tensor.Half(v)
		}
		data = half
	case []byte:
		if d.Type().Class() == h5lite.Opaque {
			a, err := d.Attribute("dtype")
			if err != nil {
				return nil, fmt.Errorf("an opaque type without the attribute dtype")
			}
			if name, err := a.String(); err != nil || name != "bfloat16" || len(raw) != 2*d.Len() {
				return nil, fmt.Errorf("an opaque type of dtype %q", name)
			}
			half := make([]tensor.BHalf, d.Len())
			for i := range half {
				half[i] = tensor.BHalf(raw[2*i]) | tensor.BHalf(raw[2*i+1])<<8
			}
			data = half
		}
	}
	return tensor.FromRaw(data, d.Shape())
}

// WriteDataset adds a tensor without copying it: 16-bit floats go through a function. bfloat16 is stored as Keras does it.
func WriteDataset(g *h5lite.TreeGroup, name string, t tensor.Any) {
	switch x := t.(type) {
	case *tensor.Of[tensor.Half]:
		g.DatasetFrom(name, h5lite.TypeFloat16, t.Shape(), func(w io.Writer) error { return write16(w, x.Data()) })
	case *tensor.Of[tensor.BHalf]:
		d := g.DatasetFrom(name, h5lite.OpaqueType(2, ""), t.Shape(), func(w io.Writer) error { return write16(w, x.Data()) })
		d.SetAttribute("dtype", nil, "bfloat16")
	case *tensor.Of[uint8]:
		g.Dataset(name, t.Shape(), h5lite.As(h5lite.TypeUint8, x.Data()))
	default:
		g.Dataset(name, t.Shape(), t.Raw())
	}
}

func write16[T ~uint16](w io.Writer, data []T) error {
	buf := make([]byte, 0, 1<<16)
	for len(data) > 0 {
		n := min(len(data), cap(buf)/2)
		buf = buf[:0]
		for _, v := range data[:n] {
			buf = binary.LittleEndian.AppendUint16(buf, uint16(v))
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}
