package conformance

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/hornml/horn/internal/fault"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/losses"
	"github.com/hornml/horn/nn/metrics"
	"github.com/hornml/horn/tensor"
)

// spoiltList is spoilt for each tensor that is there.
func spoiltList(list []tensor.Any, which, step int) []tensor.Any {
	out := make([]tensor.Any, len(list))
	for i, x := range list {
		if x != nil {
			out[i] = spoilt(x, which, step)
		}
	}
	return out
}

// guarded calls f; a panic is a fault.
func guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &fault.Error{Where: "a table", Err: fmt.Errorf("%v", r)}
		}
	}()
	return f()
}

// judge reports what no loss or metric may do, whatever it is given.
func judge(t *testing.T, what string, err error, before uint64, start time.Time) {
	t.Helper()
	var f *fault.Error
	if took, mib := time.Since(start), (allocated()-before)>>20; errors.As(err, &f) || took > 5*time.Second || mib > 512 {
		t.Errorf("%s: %v, %d MiB: %v", what, took, mib, err)
	}
}

// variants are the configs of a record with each of its integers replaced by odd ones, and the config as it is.
func variants(record any) []any {
	list := []any{record}
	config := record.(*pyjson.Object).Object("config")
	for _, k := range config.Keys() {
		n, ok := config.Get(k).(pyjson.Number)
		if !ok || !n.IsInt() {
			continue
		}
		for _, value := range oddNumbers {
			c := pyjson.Clone(record).(*pyjson.Object)
			c.Object("config").Set(k, pyjson.Number(value))
			list = append(list, c)
		}
	}
	return list
}

// decoded makes the object of a record, or says what is wrong with it.
func decoded(kind string, record any) (o *layer.Object, err error) {
	err = guarded(func() error {
		d := &layer.Decoder{Registry: kerasfile.Registry()}
		o = d.Object(kind, pyjson.Clone(record), "", "")
		return d.Err()
	})
	return o, err
}

// TestExtremeLabels gives losses and metrics labels, outputs and weights that nobody would, and odd numbers for their arguments.
func TestExtremeLabels(t *testing.T) {
	table := openTable(t, "metrics")
	for _, r := range records(t, table.manifest) {
		name := r.String("name")
		get := func(key string) tensor.Any { return table.get(t, name+"/0/"+key) }
		args := []tensor.Any{get("y_true"), get("y_pred"), get("sample_weight")}
		if args[0] == nil {
			args[0] = get("values")
		}
		for i, config := range variants(r.Get("config")) {
			for which, e := range extremes {
				if i > 0 && which > 0 { // odd arguments: one update each
					break
				}
				what := fmt.Sprintf("%s %s, %s", name, pyjson.Marshal(config.(*pyjson.Object).Get("config")), e.name)
				before, start := allocated(), time.Now()
				o, err := decoded("metrics", config)
				if err == nil {
					m := o.Impl.(metrics.Metric)
					err = guarded(func() error {
						for step := 1; step < 4-2*min(i, 1); step++ {
							given := spoiltList(args, which, step)
							for mask := 7; mask >= 7*min(i, 1); mask-- { // some of them as they were
								mixed := []tensor.Any{args[0], args[1], args[2]}
								for i := range mixed {
									if mask&(1<<i) != 0 {
										mixed[i] = given[i]
									}
								}
								if err := m.UpdateState(mixed[0], mixed[1], mixed[2], nil); err != nil {
									continue // a sentence; the next may do
								}
								if _, err := m.Result(); err != nil {
									continue
								}
							}
						}
						return nil
					})
				}
				judge(t, what, err, before, start)
			}
		}
	}
	table = openTable(t, "losses")
	for _, r := range records(t, table.manifest) {
		name := r.String("name")
		get := func(key string) tensor.Any { return table.get(t, name+"/"+key) }
		args := []tensor.Any{get("y_true"), get("y_pred"), get("sample_weight"), get("mask")}
		for _, config := range variants(r.Get("config")) {
			o, err := decoded("losses", config)
			if err != nil {
				judge(t, name, err, allocated(), time.Now())
				continue
			}
			loss := o.Impl.(*losses.Reduced)
			f := nn.NewFunction(func(b *graph.Builder, args []*graph.Value) []*graph.Value {
				return []*graph.Value{loss.Call(b, args[0], args[1], args[2], args[3])}
			})
			for which, e := range extremes {
				before, start := allocated(), time.Now()
				err := guarded(func() error {
					for step := 1; step < 3; step++ {
						given := spoiltList(args, which, step)
						for _, mixed := range [][]tensor.Any{given, {given[0], args[1], args[2], args[3]}, {args[0], given[1], args[2], args[3]}} {
							if _, err := f.Run(mixed...); err != nil {
								var fault *fault.Error
								if errors.As(err, &fault) {
									return err
								}
							}
						}
					}
					return nil
				})
				judge(t, fmt.Sprintf("%s %s, %s", name, pyjson.Marshal(config), e.name), err, before, start)
			}
		}
	}
}
