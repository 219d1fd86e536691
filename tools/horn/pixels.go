package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hornml/horn/nn"
)

// pixelFlags say how pictures become what a model was trained with.
type pixelFlags struct {
	resize     bool
	preprocess string // a mode of keras.applications
	scale      string // as it was given
	factor     float32
	offset     float32
}

func (f *pixelFlags) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.resize, "resize", false, "scale pictures to the size that the model takes")
	cmd.Flags().StringVar(&f.preprocess, "preprocess", "",
		"bring pixels into the form of a `MODE` of keras.applications: tf (-1 to 1), torch (ImageNet's mean and deviation) or caffe (BGR, "+
			"less the mean)")
	cmd.Flags().StringVar(&f.scale, "scale", "", "multiply pixels by `FACTOR[,OFFSET]` and add the offset, such as 1/255 or 1/127.5,-1")
}

func (f *pixelFlags) check() (err error) {
	switch {
	case f.preprocess != "" && f.scale != "":
		return errors.New("--preprocess and --scale are two ways to say the same; give one")
	case f.preprocess != "" && !slices.Contains(preprocessModes, f.preprocess):
		return fmt.Errorf("--preprocess %s: a mode is one of %s%s", f.preprocess, strings.Join(preprocessModes, ", "),
			meant(f.preprocess, preprocessModes))
	case f.scale == "":
		return nil
	}
	factor, offset, _ := strings.Cut(f.scale, ",")
	if f.factor, err = parseFraction(factor); err == nil && offset != "" {
		f.offset, err = parseFraction(offset)
	}
	if err != nil {
		return fmt.Errorf("--scale %s: a factor such as 1/255 is expected, or a factor and an offset such as 1/127.5,-1", f.scale)
	}
	return nil
}

// given names the first flag that is about pictures, "" if there is none.
func (f *pixelFlags) given() string {
	switch {
	case f.resize:
		return "--resize"
	case f.preprocess != "":
		return "--preprocess"
	case f.scale != "":
		return "--scale"
	}
	return ""
}

// parseFraction reads a number, or two with a slash between them.
func parseFraction(s string) (float32, error) {
	over, under, isFraction := strings.Cut(strings.TrimSpace(s), "/")
	v, err := strconv.ParseFloat(over, 64)
	if err == nil && isFraction {
		var d float64
		d, err = strconv.ParseFloat(under, 64)
		v /= d
	}
	if err == nil && v-v != 0 { // no number, or an infinite one
		err = errors.New("not a number")
	}
	return float32(v), err
}

// preprocessModes are those of keras.applications.imagenet_utils.preprocess_input.
var preprocessModes = []string{"tf", "torch", "caffe"}

// rescale changes the pixels of one picture as the flags say, n of each channel. The arithmetic is Keras's, in float32.
func (f *pixelFlags) rescale(pixels []float32, channels int, first bool) error {
	switch {
	case f.scale != "":
		for i, v := range pixels {
			v *= f.factor
			pixels[i] = v + f.offset
		}
		return nil
	case f.preprocess == "":
		return nil
	case f.preprocess == "tf":
		for i, v := range pixels {
			v /= 127.5
			pixels[i] = v - 1
		}
		return nil
	case channels != 3:
		return fmt.Errorf("--preprocess %s is for three channels, red, green and blue; the model takes %d", f.preprocess, max(channels, 1))
	}
	n := len(pixels) / 3
	at := func(c, i int) *float32 {
		if first {
			return &pixels[c*n+i]
		}
		return &pixels[i*3+c]
	}
	mean, deviation := [3]float32{0.485, 0.456, 0.406}, [3]float32{0.229, 0.224, 0.225}
	if f.preprocess == "caffe" {
		mean = [3]float32{103.939, 116.779, 123.68}
	}
	for i := range n {
		if f.preprocess == "caffe" {
			red, blue := at(0, i), at(2, i)
			*red, *blue = *blue, *red
		}
		for c := range 3 {
			v := at(c, i)
			if f.preprocess == "caffe" {
				*v -= mean[c]
			} else {
				*v /= 255
				*v -= mean[c]
				*v /= deviation[c]
			}
		}
	}
	return nil
}

// What stands between an input and a layer that rescales it, and what rescales. Operations of keras.ops count, for
// preprocess_input in a Functional model is made of them.
var (
	passesPixels = []string{"InputLayer", "Identity", "Reshape", "Permute", "Flatten", "ZeroPadding2D", "Cropping2D", "Resizing", "CenterCrop",
		"Concatenate", "Dropout", "SpatialDropout2D", "UpSampling2D", "Cast", "Stack", "GetItem", "Pad", "ExpandDims", "Transpose"}
	rescalesPixels = []string{"Rescaling", "Normalization", "BatchNormalization", "LayerNormalization", "GroupNormalization",
		"UnitNormalization", "RMSNormalization",
		"Divide", "TrueDivide", "Multiply", "Subtract", "Add", "Lambda", "Discretization", "Embedding"}
)

// rescales reports whether a model rescales what comes in by an input, before it does anything else with it.
func rescales(m *nn.Model, input int) bool {
	ins, _ := m.Ends()
	reached := map[nn.Tensor]bool{}
	if input < len(ins) {
		reached[ins[input]] = true
	}
	lead := len(ins) == 0 // a Sequential without an InputLayer: its first layer
	for again := true; again; {
		again = false
		for c := range m.Calls() {
			from := lead && len(c.From) == 0
			at := 0
			for i, t := range c.From {
				if reached[t] {
					from, at = true, i
				}
			}
			if !from {
				continue
			}
			class := c.Layer.Class().Name
			switch inner, isModel := c.Layer.(*nn.Model); {
			case isModel:
				if rescales(inner, at) {
					return true
				}
				continue
			case slices.Contains(rescalesPixels, class):
				return true
			case !slices.Contains(passesPixels, class) && !strings.HasPrefix(class, "Random"):
				continue
			}
			if out := (nn.Tensor{Layer: c.Layer, Call: c.Number}); !reached[out] {
				reached[out], again = true, true
			}
		}
	}
	return false
}

// noteScale says that a model takes pixels as they are, if it was not said how it wants them.
func (r *inputReader) noteScale(m *nn.Model, model string) {
	if !r.pictures || r.pixels.preprocess != "" || r.pixels.scale != "" {
		return
	}
	for _, p := range r.ports {
		if f, err := frameOf(p); err != nil || f.flat || p.dtype.IsInt() || rescales(m, p.index) {
			continue
		}
		r.app.note("%s: no layer behind the input %q rescales the pixels, which are 0 to 255; if the model was trained with others, "+
			"--scale or --preprocess gives it those", model, p.name)
	}
}
