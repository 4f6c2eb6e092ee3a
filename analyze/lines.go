package analyze

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// eachLine calls f with each line of a text and its number, from 1. A line that f refuses does not end the reading.
func eachLine(r io.Reader, f func(n int64, line string) error) error {
	var errs []error
	text, err := readText(r)
	if err != nil {
		errs = append(errs, fmt.Errorf("read: %w", err))
	}
	n := int64(0)
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if err := f(n, line); err != nil && len(errs) < maxMistakes {
			errs = append(errs, &elementError{n, err})
		}
	}
	return errors.Join(errs...)
}

// readText reads to the end. Most documents are of a namespace and shorter than a page, and a fleet has millions of them: the
// copies that io.ReadAll and io.Copy make on the way would cost more than the decoding.
func readText(r io.Reader) (string, error) {
	b := make([]byte, 0, 4<<10)
	for {
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return string(b), nil
		} else if err != nil {
			return string(b), err
		}
		if len(b) == cap(b) {
			b = slices.Grow(b, 1)
		}
	}
}

// field cuts the first word off a line; both are empty at its end.
func field(line string) (word, rest string) {
	at := 0
	for at < len(line) && (line[at] == ' ' || line[at] == '\t') {
		at++
	}
	end := at
	for end < len(line) && line[end] != ' ' && line[end] != '\t' {
		end++
	}
	return line[at:end], line[end:]
}

// fieldCount counts the words of a line.
func fieldCount(line string) int {
	n := 0
	for word, rest := field(line); word != ""; word, rest = field(rest) {
		n++
	}
	return n
}

// readOf is which of the two reads a document is of.
func readOf(doc string) string {
	if strings.HasSuffix(doc, ".last") {
		return schema.SeenLast
	}
	return schema.SeenFirst
}

// counter is a number that a kernel prints, decimal or hex. SQLite has no unsigned ones: the highest bit, which only a
// counter has that went below zero, is lost.
func counter(s string, base int) (int64, error) {
	u, err := strconv.ParseUint(s, base, 64)
	if err != nil {
		return 0, fmt.Errorf("not a counter: %.40q", s)
	}
	return int64(u & (1<<63 - 1)), nil
}

// counters are fields of a line, all numbers.
func counters(fields []string, base int) ([]int64, error) {
	v := make([]int64, len(fields))
	for i, f := range fields {
		n, err := counter(f, base)
		if err != nil {
			return nil, err
		}
		v[i] = n
	}
	return v, nil
}

// nth is a pointer to the number at i, nil if there are not so many.
func nth(v []int64, i int) *int64 {
	if i >= len(v) {
		return nil
	}
	return &v[i]
}
