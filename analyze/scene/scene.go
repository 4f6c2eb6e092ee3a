// Package scene is what a report draws: services and who talks to whom, hosts and the tunnels between them, containers,
// processes that failed, and what happened when. It is read from the database once everything is judged, and judges nothing itself.
//
// All text may have been written by whoever attacked the host.
package scene

import "time"

// A Scene is what the captures showed, right or wrong. A nil list means that nothing of the kind was captured; a bounded one says
// by a number beside it how many it leaves out.
type Scene struct {
	Services     []Service   `json:"services"`      // in order of stack and name
	Networks     []Network   `json:"networks"`      // in order of name
	Ports        []Port      `json:"ports"`         // published ones, in order of number and protocol
	Containers   []Container `json:"containers"`    // of all captured hosts, in order of host and name
	Edges        []Edge      `json:"edges"`         // who talks to whom, or ought to and cannot, in order of client and server
	EdgesLeft    int         `json:"edges_left"`    // unhealthy or talking ones that Edges leaves out, the least telling first
	Quiet        int         `json:"quiet"`         // further pairs of services that could talk: nothing is known to be wrong, and no traffic was seen
	Untold       int         `json:"untold"`        // of Quiet: pairs of which it is not known that all is delivered, for it was not walked or cannot be told
	Paths        []Path      `json:"paths"`         // broken, partly broken or untold ones, those of the first cause first
	PathsLeft    int         `json:"paths_left"`    // paths that Paths leaves out
	Tunnels      []Tunnel    `json:"tunnels"`       // of overlay networks, host to host
	Healthy      int         `json:"healthy"`       // tunnels that Tunnels leaves out, which hold all that they should
	TunnelsLeft  int         `json:"tunnels_left"`  // tunnels that Tunnels leaves out, which do not
	Queues       []Queue     `json:"queues"`        // listening sockets that were judged, the full ones first
	QueuesLeft   int         `json:"queues_left"`   // queues that Queues leaves out, at most of which nothing waits
	Skews        []Skew      `json:"skews"`         // names whose answers load their backends unevenly
	SkewsLeft    int         `json:"skews_left"`    // rows that Skews leaves out
	Failures     []Failure   `json:"failures"`      // of processes, newest first
	FailuresLeft int         `json:"failures_left"` // failures that Failures leaves out: those that were asked for first, then the oldest
	Cores        []Core      `json:"cores"`
	Events       []Event     `json:"events"` // in order of time as each host's own clock tells it
	Unseen       []Unseen    `json:"unseen"` // lanes of which nothing was captured, in order of host and lane
	EventsLeft   int         `json:"events_left"`
	Clocks       []Clock     `json:"clocks"` // one a captured host
}

// The kinds of a party.
const (
	PartyService   = "service"
	PartyContainer = "container" // of no service
	PartyHost      = "host"      // a process of the host itself
	PartyOutside   = "outside"   // no part of what was captured, nor of the swarm: all of it is one, named outside
	PartyIngress   = "ingress"   // whoever asks a published port of a host: somebody outside, behind the routing mesh, or the host itself. All of them are one, named published ports
	PartyUnknown   = "unknown"   // an address of a network of Docker's that nothing captured has
)

// A Party is one end of an edge.
type Party struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// A Tally counts client–service pairs by what becomes of their packets. A nil one says that no path was walked.
type Tally struct {
	Pairs     int `json:"pairs"`
	Delivered int `json:"delivered"`
	Partly    int `json:"partly"` // some backends are reached, some are not
	Dropped   int `json:"dropped"`
	Unknown   int `json:"unknown"`

	AtLeast bool `json:"at_least,omitempty"` // there are further pairs, which were not counted one by one: whether these are delivered is not said here
}

// Who tells of a service.
const (
	ByManagers   = "managers"   // a captured manager: all of it is known
	ByContainers = "containers" // labels of containers on captured hosts: tasks elsewhere, and how many are wanted, are not known
	ByCompose    = "compose"    // labels that Docker Compose wrote: a service of one host, and no part of a swarm
)

// A Service of the swarm as the managers tell it, or as far as containers tell of it.
type Service struct {
	By           string    `json:"by"` // managers, containers or compose
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	Stack        string    `json:"stack,omitempty"` // label com.docker.stack.namespace; empty for none
	Mode         string    `json:"mode,omitempty"`  // replicated, global, replicated-job or global-job
	EndpointMode string    `json:"endpoint_mode,omitempty"`
	Image        string    `json:"image,omitempty"`
	Wanted       *int      `json:"wanted,omitempty"`  // tasks that the managers want to run; nil when no manager was captured
	Running      *int      `json:"running,omitempty"` // of which run, by the managers' word; nil likewise
	VIPs         []VIP     `json:"vips,omitempty"`
	Networks     []string  `json:"networks,omitempty"` // names
	Tasks        []Task    `json:"tasks,omitempty"`    // wanted ones, and those that ended last, in order of slot
	Ended        int       `json:"ended,omitempty"`    // further tasks that ended, which Tasks leaves out
	Updated      time.Time `json:"updated,omitzero"`
	Update       string    `json:"update,omitempty"` // state of the last update: completed, paused, …
	To           *Tally    `json:"to,omitempty"`     // pairs that have it as server
	From         *Tally    `json:"from,omitempty"`   // pairs that have it as client
	Ref          string    `json:"ref,omitempty"`
}

// A VIP is a service's address on a network.
type VIP struct {
	Network string `json:"network"`
	IP      string `json:"ip"`
}

// A Task of a service.
type Task struct {
	Label     string   `json:"label"` // vote.1, client.node1
	Host      string   `json:"host,omitempty"`
	Container string   `json:"container,omitempty"`
	Desired   string   `json:"desired"` // empty when only a container tells of it; its State is Docker's word then
	State     string   `json:"state"`
	Err       string   `json:"err,omitempty"`
	IPs       []string `json:"ips,omitempty"`
	Ref       string   `json:"ref,omitempty"`
}

// A Network of any driver.
type Network struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Driver    string   `json:"driver"`
	Scope     string   `json:"scope,omitempty"`
	VNI       int      `json:"vni,omitempty"`
	Encrypted bool     `json:"encrypted,omitempty"`
	Ingress   bool     `json:"ingress,omitempty"`
	Subnets   []string `json:"subnets,omitempty"`
	Hosts     []string `json:"hosts,omitempty"`    // captured ones that have it
	Services  []string `json:"services,omitempty"` // names
	Size      int      `json:"size,omitempty"`     // addresses that containers can have; 0 when unknown
	Used      int      `json:"used,omitempty"`
	Tunnels   int      `json:"tunnels,omitempty"` // host to host, of which is known what they should hold
	Whole     int      `json:"whole,omitempty"`   // of which hold it
	Ref       string   `json:"ref,omitempty"`
}

// ModeContainer is the mode of a port that a daemon publishes by itself, for a container of no task.
const ModeContainer = "container"

// A Port is one that a service publishes, or a container of no task.
type Port struct {
	Service   string     `json:"service"`             // empty for a container of no service
	Container string     `json:"container,omitempty"` // name of the container of no task
	Proto     string     `json:"proto"`
	Published int        `json:"published"`
	Target    int        `json:"target"`
	Mode      string     `json:"mode"`              // ingress, host, or container when one host's daemon publishes it by itself
	At        []PortHost `json:"at"`                // captured hosts that should take it; where they are more than a hundred only those at which it is not delivered
	Whole     int        `json:"whole,omitempty"`   // hosts that At leaves out, at which it is delivered
	AtLeft    int        `json:"at_left,omitempty"` // others that At leaves out
	Ref       string     `json:"ref,omitempty"`
}

// A PortHost is what a published port comes to on one host.
type PortHost struct {
	Host     string `json:"host"`
	Verdict  string `json:"verdict"` // delivered, partly, dropped, cannot tell, or empty when it was not walked
	Segment  int    `json:"segment,omitempty"`
	Reached  int    `json:"reached"`  // of the backends; 0 for none or when it was not counted, as where it is delivered
	Backends int    `json:"backends"` // 0 likewise
}

// A Container of a captured host.
type Container struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Host     string    `json:"host"`
	Service  string    `json:"service,omitempty"`
	Image    string    `json:"image,omitempty"`
	State    string    `json:"state"` // Docker's word
	Health   string    `json:"health,omitempty"`
	ExitCode int       `json:"exit_code,omitempty"`
	OOM      bool      `json:"oom,omitempty"`
	Restarts int       `json:"restarts,omitempty"`
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
	IPs      []string  `json:"ips,omitempty"`
	NetNS    string    `json:"netns,omitempty"`
	Log      string    `json:"log,omitempty"` // path on its host
	Ref      string    `json:"ref,omitempty"`
}

// The states of an edge or a path.
const (
	Delivered = "delivered"
	Partly    = "partly"
	Dropped   = "dropped"
	Unknown   = "cannot tell"
)

// An Edge is everything between one client and one server.
type Edge struct {
	Client   Party    `json:"client"`
	Server   Party    `json:"server"`
	Networks []string `json:"networks,omitempty"`
	State    string   `json:"state,omitempty"`    // the worst that happens to a pair; empty when none was walked
	Pairs    *Tally   `json:"pairs,omitempty"`    // client–service pairs; nil when none was walked, or they were not counted one by one
	Segments []int    `json:"segments,omitempty"` // keys of path_segment at which they end, twenty at most
	Hop      string   `json:"hop,omitempty"`      // where the first of them ends, in a word: socket, fdb, ipvs, …
	Cause    int      `json:"cause,omitempty"`    // rank of the first cause that breaks it; 0 for none
	Flows    []Flow   `json:"flows,omitempty"`    // traffic that was seen, the worst first

	FlowsLeft int `json:"flows_left,omitempty"` // flows that Flows leaves out
}

// A Flow is the traffic between two parties over one port, as sockets and counters told it at capture: no live figure.
type Flow struct {
	Network     string   `json:"network,omitempty"`
	Via         string   `json:"via"`
	Proto       string   `json:"proto"`
	Port        int      `json:"port"`
	Quality     string   `json:"quality"` // table traffic: ok, slow, lossy, …
	Why         string   `json:"why"`
	Connections *int     `json:"connections,omitempty"` // nil when unknown
	Rate        *float64 `json:"rate,omitempty"`        // bytes a second in both directions between the two reads; nil when unknown
	Segs        *int64   `json:"segs,omitempty"`        // segments between the two reads, both directions
	Again       *int64   `json:"again,omitempty"`       // of which were sent again
	Refused     *int     `json:"refused,omitempty"`
	Unanswered  *int     `json:"unanswered,omitempty"`
	HalfOpen    int      `json:"half_open,omitempty"`
	Stuck       int      `json:"stuck,omitempty"`
	RTT         *int     `json:"rtt_us,omitempty"` // median
	Share       *float64 `json:"share,omitempty"`  // of the backend that gets the most, 0 to 1
	Most        string   `json:"most,omitempty"`   // which backend that is: its task, else its address
	Peer        string   `json:"peer,omitempty"`   // address of the server, when it is outside
	Ref         string   `json:"ref,omitempty"`
}

// A Path is a client and a service that do not wholly reach each other, or of which that could not be told.
type Path struct {
	Key        int    `json:"key"` // from 1, in the order of the list
	ClientKind string `json:"client_kind"`
	ClientHost string `json:"client_host,omitempty"`
	Client     string `json:"client,omitempty"` // task label, container or address
	From       string `json:"from,omitempty"`   // service of the client
	To         string `json:"to,omitempty"`     // service of the server
	Network    string `json:"network,omitempty"`
	Via        string `json:"via"` // vip, tasks, name, ingress, host or egress
	Target     string `json:"target,omitempty"`
	Proto      string `json:"proto,omitempty"`
	Port       int    `json:"port,omitempty"`
	Verdict    string `json:"verdict"` // partly, dropped or cannot tell
	Reached    int    `json:"reached"`
	Backends   int    `json:"backends"`
	Segment    int    `json:"segment,omitempty"`  // key of path_segment: where it ends
	Alike      int    `json:"alike,omitempty"`    // further pairs that end there, which no list holds
	Cause      int    `json:"cause,omitempty"`    // rank; 0 for none
	Hops       []Hop  `json:"hops,omitempty"`     // the way there, the way of the answer after it; nil for all but one path of each segment
	Back       int    `json:"back,omitempty"`     // place in Hops where the way of the answer begins; 0 for none
	Backend    string `json:"backend,omitempty"`  // of several that may be chosen the one that Hops lead to: label and address
	Untraced   string `json:"untraced,omitempty"` // why Hops has the step that decided alone; empty when it has all
}

// A Hop is one step of a path: what the layer should say beside what it does say.
type Hop struct {
	Leg         string `json:"leg,omitempty"` // client, balancer, request, arrival, answer, published or egress
	Host        string `json:"host"`
	Place       string `json:"place,omitempty"` // namespace or device
	Step        string `json:"step"`
	Verdict     string `json:"verdict"` // passed, dropped, cannot tell, or not reached
	Expected    string `json:"expected,omitempty"`
	Observed    string `json:"observed,omitempty"`
	Why         string `json:"why,omitempty"`
	Subject     string `json:"subject,omitempty"`
	Ref         string `json:"ref,omitempty"`
	ExpectedRef string `json:"expected_ref,omitempty"`
	Excerpt     string `json:"excerpt,omitempty"` // what stands at Ref
}

// A Tunnel is what one host holds of an overlay network's endpoints on another: the VTEP mesh. It is whole when Held is Expected.
type Tunnel struct {
	Network  string   `json:"network"`
	From     string   `json:"from"`
	To       string   `json:"to"`                // a captured host, a node that the managers name, or the address of a tunnel's end where nobody is known to have it
	Expected int      `json:"expected"`          // forwarding entries that should be there
	Held     int      `json:"held"`              // of which are there, with the right tunnel end
	Lacks    int      `json:"lacks,omitempty"`   // of which a rule says that they are not there
	Strays   int      `json:"strays,omitempty"`  // of which a rule says that they lead elsewhere
	Untold   int      `json:"untold,omitempty"`  // of which neither is known: the table was not captured, something moves, or nobody is known to have the address that they lead to
	Missing  []string `json:"missing,omitempty"` // endpoints that it lacks: label (address); the first ten
	Wrong    []string `json:"wrong,omitempty"`   // endpoints whose entry leads elsewhere; the first ten
	Ref      string   `json:"ref,omitempty"`     // the first evidence of a rule that names one of them
}

// A Queue is what waits at a service's or a container's listening sockets.
type Queue struct {
	Party      Party    `json:"party"`
	Proto      string   `json:"proto"`
	Port       int      `json:"port"`    // 0 for what the counters of a namespace with several ports tell
	Host       string   `json:"host"`    // of the worst one
	Verdict    string   `json:"verdict"` // table service_queue: full, unaccepted, overflowing, unread, dropping, unknown or ok
	Why        string   `json:"why"`
	Waiting    *int     `json:"waiting,omitempty"`
	Backlog    *int     `json:"backlog,omitempty"`
	Unread     *int64   `json:"unread_bytes,omitempty"`
	CPU        *float64 `json:"cpu_ms,omitempty"`   // used between the two reads
	Window     *float64 `json:"window_s,omitempty"` // time between the two reads
	Ref        string   `json:"ref,omitempty"`
	CPURef     string   `json:"cpu_ref,omitempty"`
	CounterRef string   `json:"counter_ref,omitempty"`
}

// A Skew is the predicted load of one backend of a name (table resolver_load), of names that load evenly, too.
type Skew struct {
	Network  string   `json:"network,omitempty"`
	Name     string   `json:"name"`
	IP       string   `json:"ip"`
	Backend  string   `json:"backend,omitempty"`
	Host     string   `json:"host,omitempty"`
	Fair     float64  `json:"fair"`            // share when all are asked alike, 0 to 1
	Share    *float64 `json:"share,omitempty"` // predicted; nil when clients could not be judged
	Clients  int      `json:"clients"`
	Unjudged int      `json:"unjudged"` // clients whose resolver is not known
	Skewed   bool     `json:"skewed"`   // some of them prefer some backends
	Ref      string   `json:"ref,omitempty"`
}

// A Failure of a process, or of several alike.
type Failure struct {
	Host      string    `json:"host"`
	Party     Party     `json:"party"`
	Label     string    `json:"label"` // task, container or unit
	Container string    `json:"container,omitempty"`
	What      string    `json:"what"`     // a sentence: exited with 137, killed by the kernel for memory, …
	Fatal     bool      `json:"fatal"`    // the process ended
	Explicit  bool      `json:"explicit"` // it said so itself: an exit code, a log line; not when somebody else ended it or it only stands still
	ExitCode  *int      `json:"exit_code,omitempty"`
	Signal    string    `json:"signal,omitempty"`
	OOM       bool      `json:"oom,omitempty"`
	Asked     bool      `json:"asked,omitempty"` // somebody asked for the end: no failure of the process
	At        time.Time `json:"at,omitzero"`
	Count     int       `json:"count"`              // of the same in a row: a restart loop
	Open      []string  `json:"open,omitempty"`     // ready commands that show its log or its core
	Findings  []string  `json:"findings,omitempty"` // ids
	Ref       string    `json:"ref,omitempty"`
}

// A Core is a core dump on a host: a pointer to it, never the dump itself.
type Core struct {
	Host       string    `json:"host"`
	Path       string    `json:"path"`
	Kind       string    `json:"kind,omitempty"`
	Container  string    `json:"container,omitempty"`
	Service    string    `json:"service,omitempty"`
	Command    string    `json:"command,omitempty"`
	Executable string    `json:"executable,omitempty"`
	Signal     string    `json:"signal,omitempty"`
	Bytes      int64     `json:"bytes"`
	Whole      bool      `json:"whole"`
	At         time.Time `json:"at,omitzero"`
	Open       []string  `json:"open,omitempty"` // ready commands that fetch it and open it
	Ref        string    `json:"ref,omitempty"`
}

// The lanes of the timeline.
const (
	LaneDocker  = "docker"  // events of the engine
	LaneTask    = "task"    // states of tasks, as managers tell them
	LaneKernel  = "kernel"  // the kernel's log
	LaneLog     = "log"     // logs of the engine and of services of the host
	LaneForward = "forward" // changes of forwarding and neighbour entries
	LaneMoves   = "moves"   // MAC addresses that went from port to port, or came again and again, while capture looked on
	LaneCounter = "counter" // counters that jumped between the two reads
	LaneCapture = "capture" // the captures themselves
)

// Lanes lists them in the order in which they are drawn.
var Lanes = []string{LaneTask, LaneDocker, LaneForward, LaneMoves, LaneKernel, LaneLog, LaneCounter, LaneCapture}

// An Event happened on one host, at a time by that host's clock.
type Event struct {
	At      time.Time `json:"at"`
	Until   time.Time `json:"until,omitzero"` // of a burst or a capture; zero for a moment
	Host    string    `json:"host"`
	Lane    string    `json:"lane"`
	Tone    string    `json:"tone,omitempty"` // bad, odd, or empty
	Text    string    `json:"text"`
	Subject string    `json:"subject,omitempty"` // service, container, link address or network that it is about
	Service string    `json:"service,omitempty"`
	Count   int       `json:"count"` // how many alike it stands for; 1 for one
	Ref     string    `json:"ref,omitempty"`
}

// An Unseen is a lane of a host of which nothing was captured: that it is empty says nothing.
type Unseen struct {
	Host string `json:"host"`
	Lane string `json:"lane"`
	Why  string `json:"why"`
}

// A Clock is how far a host's clock may be off the swarm leader's. It is drawn, and corrects nothing.
type Clock struct {
	Host     string   `json:"host"`
	Leader   string   `json:"leader,omitempty"`
	Low      *float64 `json:"low_s,omitempty"` // seconds that it is ahead, at least; nil when unknown
	High     *float64 `json:"high_s,omitempty"`
	Synced   *bool    `json:"synced,omitempty"` // the kernel's word; nil when it was not asked
	MaxError *float64 `json:"max_error_s,omitempty"`
	Why      string   `json:"why,omitempty"`
	Ref      string   `json:"ref,omitempty"`
}
