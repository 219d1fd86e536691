package conformance

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/hornml/horn/internal/fault"
	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/tensor/npy"
)

// number is one integer of a golden's config: every argument of every class and operation is there once.
type number struct {
	c     golden.Case
	key   string // class and argument
	place []any  // from the root of the config: keys and indices
}

// numbersOf lists the integers of all goldens' configs, each class's arguments once.
func numbersOf(t *testing.T) []number {
	cases, err := golden.Find(goldens)
	if err != nil || len(cases) == 0 {
		t.Fatal(len(cases), err)
	}
	seen := map[string]bool{}
	var list []number
	for _, c := range cases {
		config := configOf(t, c.Model)
		if config == nil {
			continue
		}
		var walk func(v any, key string, place []any)
		walk = func(v any, key string, place []any) {
			switch v := v.(type) {
			case *pyjson.Object:
				if class := v.String("class_name"); class != "" {
					key = class
				}
				for _, k := range v.Keys() {
					if k == "compile_config" {
						continue
					}
					walk(v.Get(k), key+"/"+k, append(place[:len(place):len(place)], k))
				}
			case []any:
				for i, x := range v {
					walk(x, fmt.Sprintf("%s/%d", key, min(i, 3)), append(place[:len(place):len(place)], i))
				}
			case pyjson.Number:
				if v.IsInt() && !seen[key] {
					seen[key] = true
					list = append(list, number{c, key, place})
				}
			}
		}
		walk(config, "", nil)
	}
	return list
}

func configOf(t *testing.T, file string) *pyjson.Object {
	z, err := zip.OpenReader(file)
	if err != nil { // of an older format
		return nil
	}
	defer z.Close()
	f, err := z.Open("config.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	v, err := pyjson.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return v.(*pyjson.Object)
}

// with returns the golden's model, without its weights, with another number.
func (n number) with(t *testing.T, value string) []byte {
	config := configOf(t, n.c.Model)
	var at any = config
	for i, p := range n.place {
		last := i == len(n.place)-1
		switch p := p.(type) {
		case string:
			if o := at.(*pyjson.Object); last {
				o.Set(p, pyjson.Number(value))
			} else {
				at = o.Get(p)
			}
		case int:
			if list := at.([]any); last {
				list[p] = pyjson.Number(value)
			} else {
				at = list[p]
			}
		}
	}
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	metadata := []byte(`{"keras_version": "3.15.1"}`)
	for name, content := range map[string][]byte{"metadata.json": metadata, "config.json": pyjson.Marshal(config)} {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// allocated is what the program has allocated so far, in bytes.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// oddNumbers are what no argument expects: around the ends of the integers that files, machines and kernels have, and a few that make
// tables of some size.
var oddNumbers = []string{"0", "-1", "1", "2147483647", "2147483648", "1099511627776", "4611686018427387904", "4611686018427387905",
	"9223372036854775807", "9223372036854775808", "134217728", "1000003"}

// TestNumbers gives each integer argument of each class and operation numbers that nobody means, and runs what loads: there is an
// answer or an error, soon, and little is allocated on the way.
func TestNumbers(t *testing.T) {
	const limit = 1 << 26 // bytes: of a run, and of what is made for it
	list := numbersOf(t)
	if len(list) < 1000 {
		t.Fatalf("%d numbers", len(list))
	}
	answers, refusals := 0, 0
	for i, n := range list {
		for k, value := range oddNumbers {
			if (i+k)%3 > 0 && testing.Short() {
				continue
			}
			data := n.with(t, value)
			before, start := allocated(), time.Now()
			err := n.run(data, limit)
			took, mib := time.Since(start), (allocated()-before)>>20
			if err == nil {
				answers++
			} else {
				refusals++
			}
			var f *fault.Error
			if errors.As(err, &f) || mib > 8*limit>>20 || took > 5*time.Second || err != nil && len(err.Error()) > 2000 {
				t.Errorf("%s = %s (%s): %v, %d MiB: %.1000v", n.key, value, n.c.Name, took, mib, err)
			}
		}
	}
	t.Logf("%d answers, %d refusals", answers, refusals)
	if answers < 1000 || refusals < 1000 {
		t.Errorf("%d answers, %d refusals", answers, refusals)
	}
}

// run loads a model and runs it on the golden's inputs; a panic is a fault.
func (n number) run(data []byte, limit int64) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &fault.Error{Where: n.c.Name, Err: fmt.Errorf("%v", r)}
		}
	}()
	m, err := kerasfile.Read(bytes.NewReader(data), int64(len(data)), kerasfile.WithCompile(false), kerasfile.WithoutWeights(),
		kerasfile.WithMemoryLimit(limit))
	if err != nil {
		return err
	}
	size := 0
	for _, v := range m.Variables() {
		size = graph.Plus(size, v.Size())
	}
	if size < 1<<16 { // others would be made, which is what was asked for
		if err := kerasfile.Write(io.Discard, m); err != nil {
			return err
		}
	}
	a, err := npy.OpenArchive(n.c.Golden)
	if err != nil {
		return err
	}
	inputs, err := a.Numbered("input_")
	if err != nil {
		return err
	}
	_, err = m.PredictAll(inputs...)
	return err
}
