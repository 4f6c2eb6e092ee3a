package ruleset

// A Hook is one of the five places where the kernel's IP calls the rules: enum nf_inet_hooks of netfilter.h.
type Hook uint8

const (
	Prerouting Hook = iota
	Input
	Forward
	Output
	Postrouting
)

var hookNames = [...]string{"prerouting", "input", "forward", "output", "postrouting"}

func (h Hook) String() string {
	if int(h) < len(hookNames) {
		return hookNames[h]
	}
	return "?"
}

// hasIn says whether a packet has an incoming device at the hook. At postrouting a forwarded one has it since Linux
// 5.7 ("netfilter: Support iif matches in POSTROUTING").
func (h Hook) hasIn(local bool) bool {
	return h == Prerouting || h == Input || h == Forward || h == Postrouting && !local
}

func (h Hook) hasOut() bool { return h >= Forward }

// Priorities at a hook: enum nf_ip_hook_priorities of netfilter_ipv4.h; those of IPv6 are the same.
const (
	priRaw       = -300
	priConntrack = -200
	priMangle    = -150
	priNatDst    = -100
	priFilter    = 0
	priSecurity  = 50
	priNatSrc    = 100
)
