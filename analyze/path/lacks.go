package path

import "strings"

// A lack is a table that was not captured whole in namespaces of a kind on one host, and the step that asks for it.
type lack struct{ kind, table, step string }

// asks are the tables that a step of a walk asks for, in the order in which they are named.
func asks(step string) []string {
	switch step {
	case "route", "underlay, route", "address", "arrival, address", "source":
		return []string{"policy_rule", "route", "address", "link"}
	case "socket", "resolver":
		return []string{"socket"}
	case "name":
		return []string{"dns_query", "dns_answer"}
	case "neighbour", "fdb":
		return []string{"fdb", "neighbour"}
	case "conntrack":
		return []string{"sysctl"}
	}
	if strings.HasPrefix(step, "rules, ") {
		return firewallTables[:]
	}
	return nil
}

// kept is what a host's judgement keeps of a hop. Its texts are copied: those of the stack are parts of one long text. A doubt
// that follows from a table which was not captured, and from no row, is one for all namespaces of its kind: a host without
// sockets has one reason, not one for each of its containers and of those whom they ask.
func (m *machine) kept(h *Hop) *Hop {
	if h == nil || h.Verdict != Unknown || h.lacks != "" {
		return h.clone()
	}
	s := m.Space(h.Netns)
	if s == nil || h.Ref != "" && h.Ref != s.Ref || h.absent || h.taught != untaught {
		return h.clone()
	}
	for _, table := range asks(h.Step) {
		if s.Whole(table) {
			continue
		}
		k := lack{s.Kind, table, h.Step}
		one := m.lacks[k]
		if one == nil {
			one = &Hop{Host: strings.Clone(m.Name), Step: strings.Clone(h.Step), Verdict: Unknown, lacks: table, Subject: "captured:" + m.Name + "/" + table,
				Expected: "the table " + table + " of its namespaces of the kind " + strings.Clone(s.Kind), Observed: "not captured whole",
				Why: "the table " + table + " was not captured whole: nothing is told that depends on it"}
			m.lacks[k] = one
		}
		return one
	}
	return h.clone()
}
