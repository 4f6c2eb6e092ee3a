package schema

import "net/netip"

// DNSQuery is one question that capture asked from inside a container's namespace, to the resolver that the
// container's own resolv.conf names.
type DNSQuery struct {
	Netns     string     `json:"netns" class:"plain" doc:"namespace that it was asked in"`
	Container string     `json:"container" class:"plain" doc:"container whose resolv.conf was used, full id"`
	Server    netip.Addr `json:"server" class:"addr" doc:"resolver asked"`
	Name      string     `json:"name" class:"name" doc:"name asked, without the final dot"`
	Service   string     `json:"service" class:"name" doc:"service that the name belongs to"`
	Tasks     bool       `json:"tasks" class:"plain" doc:"the name was tasks.<service>"`
	QType     string     `json:"qtype" class:"plain" doc:"A or AAAA"`
	Attempt   int64      `json:"attempt" class:"plain" doc:"which of the repeated questions, from 1"`
	RCode     string     `json:"rcode,omitzero" class:"plain" doc:"NOERROR, NXDOMAIN, SERVFAIL, …; absent when no answer came"`
	Error     string     `json:"error,omitzero" class:"text" doc:"why no answer came"`
	Truncated bool       `json:"truncated,omitzero" class:"plain" doc:"the answer had the TC bit"`
	Answers   int64      `json:"answers" class:"plain" doc:"number of answer records"`
	Micros    int64      `json:"micros" class:"plain" doc:"time until the answer, microseconds"`
}

// DNSAnswer is one record of an answer. Pos keeps the order received: it is a sample of what a client would see.
type DNSAnswer struct {
	Netns     string     `json:"netns" class:"plain" doc:"namespace that it was asked in"`
	Container string     `json:"container" class:"plain" doc:"container whose resolv.conf was used, full id"`
	Name      string     `json:"name" class:"name" doc:"name asked, without the final dot"`
	Service   string     `json:"service" class:"name" doc:"service that the name belongs to"`
	Tasks     bool       `json:"tasks" class:"plain" doc:"the name was tasks.<service>"`
	QType     string     `json:"qtype" class:"plain" doc:"A or AAAA"`
	Attempt   int64      `json:"attempt" class:"plain" doc:"which of the repeated questions, from 1"`
	Pos       int64      `json:"pos" class:"plain" doc:"place in the answer, from 1"`
	RType     string     `json:"rtype" class:"plain" doc:"type of the record: A, AAAA, CNAME, …"`
	Address   netip.Addr `json:"address,omitzero" class:"addr" doc:"address, for A and AAAA"`
	Target    string     `json:"target,omitzero" class:"name" doc:"data of any other record, as text"`
	TTL       int64      `json:"ttl_s" class:"plain" doc:"time to live, seconds; Docker's own is 600"`
}
