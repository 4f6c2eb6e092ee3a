package analyze

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// maxEventLine bounds one line of a document that has one JSON object a line.
const maxEventLine = 1 << 20

// jsonLines calls f with each line's object. A line that is none does not end the reading.
func jsonLines[E any](r io.Reader, f func(line int64, e *E) error) error {
	var errs []error
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, maxEventLine)
	for n := int64(1); sc.Scan(); n++ {
		if len(strings.TrimSpace(sc.Text())) == 0 {
			continue
		}
		var e E
		err := json.Unmarshal(sc.Bytes(), &e)
		if err == nil {
			err = f(n, &e)
		}
		if err != nil && len(errs) < maxMistakes {
			errs = append(errs, &elementError{n, err})
		}
	}
	if err := sc.Err(); err != nil {
		errs = append(errs, fmt.Errorf("read: %w", err))
	}
	return errors.Join(errs...)
}

// decodeEvents decodes what GET /events streams (moby api/types/events.Message).
func decodeEvents(_ string, r io.Reader) ([]decoded, error) {
	type message struct {
		Type, Action string
		Actor        struct {
			ID         string
			Attributes map[string]string
		}
		Scope    string `json:"scope"`
		Time     int64  `json:"time"`
		TimeNano int64  `json:"timeNano"`
	}
	var rows []decoded
	err := jsonLines(r, func(line int64, in *message) error {
		if in.Type == "" || in.Time == 0 && in.TimeNano == 0 {
			return errors.New("an event without type or time")
		}
		a := in.Actor.Attributes
		e := schema.DockerEvent{
			Time: time.Unix(0, in.TimeNano).UTC(), Type: in.Type, Scope: in.Scope, ActorID: in.Actor.ID,
			Name: a["name"], Container: a["container"], ExitCode: firstNumber(a["exitCode"]), Signal: firstNumber(a["signal"]), Image: a["image"],
			ServiceID: a["com.docker.swarm.service.id"], Service: a["com.docker.swarm.service.name"],
			TaskID: a["com.docker.swarm.task.id"], NodeID: a["com.docker.swarm.node.id"],
			OldState: cmp.Or(a["state.old"], a["availability.old"], a["updatestate.old"]),
			NewState: cmp.Or(a["state.new"], a["availability.new"], a["updatestate.new"]),
		}
		if in.TimeNano == 0 {
			e.Time = time.Unix(in.Time, 0).UTC()
		}
		e.Action, e.Detail, _ = strings.Cut(in.Action, ":")
		e.Detail = strings.TrimSpace(e.Detail)
		switch in.Type {
		case "container":
			e.Container = in.Actor.ID
		case "network":
			e.NetworkID = in.Actor.ID
		case "service":
			e.ServiceID = in.Actor.ID
		case "node":
			e.NodeID = in.Actor.ID
		}
		rows = append(rows, decoded{line, e})
		return nil
	})
	return rows, err
}

// decodePlugins decodes GET /plugins.
func decodePlugins(_ string, r io.Reader) ([]decoded, error) {
	type plugin struct {
		ID              string `json:"Id"`
		Name            string
		Enabled         bool
		PluginReference string
		Config          struct {
			Interface struct {
				Types  []json.RawMessage // objects, printed as docker.volumedriver/1.0
				Socket string
			}
		}
	}
	var rows []decoded
	err := elements(r, func(line int64, in *plugin) error {
		var types []string
		for _, raw := range in.Config.Interface.Types {
			var text string
			var parts struct{ Prefix, Capability, Version string }
			if json.Unmarshal(raw, &text) != nil && json.Unmarshal(raw, &parts) == nil {
				text = parts.Prefix + "." + parts.Capability + "/" + parts.Version
			}
			types = append(types, text)
		}
		rows = append(rows, decoded{line, schema.Plugin{
			Name: in.Name, ID: in.ID, Enabled: in.Enabled, Types: strings.Join(types, ","), Socket: in.Config.Interface.Socket, Ref: in.PluginReference,
		}})
		return nil
	})
	return rows, err
}

// decodeDaemonFile decodes daemon.json: one row a value.
func decodeDaemonFile(_ string, r io.Reader) ([]decoded, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	var in map[string]any
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	var rows []decoded
	flatten("", in, func(name, value string) {
		rows = append(rows, decoded{1, schema.DaemonOption{Source: "file", Name: name, Value: value}})
	})
	return rows, nil
}

// flatten calls f with every leaf of a JSON value and the keys that lead to it, joined with dots, in the order of the keys.
func flatten(name string, value any, f func(name, value string)) {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			inner := key
			if name != "" {
				inner = name + "." + key
			}
			flatten(inner, v[key], f)
		}
	case []any:
		for _, e := range v {
			flatten(name, e, f)
		}
	case string:
		f(name, v)
	case float64:
		f(name, strconv.FormatFloat(v, 'f', -1, 64))
	case bool:
		f(name, strconv.FormatBool(v))
	}
}

// decodeDaemonCommand decodes the command lines of dockerd as a capture writes them: one process a line. Long options are
// --name=value, --name value, or --name of a switch.
func decodeDaemonCommand(_ string, r io.Reader) ([]decoded, error) {
	type process struct {
		PID  int64    `json:"pid"`
		Args []string `json:"args"`
	}
	short := map[string]string{"H": "host", "D": "debug", "l": "log-level", "g": "data-root", "s": "storage-driver", "b": "bridge", "G": "group", "p": "pidfile"}
	switches := map[string]bool{"debug": true, "tls": true, "tlsverify": true}
	var rows []decoded
	err := elements(r, func(line int64, in *process) error {
		for i := 1; i < len(in.Args); i++ {
			name := strings.TrimLeft(in.Args[i], "-")
			if name == in.Args[i] || name == "" {
				continue
			}
			row := schema.DaemonOption{Source: "command line", PID: &in.PID}
			var valued bool
			name, row.Value, valued = strings.Cut(name, "=")
			row.Name = cmp.Or(short[name], name)
			if !valued && !switches[row.Name] && i+1 < len(in.Args) && !strings.HasPrefix(in.Args[i+1], "-") {
				i++
				row.Value = in.Args[i]
			}
			rows = append(rows, decoded{line, row})
		}
		return nil
	})
	return rows, err
}

// decodeNetworkDB decodes GET /networks/ID?verbose=true: what gossip told the daemon.
func decodeNetworkDB(_ string, r io.Reader) ([]decoded, error) {
	type network struct {
		ID       string `json:"Id"`
		Services map[string]struct {
			VIP          string
			Ports        []string
			LocalLBIndex int64
			Tasks        []struct {
				Name, EndpointID, EndpointIP string
				Info                         map[string]string
			}
		}
	}
	var rows []decoded
	err := elements(r, func(line int64, in *network) error {
		if in.ID == "" {
			return errors.New("a network without Id")
		}
		for _, name := range slices.Sorted(maps.Keys(in.Services)) {
			s := in.Services[name]
			base := schema.NetworkDBEndpoint{
				NetworkID: in.ID, Service: name, VIP: lenientAddr(s.VIP), Ports: strings.Join(s.Ports, ","), LBIndex: limit(s.LocalLBIndex),
			}
			for _, t := range s.Tasks {
				row := base
				row.Task, row.EndpointID, row.IP, row.HostIP = t.Name, t.EndpointID, lenientAddr(t.EndpointIP), lenientAddr(t.Info["Host IP"])
				rows = append(rows, decoded{line, row})
			}
			if len(s.Tasks) == 0 {
				rows = append(rows, decoded{line, base})
			}
		}
		return nil
	})
	return rows, err
}

// decodeDiskUsage decodes GET /system/df.
func decodeDiskUsage(_ string, r io.Reader) ([]decoded, error) {
	var in struct {
		LayersSize *int64
		Images     []struct {
			ID                           string `json:"Id"`
			RepoTags                     []string
			Size, SharedSize, Containers *int64
			Created                      int64
		}
		Containers []struct {
			ID      string `json:"Id"`
			Names   []string
			SizeRw  *int64
			Created int64
		}
		Volumes []struct {
			Name, CreatedAt string
			UsageData       *struct{ Size, RefCount *int64 }
		}
		BuildCache []struct {
			ID, CreatedAt string
			Size          *int64
		}
	}
	if err := json.NewDecoder(r).Decode(&in); err != nil {
		return nil, fmt.Errorf("not the reply to GET /system/df: %w", err)
	}
	rows := []decoded{{1, schema.DiskUsage{Kind: "layers", Size: in.LayersSize}}}
	put := func(row schema.DiskUsage, created int64) {
		if created > 0 {
			row.At = time.Unix(created, 0).UTC()
		}
		rows = append(rows, decoded{1, row})
	}
	first := func(names []string) string {
		return strings.TrimPrefix(strings.Join(names[:min(1, len(names))], ""), "/")
	}
	for _, i := range in.Images {
		put(schema.DiskUsage{Kind: "image", ID: i.ID, Name: first(i.RepoTags), Size: counted(i.Size), Shared: counted(i.SharedSize), Refs: counted(i.Containers)}, i.Created)
	}
	for _, c := range in.Containers {
		put(schema.DiskUsage{Kind: "container", ID: c.ID, Name: first(c.Names), Size: counted(c.SizeRw)}, c.Created)
	}
	for _, v := range in.Volumes {
		row := schema.DiskUsage{Kind: "volume", ID: v.Name, Name: v.Name, At: dockerTime(v.CreatedAt)}
		if u := v.UsageData; u != nil {
			row.Size, row.Refs = counted(u.Size), counted(u.RefCount)
		}
		put(row, 0)
	}
	for _, b := range in.BuildCache {
		put(schema.DiskUsage{Kind: "build-cache", ID: b.ID, Size: b.Size, At: dockerTime(b.CreatedAt)}, 0)
	}
	return rows, nil
}

// counted is a figure for which the API says -1 when it did not count.
func counted(n *int64) *int64 {
	if n == nil || *n < 0 {
		return nil
	}
	return n
}
