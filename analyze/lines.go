package analyze

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// longestLine bounds one line of a text document; the line intr of /proc/stat has thousands of numbers.
const longestLine = 4 << 20

// eachLine calls f with each line of a text and its number, from 1. A line that f refuses does not end the reading.
func eachLine(r io.Reader, f func(n int64, line string) error) error {
	var errs []error
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, 64<<10), longestLine)
	for n := int64(1); sc.Scan(); n++ {
		if err := f(n, sc.Text()); err != nil && len(errs) < maxMistakes {
			errs = append(errs, &elementError{n, err})
		}
	}
	if err := sc.Err(); err != nil {
		errs = append(errs, fmt.Errorf("read: %w", err))
	}
	return errors.Join(errs...)
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
