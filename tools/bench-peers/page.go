package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// Marks between which the table stands in performance.md.
const (
	tableStart = "<!-- table: written by tools/bench-peers -->"
	tableEnd   = "<!-- end of table -->"
)

func replace(path, text string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(data), tableStart)
	_, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no table to replace", path)
	}
	return os.WriteFile(path, []byte(before+tableStart+"\n"+text+tableEnd+after), 0o644)
}

// table has ONNX Runtime and OpenVINO beside horn.
func table(rows []row, p *programs) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s/%s, %d cores, %s, %s, %s. Microseconds, medians; "+
		"the ratios are horn's time in parts of the other's, pair by pair: median (smallest..largest).\n\n",
		runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), p.onnxruntime.version, p.openvino.version)
	b.WriteString("| model | batch | threads | horn | ONNX Runtime | ratio | OpenVINO | ratio |\n" +
		"| --- | ---: | ---: | ---: | ---: | --- | ---: | --- |\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %d | %d | %.1f |", r.name, r.batch, r.threads, middle(r.horn, median)/1e3)
		for _, other := range r.others[:2] {
			c := compare(r.horn, other, median)
			fmt.Fprintf(&b, " %.1f | **%.2f** (%.2f..%.2f) |", middle(other, median)/1e3, c.middle, c.least, c.most)
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
	return b.String()
}

// drawing shows the ratios as bars, for each row one to ONNX Runtime and one to OpenVINO; the line at 1.0 is theirs.
func drawing(rows []row) string {
	const left, right, height, top = 250, 420, 24, 58
	colours := []string{"#3a7d44", "#7b9fd4"}
	scale := func(ratio float64) float64 { return min(ratio, 1.5) / 1.5 * right }
	bottom := top + height*len(rows)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" `+
		`font-family="sans-serif" font-size="12">`+"\n",
		left+right+80, bottom+30, left+right+80, bottom+30)
	b.WriteString(`<rect width="100%" height="100%" fill="white"/>` +
		`<text x="10" y="20" font-size="14">Time of horn, of that of the other (shorter is faster)</text>` + "\n")
	for i, name := range []string{"ONNX Runtime", "OpenVINO"} {
		x := left + 130*i
		fmt.Fprintf(&b, `<rect x="%d" y="30" width="12" height="12" fill="%s"/><text x="%d" y="41">of %s</text>`+"\n", x, colours[i], x+18, name)
	}
	for i, r := range rows {
		y := top + height*i
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s, batch %d, %d thr</text>`, left-8, y+15, r.name, r.batch, r.threads)
		for k, other := range r.others[:2] {
			ratio := compare(r.horn, other, median).middle
			fill := colours[k]
			if ratio > 1 {
				fill = "#c0392b"
			}
			at := y + 2 + 10*k
			fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="9" fill="%s"/>`+
				`<text x="%.1f" y="%d" font-size="9">%.2f</text>`, left, at, scale(ratio), fill, left+scale(ratio)+5, at+8, ratio)
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="black" stroke-dasharray="4 3"/>`+
		`<text x="%.1f" y="%d" text-anchor="middle">1.0</text>`+"\n</svg>\n",
		left+scale(1), top-6, left+scale(1), bottom+6, left+scale(1), bottom+22)
	return b.String()
}
