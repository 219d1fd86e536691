package live

import "path"

// gradientApart says why a golden's gradients are not those that Keras on JAX has, or why there are none.
type gradientApart struct {
	golden string // or a pattern of path.Match
	of     string // input_0 .., or a pattern of variables' paths; "Keras's" where Keras has none, "ours" where there are none of ours
	why    string
}

var gradientsApart = []gradientApart{}

// explained returns the entry that explains a difference.
func explained(name, of string) (gradientApart, bool) {
	for _, a := range gradientsApart {
		first, _ := path.Match(a.golden, name)
		second, _ := path.Match(a.of, of)
		if first && second {
			return a, true
		}
	}
	return gradientApart{}, false
}
