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
		if in.Name == "" && in.ID == "" {
			return errors.New("a plug-in without name")
		}
		var types []string
		for _, raw := range in.Config.Interface.Types {
			var text string
			var parts struct{ Prefix, Capability, Version string }
			if json.Unmarshal(raw, &text) != nil && json.Unmarshal(raw, &parts) == nil {
				text = parts.Prefix + "." + parts.Capability + "/" + parts.Version
			}
			if text != "" {
				types = append(types, text)
			}
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
// --name=value, --name value, or --name of a switch; those of one letter are -n value or -nvalue.
func decodeDaemonCommand(_ string, r io.Reader) ([]decoded, error) {
	type process struct {
		PID  *int64   `json:"pid"`
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
			row := schema.DaemonOption{Source: "command line", PID: in.PID}
			var valued bool
			name, row.Value, valued = strings.Cut(name, "=")
			if name == "" {
				continue
			}
			if !strings.HasPrefix(in.Args[i], "--") && len(name) > 1 && short[name[:1]] != "" { // -Hfd://
				name, row.Value, valued = name[:1], strings.TrimPrefix(in.Args[i], "-"+name[:1]), true
			}
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

// decodeDiskUsage decodes GET /system/df as the API has it up to 1.51. An object with a value of the wrong type is left out.
func decodeDiskUsage(_ string, r io.Reader) ([]decoded, error) {
	var in struct {
		LayersSize                              *int64
		Images, Containers, Volumes, BuildCache []json.RawMessage
	}
	if err := json.NewDecoder(r).Decode(&in); err != nil {
		return nil, fmt.Errorf("not the reply to GET /system/df: %w", err)
	}
	rows := []decoded{{1, schema.DiskUsage{Kind: "layers", Size: in.LayersSize}}}
	var errs []error
	first := func(names []string) string {
		return strings.TrimPrefix(strings.Join(names[:min(1, len(names))], ""), "/")
	}
	for _, of := range []struct {
		kind string
		list []json.RawMessage
	}{{"image", in.Images}, {"container", in.Containers}, {"volume", in.Volumes}, {"build-cache", in.BuildCache}} {
		kind := of.kind
		for i, raw := range of.list {
			var o struct {
				ID                                   string
				Name                                 string
				RepoTags, Names                      []string
				Size, SharedSize, SizeRw, Containers *int64
				Created                              int64
				CreatedAt                            string
				UsageData                            *struct{ Size, RefCount *int64 }
			}
			if err := json.Unmarshal(raw, &o); err != nil && len(errs) < maxMistakes {
				errs = append(errs, fmt.Errorf("%s %d: %w", kind, i, err))
			} else if err == nil && cmp.Or(o.ID, o.Name) != "" {
				row := schema.DiskUsage{Kind: kind, ID: cmp.Or(o.ID, o.Name), At: dockerTime(o.CreatedAt)}
				switch kind {
				case "image":
					row.Name, row.Size, row.Shared, row.Refs = first(o.RepoTags), counted(o.Size), counted(o.SharedSize), counted(o.Containers)
				case "container":
					row.Name, row.Size = first(o.Names), counted(o.SizeRw)
				case "volume":
					row.Name = o.Name
					if u := o.UsageData; u != nil {
						row.Size, row.Refs = counted(u.Size), counted(u.RefCount)
					}
				case "build-cache":
					row.Size = counted(o.Size)
				}
				if o.Created > 0 {
					row.At = time.Unix(o.Created, 0).UTC()
				}
				rows = append(rows, decoded{1, row})
			}
		}
	}
	return rows, errors.Join(errs...)
}

// counted is a figure for which the API says -1 when it did not count.
func counted(n *int64) *int64 {
	if n == nil || *n < 0 {
		return nil
	}
	return n
}
