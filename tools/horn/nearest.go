package main

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// nearest returns the name that was probably meant, "" if none is close.
func nearest(name string, names []string) string {
	const most = 100 // longer names are no slips of the finger
	if utf8.RuneCountInString(name) > most || len(names) > 10_000 {
		return ""
	}
	lower := []rune(strings.ToLower(name))
	best, distance := "", 0
	for _, n := range names {
		if utf8.RuneCountInString(n) > most {
			continue
		}
		d := slips(lower, []rune(strings.ToLower(n)))
		if d <= max(1, (max(len(lower), utf8.RuneCountInString(n))+1)/3) && (best == "" || d < distance) {
			best, distance = n, d
		}
	}
	return best
}

// meant is a question after a message about a name that is not there, "" where no name is close.
func meant(name string, names []string) string {
	if n := nearest(name, names); n != "" {
		return fmt.Sprintf("; did you mean %q?", n)
	}
	return ""
}

// slips counts the letters that have to be changed, added, left out or exchanged with their neighbours to make b of a.
func slips(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}

// listed quotes names for a message, not all if there are many.
func listed(names []string) string {
	const most, longest = 20, 100
	parts := make([]string, 0, most)
	for i, n := range names {
		if i == most {
			parts = append(parts, fmt.Sprintf("and %d more", len(names)-most))
			break
		}
		if utf8.RuneCountInString(n) > longest {
			n = string([]rune(n)[:longest]) + "..."
		}
		parts = append(parts, fmt.Sprintf("%q", n))
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}
