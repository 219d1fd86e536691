package cpu

import (
	"os"
	"testing"
)

func TestLevelsEndWithGeneric(t *testing.T) {
	levels := Levels()
	if levels[len(levels)-1] != Generic {
		t.Fatalf("levels %v do not end with generic", levels)
	}
	for i := 1; i < len(levels); i++ {
		if levels[i] >= levels[i-1] {
			t.Errorf("levels %v are not ordered from best to generic", levels)
		}
	}
}

func TestChooseFollowsTheEnvironment(t *testing.T) {
	for _, l := range Levels() {
		t.Setenv(Env, l.String())
		if got := Choose(); got != l {
			t.Errorf("%s=%s chose %v", Env, l, got)
		}
	}
	t.Setenv(Env, "no such level")
	if got := Choose(); got != Levels()[0] {
		t.Errorf("an unknown name chose %v, want the best level %v", got, Levels()[0])
	}
}

// TestRequiredLevel fails when the environment says which level must have been
// chosen (CI knows its machine) and another one was.
func TestRequiredLevel(t *testing.T) {
	want := os.Getenv("HORN_TEST_REQUIRE_CPU")
	if want != "" && Choose().String() != want {
		t.Errorf("chose %v, but HORN_TEST_REQUIRE_CPU wants %s", Choose(), want)
	}
}
