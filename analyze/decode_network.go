package analyze

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// networkReply is the part of GET /networks/ID that the tables keep (moby api/types/network.Inspect). The reply of
// the list, GET /networks, has the same form without peers.
type networkReply struct {
	ID         string `json:"Id"`
	Name       string
	Driver     string
	Scope      string
	Ingress    bool
	Internal   bool
	Attachable bool
	EnableIPv6 bool
	Options    map[string]string
	IPAM       struct {
		Config []struct{ Subnet, Gateway string }
	}
	Containers map[string]struct {
		Name, EndpointID, MacAddress, IPv4Address, IPv6Address string
	}
	Peers []struct{ Name, IP string }
}

// decodeNetworks decodes an array of GET /networks/ID replies.
func decodeNetworks(_ string, r io.Reader) ([]decoded, error) {
	var rows []decoded
	err := elements(r, func(line int64, in *networkReply) error {
		if in.ID == "" {
			return fmt.Errorf("a network without Id")
		}
		p := putter{line: line, rows: &rows}
		net := schema.Network{
			NetworkID: in.ID, Name: in.Name, Driver: in.Driver, Scope: in.Scope,
			Ingress: in.Ingress, Internal: in.Internal, Attachable: in.Attachable, IPv6: in.EnableIPv6,
			VNI: firstNumber(in.Options["com.docker.network.driver.overlay.vxlanid_list"]), MTU: firstNumber(in.Options["com.docker.network.driver.mtu"]),
			Bridge: in.Options["com.docker.network.bridge.name"],
		}
		// Both are flags: overlay takes the option as set whatever its value (ov_network.go: CreateNetwork, dsr in network.go).
		_, net.Encrypted = in.Options["encrypted"]
		_, net.DSR = in.Options["dsr"]
		p.put(net)
		for _, c := range in.IPAM.Config {
			p.put(schema.NetworkSubnet{NetworkID: in.ID, Subnet: p.prefix(c.Subnet), Gateway: p.addr(c.Gateway)})
		}
		for _, owner := range slices.Sorted(maps.Keys(in.Containers)) {
			c := in.Containers[owner]
			ip, _ := p.cidr(c.IPv4Address)
			ip6, _ := p.cidr(c.IPv6Address)
			p.put(schema.NetworkEndpoint{
				NetworkID: in.ID, Owner: owner, Name: c.Name, EndpointID: c.EndpointID,
				MAC: strings.ToLower(c.MacAddress), IP: ip, IP6: ip6,
			})
		}
		for _, peer := range in.Peers {
			p.put(schema.NetworkPeer{NetworkID: in.ID, Name: peer.Name, IP: p.addr(peer.IP)})
		}
		return p.err()
	})
	return rows, err
}

// firstNumber is the first of a comma separated list of numbers; nil if there is none.
func firstNumber(list string) *int64 {
	first, _, _ := strings.Cut(list, ",")
	n, err := strconv.ParseInt(strings.TrimSpace(first), 10, 64)
	if err != nil {
		return nil
	}
	return &n
}
