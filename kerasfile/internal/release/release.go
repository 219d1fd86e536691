// Package release has the one form in which releases of Keras are told apart and compared.
package release

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Release is a release of Keras, its major, minor and patch number: Release{3, 12, 1}. The zero value stands for one that is not
// known.
type Release [3]uint16

// maxNumber bounds each number of a release: what is larger is none.
const maxNumber = 1000

// Written is the release whose form the files of models have that were made in Go.
func Written() Release { return Release{3, 15, 1} }

// Oldest is the first release that files can be written for.
func Oldest() Release { return Release{3} }

// Newest is the latest release whose form is known, and that files can be written for.
func Newest() Release { return Release{3, 16} }

// Parse reads the version that a file says it is from, such as "2.15.0", "2.2.4-tf" or "3.13.0.dev2025112103". What is no
// version gives the zero value.
func Parse(s string) Release {
	var numbers Release
	for i, part := range strings.SplitN(s, ".", 3) {
		end := strings.IndexFunc(part, func(c rune) bool { return c < '0' || c > '9' })
		if end < 0 {
			end = len(part)
		}
		n, err := strconv.Atoi(part[:end])
		if i == 2 { // Keras's releases differ by major and minor: whatever follows does not make them unknown
			if err == nil && n <= maxNumber {
				numbers[i] = uint16(n)
			}
			break
		}
		if err != nil || n > maxNumber || end < len(part) && !strings.ContainsRune("-+abcdefrtv", rune(part[end])) {
			return Release{}
		}
		numbers[i] = uint16(n)
	}
	return numbers
}

// ParseTarget reads the release that a file is to be written for, such as "3.3", "3.12.1" or "keras-3.3". The error is for
// what is no release, and for those that cannot be written for.
func ParseTarget(s string) (Release, error) {
	var numbers Release
	parts := strings.Split(strings.TrimPrefix(s, "keras-"), ".")
	for i := range min(len(parts), 3) {
		n, err := strconv.Atoi(parts[i])
		if err != nil || n < 0 || n > maxNumber {
			return Release{}, fmt.Errorf("%q is no release of Keras; such are 3.0 and 3.12.1", s)
		}
		numbers[i] = uint16(n)
	}
	r := Release{numbers[0], numbers[1], numbers[2]}
	if len(parts) < 2 || r.Before(Oldest()) || r.minorOnly().Compare(Newest()) > 0 {
		return Release{}, fmt.Errorf("files can be written for Keras %s to %s, not for %q", Oldest().Short(), Newest().Short(), s)
	}
	return r, nil
}

// Known reports whether the release is one: not the zero value.
func (r Release) Known() bool { return r[0] > 0 }

// Major returns the first number; 0 for a release that is not known.
func (r Release) Major() int { return int(r[0]) }

// Compare is negative where r is older than s, positive where it is newer. What is not known is older than all others.
func (r Release) Compare(s Release) int {
	return cmp.Or(cmp.Compare(r[0], s[0]), cmp.Compare(r[1], s[1]), cmp.Compare(r[2], s[2]))
}

// Before reports whether the release is known and older than s.
func (r Release) Before(s Release) bool { return r.Known() && r.Compare(s) < 0 }

func (r Release) minorOnly() Release { return Release{r[0], r[1], 0} }

// String returns all three numbers, as metadata.json has them; "" for a release that is not known.
func (r Release) String() string {
	if !r.Known() {
		return ""
	}
	return fmt.Sprintf("%d.%d.%d", r[0], r[1], r[2])
}

// Short returns the major and the minor number, by which people call a release, and the patch number only where the release
// is not the first of them.
func (r Release) Short() string {
	if r[2] != 0 {
		return r.String()
	}
	return fmt.Sprintf("%d.%d", r[0], r[1])
}
