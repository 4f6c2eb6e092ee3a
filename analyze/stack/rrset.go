package stack

import (
	"encoding/json"
	"strings"
)

// EachAddress calls f with the addresses of a row of dns_rrset, a JSON array of strings without spaces, and the place of each, from 0: so many lines below
// the row's own it stands in the bundle. What is no such array has none.
func EachAddress(array string, f func(at int, address string)) {
	inner, ok := strings.CutPrefix(array, `["`)
	inner, end := strings.CutSuffix(inner, `"]`)
	if !ok || !end || strings.IndexByte(inner, '\\') >= 0 {
		var list []string
		if json.Unmarshal([]byte(array), &list) == nil {
			for i, a := range list {
				f(i, a)
			}
		}
		return
	}
	for at := 0; ; at++ {
		address, rest, more := strings.Cut(inner, `","`)
		f(at, address)
		if !more {
			return
		}
		inner = rest
	}
}
