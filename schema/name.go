package schema

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// checkName says what is wrong with the path of an entry below the top directory, nil if nothing is. The same rule
// holds for writing and for reading: a name is never used as a path on disk, but people see it, and rows cite it.
func checkName(name string) error {
	switch {
	case name == "":
		return errors.New("empty name")
	case strings.HasPrefix(name, "/"):
		return errors.New("absolute path")
	case !utf8.ValidString(name):
		return errors.New("name is not UTF-8")
	}
	for elem := range strings.SplitSeq(name, "/") {
		switch elem {
		case "..":
			return errors.New("path leaves the bundle")
		case "", ".":
			return errors.New("path is not in its shortest form")
		}
	}
	for _, r := range name {
		// Cf holds the marks that change the direction of text, and with it what a person reads.
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
			return fmt.Errorf("name holds the control character %U", r)
		}
	}
	return nil
}
