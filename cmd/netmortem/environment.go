package main

// The variables that the command line itself reads.
const (
	envNoColor       = "NO_COLOR"
	envCLIColorForce = "CLICOLOR_FORCE"
	envTerm          = "TERM"
	envGOGC          = "GOGC"
	envDockerHost    = "DOCKER_HOST" // docker -H, handed on by the plugin
)

// A variable is one of the environment that changes what netmortem does.
type variable struct {
	name  string // several that belong together, with commas
	means string
}

// environment is the only list of them; the topic environment and the manual page print it.
var environment = []variable{
	{envNoColor, "not empty: no colours, whatever else is said (no-color.org)"},
	{envCLIColorForce, "not empty and not 0: colours also where standard output is no terminal"},
	{envTerm, "dumb: no colours, and progress is not written over"},
	{envDockerHost, "capture and doctor: the daemon to ask, as unix:///run/docker.sock; --docker-host goes before it"},
	{"DOCKER_CERT_PATH, DOCKER_TLS_VERIFY, DOCKER_API_VERSION", "capture and doctor: as for docker, where the daemon is asked over TCP"},
	{"HTTP_PROXY, HTTPS_PROXY, NO_PROXY", "capture and doctor: as for docker, where the daemon is asked over TCP"},
	{"TMPDIR", "where trace, and analyze that keeps none, put the database, and SQLite what it sorts; SQLITE_TMPDIR goes before it for the latter"},
	{envGOGC, "the collector of garbage of Go: set, it replaces what capture and analyze choose"},
	{"GOMEMLIMIT", "the bound of memory of Go: set, it replaces what capture sets by --max-memory"},
}
