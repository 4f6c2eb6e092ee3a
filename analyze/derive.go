package analyze

import "github.com/netmortem/netmortem/schema"

// derivedTables lists the derived tables in the order in which they are computed: each may read those before it.
//
// They climb from what one host says to what all of them should hold. First who and when: [reading], [swarmHost],
// [swarmView]. Then what is there: overlays and the endpoints that each kernel holds. Then the merged truth, endpoint.
// Then, host by host, what should be there because of it: the tables expected_*.
//
// Three habits keep a gap in a bundle from becoming a finding. An expected row is made of rows that were captured,
// never of rows that are missing. A time that is not known compares as NULL, so what is not known to be settled is not.
// And where a table says "gone" or "whole", it joins captured.
var derivedTables = []*Derived{
	// who and when
	&reading, &swarmHost, &swarmView,
	// what is there
	&engineVersion, &hostEra, &overlayNetwork, &overlayNetns, &localEndpoint, &knownHost, &swarmKnown,
	// the truth, and where it is
	&overlayMAC, &taskEndpoint, &networkChange, &endpoint, &vtep,
	// forwarding
	&vxlanFDB, &vxlanNeighbour, &localMAC, &expectedFDB, &expectedNeighbour, &vtepAgreed,
	// tunnels, the underlay below them, and neighbours
	&expectedMTU, &expectedVXLAN, &underlayPath, &neighbourUse, &oddNeighbour, &bridgeEndpoint,
	// virtual addresses
	&balancer, &markRule, &serviceVIP, &expectedVIPAlias, &expectedFwmark, &balancerDestination, &expectedIPVSDestination,
	// names
	&dnsQuestion, &dnsAnswerSet, &dnsView, &serviceRecord, &expectedDNSAnswer, &resolverConnection, &resolverWatched, &resolverChoice, &resolverLoad,
	// names, resolver, addresses
	&expectedDNSRule, &subnetOverlap, &poolUse, &stuckTask, &addressUse, &networkSize, &dnsServerFailure, &nameOwner,
	// routing mesh
	&engineLayout, &publishedPort, &ingressPlace, &ingressChain, &expectedPort, &expectedIngressDNAT, &expectedFilterAccept, &expectedPortMark, &expectedRedirect, &firewallEvent, &inputVerdict, &daemonAge, &returnRoute,
	// whose namespace it is, and how old a line of a log
	&netnsOwner, &kernelLogAge, &logLineAge,
	// crashes
	&coreDestination, &captureTime, &containerEnd, &kernelFault, &daemonFault, &shimAge, &coreAge, &userlandProxy,
	// encryption, subnets and links
	&dockerSA, &expectedXfrm, &cidrOverlap, &expectedSandboxAddress, &endpointPort,
	// gossip, raft, clocks
	&gossipPeer, &networkdbStat, &clockOffset, &certificateAge, &nodeDown, &daemonSetting, &managerAddress, &taskNow, &taskContainer, &containerLeaving, &hostIdentity,
	// what balancing load needs beside its virtual services
	&expectedSNAT, &expectedSysctl, &expectedListener, &kernelVersion,
	// releases
	&knownBadVersion,
	// packets' ways
	&pathSegment, &pathCount, &pathPair, &pathPairCount,
	// traffic, as captured
	&trafficFlow, &serviceQueue, &serviceTCP, &traffic, &trafficHost, &dnsFailure,
}

// The columns that many derived tables share, each worded once.

func colHost() schema.Column {
	return must(Col("host", "TEXT", schema.Name, "captured host"))
}

func colNetns() schema.Column {
	return must(Col("netns", "TEXT", schema.Plain, "namespace on that host"))
}

func colNetnsName() schema.Column {
	return must(Col("netns_name", "TEXT", schema.Plain, "its name below the daemon's netns directory"))
}

func colNet() schema.Column {
	return must(Col("net", "TEXT", schema.Plain, "first 8 characters of the network id: what every name of a namespace is sure to hold"))
}

func colWhy() schema.Column {
	return Col("why", "TEXT", schema.Name, "what it follows from, in words")
}

// text, whole and number are columns of the three storage classes.
func text(name string, class schema.Class, doc string) schema.Column {
	return Col(name, "TEXT", class, doc)
}

func whole(name, doc string) schema.Column {
	return Col(name, "INTEGER", schema.Plain, doc)
}

func number(name, doc string) schema.Column {
	return Col(name, "REAL", schema.Plain, doc)
}

// refCol is the address of a row that a derived row follows from.
func refCol(name, doc string) schema.Column {
	return Col(name, "TEXT", schema.Plain, doc)
}
