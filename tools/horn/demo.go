package main

import (
	"fmt"
	"image"
	"image/color"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hornml/horn/examples"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/tensor"
)

func (a *app) demo() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Run a model that is part of this program on pictures that are, too",
		Long: "Runs a small model that Keras trained, which is part of this program, on ten pictures of handwritten digits, and shows what\n" +
			"it sees. It needs no file and no network.",
		Example: "  horn demo",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return work(a.runDemo()) },
	}
}

// picturesInARow fits five pictures of eight pixels, two columns each, into a terminal of 80.
const picturesInARow = 5

func (a *app) runDemo() error {
	const name = "digits.keras"
	m, err := kerasfile.LoadFS(examples.Files, name, kerasfile.WithCompile(false))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	const count = 10
	pictures := make([]image.Image, count)
	data := make([]float32, count*8*8)
	f := frame{height: 8, width: 8, channels: 1}
	for i := range pictures {
		file := fmt.Sprintf("digit_%d.png", i)
		raw, err := examples.Files.ReadFile(file)
		if err != nil {
			return err
		}
		if pictures[i], err = decodeImage(raw); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		f.values(pictures[i], data[i*len(data)/count:])
	}
	out, err := m.Predict(tensor.FromSlice(data, count, 8, 8, 1))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	scores, _, ok := distributions(out)
	if !ok {
		return fmt.Errorf("%s: the output is no distribution over classes", name)
	}
	right := 0
	fmt.Fprintf(a.out, "A Keras model of %d layers looks at ten handwritten digits:\n", len(m.Layers()))
	for row := 0; row < count; row += picturesInARow {
		fmt.Fprintln(a.out)
		for y := range 8 {
			var line strings.Builder
			for _, p := range pictures[row : row+picturesInARow] {
				line.WriteString(blocks(p, y))
			}
			fmt.Fprintln(a.out, strings.TrimRight(line.String(), " "))
		}
		var line strings.Builder
		for i := row; i < row+picturesInARow; i++ {
			best := ranked(scores[i])[0]
			if best == i { // digit_7.png is a 7
				right++
			}
			fmt.Fprintf(&line, "%-16s", fmt.Sprintf("   %d  %s", best, percent(scores[i][best])))
		}
		fmt.Fprintln(a.out, strings.TrimRight(line.String(), " "))
	}
	fmt.Fprintf(a.out, "\n%d of %d are right; Keras gives the same answers. Now your own: horn predict MODEL PICTURE.png, horn help\n",
		right, count)
	return nil
}

// blocks draws a row of pixels in shades, two columns each.
func blocks(p image.Image, y int) string {
	shades := []string{"  ", "░░", "▒▒", "▓▓", "██"}
	b := p.Bounds()
	var s strings.Builder
	for x := b.Min.X; x < b.Max.X; x++ {
		v := int(color.GrayModel.Convert(p.At(x, b.Min.Y+y)).(color.Gray).Y)
		s.WriteString(shades[(v*(len(shades)-1)+127)/255])
	}
	return s.String()
}
