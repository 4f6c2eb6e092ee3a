package analyze

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// storeRoot begins the keys of libnetwork's store (moby libnetwork/datastore: defaultRootChain).
const storeRoot = "docker/network/v1.0/"

// errNoID is an entry that says nothing of whom it is.
var errNoID = errors.New("an entry without id")

// storeElement is one entry of libnetwork's store as a capture writes it.
type storeElement struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value"`
}

// decodeStore decodes the entries of libnetwork's store that tell of networks, endpoints and sandboxes. The keys of others,
// the address pools of old engines among them, stay as they are.
func decodeStore(_ string, r io.Reader) ([]decoded, error) {
	var rows []decoded
	err := elements(r, func(line int64, in *storeElement) error {
		parts := strings.Split(strings.Trim(strings.TrimPrefix(in.Key, storeRoot), "/"), "/")
		var row any
		var err error
		switch {
		case parts[0] == "network" && len(parts) == 2:
			row, err = storeNetwork(in.Value)
		case parts[0] == "sandbox" && len(parts) == 2:
			row, err = storeSandbox(in.Value)
		case parts[0] == "endpoint" && len(parts) == 3:
			row, err = storeEndpoint("libnetwork", parts[1], in.Value)
		case parts[0] == "bridge-endpoint" && len(parts) == 2:
			row, err = storeEndpoint("bridge", "", in.Value)
		case len(parts) == 3 && parts[1] == "endpoint": // overlay/endpoint/<id>, macvlan/endpoint/<id>
			row, err = storeEndpoint(parts[0], "", in.Value)
		default:
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", in.Key, err)
		}
		rows = append(rows, decoded{line, row})
		return nil
	})
	return rows, err
}

// storeNetwork decodes what libnetwork/network.go: MarshalJSON writes.
func storeNetwork(value []byte) (any, error) {
	var in struct {
		ID, Name, NetworkType, Scope, Created string
		Ingress, Internal, InDelete           *bool
		Generic                               map[string]json.RawMessage
	}
	if err := json.Unmarshal(value, &in); err != nil {
		return nil, err
	}
	if in.ID == "" {
		return nil, errNoID
	}
	row := schema.StoreNetwork{
		NetworkID: in.ID, Name: in.Name, Driver: in.NetworkType, Scope: in.Scope, CreatedAt: dockerTime(in.Created),
		Ingress: in.Ingress, Internal: in.Internal, InDelete: in.InDelete,
	}
	var options map[string]any
	if json.Unmarshal(in.Generic["com.docker.network.generic"], &options) == nil {
		row.Bridge, _ = options["com.docker.network.bridge.name"].(string)
	}
	return row, nil
}

// storeSandbox decodes libnetwork/sandbox_store.go: sbState.
func storeSandbox(value []byte) (any, error) {
	var in struct {
		ID, Cid string
		Eps     []struct{ Eid string }
		ExtDNS2 []struct{ IPStr string }
	}
	if err := json.Unmarshal(value, &in); err != nil {
		return nil, err
	}
	if in.ID == "" {
		return nil, errNoID
	}
	var eps, dns []string
	for _, e := range in.Eps {
		eps = append(eps, e.Eid)
	}
	for _, d := range in.ExtDNS2 {
		dns = append(dns, d.IPStr)
	}
	return schema.StoreSandbox{SandboxID: in.ID, Container: in.Cid, Endpoints: strings.Join(eps, ","), DNS: strings.Join(dns, ",")}, nil
}

// storeEndpoint decodes an endpoint of libnetwork (endpoint.go: MarshalJSON) or of a driver: bridge_store.go, of overlay
// before 25.0 ov_endpoint.go, macvlan_store.go. Their keys differ in case only, but for addr and mac.
func storeEndpoint(keeper, network string, value []byte) (any, error) {
	var in struct {
		ID, Nid, Name, Sandbox, SvcID, VirtualIP string
		Addr, Addrv6, Mac, MacAddress            string
		IfName, SrcName                          string
		Iface                                    *struct{ Addr, Addrv6, Mac, SrcName string } `json:"ep_iface"`
	}
	if err := json.Unmarshal(value, &in); err != nil {
		return nil, err
	}
	if in.ID == "" {
		return nil, errNoID
	}
	if i := in.Iface; i != nil {
		in.Addr, in.Addrv6, in.Mac, in.SrcName = i.Addr, i.Addrv6, i.Mac, i.SrcName
	}
	row := schema.StoreEndpoint{
		EndpointID: in.ID, Keeper: keeper, NetworkID: in.Nid, Name: in.Name, SandboxID: in.Sandbox, ServiceID: in.SvcID,
		IP: lenientAddr(in.Addr), IP6: lenientAddr(in.Addrv6), VIP: lenientAddr(in.VirtualIP), Dev: in.IfName + in.SrcName,
	}
	if network != "" {
		row.NetworkID = network
	}
	if mac, err := net.ParseMAC(in.Mac + in.MacAddress); err == nil {
		row.MAC = mac.String()
	}
	if row.VIP == netip.IPv4Unspecified() {
		row.VIP = netip.Addr{}
	}
	return row, nil
}

// decodeSwarmFile decodes swarm/docker-state.json (moby daemon/cluster: nodeStartConfig).
func decodeSwarmFile(_ string, r io.Reader) ([]decoded, error) {
	var in struct {
		LocalAddr, RemoteAddr, ListenAddr, AdvertiseAddr, DataPathAddr string
		DataPathPort, SubnetSize                                       *int64
		DefaultAddressPool                                             []string
		JoinInProgress                                                 *bool
	}
	if err := json.NewDecoder(r).Decode(&in); err != nil {
		return nil, fmt.Errorf("not docker-state.json: %w", err)
	}
	return []decoded{{1, schema.SwarmFile{
		LocalAddr: in.LocalAddr, RemoteAddr: in.RemoteAddr, ListenAddr: in.ListenAddr, AdvertiseAddr: in.AdvertiseAddr,
		DataPathAddr: in.DataPathAddr, DataPathPort: in.DataPathPort, Pools: strings.Join(in.DefaultAddressPool, ","),
		SubnetSize: in.SubnetSize, Joining: in.JoinInProgress,
	}}}, nil
}
