package ops_test

import (
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hornml/horn/tensor"
)

var jsonValue = regexp.MustCompile(`: (-?[0-9.]+|null|true|false|"[^"]*"|Infinity)|[\[ ](-?[0-9]+)[,\]]`)

// TestMutations puts odd values into the configs of the table: the outcome is an error or an answer, within a moment.
func TestMutations(t *testing.T) {
	odd := []string{
		"0", "-1", "1", "2", "3", "7", "100000", "2147483648", "4294967297", "9223372036854775807", "-9223372036854775808", "1e300", "-0.5",
		"NaN", "Infinity",
		`"x"`, `"same"`, "null", "true", "[]", "[1]", "[1, 2]", "[0, 0, 0]", "[[1]]", "{}",
	}
	r := rand.New(rand.NewPCG(5, 6))
	for _, c := range table {
		spots := jsonValue.FindAllStringSubmatchIndex(c.config, -1)
		if len(spots) == 0 {
			continue
		}
		for range 40 {
			spot := spots[r.IntN(len(spots))]
			from, to := spot[2], spot[3]
			if from < 0 {
				from, to = spot[4], spot[5]
			}
			config := c.config[:from] + odd[r.IntN(len(odd))] + c.config[to:]
			start := time.Now()
			runMutation(t, r, c.op, strings.Split(c.inputs, "; "), config, c.args, c.kwargs)
			if d := time.Since(start); d > 10*time.Second {
				t.Errorf("%s with %s took %v", c.op, config, d)
			}
		}
	}
}

func runMutation(t *testing.T, r *rand.Rand, op string, inputs []string, config, args, kwargs string) {
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("%s with %s: panic: %v", op, config, p)
		}
	}()
	m := model(t, op, inputs, config, args, kwargs)
	if err := m.Build(); err != nil {
		if strings.Contains(err.Error(), "runtime error") {
			t.Errorf("%s with %s: %v", op, config, err)
		}
		return
	}
	var data []tensor.Any
	for _, s := range inputs {
		dtype, text, _ := strings.Cut(s, " ")
		var shape []int
		for _, d := range strings.Split(text, ",") {
			n, _ := strconv.Atoi(d)
			shape = append(shape, n)
		}
		data = append(data, fill(r, dtype, shape, 0))
	}
	_, err := m.PredictAll(data...)
	if err != nil && strings.Contains(err.Error(), "runtime error") {
		t.Errorf("%s with %s: %v", op, config, err)
	}
}
