package report

import "strings"

// sections are where a link of the map leads without the script, by the first part of its route: to the section that says the same.
// With the script it leads to the page of the thing itself, by its attribute data-go.
var sections = map[string]string{"path": "#paths", "paths": "#paths", "c": "#causes", "f": "#findings", "host": "#hosts", "hosts": "#hosts"}

// plain is such a section; what has no page of its own without the script stays with the map, which has all of it in tables.
func plain(route string) string {
	rest, ok := strings.CutPrefix(route, "#/")
	if !ok {
		return route
	}
	name, _, _ := strings.Cut(rest, "/")
	name, _, _ = strings.Cut(name, "?")
	if s, ok := sections[name]; ok {
		return s
	}
	return "#map"
}
