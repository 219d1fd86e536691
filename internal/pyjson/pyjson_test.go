package pyjson

import (
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
