package ruleset

import (
	"strings"
)

// A specReader makes the ops of one rule out of what iptables-save prints of it.
type specReader struct {
	v6     bool
	chains map[string]*chain // of the table
	ops    []op
	acts   bool // an op may change something or end the rule
}

// readSpec compiles a rule. What it does not understand becomes an op that cannot be judged.
func readSpec(spec string, v6 bool, chains map[string]*chain) (ops []op, idle bool) {
	r := specReader{v6: v6, chains: chains}
	w := words(spec)
	if len(w) < 2 || w[0] != "-A" {
		return []op{give{stuck, "not a rule as iptables-save prints it"}}, false
	}
	w = w[2:]
	for len(w) > 0 {
		w = r.part(w)
	}
	return r.ops, !r.acts
}

// part reads one condition, match or target and returns what follows.
func (r *specReader) part(w []string) []string {
	invert := false
	if w[0] == "!" && len(w) > 1 {
		invert, w = true, w[1:]
	}
	value := ""
	if len(w) > 1 {
		value = w[1]
	}
	switch w[0] {
	case "-s":
		r.ask(invert, "src "+value, "the source is not known", netTest(srcOf, value))
	case "-d":
		r.ask(invert, "dst "+value, "the destination is not known", netTest(dstOf, value))
	case "-i":
		r.ask(invert, "in "+value, "the incoming device is not known", deviceTest(inOf, value))
	case "-o":
		r.ask(invert, "out "+value, "the outgoing device is not known", deviceTest(outOf, value))
	case "-p":
		r.ask(invert, "proto "+value, "the protocol is not known", protoTest(value))
	case "-f": // a fragment but the first; the packets that are walked are whole
		r.ask(invert, "", "", func(*state) Tri { return No })
		return w[1:]
	case "-m":
		if len(w) < 2 {
			return r.end("-m without a name")
		}
		return r.match(value, w[2:])
	case "-j", "-g":
		if len(w) < 2 {
			return r.end(w[0] + " without a target")
		}
		return r.target(value, w[0] == "-g", w[2:])
	default:
		if name, rest, ok := cutUnmodelled(w); ok { // an expression of nftables that iptables has no match for: it may do anything
			r.acts = true
			r.ops = append(r.ops, give{stuck, "expression not modelled: " + name})
			return rest
		}
		return r.end("not understood: " + w[0])
	}
	return w[min(2, len(w)):]
}

// ask adds a condition. A nil test is one whose value cannot be read.
func (r *specReader) ask(invert bool, key, why string, test func(*state) Tri) {
	if test == nil {
		r.strange("not understood: " + key)
		return
	}
	r.ops = append(r.ops, &cond{test: test, invert: invert, key: key, why: why})
}

// strange adds a condition that cannot be judged.
func (r *specReader) strange(why string) {
	r.ops = append(r.ops, &cond{test: func(*state) Tri { return Unknown }, why: why})
}

// end gives up on what follows: it may be any condition and any target.
func (r *specReader) end(why string) []string {
	r.strange(why)
	r.does(give{stuck, why})
	return nil
}

// match reads the options of a match.
func (r *specReader) match(name string, w []string) []string {
	if what, rest, ok := cutUnmodelled(w); ok {
		r.strange("match not modelled: " + what)
		return rest
	}
	list, rest := options(w)
	build := matches[name]
	if build == nil {
		text, invert := name, false
		for _, o := range list {
			if o.invert && len(list) == 1 {
				invert = true
			} else if o.invert {
				text += " !"
			}
			text += strings.TrimRight(" --"+o.name+" "+strings.Join(o.args, " "), " ")
		}
		key := text
		if unsteady[name] {
			key = ""
		}
		r.ops = append(r.ops, &cond{test: func(*state) Tri { return Unknown }, invert: invert, key: key, why: "match not modelled: " + text})
		return rest
	}
	if !build(r, list) {
		r.strange("match not understood: " + name)
	}
	return rest
}

// unsteady are matches that may answer the same packet differently when they are asked again.
var unsteady = map[string]bool{
	"limit": true, "hashlimit": true, "statistic": true, "recent": true, "quota": true, "connlimit": true, "rateest": true, "nfacct": true,
}

// A builder adds the conditions of a match with its options. It returns false for options that it does not know.
type builder func(*specReader, []option) bool

// target reads the target.
func (r *specReader) target(name string, goes bool, w []string) []string {
	what, rest, opaque := cutUnmodelled(w)
	var list []option
	if !opaque {
		list, rest = options(w)
	}
	c := r.chains[name]
	switch {
	case c != nil && goes:
		r.does(jump{hop, c})
	case c != nil:
		r.does(jump{call, c})
	case opaque && idleTargets[name], idleTargets[name]:
	case opaque:
		r.does(give{stuck, "target not modelled: " + what})
	case targets[name] != nil:
		r.acts = true
		if !targets[name](r, list) {
			r.ops = append(r.ops, give{stuck, "target not understood: " + name})
		}
	default:
		r.does(give{stuck, "target not modelled: " + name})
	}
	return rest
}

func (r *specReader) does(o op) {
	r.acts = true
	r.ops = append(r.ops, o)
}

// give ends a rule with a verdict.
type give struct {
	step step
	why  string
}

func (g give) do(s *state) step {
	if g.why != "" {
		s.why = g.why
	}
	return g.step
}

// jump calls a chain.
type jump struct {
	step step
	to   *chain
}

func (j jump) do(s *state) step {
	s.target = j.to
	return j.step
}
