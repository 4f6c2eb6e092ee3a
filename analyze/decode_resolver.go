package analyze

import (
	"io"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// documentContainer is the container that a document's path names: container/<id>/…
func documentContainer(document string) string {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(document, "raw/"), "container/")
	if !ok {
		return ""
	}
	id, _, _ := strings.Cut(rest, "/")
	return id
}

// decodeResolvConf decodes a resolv.conf as glibc reads it (resolv/res_init.c): comments begin with # or ; at the start of a
// line, the last of several lines with search or domain counts, options add up.
//
// Docker's engine notes in comments where its resolver forwards to (moby libnetwork/internal/resolvconf): ExtServers, in
// which host(…) is asked from the host's namespace.
func decodeResolvConf(doc string, r io.Reader) ([]decoded, error) {
	id := documentContainer(doc)
	var rows, search []decoded
	count := map[string]int64{}
	entry := func(n int64, item, value, setting string) decoded {
		count[item]++
		return decoded{n, schema.ResolverConfig{Container: id, Item: item, Position: count[item], Value: value, Setting: setting}}
	}
	err := eachLine(r, func(n int64, line string) error {
		if list, ok := strings.CutPrefix(line, "# ExtServers: ["); ok {
			list, _, _ = strings.Cut(list, "]")
			for _, server := range strings.Fields(list) {
				rows = append(rows, entry(n, "ext_server", server, ""))
			}
			return nil
		}
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			return nil
		}
		f := strings.Fields(line)
		if len(f) < 2 {
			return nil
		}
		switch f[0] {
		case "nameserver":
			rows = append(rows, entry(n, "nameserver", f[1], ""))
		case "search", "domain":
			if search, count["search"] = nil, 0; f[0] == "domain" {
				f = f[:2]
			}
			for _, name := range f[1:] {
				search = append(search, entry(n, "search", name, ""))
			}
		case "options":
			for _, o := range f[1:] {
				name, setting, _ := strings.Cut(o, ":")
				rows = append(rows, entry(n, "option", name, setting))
			}
		case "sortlist":
			for _, p := range f[1:] {
				rows = append(rows, entry(n, "sortlist", p, ""))
			}
		}
		return nil
	})
	return append(rows, search...), err
}

// decodeHosts decodes an /etc/hosts (hosts(5)).
func decodeHosts(doc string, r io.Reader) ([]decoded, error) {
	id := documentContainer(doc)
	var rows []decoded
	err := eachLine(r, func(n int64, line string) error {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) < 2 {
			return nil
		}
		for i, name := range f[1:] {
			rows = append(rows, decoded{n, schema.HostsEntry{Container: id, IP: f[0], Name: name, Position: int64(i + 1)}})
		}
		return nil
	})
	return rows, err
}

// decodeNsswitch decodes the line hosts of an nsswitch.conf: sources, each with what may stand in brackets behind it.
func decodeNsswitch(doc string, r io.Reader) ([]decoded, error) {
	id := documentContainer(doc)
	var rows []decoded
	err := eachLine(r, func(n int64, line string) error {
		line, _, _ = strings.Cut(line, "#")
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "hosts:")
		if !ok {
			return nil
		}
		rows = nil // the last line counts
		for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
			if inside, ok := strings.CutPrefix(rest, "["); ok {
				inside, rest, _ = strings.Cut(inside, "]")
				if len(rows) > 0 {
					s := rows[len(rows)-1].row.(schema.NssSource)
					s.Action = strings.TrimSpace(s.Action + " " + strings.Join(strings.Fields(inside), " "))
					rows[len(rows)-1].row = s
				}
				continue
			}
			end := strings.IndexAny(rest, " \t[")
			if end < 0 {
				end = len(rest)
			}
			rows = append(rows, decoded{n, schema.NssSource{Container: id, Position: int64(len(rows) + 1), Source: rest[:end]}})
			rest = rest[end:]
		}
		return nil
	})
	return rows, err
}

// decodeGai decodes a gai.conf (gai.conf(5)).
func decodeGai(doc string, r io.Reader) ([]decoded, error) {
	id := documentContainer(doc)
	var rows []decoded
	err := eachLine(r, func(n int64, line string) error {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		switch {
		case len(f) >= 2 && f[0] == "reload":
			rows = append(rows, decoded{n, schema.GaiRule{Container: id, Item: f[0], Setting: f[1]}})
		case len(f) >= 3 && (f[0] == "label" || f[0] == "precedence" || f[0] == "scopev4"):
			rows = append(rows, decoded{n, schema.GaiRule{Container: id, Item: f[0], Prefix: f[1], Setting: f[2]}})
		}
		return nil
	})
	return rows, err
}
