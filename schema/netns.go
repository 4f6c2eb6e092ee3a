package schema

// The kinds of network namespace that libnetwork makes, and the rest.
const (
	NetnsHost      = "host"      // the initial namespace
	NetnsOverlay   = "overlay"   // <epoch>-<network id cut to 12 in all>: bridge and VXLAN device of one overlay
	NetnsLB        = "lb"        // lb_<network id, 9>: load balancer of one overlay, 18.09 and newer
	NetnsIngress   = "ingress"   // ingress_sbox: the routing mesh
	NetnsContainer = "container" // a container's sandbox
	NetnsOther     = "other"     // none of Docker's
)

// Netns is one network namespace. Its id is the inode number of its nsfs file, in decimal, which every other row
// repeats; two namespaces of one host never share it at one time.
type Netns struct {
	Netns     string `json:"netns" class:"plain" doc:"id: inode of the namespace, decimal (stat -Lc %i /proc/PID/ns/net)"`
	Dev       int64  `json:"dev,omitzero" class:"plain" doc:"device number of nsfs"`
	Kind      string `json:"kind" class:"plain" doc:"host, overlay, lb, ingress, container or other"`
	Name      string `json:"name" class:"plain" doc:"file name of its bind mount, host for the initial one, else net:[inode]"`
	Network   string `json:"network,omitzero" class:"plain" doc:"leading characters of the network id, for the kinds overlay and lb"`
	Container string `json:"container,omitzero" class:"plain" doc:"full container id, for the kind container"`
	Path      string `json:"path,omitzero" class:"text" doc:"bind mount that keeps it alive, if there is one"`
	PID       int64  `json:"pid,omitzero" class:"plain" doc:"lowest process in it; absent when no process is"`
	Processes int64  `json:"processes" class:"plain" doc:"number of processes in it"`
	Cookie    int64  `json:"cookie,omitzero" class:"plain" doc:"SO_NETNS_COOKIE, unique until the next boot; kernel 5.14 and newer"`
}
