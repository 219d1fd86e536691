package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"io"

	"golang.org/x/image/draw"

	"github.com/hornml/horn/tensor"
)

// maxPicture is what one picture may take, unpacked and as what the model takes; a small file can promise any size.
const maxPicture = 384 << 20

// frame is what a model takes for a picture.
type frame struct {
	height, width int // -1 if any will do
	channels      int // 1 grey, 3 colour, 4 colour and opacity; 0 for grey without an axis of its own
	first         bool
	flat          bool // all pixels in one axis
}

// frameOf reads the form of pictures from the shape of an input.
func frameOf(p port) (frame, error) {
	s := p.shape
	depth := func(d int) bool { return d == 1 || d == 3 || d == 4 }
	switch {
	case p.dtype == tensor.String:
	case s == nil:
		return frame{-1, -1, 3, false, false}, nil
	case len(s) == 4 && depth(s[3]):
		return frame{s[1], s[2], s[3], false, false}, nil
	case len(s) == 4 && depth(s[1]):
		return frame{s[2], s[3], s[1], true, false}, nil
	case len(s) == 4 && s[3] < 0:
		return frame{s[1], s[2], 3, false, false}, nil
	case len(s) == 3:
		return frame{s[1], s[2], 0, false, false}, nil
	case len(s) == 2 && s[1] > 0:
		return frame{-1, -1, 0, false, true}, nil
	}
	return frame{}, fmt.Errorf("the input %q of the model has shape %s (%s), which is no picture", p.name, tensor.FormatShape(s), p.dtype)
}

// readPictures makes one batch of pictures, with values 0 to 255 unless the flags change them.
func (r *inputReader) readPictures(files []string, p port) (tensor.Any, error) {
	r.pictures = true
	f, err := frameOf(p)
	if err != nil {
		return nil, fail(files[0], err)
	}
	if r.pixels.resize && (f.height < 0 || f.width < 0) && !f.flat {
		return nil, failf(files[0], "the model takes pictures of any size, so there is nothing for --resize to fit them to")
	}
	var data []float32
	whose := "the model takes"
	for i, file := range files {
		if f.height < 0 || f.width < 0 {
			whose = "the first one has"
		}
		if err := r.picture(file, i, len(files), &f, whose, p, &data); err != nil {
			return nil, fail(file, err)
		}
	}
	shape := []int{len(files), f.height, f.width, f.channels}
	switch {
	case f.flat:
		shape = []int{len(files), p.shape[1]}
	case f.channels == 0:
		shape = shape[:3]
	case f.first:
		shape = []int{len(files), f.channels, f.height, f.width}
	}
	t := tensor.FromSlice(data, shape...)
	if p.dtype.IsInt() {
		return t.Convert(p.dtype)
	}
	return t, nil
}

// picture reads picture i of n. The first one gives the frame its size where the model takes any.
func (r *inputReader) picture(file string, i, n int, f *frame, whose string, p port, data *[]float32) error {
	in, _, err := openRegular(file)
	if err != nil {
		return err
	}
	defer in.Close()
	size, unpacked, err := measure(in)
	if err != nil {
		return err
	}
	if f.flat && i == 0 {
		if err := f.unflatten(p.shape[1], size); err != nil && r.pixels.resize {
			return fmt.Errorf("%w; --resize does not know the shape of the picture", err)
		} else if err != nil {
			return err
		}
	}
	if f.height < 0 {
		f.height = size.Y
	}
	if f.width < 0 {
		f.width = size.X
	}
	if (size.X != f.width || size.Y != f.height) && !r.pixels.resize {
		return fmt.Errorf("the picture has %d x %d pixels, %s %d x %d; --resize scales it", size.X, size.Y, whose, f.width, f.height)
	}
	if size.X != f.width || size.Y != f.height {
		const scaling = 32 // of a row of the picture for each column of the result
		unpacked = sum(unpacked, product(int64(f.width), int64(size.Y), scaling))
	}
	values := product(int64(f.width), int64(f.height), int64(max(f.channels, 1)))
	promised := r.budget.promised(maxPicture)
	if err := (&budget{limit: promised, left: promised}).take(sum(unpacked, product(values, 4)), "a picture of %d x %d pixels", size.X,
		size.Y); err != nil {
		return err
	}
	if i == 0 {
		if err := r.budget.take(product(values, 4, int64(n)), "a batch of %d pictures of %d x %d pixels", n, f.width, f.height); err != nil {
			return err
		}
		*data = make([]float32, 0, values*int64(n))
	}
	img, err := decodePicture(in, size)
	if err != nil {
		return err
	}
	if size.X != f.width || size.Y != f.height {
		scaled := image.NewNRGBA(image.Rect(0, 0, f.width, f.height))
		draw.CatmullRom.Scale(scaled, scaled.Bounds(), img, img.Bounds(), draw.Src, nil)
		img = scaled
	}
	at := len(*data)
	*data = (*data)[:at+int(values)]
	pixels := (*data)[at:]
	f.values(img, pixels)
	return r.pixels.rescale(pixels, f.channels, f.first)
}

// product multiplies numbers that are not negative; what is too large becomes the largest number.
func product(factors ...int64) int64 {
	const most = 1<<63 - 1
	n := int64(1)
	for _, f := range factors {
		if f > 0 && n > most/f {
			return most
		}
		n *= f
	}
	return n
}

func sum(a, b int64) int64 { return a + min(b, 1<<63-1-a) }

// unflatten finds out what a flat input of n values is to a picture of the given size.
func (f *frame) unflatten(n int, size image.Point) error {
	for _, c := range []int{1, 3, 4} {
		if product(int64(size.X), int64(size.Y), int64(c)) == int64(n) {
			f.channels, f.height, f.width = c, size.Y, size.X
			return nil
		}
	}
	return fmt.Errorf("the picture has %d x %d pixels, the model takes %d values", size.X, size.Y, n)
}

// measure reads the size of a picture and about how many bytes it takes when it is decoded, without decoding it.
func measure(in io.ReadSeeker) (image.Point, int64, error) {
	config, format, err := image.DecodeConfig(in)
	if errors.Is(err, image.ErrFormat) {
		return image.Point{}, 0, errors.New("is no PNG, JPEG or GIF picture")
	}
	if err != nil {
		return image.Point{}, 0, fmt.Errorf("the picture cannot be read: %w", err)
	}
	if config.Width <= 0 || config.Height <= 0 {
		return image.Point{}, 0, fmt.Errorf("the picture has %d x %d pixels", config.Width, config.Height)
	}
	each := int64(4)
	switch config.ColorModel {
	case color.GrayModel:
		each = 1
	case color.Gray16Model:
		each = 2
	case color.RGBA64Model, color.NRGBA64Model:
		each = 8
	case color.YCbCrModel:
		each = 3
	case color.CMYKModel:
		each = 8 // in four colours, then put together
	}
	if _, ok := config.ColorModel.(color.Palette); ok {
		each = 1
	}
	switch format {
	case "png":
		if isInterlaced(in) {
			each *= 2 // it is put together of parts
		}
	case "gif":
		each += 4 // a frame that is smaller than the picture is drawn into it
	case "jpeg":
		if config.ColorModel == color.RGBAModel {
			each = 8 // in three colours, then put together
		}
		if isProgressive(in) {
			each *= 5 // a coefficient of 32 bits for each sample
		}
	}
	return image.Point{X: config.Width, Y: config.Height}, product(int64(config.Width), int64(config.Height), each), nil
}

// isInterlaced reports whether a PNG comes in several passes.
func isInterlaced(in io.ReadSeeker) bool {
	const at = 28 // the last byte of the header
	var flag [1]byte
	if _, err := in.Seek(at, io.SeekStart); err != nil {
		return true
	}
	_, err := io.ReadFull(in, flag[:])
	return err != nil || flag[0] != 0
}

// isProgressive reports whether a JPEG comes in several scans, for which the coefficients of all are kept.
func isProgressive(in io.ReadSeeker) bool {
	if _, err := in.Seek(2, io.SeekStart); err != nil {
		return true
	}
	var marker [4]byte
	for {
		if _, err := io.ReadFull(in, marker[:]); err != nil || marker[0] != 0xff {
			return true // what is not understood is taken for the worse
		}
		switch marker[1] {
		case 0xc0, 0xc1:
			return false
		case 0xc2:
			return true
		case 0xff: // filled up
			if _, err := in.Seek(-3, io.SeekCurrent); err != nil {
				return true
			}
			continue
		}
		if _, err := in.Seek(int64(binary.BigEndian.Uint16(marker[2:]))-2, io.SeekCurrent); err != nil {
			return true
		}
	}
}

// decodeImage decodes a picture that this program holds.
func decodeImage(data []byte) (image.Image, error) {
	in := bytes.NewReader(data)
	size, _, err := measure(in)
	if err != nil {
		return nil, err
	}
	return decodePicture(in, size)
}

// decodePicture decodes a picture of a known size; of a GIF the first frame.
func decodePicture(in io.ReadSeeker, size image.Point) (image.Image, error) {
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	img, _, err := image.Decode(in)
	if err != nil {
		return nil, fmt.Errorf("the picture cannot be read: %w", err)
	}
	if b := img.Bounds(); b.Size() != size { // a frame of a GIF, somewhere in the picture
		whole := image.NewNRGBA(image.Rectangle{Max: size})
		draw.Draw(whole, b, img, b.Min, draw.Src)
		img = whole
	}
	return img, nil
}

// values lists the pixels in the order of the model's input.
func (f *frame) values(img image.Image, out []float32) {
	b := img.Bounds()
	channels := max(f.channels, 1)
	n := b.Dx() * b.Dy()
	pixel := pixelsOf(img)
	i := 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := pixel(x, y)
			if channels == 1 {
				out[i] = float32(greyOf(c))
			} else {
				for k, v := range [4]uint8{c.R, c.G, c.B, c.A} {
					switch {
					case k >= channels:
					case f.first:
						out[k*n+i] = float32(v)
					default:
						out[i*channels+k] = float32(v)
					}
				}
			}
			i++
		}
	}
}

// greyOf is color.GrayModel for a pixel whose opacity does not matter.
func greyOf(c color.NRGBA) uint8 {
	const wide = 0x101 // 8 bits as 16
	return uint8((19595*uint32(c.R)*wide + 38470*uint32(c.G)*wide + 7471*uint32(c.B)*wide + 1<<15) >> 24)
}

// pixelsOf returns a function that gives a pixel as color.NRGBAModel does, without a value on the heap for each.
func pixelsOf(img image.Image) func(x, y int) color.NRGBA {
	switch m := img.(type) {
	case *image.NRGBA:
		return m.NRGBAAt
	case *image.Paletted:
		colors := make([]color.NRGBA, 256)
		for i := range colors {
			if len(m.Palette) > 0 {
				colors[i] = color.NRGBAModel.Convert(m.Palette[min(i, len(m.Palette)-1)]).(color.NRGBA)
			}
		}
		return func(x, y int) color.NRGBA { return colors[m.ColorIndexAt(x, y)] }
	case *image.Gray:
		return func(x, y int) color.NRGBA {
			v := m.GrayAt(x, y).Y
			return color.NRGBA{v, v, v, 255}
		}
	case image.RGBA64Image:
		return func(x, y int) color.NRGBA {
			c := m.RGBA64At(x, y)
			r, g, b, a := uint32(c.R), uint32(c.G), uint32(c.B), uint32(c.A)
			switch a {
			case 0xffff:
			case 0:
				return color.NRGBA{}
			default:
				r, g, b = r*0xffff/a, g*0xffff/a, b*0xffff/a
			}
			return color.NRGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), uint8(a >> 8)}
		}
	}
	return func(x, y int) color.NRGBA { return color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA) }
}
