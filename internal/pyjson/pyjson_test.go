package pyjson

import (
	"errors"
	"fmt"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	for _, text := range []string{
		`null`, `true`, `[]`, `{}`, `{"a": [1, 2.5, NaN, Infinity, -Infinity], "b": {"c": null}}`,
		`140234567890123456789`, `1e-05`, `"\u00e9\ud83d\ude00 \ud800 \n\t\"\\"`, `{"z": 1, "a": 2}`, `[[[]], {}]`, `-0.0`,
	} {
		v, err := Parse([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := string(Marshal(v)); got != text {
			t.Errorf("%s came back as %s", text, got)
		}
	}
}

func TestDuplicateKeysLastWins(t *testing.T) {
	v, err := Parse([]byte(`{"a": 1, "b": 2, "a": 3}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(Marshal(v)); got != `{"a": 3, "b": 2}` {
		t.Errorf("got %s", got)
	}
}

func TestMalformed(t *testing.T) {
	deep := make([]byte, 100_000)
	for i := range deep {
		deep[i] = '['
	}
	for _, text := range []string{"", "{", `{"a"}`, "[1,]", "01", "1.", "1e", "nul", `"`, `"\x"`, `"\u12"`, "[1] 2", "\xef\xbb\xbf{}",
		"\"\xff\"", "\"\n\"", "-", "{1: 2}", "'a'", string(deep)} {
		if v, err := Parse([]byte(text)); err == nil {
			t.Errorf("%.20q was read as %v", text, v)
		}
	}
}

func TestFloatsAsPython(t *testing.T) {
	for v, want := range map[float64]Number{1: "1.0", 0.1: "0.1", 1e-5: "1e-05", 1e16: "1e+16", 1e15: "1000000000000000.0", 0.0001: "0.0001"} {
		if got := Float(v); got != want {
			t.Errorf("%v is written %s, not %s", v, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"a": [1, 2.5, NaN, "\ud800"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Parse(data)
		if err != nil {
			return
		}
		again, err := Parse(Marshal(v))
		if err != nil || !Equal(v, again) {
			t.Fatalf("%q does not survive writing: %v", data, err)
		}
	})
}

// TestLimits bounds the values of a document, whatever they are.
func TestLimits(t *testing.T) {
	for text, ok := range map[string]bool{
		`[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]`: true, `[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]`: false,
		`[[],0]`: true, `[[],[]]`: false, `{"a":{"b":{}}}`: false,
		`{"a":[0,1,2]}`: true, `{"a":0,"a":0,"a":0,"a":0,"a":0,"a":0,"a":0,"a":0,"a":0,"a":0,"a":0,"a":0,"a":0,"a":0,"a":0,"a":0}`: false,
	} {
		_, err := ParseWithin([]byte(text), 16)
		var limit *LimitError
		if errors.As(err, &limit) == ok || ok && err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if _, err := Parse([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestObjects changes objects of few and of many keys.
func TestObjects(t *testing.T) {
	for _, n := range []int{3, manyKeys - 1, manyKeys, manyKeys + 1, 40} {
		o := new(Object)
		var keys []string
		for i := range n {
			k := fmt.Sprint("k", i)
			o.Set(k, i)
			keys = append(keys, k)
		}
		o.Set("k1", "new")
		o.Rename("k2", "last")
		keys[2] = "last"
		o.Delete("k0")
		o.Delete("nothing")
		keys = keys[1:]
		c := Clone(o).(*Object)
		o.Rename("k1", "last") // which is lost
		if got := fmt.Sprint(c.Keys()); got != fmt.Sprint(keys) || c.Get("k1") != "new" || c.Get("last") != 2 || c.Get("k0") != nil ||
			c.Len() != n-1 {
			t.Errorf("%d keys: %s", n, got)
		}
		if v, ok := o.Lookup("last"); !ok || v != "new" || o.Len() != n-2 || o.Keys()[0] != "last" {
			t.Errorf("%d keys: %v", n, o.Keys())
		}
		for _, k := range c.Keys() {
			if v, ok := c.Lookup(k); !ok || v == nil {
				t.Errorf("%d keys: %s is lost", n, k)
			}
		}
	}
	var none *Object
	if none.Delete("a"); none.Get("a") != nil || none.Len() != 0 {
		t.Error("nothing has something")
	}
}
