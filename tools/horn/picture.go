package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"

	"golang.org/x/image/draw"

	"github.com/hornml/horn/tensor"
)

// maxPixels bounds a picture before it is unpacked.
const maxPixels = 1 << 27

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

// readPictures makes one batch of pictures, with values 0 to 255.
func (r *inputReader) readPictures(files []string, p port) (tensor.Any, error) {
	r.pictures = true
	f, err := frameOf(p)
	if err != nil {
		return nil, fail(files[0], err)
	}
	if r.resize && (f.height < 0 || f.width < 0) && !f.flat {
		return nil, failf(files[0], "the model takes pictures of any size, so there is nothing for --resize to fit them to")
	}
	var data []float32
	var height, width int
	for i, file := range files {
		img, err := decodePicture(file)
		if err != nil {
			return nil, fail(file, err)
		}
		size := img.Bounds().Size()
		if f.flat {
			if err := f.unflatten(p.shape[1], size); err != nil && !r.resize {
				return nil, fail(file, err)
			} else if err != nil {
				return nil, failf(file, "%v; --resize does not know the shape of the picture", err)
			}
		}
		wantH, wantW := f.height, f.width
		if i > 0 { // all pictures of a batch have one size
			wantH, wantW = height, width
		}
		if wantH < 0 {
			wantH = size.Y
		}
		if wantW < 0 {
			wantW = size.X
		}
		if size.X != wantW || size.Y != wantH {
			if !r.resize {
				what := "the model takes"
				if i > 0 && (f.height < 0 || f.width < 0) {
					what = "the first one has"
				}
				return nil, failf(file, "the picture has %d x %d pixels, %s %d x %d; --resize scales it", size.X, size.Y, what, wantW, wantH)
			}
			scaled := image.NewNRGBA(image.Rect(0, 0, wantW, wantH))
			draw.CatmullRom.Scale(scaled, scaled.Bounds(), img, img.Bounds(), draw.Src, nil)
			img = scaled
		}
		height, width = wantH, wantW
		data = append(data, f.values(img)...)
	}
	shape := []int{len(files), height, width, f.channels}
	switch {
	case f.flat:
		shape = []int{len(files), p.shape[1]}
	case f.channels == 0:
		shape = shape[:3]
	case f.first:
		shape = []int{len(files), f.channels, height, width}
	}
	t := tensor.FromSlice(data, shape...)
	if p.dtype.IsInt() {
		return t.Convert(p.dtype)
	}
	return t, nil
}

// unflatten finds out what a flat input of n values is to a picture of the given size.
func (f *frame) unflatten(n int, size image.Point) error {
	for _, c := range []int{1, 3, 4} {
		if size.X*size.Y*c == n {
			f.channels, f.height, f.width = c, size.Y, size.X
			return nil
		}
	}
	return fmt.Errorf("the picture has %d x %d pixels, the model takes %d values", size.X, size.Y, n)
}

func decodePicture(file string) (image.Image, error) {
	data, err := readRegular(file)
	if err != nil {
		return nil, err
	}
	return decodeImage(data)
}

func decodeImage(data []byte) (image.Image, error) {
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	if errors.Is(err, image.ErrFormat) {
		return nil, errors.New("is no PNG, JPEG or GIF picture")
	}
	if err != nil {
		return nil, fmt.Errorf("the picture cannot be read: %w", err)
	}
	if int64(config.Width)*int64(config.Height) > maxPixels {
		return nil, fmt.Errorf("the picture has %d x %d pixels, more than %d", config.Width, config.Height, maxPixels)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("the picture cannot be read: %w", err)
	}
	return img, nil
}

// values lists the pixels in the order of the model's input.
func (f *frame) values(img image.Image) []float32 {
	b := img.Bounds()
	channels := max(f.channels, 1)
	n := b.Dx() * b.Dy()
	out := make([]float32, n*channels)
	i := 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			if channels == 1 {
				c.A = 255
				out[i] = float32(color.GrayModel.Convert(c).(color.Gray).Y)
			} else {
				for k, v := range []uint8{c.R, c.G, c.B, c.A}[:channels] {
					if f.first {
						out[k*n+i] = float32(v)
					} else {
						out[i*channels+k] = float32(v)
					}
				}
			}
			i++
		}
	}
	return out
}
