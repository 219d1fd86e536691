package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hornml/horn/h5lite"
	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor/npy"
)

// fail makes the error of a command about a file: what is wrong with it, and what to do where that is not plain.
func fail(file string, err error) error {
	if err == nil {
		return nil
	}
	return work(fmt.Errorf("%s: %s", file, naming.Cut(describe(file, err))))
}

// failf is fail for a new error.
func failf(file, format string, args ...any) error { return fail(file, fmt.Errorf(format, args...)) }

// maxListed bounds how many of a model's problems the one line names.
const maxListed = 8

func describe(file string, err error) string {
	var path *fs.PathError
	if errors.As(err, &path) && filepath.Clean(path.Path) == filepath.Clean(file) {
		if errors.Is(err, fs.ErrNotExist) && path.Op != "save" {
			return "there is no such file"
		}
		return path.Err.Error()
	}
	var list layer.Errors
	if errors.As(err, &list) && len(list) > 1 {
		parts := make([]string, 0, maxListed)
		for i, e := range list {
			if i == maxListed {
				parts = append(parts, fmt.Sprintf("and %d more ('horn inspect' lists them)", len(list)-i))
				break
			}
			parts = append(parts, e.Error())
		}
		return fmt.Sprintf("%d problems: %s", len(list), strings.Join(parts, "; "))
	}
	text := err.Error()
	var expansion *npy.ExpansionError
	switch {
	case errors.As(err, &expansion):
		text += "; --max-memory allows any number"
	case errors.Is(err, kerasfile.ErrNotKeras):
		text += "; expected is a .keras file, a whole-model .h5 or a model directory"
	case errors.Is(err, graph.ErrTooLarge):
		text += "; --max-memory allows more"
	case errors.Is(err, layer.ErrUnsupported):
		text += "; 'horn inspect' lists all classes of the model"
	}
	for _, room := range []string{"npz", "npy"} {
		text = strings.ReplaceAll(strings.TrimPrefix(text, room+": "), ": "+room+": ", ": ")
	}
	return strings.ReplaceAll(text, "h5lite: ", "")
}

// reason takes an error of h5lite apart, for a place in a listing that has the path already.
func reason(err error) (text string, offset int64, unsupported bool) {
	offset = -1
	var f *h5lite.FormatError
	var u *h5lite.UnsupportedError
	var l *h5lite.LimitError
	switch {
	case errors.As(err, &f):
		offset = f.Offset
		text = f.Structure + ": " + f.Msg
		if f.Err != nil {
			text += ": " + f.Err.Error()
		}
	case errors.As(err, &u):
		return u.Feature, u.Offset, true
	case errors.As(err, &l):
		return "limit: " + l.Msg, l.Offset, false
	default:
		text = strings.TrimPrefix(err.Error(), "h5lite: ")
	}
	return text, offset, false
}

// oneLine makes a message one line of printable text, whatever names it took from a file.
func oneLine(s string) string {
	s = strings.ReplaceAll(s, ":\n  ", ": ")
	s = strings.ReplaceAll(s, "\n  ", "; ")
	s = strings.ReplaceAll(strings.TrimSpace(s), "\n", "; ")
	return printable(s)
}

// printable writes control characters as escapes, so that a file cannot talk to the terminal, and bytes that are not
// UTF-8 as \xNN.
func printable(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := rune(s[i]), 1
		if r >= 0x80 {
			r, n = utf8.DecodeRuneInString(s[i:])
		}
		switch {
		case n == 1 && r == unicode.ReplacementChar:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unicode.IsPrint(r) || r == ' ':
			b.WriteRune(r)
		case unicode.In(r, unicode.C):
			q := strconv.QuoteRune(r)
			b.WriteString(q[1 : len(q)-1])
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}
