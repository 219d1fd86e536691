package report

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"testing"
)

// randomDiagram has boxes of which each depends on some before it.
func randomDiagram(r *rand.Rand) *diagram {
	d := &diagram{title: "random", known: map[[2]int]bool{}}
	for i := range 1 + r.IntN(40) {
		var from []int
		for range min(i, r.IntN(4)) {
			from = append(from, r.IntN(i))
		}
		d.add(fmt.Sprintf("layer_%d", i*r.IntN(1000)), "Dense", "(None, 3)", from)
	}
	return d
}

// TestLayouts draws random graphs: edges lead downwards, boxes of a layer do not touch, and nothing leaves the page.
func TestLayouts(t *testing.T) {
	for seed := range uint64(100) {
		d := randomDiagram(rand.New(rand.NewPCG(seed, 5)))
		l := d.layout(box.width)
		for i, e := range d.edges {
			path := l.paths[i]
			if path[0] != l.places[e[0]] || path[len(path)-1] != l.places[e[1]] {
				t.Fatalf("seed %d: the path of edge %v has other ends", seed, e)
			}
			for k := range path[1:] {
				if path[k+1].layer != path[k].layer+1 {
					t.Fatalf("seed %d: edge %v goes from layer %d to %d", seed, e, path[k].layer, path[k+1].layer)
				}
			}
		}
		for _, layer := range l.layers {
			if len(layer) == 0 {
				t.Fatalf("seed %d: an empty layer", seed)
			}
			for i, p := range layer {
				if p.x-p.extent/2 < margin-1e-6 {
					t.Errorf("seed %d: a box begins at %g", seed, p.x-p.extent/2)
				}
				if i > 0 && p.x-layer[i-1].x < distance(layer[i-1], p)-1e-6 {
					t.Errorf("seed %d: neighbours at %g and %g, which need %g", seed, layer[i-1].x, p.x, distance(layer[i-1], p))
				}
			}
		}
	}
}

// TestChainIsStraight puts what depends on one box alone below it.
func TestChainIsStraight(t *testing.T) {
	d := &diagram{known: map[[2]int]bool{}}
	for i := range 9 {
		var from []int
		if i > 0 {
			from = []int{i - 1}
		}
		d.add(fmt.Sprint("a name of its own length", i*i*i*i), "Dense", "(None, 3)", from)
	}
	l := d.layout(box.width)
	for i, p := range l.places {
		if p.layer != i || math.Abs(p.x-l.places[0].x) > 1e-6 {
			t.Errorf("box %d is in layer %d at %g, the first at %g", i, p.layer, p.x, l.places[0].x)
		}
	}
}

// TestRanks puts an input that is needed late just above what needs it.
func TestRanks(t *testing.T) {
	d := &diagram{known: map[[2]int]bool{}}
	early := d.add("early", "InputLayer", "", nil)
	late := d.add("late", "InputLayer", "", nil)
	alone := d.add("alone", "InputLayer", "", nil)
	a := d.add("a", "Dense", "", []int{early})
	b := d.add("b", "Dense", "", []int{a, a})
	c := d.add("c", "Add", "", []int{b, late, early})
	if len(d.edges) != 5 {
		t.Errorf("%d edges: %v", len(d.edges), d.edges)
	}
	rank := d.ranks()
	for box, want := range map[int]int{early: 0, late: 2, alone: 0, a: 1, b: 2, c: 3} {
		if rank[box] != want {
			t.Errorf("%s is in layer %d, not %d", d.boxes[box].name, rank[box], want)
		}
	}
}

// TestSettle compares with what is best: the sum of the squared ways of all boxes cannot be made smaller by moving some of them.
func TestSettle(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 7))
	for range 200 {
		layer := make([]*place, 1+r.IntN(6))
		wish := make([]float64, len(layer))
		for i := range layer {
			layer[i] = &place{box: i, extent: 10 + 40*r.Float64()}
			wish[i] = 200 * r.Float64()
		}
		settle(layer, wish)
		cost := func() (sum float64) {
			for i, p := range layer {
				sum += (p.x - wish[i]) * (p.x - wish[i])
			}
			return sum
		}
		fits := func() bool {
			for i := range layer[1:] {
				if layer[i+1].x-layer[i].x < distance(layer[i], layer[i+1])-1e-9 {
					return false
				}
			}
			return true
		}
		if !fits() {
			t.Fatal("neighbours are too close")
		}
		best := cost()
		for lo := range layer {
			for hi := lo + 1; hi <= len(layer); hi++ {
				for _, by := range []float64{-1, 1} {
					for _, p := range layer[lo:hi] {
						p.x += by
					}
					if fits() && cost() < best-1e-6 {
						t.Fatalf("boxes %d to %d would be better off by %g", lo, hi, by)
					}
					for _, p := range layer[lo:hi] {
						p.x -= by
					}
				}
			}
		}
	}
}

// rect is a rectangle of a picture.
type rect struct{ x, y, width, height float64 }

func (r rect) has(x, y float64) bool {
	const slack = 0.11 // coordinates are rounded
	return x >= r.x-slack && x <= r.x+r.width+slack && y >= r.y-slack && y <= r.y+r.height+slack
}

// read returns the boxes of a picture and where its edges begin and end, and checks that it is XML and that its page holds them.
func read(t *testing.T, svg []byte) (boxes []rect, edges [][4]float64) {
	t.Helper()
	number := func(s string) float64 {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	var page rect
	numbers := regexp.MustCompile(`-?[0-9.]+`)
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		attr := map[string]string{}
		for _, a := range e.Attr {
			attr[a.Name.Local] = a.Value
		}
		switch {
		case e.Name.Local == "svg":
			page = rect{0, 0, number(attr["width"]), number(attr["height"])}
		case e.Name.Local == "rect" && attr["rx"] != "":
			boxes = append(boxes, rect{number(attr["x"]), number(attr["y"]), number(attr["width"]), number(attr["height"])})
		case e.Name.Local == "path" && attr["marker-end"] != "":
			n := numbers.FindAllString(attr["d"], -1)
			edges = append(edges, [4]float64{number(n[0]), number(n[1]), number(n[len(n)-2]), number(n[len(n)-1])})
		}
	}
	for _, b := range boxes {
		if !page.has(b.x, b.y) || !page.has(b.x+b.width, b.y+b.height) {
			t.Errorf("the box %v is not on the page %v", b, page)
		}
	}
	return boxes, edges
}

// TestPictures draws random graphs in both directions: each edge leads from the border of its box to that of the other.
func TestPictures(t *testing.T) {
	for seed := range uint64(40) {
		for _, leftToRight := range []bool{false, true} {
			d := randomDiagram(rand.New(rand.NewPCG(seed, 8)))
			var svg bytes.Buffer
			w := bufio.NewWriter(&svg)
			d.svg(w, leftToRight)
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			boxes, edges := read(t, svg.Bytes())
			if len(boxes) != len(d.boxes) || len(edges) != len(d.edges) {
				t.Fatalf("seed %d: %d boxes and %d edges, not %d and %d", seed, len(boxes), len(edges), len(d.boxes), len(d.edges))
			}
			for i, e := range d.edges {
				from, to := boxes[e[0]], boxes[e[1]]
				if !from.has(edges[i][0], edges[i][1]) || !to.has(edges[i][2], edges[i][3]) {
					t.Errorf("seed %d: the edge %v from %v to %v", seed, edges[i], from, to)
				}
			}
			for i, a := range boxes {
				for _, b := range boxes[:i] {
					if a.x < b.x+b.width && b.x < a.x+a.width && a.y < b.y+b.height && b.y < a.y+a.height {
						t.Errorf("seed %d: the boxes %v and %v overlap", seed, a, b)
					}
				}
			}
		}
	}
}

// TestKindsHaveColors gives layers of one kind one color, and other kinds another.
func TestKindsHaveColors(t *testing.T) {
	for _, same := range [][]string{{"Conv2D", "SeparableConv1D", "DepthwiseConv2D"}, {"MaxPooling2D", "GlobalAveragePooling1D"},
		{"Dense", "EinsumDense", "Embedding"}, {"LSTM", "GRU", "SimpleRNN"}, {"BatchNormalization", "LayerNormalization"},
		{"Functional", "Sequential"}, {"Flatten", "Reshape", "Something"}} {
		for _, class := range same[1:] {
			if colorOf(class) != colorOf(same[0]) {
				t.Errorf("%s and %s have different colors", class, same[0])
			}
		}
	}
	if colorOf("Conv2D") == colorOf("Dense") || colorOf("InputLayer") == colorOf("Flatten") {
		t.Error("different kinds have one color")
	}
}
