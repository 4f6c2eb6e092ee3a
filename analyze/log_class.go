package analyze

import (
	"regexp"
	"strings"
)

// A logClass is one kind of message in a log, as data: the first of a list that fits a text names it.
type logClass struct {
	class string         // its name, in the column class
	needs string         // a part that every such text has, looked for first
	shape *regexp.Regexp // what the text looks like, when needs alone does not tell; its named groups become columns
}

// classify returns the class of a text and what its shape's groups matched; empty when no class fits.
func classify(list []logClass, text string) (class string, groups map[string]string) {
	for i := range list {
		c := &list[i]
		if !strings.Contains(text, c.needs) {
			continue
		}
		if c.shape == nil {
			return c.class, nil
		}
		m := c.shape.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		for j, name := range c.shape.SubexpNames() {
			if name != "" && m[j] != "" {
				if groups == nil {
					groups = map[string]string{}
				}
				groups[name] = m[j]
			}
		}
		return c.class, groups
	}
	return "", nil
}

// shape compiles a pattern of a list.
func shape(pattern string) *regexp.Regexp { return regexp.MustCompile(pattern) }
