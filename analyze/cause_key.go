package analyze

import "strings"

// A causeKey is something that two findings may have in common.
type causeKey int

const (
	keyHost     causeKey = iota // the host
	keyAsPeer                   // the cause's host is the one that the symptom calls its peer
	keyNode                     // the node that both speak of
	keyNetns                    // a namespace of a host
	keyNet                      // a network, by name
	keyService                  // a service, by name
	keyIP                       // an address
	keyVIP                      // a virtual address
	keyVIPAsIP                  // the cause's virtual address is the symptom's address
	keyMAC                      // a hardware address
	keyPort                     // a published port
	keyName                     // a name that is asked, without tasks.
	keyWorkload                 // a container, its task or its service, on a host
)

// factsOf are the facts that state a key. A fact of several values has them with spaces or commas between.
var factsOf = map[causeKey][]string{
	keyNet:      {"network", "networks"},
	keyService:  {"service", "waiting_service"},
	keyIP:       {"ip", "missing"},
	keyVIP:      {"vip"},
	keyMAC:      {"mac"},
	keyName:     {"name"},
	keyWorkload: {"service", "container", "name", "task", "victim_container"},
}

// values are what a finding states for a key; role is the place that it would have in an edge.
func (k causeKey) values(f *Finding, asCause bool) []string {
	switch k {
	case keyHost:
		return []string{f.Host}
	case keyAsPeer:
		if asCause {
			return []string{f.Host}
		}
		return append(f.list("peer_host"), f.list("lacks")...)
	case keyNode:
		return f.list("node")
	case keyNetns:
		return below(f.Host, f.list("netns"))
	case keyVIPAsIP:
		if asCause {
			return f.list("vip")
		}
		return f.list("ip")
	case keyPort:
		if ports := f.list("published"); len(ports) > 0 {
			return ports
		}
		ports := f.list("port")
		for i, p := range ports {
			_, number, ok := strings.Cut(p, ":")
			if ok {
				ports[i] = number
			}
		}
		return ports
	}
	var out []string
	for _, name := range factsOf[k] {
		out = append(out, f.list(name)...)
	}
	if k != keyWorkload {
		return out
	}
	// Rules name a container by its service where it has one, in the subject.
	if rest, ok := strings.CutPrefix(f.Subject, "container:"+f.Host+"/"); ok {
		who, _, _ := strings.Cut(rest, "/")
		out = append(out, who)
	}
	for i, s := range out {
		if len(s) == 64 {
			out[i] = s[:12] // an id, which others shorten
		}
	}
	return below(f.Host, out)
}

// list is a fact's value taken apart; none when it is not stated.
func (f *Finding) list(name string) []string {
	for _, x := range f.Facts {
		if x.Name == name {
			return strings.FieldsFunc(x.Value, func(r rune) bool { return r == ' ' || r == ',' })
		}
	}
	return nil
}

// states reports whether a finding has all of the facts.
func (f *Finding) states(want []Fact) bool {
	for _, w := range want {
		ok := false
		for _, x := range f.Facts {
			ok = ok || x == w
		}
		if !ok {
			return false
		}
	}
	return true
}

func below(host string, names []string) []string {
	for i, n := range names {
		names[i] = host + "/" + n
	}
	return names
}

// tuples are the combinations of what a finding states for several keys, each as one string; none when it does not state all of them.
// No key at all is one combination: anywhere.
func tuples(keys []causeKey, f *Finding, asCause bool) []string {
	return tuplesOf(keys, func(k causeKey) []string { return k.values(f, asCause) })
}

func tuplesOf(keys []causeKey, of func(k causeKey) []string) []string {
	out := []string{""}
	for _, k := range keys {
		values := of(k)
		next := make([]string, 0, len(out)*len(values))
		for _, head := range out {
			for _, v := range values {
				next = append(next, head+v+"\x00")
			}
		}
		out = next
	}
	return out
}
