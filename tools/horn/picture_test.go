package main

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"runtime"
	"slices"
	"testing"

	"github.com/hornml/horn/tensor"
)

// TestFrameOfGIF has a first frame that is smaller than the picture, and many frames after it, of which none is decoded.
func TestFrameOfGIF(t *testing.T) {
	palette := color.Palette{color.NRGBA{0, 0, 0, 255}, color.NRGBA{10, 20, 30, 255}}
	frame := image.NewPaletted(image.Rect(1, 0, 2, 1), palette)
	frame.SetColorIndex(1, 0, 1)
	g := &gif.GIF{Image: []*image.Paletted{frame}, Delay: []int{0}, Config: image.Config{ColorModel: palette, Width: 2, Height: 2}}
	for range 1000 {
		g.Image, g.Delay = append(g.Image, image.NewPaletted(image.Rect(0, 0, 2, 2), palette)), append(g.Delay, 0)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	r := &inputReader{budget: (&memoryFlag{}).budget()}
	got, err := r.readPictures([]string{writeTemp(t, "x.gif", b.Bytes())}, port{name: "x", shape: []int{-1, -1, -1, 3}, dtype: tensor.Float32})
	if err != nil {
		t.Fatal(err)
	}
	if want := []float32{0, 0, 0, 10, 20, 30, 0, 0, 0, 0, 0, 0}; !slices.Equal(got.Raw().([]float32), want) {
		t.Errorf("%v %v, want %v", got.Shape(), got.Raw(), want)
	}
}

// TestPixelsAreThoseOfColors compares the ways to read a pixel with what package color says, for every kind of picture.
func TestPixelsAreThoseOfColors(t *testing.T) {
	r := image.Rect(0, 0, 16, 16)
	nrgba, rgba, deep := image.NewNRGBA(r), image.NewRGBA(r), image.NewNRGBA64(r)
	gray, gray16, cmyk := image.NewGray(r), image.NewGray16(r), image.NewCMYK(r)
	ycbcr := image.NewYCbCr(r, image.YCbCrSubsampleRatio420)
	paletted := image.NewPaletted(r, color.Palette{color.NRGBA{1, 2, 3, 4}, color.RGBA{50, 60, 70, 80}, color.Gray{9}})
	for i := range 256 {
		x, y, v := i%16, i/16, uint8(i)
		c := color.NRGBA{v, v * 3, v * 7, v * 11}
		for _, m := range []interface{ Set(x, y int, c color.Color) }{nrgba, rgba, gray, cmyk} {
			m.Set(x, y, c)
		}
		deep.Set(x, y, color.NRGBA64{uint16(i) * 257, uint16(i) * 1000, uint16(i) * 77, uint16(i) * 99})
		gray16.Set(x, y, color.Gray16{uint16(i) * 251})
		paletted.SetColorIndex(x, y, v%3)
		ycbcr.Y[i] = v
		ycbcr.Cb[i/4], ycbcr.Cr[i/4] = v*5, v*13
	}
	for _, img := range []image.Image{nrgba, rgba, deep, gray, gray16, cmyk, ycbcr, paletted} {
		pixel := pixelsOf(img)
		for i := range 256 {
			x, y := i%16, i/16
			want := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			if got := pixel(x, y); got != want {
				t.Fatalf("%T: %v, want %v", img, got, want)
			}
			want.A = 255
			if got, want := greyOf(want), color.GrayModel.Convert(want).(color.Gray).Y; got != want {
				t.Fatalf("%T: grey %v, want %v", img, got, want)
			}
		}
	}
}

// TestMeasure holds what pictures are said to take against what they take.
func TestMeasure(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 640, 480))
	var p, j, g bytes.Buffer
	for name, err := range map[string]error{"png": png.Encode(&p, img), "jpg": jpeg.Encode(&j, img, nil), "gif": gif.Encode(&g, img, nil)} {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	for name, data := range map[string][]byte{"png": p.Bytes(), "jpg": j.Bytes(), "gif": g.Bytes()} {
		size, bytesOf, err := measure(bytes.NewReader(data))
		if err != nil || size != img.Rect.Size() {
			t.Fatalf("%s: %v, %v", name, size, err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := decodePicture(bytes.NewReader(data), size); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		took := int64(after.TotalAlloc - before.TotalAlloc)
		if took > bytesOf+1<<18 || bytesOf > 8*took {
			t.Errorf("%s: decoding takes %d bytes, %d are said", name, took, bytesOf)
		}
	}
}
