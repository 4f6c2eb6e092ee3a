package stack

import (
	"fmt"
	"strings"
	"testing"
)

func TestEachAddress(t *testing.T) {
	for _, c := range []struct{ array, want string }{
		{`["10.0.0.1"]`, "0 10.0.0.1"},
		{`["10.0.0.1","10.0.0.2","10.0.0.3"]`, "0 10.0.0.1|1 10.0.0.2|2 10.0.0.3"},
		{`[""]`, "0 "},
		{`["a\"b","c\\"]`, `0 a"b|1 c\`},
		{`[]`, ""},
		{``, ""},
		{`["`, ""},
		{`"]`, ""},
		{`10.0.0.1`, ""},
	} {
		var got []string
		EachAddress(c.array, func(at int, address string) { got = append(got, fmt.Sprint(at, " ", address)) })
		if have := strings.Join(got, "|"); have != c.want {
			t.Errorf("%s: got %s, want %s", c.array, have, c.want)
		}
	}
}
