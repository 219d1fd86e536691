package fault

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
)

// TestCatch makes errors of panics of all kinds.
func TestCatch(t *testing.T) {
	var list []int
	for want, do := range map[string]func(){
		"index out of range [3]": func() { list[3] = 1 },
		"mine":                   func() { panic("mine") },
		"EOF":                    func() { panic(io.EOF) },
		"from afar":              func() { panic(far{}) },
	} {
		err := func() (err error) {
			defer Catch(&err, "a test")
			do()
			return nil
		}()
		var f *Error
		if !errors.As(err, &f) || !strings.HasPrefix(err.Error(), "a fault of horn: a test: ") || !strings.Contains(err.Error(), want) ||
			len(f.Stack) == 0 {
			t.Errorf("%s: %v", want, err)
		}
		var r runtime.Error
		if errors.As(err, &r) != strings.HasPrefix(want, "index") || errors.Is(err, io.EOF) != (want == "EOF") {
			t.Errorf("%s: %#v", want, f.Err)
		}
		if again := Of(f, "elsewhere"); again != f {
			t.Errorf("%s: a fault became another", want)
		}
	}
	if err := func() (err error) {
		defer Catch(&err, "a test")
		return io.EOF
	}(); err != io.EOF {
		t.Error(err)
	}
}

type far struct{}

func (far) Panicked() (any, []byte) { return "from afar", []byte("its stack") }
