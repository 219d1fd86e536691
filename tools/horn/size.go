package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// sizeUnits are powers of 1000 and, with an i, of 1024.
var sizeUnits = map[string]float64{
	"": 1, "b": 1, "k": 1e3, "kb": 1e3, "m": 1e6, "mb": 1e6, "g": 1e9, "gb": 1e9, "t": 1e12, "tb": 1e12,
	"ki": 1 << 10, "kib": 1 << 10, "mi": 1 << 20, "mib": 1 << 20, "gi": 1 << 30, "gib": 1 << 30, "ti": 1 << 40, "tib": 1 << 40,
}

// parseSize reads a number of bytes such as "500MB", "1.5GiB" or "1000000".
func parseSize(s string) (int64, error) {
	i := len(s)
	for i > 0 && (s[i-1] < '0' || s[i-1] > '9') {
		i--
	}
	n, err := strconv.ParseFloat(s[:i], 64)
	unit, ok := sizeUnits[strings.ToLower(strings.TrimSpace(s[i:]))]
	if err != nil || !ok || !(n*unit >= 1) || n*unit > 1<<62 {
		return 0, errors.New("a size such as 500MB is expected")
	}
	return int64(n * unit), nil
}

// formatSize writes a number of bytes for people: "1.5 GiB".
func formatSize(n int64) string {
	v, unit := float64(n), "bytes"
	for _, u := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if v < 1024 {
			break
		}
		v, unit = v/1024, u
	}
	if unit == "bytes" {
		return fmt.Sprintf("%d bytes", n)
	}
	return strconv.FormatFloat(v, 'f', 1, 64) + " " + unit
}

// memoryFlag is --max-memory, shared by all commands that load a model. It bounds the data of one call; what nobody asks
// for by name, such as the pixels that a small file promises, has smaller limits unless the flag is given.
type memoryFlag struct {
	bytes int64 // 0 if it is not given
}

func (f *memoryFlag) register(cmd *cobra.Command) {
	usual := strings.ReplaceAll(formatSize(defaultMemory()), ".0 ", "")
	cmd.Flags().Var(f, "max-memory", "most memory for the data of one call, such as 500MB (default "+usual+")")
}

// Set implements pflag.Value.
func (f *memoryFlag) Set(s string) (err error) {
	f.bytes, err = parseSize(s)
	return err
}

// String implements pflag.Value.
func (f *memoryFlag) String() string { return "" }

// Type implements pflag.Value.
func (f *memoryFlag) Type() string { return "SIZE" }

func defaultMemory() int64 {
	if math.MaxInt == math.MaxInt32 {
		return 512 << 20
	}
	return 4 << 30
}

// budget returns what a call may take.
func (f *memoryFlag) budget() *budget {
	limit := f.bytes
	if limit == 0 {
		limit = defaultMemory()
	}
	return &budget{limit: limit, left: limit, given: f.bytes != 0}
}

// budget counts the memory of the data of a call, before it is taken.
type budget struct {
	limit, left int64
	given       bool // by the user
}

// promised is the most that is taken for something that a file merely says, unless the user has given a limit.
func (b *budget) promised(most int64) int64 {
	if b.given {
		return b.left
	}
	return min(most, b.left)
}

// take takes a number of bytes for what is named.
func (b *budget) take(n int64, what string, args ...any) error {
	return b.takeOf(n, b.left, what, args...)
}

// fits is take, but takes nothing yet.
func (b *budget) fits(n int64, what string, args ...any) error {
	left := b.left
	err := b.take(n, what, args...)
	b.left = left
	return err
}

// takeOf is take with a limit of its own, as promised returns it.
func (b *budget) takeOf(n, limit int64, what string, args ...any) error {
	if n > limit || n < 0 {
		of := ""
		if limit < b.limit && limit == b.left {
			of = fmt.Sprintf(" that are left of %s", formatSize(b.limit))
		}
		return fmt.Errorf("%s takes %s of memory, more than the %s%s; --max-memory allows more", fmt.Sprintf(what, args...), formatSize(n),
			formatSize(limit), of)
	}
	b.left -= n
	return nil
}
