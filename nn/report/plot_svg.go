package report

import (
	"bufio"
	"fmt"
	"slices"
	"strings"
)

// The picture is a layered drawing: every box in a layer below those it depends on, edges that skip layers led through
// places of their own, the order within a layer and the positions improved in sweeps up and down.

const (
	boxPadding = 14.0 // left and right of the text
	lineHeight = 17.0
	boxHeight  = 2*lineHeight + 16
	charWidth  = 7.3 // of the fonts below, on average
	layerGap   = 36.0
	boxGap     = 28.0
	threadGap  = 14.0 // between edges that pass a layer
	margin     = 24.0
	sweeps     = 12
	// maxThreads bounds the places for edges that skip layers; with more of them such edges are drawn straight.
	maxThreads = 200_000
)

// place is a box or the point where an edge passes a layer.
type place struct {
	box      int // -1 for a point
	layer    int
	x        float64 // of the center, along the layer
	extent   float64 // along the layer
	up, down []*place
}

// layout is the drawing before it is written.
type layout struct {
	d      *diagram
	places []*place // of the boxes
	layers [][]*place
	paths  [][]*place // of each edge, ends included
}

func (d *diagram) layout(along func(b box) float64) *layout {
	l := &layout{d: d}
	rank := d.ranks()
	for i, b := range d.boxes {
		l.put(&place{box: i, layer: rank[i], extent: along(b)})
	}
	threads := 0
	for _, e := range d.edges {
		threads += rank[e[1]] - rank[e[0]] - 1
	}
	for _, e := range d.edges {
		from, to := l.places[e[0]], l.places[e[1]]
		path := []*place{from}
		if threads <= maxThreads {
			for r := from.layer + 1; r < to.layer; r++ {
				p := &place{box: -1, layer: r, extent: threadGap}
				l.put(p)
				path = append(path, p)
			}
		}
		path = append(path, to)
		for i := range path[1:] {
			path[i].down = append(path[i].down, path[i+1])
			path[i+1].up = append(path[i+1].up, path[i])
		}
		l.paths = append(l.paths, path)
	}
	l.order()
	l.align()
	return l
}

func (l *layout) put(p *place) {
	if p.box >= 0 {
		l.places = append(l.places, p)
	}
	for len(l.layers) <= p.layer {
		l.layers = append(l.layers, nil)
	}
	l.layers[p.layer] = append(l.layers[p.layer], p)
}

// ranks gives each box a layer: one more than the last of those it depends on; a box that depends on nothing stands just
// above the first that needs it.
func (d *diagram) ranks() []int {
	rank := make([]int, len(d.boxes))
	below := make([]int, len(d.boxes))
	source := make([]bool, len(d.boxes))
	for i := range source {
		source[i], below[i] = true, -1
	}
	for _, e := range d.sorted() {
		rank[e[1]] = max(rank[e[1]], rank[e[0]]+1)
		source[e[1]] = false
	}
	for _, e := range d.edges {
		if b := &below[e[0]]; *b < 0 || rank[e[1]] < *b {
			*b = rank[e[1]]
		}
	}
	for i := range rank {
		if source[i] && below[i] > 0 {
			rank[i] = below[i] - 1
		}
	}
	return rank
}

// sorted lists the edges by where they start: boxes are numbered after all that they depend on.
func (d *diagram) sorted() [][2]int {
	edges := slices.Clone(d.edges)
	slices.SortStableFunc(edges, func(a, b [2]int) int { return a[0] - b[0] })
	return edges
}

// order sorts the places of each layer by the middle of their neighbours, so that few edges cross.
func (l *layout) order() {
	number := func(layer []*place) {
		for i, p := range layer {
			p.x = float64(i)
		}
	}
	for _, layer := range l.layers {
		number(layer)
	}
	for s := range sweeps {
		for k := range l.layers {
			layer, near := l.layers[k], func(p *place) []*place { return p.up }
			if s%2 == 1 {
				layer, near = l.layers[len(l.layers)-1-k], func(p *place) []*place { return p.down }
			}
			keys := make(map[*place]float64, len(layer))
			for _, p := range layer {
				keys[p] = middle(near(p), p.x)
			}
			slices.SortStableFunc(layer, func(a, b *place) int {
				switch {
				case keys[a] < keys[b]:
					return -1
				case keys[a] > keys[b]:
					return 1
				}
				return 0
			})
			number(layer)
		}
	}
}

func middle(near []*place, otherwise float64) float64 {
	if len(near) == 0 {
		return otherwise
	}
	sum := 0.0
	for _, p := range near {
		sum += p.x
	}
	return sum / float64(len(near))
}

// align moves the places of each layer towards their neighbours as far as the room allows.
func (l *layout) align() {
	for _, layer := range l.layers {
		at := 0.0
		for i, p := range layer {
			if i > 0 {
				at += distance(layer[i-1], p)
			}
			p.x = at
		}
		for _, p := range layer {
			p.x -= at / 2
		}
	}
	for s := range 2 * sweeps {
		for k := range l.layers {
			layer := l.layers[k]
			if s%2 == 1 {
				layer = l.layers[len(l.layers)-1-k]
			}
			wish := make([]float64, len(layer))
			for i, p := range layer {
				near := p.up
				if s%2 == 1 {
					near = p.down
				}
				if s >= 2*sweeps-2 { // at last both sides count
					near = append(slices.Clone(p.up), p.down...)
				}
				wish[i] = middle(near, p.x)
			}
			settle(layer, wish)
		}
	}
	least := 0.0
	for _, layer := range l.layers {
		for _, p := range layer {
			least = min(least, p.x-p.extent/2)
		}
	}
	for _, layer := range l.layers {
		for _, p := range layer {
			p.x += margin - least
		}
	}
}

// distance is what two neighbours in a layer need between their centers.
func distance(a, b *place) float64 {
	gap := boxGap
	if a.box < 0 && b.box < 0 {
		gap = 0
	} else if a.box < 0 || b.box < 0 {
		gap = threadGap
	}
	return (a.extent+b.extent)/2 + gap
}

// settle places a layer as near to the wishes as its order and the distances allow: neighbours that would be too close
// move as one, to the mean of their wishes.
func settle(layer []*place, wish []float64) {
	type run struct {
		sum   float64
		count int
	}
	var runs []run
	offset := make([]float64, len(layer))
	for i := range layer {
		if i > 0 {
			offset[i] = offset[i-1] + distance(layer[i-1], layer[i])
		}
		runs = append(runs, run{wish[i] - offset[i], 1})
		for n := len(runs); n > 1 && runs[n-2].sum/float64(runs[n-2].count) >= runs[n-1].sum/float64(runs[n-1].count); n-- {
			runs[n-2].sum += runs[n-1].sum
			runs[n-2].count += runs[n-1].count
			runs = runs[:n-1]
		}
	}
	i := 0
	for _, r := range runs {
		for range r.count {
			layer[i].x = r.sum/float64(r.count) + offset[i]
			i++
		}
	}
}

var xmlText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

// width is what the text of a box takes.
func (b box) width() float64 {
	return max(charWidth*float64(max(textWidth(b.name)+1, textWidth(b.class+"  "+b.shape))), 60) + 2*boxPadding
}

// picture is a layout with the layers in their places on the page.
type picture struct {
	*layout
	w           *bufio.Writer
	leftToRight bool
	across      []float64 // the centers of the layers
	half        []float64 // half of what a layer takes in that direction
}

// svg writes the diagram as a picture.
func (d *diagram) svg(w *bufio.Writer, leftToRight bool) {
	along := box.width
	if leftToRight {
		along = func(box) float64 { return boxHeight }
	}
	p := &picture{layout: d.layout(along), w: w, leftToRight: leftToRight}
	at := margin
	for _, layer := range p.layers {
		half := boxHeight / 2
		gap := layerGap
		if leftToRight {
			gap *= 1.5
			for _, q := range layer {
				if q.box >= 0 {
					half = max(half, d.boxes[q.box].width()/2)
				}
			}
		}
		p.across, p.half = append(p.across, at+half), append(p.half, half)
		at += 2*half + gap
	}
	var right, bottom float64
	for _, layer := range p.layers {
		for _, q := range layer {
			x, y := p.center(q)
			wide, high := p.size(q)
			right, bottom = max(right, x+wide/2), max(bottom, y+high/2)
		}
	}
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" font-family="Helvetica, `+
		`Arial, 'DejaVu Sans', sans-serif" font-size="13">`+"\n",
		right+margin, bottom+margin, right+margin, bottom+margin)
	fmt.Fprintf(w, "<title>%s</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n", xmlText.Replace(printable(d.title)))
	w.WriteString(`<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path ` +
		`d="M0 0.5 L8 4 L0 7.5 z" fill="#64748b"/></marker></defs>` + "\n")
	w.WriteString(`<g fill="none" stroke="#64748b" stroke-width="1.4">` + "\n")
	for _, path := range p.paths {
		p.edge(path)
	}
	w.WriteString("</g>\n")
	for _, q := range p.places {
		p.box(q)
	}
	w.WriteString("</svg>\n")
}

func (p *picture) center(q *place) (x, y float64) {
	if p.leftToRight {
		return p.across[q.layer], q.x
	}
	return q.x, p.across[q.layer]
}

func (p *picture) size(q *place) (wide, high float64) {
	if q.box < 0 {
		return 0, 0
	}
	return p.d.boxes[q.box].width(), boxHeight
}

func (p *picture) box(q *place) {
	b := p.d.boxes[q.box]
	x, y := p.center(q)
	wide, high := p.size(q)
	c := colorOf(b.class)
	fmt.Fprintf(p.w, `<g><rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="7" fill="%s" stroke="%s" stroke-width="1.2"/>`,
		x-wide/2, y-high/2, wide, high, c.fill, c.line)
	fmt.Fprintf(p.w, `<text x="%.1f" y="%.1f" text-anchor="middle" font-weight="bold" fill="#0f172a">%s</text>`,
		x, y-4, xmlText.Replace(b.name))
	fmt.Fprintf(p.w, `<text x="%.1f" y="%.1f" text-anchor="middle" font-size="12" fill="#334155">%s <tspan fill="%s">%s</tspan></text>`+
		"</g>\n",
		x, y+lineHeight-4, xmlText.Replace(b.class), c.line, xmlText.Replace(b.shape))
}

// edge draws an edge as a smooth line, straight beside the boxes of the layers that it passes.
func (p *picture) edge(path []*place) {
	var fromX, fromY float64
	for i, q := range path {
		x, y := p.center(q)
		// From the center to where the line enters and leaves the layer.
		dx, dy := 0.0, boxHeight/2
		if p.leftToRight {
			dx, dy = p.half[q.layer], 0
			if q.box >= 0 {
				dx = p.d.boxes[q.box].width() / 2
			}
		}
		if i == 0 {
			fmt.Fprintf(p.w, `<path d="M%.1f %.1f`, x+dx, y+dy)
			fromX, fromY = x+dx, y+dy
			continue
		}
		x, y = x-dx, y-dy
		if p.leftToRight {
			middle := (fromX + x) / 2
			fmt.Fprintf(p.w, " C%.1f %.1f %.1f %.1f %.1f %.1f", middle, fromY, middle, y, x, y)
		} else {
			middle := (fromY + y) / 2
			fmt.Fprintf(p.w, " C%.1f %.1f %.1f %.1f %.1f %.1f", fromX, middle, x, middle, x, y)
		}
		if i < len(path)-1 {
			fmt.Fprintf(p.w, " L%.1f %.1f", x+2*dx, y+2*dy)
		}
		fromX, fromY = x+2*dx, y+2*dy
	}
	p.w.WriteString(`" marker-end="url(#arrow)"/>` + "\n")
}
