package analyze

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// userlandProxy reads what a docker-proxy forwards from its arguments: cmd/docker-proxy of moby takes -proto, -host-ip,
// -host-port, -container-ip and -container-port, each with its value behind a blank, in every version.
var userlandProxy = Derived{
	Name: "userland_proxy",
	Doc:  "What each docker-proxy forwards, by its arguments.",
	Columns: []schema.Column{
		colHost(),
		must(whole("pid", "process, as the host counts")),
		whole("ppid", "its parent: dockerd while that lives"),
		must(text("proto", schema.Plain, "tcp, udp or sctp")),
		must(text("host_ip", schema.Addr, "address on the host")),
		must(whole("host_port", "port on the host")),
		must(text("container_ip", schema.Addr, "address of the container")),
		must(whole("container_port", "port of the container")),
		number("age_s", "seconds since it started"),
		must(text("seen", schema.Plain, "first, last or both")),
		must(refCol("ref", "row of process")),
	},
	Reads: []string{"process", "capture_time"},
	Index: []string{"host"},
	Fill: func(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
		var found [][]any
		for scan, err := range queried(ctx, tx, `
SELECT p.host, p.pid, p.ppid, p.cmdline, p.started_at, p.seen, p.ref, r.at_s
FROM process AS p LEFT JOIN capture_time AS r ON r.host = p.host WHERE p.comm = 'docker-proxy' AND p.cmdline IS NOT NULL`) {
			if err != nil {
				return err
			}
			var host, cmdline, seen, ref string
			var pid, ppid int64
			var started sql.NullString
			var now sql.NullFloat64
			if err := scan(&host, &pid, &ppid, &cmdline, &started, &seen, &ref, &now); err != nil {
				return err
			}
			f, ok := parseProxy(cmdline)
			if !ok {
				continue
			}
			var age any
			if at, err := time.Parse(time.RFC3339Nano, started.String); err == nil && now.Valid {
				age = now.Float64 - float64(at.UnixMilli())/1000
			}
			found = append(found, []any{host, pid, ppid, f.proto, f.hostIP, f.hostPort, f.containerIP, f.containerPort, age, seen, ref})
		}
		for _, row := range found {
			if err := put(row...); err != nil {
				return err
			}
		}
		return nil
	},
}

// A forwarding is what one docker-proxy does.
type forwarding struct {
	proto, hostIP, containerIP string
	hostPort, containerPort    int64
}

// parseProxy takes the arguments of docker-proxy apart; false when one is missing, as from a line that was cut.
func parseProxy(cmdline string) (f forwarding, ok bool) {
	args := map[string]string{}
	words := strings.Fields(cmdline)
	for i := 0; i+1 < len(words); i++ {
		if strings.HasPrefix(words[i], "-") {
			args[strings.TrimLeft(words[i], "-")] = words[i+1]
		}
	}
	f = forwarding{proto: args["proto"], hostIP: args["host-ip"], containerIP: args["container-ip"]}
	var err1, err2 error
	f.hostPort, err1 = strconv.ParseInt(args["host-port"], 10, 32)
	f.containerPort, err2 = strconv.ParseInt(args["container-port"], 10, 32)
	return f, f.proto != "" && f.hostIP != "" && f.containerIP != "" && err1 == nil && err2 == nil
}
