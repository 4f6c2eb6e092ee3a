package analyze

import (
	"fmt"
	"slices"
	"strings"
)

// A KnownVersion is a fault of certain releases of the engine, reported upstream.
type KnownVersion struct {
	Rules   []string       // rules whose findings it can explain
	Issue   string         // where it is told: moby/moby#53663, or a commit as moby/moby@9ec65542a0
	What    string         // what those releases do
	In      []VersionRange // releases that have it
	FixedIn string         // first releases without it, one for each line; or "after" the last one that has it; empty when none is known
	Where   string         // what a host is told of it without a finding: "" always, swarm, encrypted or firewalld where there is such a thing; finding never, for faults that nearly all releases had before
}

// A VersionRange is releases of the engine, both ends in it. An end may be short: 28 as the last one means all of 28.
type VersionRange struct{ From, Last string }

// KnownVersions lists them, the newest engine first. A release that is newer than all that is known of is in no range:
// whether it has a fault has to be read up, not guessed.
var KnownVersions = []KnownVersion{
	{
		Rules: []string{"fdb-permanent-missing", "neigh-missing"}, Issue: "moby/moby#53663", Where: "swarm",
		What:    "an address learned from traffic keeps the driver from adding the permanent FDB entry again after a flap",
		In:      []VersionRange{{"25.0.13", "25.0"}, {"29.0.0", "29.8.0"}},
		FixedIn: "after 29.8.0",
	},
	{
		Rules: []string{"dns-missing-record", "dns-view-divergence", "ipvs-missing-backend", "networkdb-divergence"}, Issue: "moby/moby#53142", Where: "swarm",
		What:    "when a node looked dead for a while, the others refuse its records after it came back",
		In:      []VersionRange{{"29.0.0", "29.7.2"}},
		FixedIn: "after 29.7.2",
	},
	{
		Rules: []string{"encrypted-sa-mismatch", "encrypted-esp-blocked"}, Issue: "moby/moby#53420", Where: "encrypted",
		What:    "a tunnel between two nodes is counted wrongly, and is removed while endpoints still use it",
		In:      []VersionRange{{"25.0.13", "25.0"}, {"29.0.0", "29.8"}},
		FixedIn: "",
	},
	{
		Rules: []string{"vip-alias-missing"}, Issue: "moby/moby#51657", Where: "finding",
		What:    "setting up a service gives up when its address is on the balancer already",
		In:      []VersionRange{{"18.9", "29.6"}},
		FixedIn: "29.7.0",
	},
	{
		Rules: []string{"published-port-conflict"}, Issue: "moby/moby@a0559c361e", Where: "finding",
		What:    "dockerd panics when a published port that it could not listen on is removed",
		In:      []VersionRange{{"17.6", "29.6"}},
		FixedIn: "29.7.0",
	},
	{
		Rules: []string{"dns-slow-on-join"}, Issue: "moby/moby#47396", Where: "finding",
		What:    "a node that joins waits 30 s for an acknowledgement that never comes, and knows no names so long",
		In:      []VersionRange{{"17.6", "29.5"}},
		FixedIn: "29.6.0",
	},
	{
		Rules: []string{"ingress-udp-stale-conntrack"}, Issue: "moby/moby#53384",
		What:    "tracked UDP flows of a published port are not dropped when its container goes, where host and container port differ",
		In:      []VersionRange{{"29.5.0", "29.8"}},
		FixedIn: "",
	},
	{
		Rules: []string{"dns-alias-stale"}, Issue: "moby/moby#44009", Where: "finding",
		What:    "an alias taken from a service in a rolling update goes on answering",
		In:      []VersionRange{{"17.6", "29.4"}},
		FixedIn: "29.5.0",
	},
	{
		Rules: []string{"encrypted-sa-mismatch"}, Issue: "moby/moby#51951", Where: "encrypted",
		What:    "the SPI is computed from 4 bytes of an address and not from 16: no encrypted traffic with other releases",
		In:      []VersionRange{{"25.0.13", "25.0.14"}, {"28.2.2", "28.2.2"}, {"29.0.0", "29.2.0"}},
		FixedIn: "25.0.15, 29.2.1",
	},
	{
		Rules: []string{"ipvs-all-weights-zero", "ipvs-missing-backend"}, Issue: "moby/moby#51651", Where: "swarm",
		What:    "a task that is told to stop is taken from the other nodes' balancers at once: its connections are cut in place of ending in their grace period",
		In:      []VersionRange{{"25.0.13", "25.0.14"}, {"29.0.0", "29.1"}},
		FixedIn: "25.0.15, 29.2.0",
	},
	{
		Rules: []string{"shim-daemon-trouble"}, Issue: "moby/moby@08bde5edfa", Where: "finding",
		What:    "NetworkDB can lock itself up for good",
		In:      []VersionRange{{"17.6", "25.0.12"}, {"26", "28"}},
		FixedIn: "25.0.13, 29.0.0",
	},
	{
		Rules: []string{"fdb-wrong-vtep", "fdb-remote-self-reference"}, Issue: "moby/moby#49908", Where: "finding",
		What:    "the driver keeps the first owner of an address when its removal and the next one's coming arrive in the wrong order",
		In:      []VersionRange{{"17.6", "25.0.12"}, {"26", "28"}},
		FixedIn: "25.0.13, 29.0.0",
	},
	{
		Rules: []string{"dns-stale-record", "ipvs-stale-backend", "networkdb-divergence"}, Issue: "moby/moby#47728", Where: "finding",
		What:    "a record comes back to life when its creation arrives after its removal",
		In:      []VersionRange{{"17.6", "25.0.12"}, {"26", "28"}},
		FixedIn: "25.0.13, 29.0.0",
	},
	{
		Rules: []string{"firewall-reload-wiped", "ingress-dnat-missing-or-wrong"}, Issue: "moby/moby#50443", Where: "firewalld",
		What:    "a reload of firewalld takes the routing mesh's rules, and they are not put back",
		In:      []VersionRange{{"1.12", "25.0.12"}, {"26", "28"}},
		FixedIn: "25.0.13, 29.0.0",
	},
	{
		Rules: []string{"encrypted-sa-mismatch", "encrypted-esp-blocked"}, Issue: "moby/moby@057e35dd65", Where: "encrypted",
		What:    "removing one encrypted network takes the keys of all of them",
		In:      []VersionRange{{"1.12", "25.0.12"}, {"26", "28"}},
		FixedIn: "25.0.13, 29.0.0",
	},
	{
		Rules: []string{"forward-drop-no-docker"}, Issue: "moby/moby#49505",
		What:    "forwarding rests on sets of ipset, which many kernels do not have and firewalls wipe",
		In:      []VersionRange{{"28.0.0", "28.0.0"}},
		FixedIn: "28.0.1",
	},
	{
		Rules: []string{"encrypted-nondefault-port"}, Issue: "moby/moby#45635", Where: "encrypted",
		What:    "policies for encryption name port 4789 whatever the swarm's data path port is",
		In:      []VersionRange{{"19.3", "23.0.6"}, {"24.0.0", "24.0.2"}},
		FixedIn: "23.0.7, 24.0.3",
	},
	{
		Rules: []string{"ingress-udp-stale-conntrack"}, Issue: "moby/moby#44688", Where: "finding",
		What:    "tracked UDP flows outlive the container that they went to",
		In:      []VersionRange{{"1.12", "20.10"}},
		FixedIn: "23.0.0",
	},
	{
		Rules: []string{"ipvs-conn-reuse-delay"}, Issue: "moby/moby#35082", Where: "finding",
		What:    "IPVS looks at reused source ports anew: a client that reuses one waits a second",
		In:      []VersionRange{{"1.12", "19.3"}},
		FixedIn: "20.10.0",
	},
	{
		Rules: []string{"container-hits-own-vip"}, Issue: "moby/libnetwork#2108", Where: "finding",
		What:    "a container that calls its own service's virtual address and is chosen itself gets no answer",
		In:      []VersionRange{{"1.12", "18.6"}},
		FixedIn: "18.09.0",
	},
	{
		Rules: []string{"ipvs-stale-backend", "dns-stale-record"}, Issue: "moby/moby#36797", Where: "swarm",
		What:    "tasks hang in their shutdown and stay in names and balancers",
		In:      []VersionRange{{"18.3.0", "18.3.0"}},
		FixedIn: "18.03.1",
	},
	{
		Rules: []string{"fdb-local-mac-behind-vxlan"}, Issue: "moby/libnetwork#1952", Where: "finding",
		What:    "an address that moved to this host can keep its neighbour entry on the tunnel",
		In:      []VersionRange{{"1.12", "17.11"}},
		FixedIn: "17.12.0",
	},
	{
		Rules: []string{"bridge-learned-blackhole"}, Issue: "moby/libnetwork#1792", Where: "finding",
		What:    "the bridge keeps what it learned of an address that has moved, for 300 s",
		In:      []VersionRange{{"1.12", "17.5"}},
		FixedIn: "17.06.0",
	},
	{
		Rules: []string{"neigh-table-overflow"}, Issue: "moby/libnetwork#1789", Where: "finding",
		What:    "the limits of the neighbour table stay as small as the kernel has them",
		In:      []VersionRange{{"1.12", "17.5"}},
		FixedIn: "17.06.0",
	},
}

// has tells whether a release has it.
func (k *KnownVersion) has(v engineRelease) bool {
	return slices.ContainsFunc(k.In, func(r VersionRange) bool {
		return endOf(r.From, 0).rank() <= v.rank() && v.rank() <= endOf(r.Last, 999).rank()
	})
}

// endOf reads an end of a range; rest stands for the numbers that a short one lacks.
func endOf(s string, rest int) engineRelease {
	v := engineRelease{rest, rest, rest}
	_, _ = fmt.Sscanf(s, "%d.%d.%d", &v[0], &v[1], &v[2]) // what is not there stays; a test reads them all
	return v
}

// knownFor is what upstream knows of a rule's findings on an engine; nil for a version without numbers.
func knownFor(rule, version string) []Known {
	v, ok := parseEngineVersion(version)
	if !ok {
		return nil
	}
	var out []Known
	for i := range KnownVersions {
		if k := &KnownVersions[i]; slices.Contains(k.Rules, rule) && k.has(v) {
			out = append(out, Known{Issue: k.Issue, What: k.What, Engine: version, FixedIn: k.FixedIn})
		}
	}
	return out
}

// KnownOf lists the known faults of releases that can explain a rule's findings.
func KnownOf(rule string) []KnownVersion {
	var out []KnownVersion
	for _, k := range KnownVersions {
		if slices.Contains(k.Rules, rule) {
			out = append(out, k)
		}
	}
	return out
}

// Line is a known fault in one line: where it is told, the engine, what it does, and what release is free of it.
func (k Known) Line() string {
	return fmt.Sprintf("%s, engine %s: %s; %s", k.Issue, k.Engine, k.What, fixedIn(k.FixedIn))
}

// Line is a known fault in one line, with the releases that have it.
func (k KnownVersion) Line() string {
	var in []string
	for _, r := range k.In {
		if r.From == r.Last {
			in = append(in, r.From)
		} else {
			in = append(in, r.From+" to "+r.Last)
		}
	}
	return fmt.Sprintf("%s, engine %s: %s; %s", k.Issue, strings.Join(in, ", "), k.What, fixedIn(k.FixedIn))
}

func fixedIn(s string) string {
	switch {
	case s == "":
		return "no release is known to be free of it"
	case strings.HasPrefix(s, "after "):
		return "fixed " + s
	}
	return "fixed in " + s
}
