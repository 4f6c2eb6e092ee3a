package schema

import "time"

// ManagedLink is what systemd-networkd or NetworkManager noted of one link of the host. Both leave their notes behind when they
// are stopped: service_unit says whether the manager runs, link which device has that ifindex.
type ManagedLink struct {
	ManagedBy   string    `json:"managed_by" class:"plain" doc:"systemd-networkd (/run/systemd/netif/links) or NetworkManager (/run/NetworkManager/devices)"`
	Ifindex     int64     `json:"ifindex" class:"plain" doc:"device in the host's namespace"`
	Managed     *bool     `json:"managed,omitzero" class:"plain" doc:"the manager sees to it: it may change addresses, routes and the MAC; absent when the note does not tell"`
	AdminState  string    `json:"admin_state,omitzero" class:"plain" doc:"networkd: pending, initialized, configuring, configured, unmanaged, failed or linger"`
	OperState   string    `json:"oper_state,omitzero" class:"plain" doc:"networkd: off, no-carrier, carrier, degraded, enslaved, routable, …"`
	NetworkFile string    `json:"network_file,omitzero" class:"text" doc:"networkd: the .network file that matched"`
	Noted       time.Time `json:"noted,omitzero" class:"plain" doc:"when the note was written"`
}
