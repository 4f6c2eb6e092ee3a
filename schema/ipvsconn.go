package schema

import "net/netip"

// IPVSConnection is one connection that IPVS remembers (/proc/net/ip_vs_conn). The virtual address is the one that the
// client asked for, also where the service is one by mark; a persistence template by mark has the mark in its place.
type IPVSConnection struct {
	Netns    string     `json:"netns" class:"plain" doc:"namespace"`
	Read     string     `json:"read" class:"plain" doc:"first or last"`
	Proto    string     `json:"proto" class:"plain" doc:"tcp, udp, sctp, or ip for a persistence template of any"`
	Client   netip.Addr `json:"client" class:"addr" doc:"address of the client"`
	CPort    int64      `json:"cport" class:"plain" doc:"port of the client; 0 in a persistence template"`
	VAddress netip.Addr `json:"vaddress" class:"addr" doc:"virtual address that it asked for"`
	VPort    int64      `json:"vport" class:"plain" doc:"virtual port"`
	Address  netip.Addr `json:"address" class:"addr" doc:"destination that it was given"`
	Port     int64      `json:"port" class:"plain" doc:"port there"`
	State    string     `json:"state" class:"plain" doc:"NONE, ESTABLISHED, SYN_SENT, SYN_RECV, FIN_WAIT, TIME_WAIT, CLOSE, CLOSE_WAIT, LAST_ACK, …; UDP for that"`
	ExpiresS int64      `json:"expires_s" class:"plain" counter:"y" doc:"seconds until it is forgotten"`
	PE       string     `json:"pe,omitzero" class:"plain" doc:"persistence engine: sip"`
	PEData   string     `json:"pe_data,omitzero" class:"text" doc:"what that engine goes by: the Call-ID"`
}
