package conformance

import (
	"archive/zip"
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/kerasfile"
)

// oddNumber is a number that no golden's shapes or settings hold, and an unknown length would be written as.
var oddNumber = regexp.MustCompile(`-\d{7,}`)

// TestMessagesOfUnknownLengths makes lengths of the goldens' inputs unknown, sound or not: all of them, each alone, and each but
// one, which is wrong then. What is refused is refused with a message of its own, in which no unknown length passes for a number.
func TestMessagesOfUnknownLengths(t *testing.T) {
	cases, err := golden.Find(goldens)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if strings.HasPrefix(c.Name, "applications/") {
			continue // the layers of the others, many times over
		}
		config, err := openConfig(c.Model)
		if err != nil {
			continue // not a zip file of Keras 3
		}
		inputs := ownInputs(config)
		refused := func(shapes [][]any) {
			for i, in := range inputs {
				in["batch_shape"] = shapes[i]
			}
			text, err := json.Marshal(config)
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			_, err = kerasfile.FromJSON(text)
			if err != nil && (strings.Contains(err.Error(), "runtime error") || oddNumber.MatchString(err.Error())) {
				t.Errorf("%s with %v: %v", c.Name, shapes, err)
			}
			if d := time.Since(start); d > 10*time.Second {
				t.Errorf("%s with %v took %v", c.Name, shapes, d)
			}
		}
		own := make([][]any, len(inputs))
		open := make([][]any, len(inputs))
		for i, in := range inputs {
			own[i], _ = in["batch_shape"].([]any)
			open[i] = make([]any, len(own[i]))
		}
		refused(open)
		for i, shape := range own {
			for k, d := range shape {
				one := slices.Clone(own)
				one[i] = slices.Clone(shape)
				one[i][k] = nil
				refused(one)
				n, ok := d.(json.Number)
				if !ok {
					n = "4"
				}
				wrong := slices.Clone(open)
				wrong[i] = slices.Clone(open[i])
				wrong[i][k] = json.Number(n.String() + "1")
				refused(wrong)
			}
		}
	}
}

// openConfig reads the config of a model, without the shapes that layers were built with.
func openConfig(path string) (map[string]any, error) {
	r, err := zip.OpenReader(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	f, err := r.Open("config.json")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d := json.NewDecoder(io.Reader(f))
	d.UseNumber()
	var config map[string]any
	if err := d.Decode(&config); err != nil {
		return nil, err
	}
	withoutBuilds(config)
	return config, nil
}

// ownInputs are the configs of a model's own input layers.
func ownInputs(config map[string]any) (inputs []map[string]any) {
	settings, _ := config["config"].(map[string]any)
	layers, _ := settings["layers"].([]any)
	for _, l := range layers {
		if l, ok := l.(map[string]any); ok && l["class_name"] == "InputLayer" {
			if in, ok := l["config"].(map[string]any); ok {
				inputs = append(inputs, in)
			}
		}
	}
	return inputs
}

func withoutBuilds(v any) {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "build_config")
		for _, x := range v {
			withoutBuilds(x)
		}
	case []any:
		for _, x := range v {
			withoutBuilds(x)
		}
	}
}
