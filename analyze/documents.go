package analyze

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"reflect"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// A decoded is one row from a document: a record struct of a decoded table, and the line where its element stands.
type decoded struct {
	line int64
	row  any
}

// A decoder turns one kind of document into rows. Rows and an error may both come back: the rows are kept, and the
// tables count as incomplete.
type decoder struct {
	document string // pattern, relative to raw/
	decode   func(doc string, r io.Reader) ([]decoded, error)
}

// decoders lists them. The documents of tasks are read twice and merged: see taskReads.
var decoders = append([]decoder{
	{"docker/info.json", decodeEngine},
	{"docker/version.json", decodeVersion},
	{"docker/swarm.json", decodeSwarm},
	{"docker/events.jsonl", decodeEvents},
	{"docker/plugins.json", decodePlugins},
	{"docker/daemon.json", decodeDaemonFile},
	{"docker/dockerd.json", decodeDaemonCommand},
	{"docker/network_verbose.json", decodeNetworkDB},
	{"docker/disk_usage.json", decodeDiskUsage},
	{"docker/ondisk/containers.json", decodeContainerFiles},
	{"docker/ondisk/libnetwork.json", decodeStore},
	{"docker/ondisk/swarm_state.json", decodeSwarmFile},
	{"docker/container_inspect.json", decodeContainers},
	{"docker/network_inspect.json", decodeNetworks},
	{"docker/nodes.json", decodeNodes},
	{"docker/services.json", decodeServices},
	{"docker/tasks.json", decodeTasks},
	{"docker/tasks.last.json", decodeTasks},
	{"container/*/resolv.conf", decodeResolvConf},
	{"container/*/hosts", decodeHosts},
	{"container/*/nsswitch.conf", decodeNsswitch},
	{"container/*/gai.conf", decodeGai},
	{"netns/*/proc_net_dev", decodeNetdev},
	{"netns/*/proc_net_dev.last", decodeNetdev},
	{"netns/*/proc_net_ip_vs_conn", decodeIPVSConnections},
	{"netns/*/proc_net_ip_vs_conn.last", decodeIPVSConnections},
	{"netns/*/proc_net_stat_nf_conntrack", decodeConntrackStat},
	{"netns/*/proc_net_stat_nf_conntrack.last", decodeConntrackStat},
	{"netns/*/ctnetlink_stat_cpu.json", decodeConntrackCPU},
	{"netns/*/ctnetlink_stat_cpu.last.json", decodeConntrackCPU},
	{"netns/*/proc_net_xfrm_stat", decodeXfrmStat},
	{"netns/*/proc_net_xfrm_stat.last", decodeXfrmStat},
	{"netns/*/proc_net_snmp", decodeSNMP},
	{"netns/*/proc_net_snmp.last", decodeSNMP},
	{"netns/*/proc_net_netstat", decodeNetstat},
	{"netns/*/proc_net_netstat.last", decodeNetstat},
	{"netns/*/proc_net_snmp6", decodeSNMP6},
	{"netns/*/proc_net_snmp6.last", decodeSNMP6},
	{"netns/*/proc_net_sockstat", decodeSockstat},
	{"netns/*/proc_net_sockstat.last", decodeSockstat},
	{"netns/*/proc_net_sockstat6", decodeSockstat},
	{"netns/*/proc_net_sockstat6.last", decodeSockstat},
	{"netns/*/proc_net_softnet_stat", decodeSoftnet},
	{"netns/*/proc_net_softnet_stat.last", decodeSoftnet},
	{"netns/*/proc_net_stat_arp_cache", decodeNeighbourStat},
	{"netns/*/proc_net_stat_arp_cache.last", decodeNeighbourStat},
	{"netns/*/proc_net_stat_ndisc_cache", decodeNeighbourStat},
	{"netns/*/proc_net_stat_ndisc_cache.last", decodeNeighbourStat},
	{"proc/meminfo", decodeMeminfo},
	{"proc/meminfo.last", decodeMeminfo},
	{"proc/vmstat", decodeVmstat},
	{"proc/vmstat.last", decodeVmstat},
	{"proc/stat", decodeStat},
	{"proc/stat.last", decodeStat},
	{"proc/sys/fs/file-nr", decodeFileNr},
	{"proc/sys/fs/file-nr.last", decodeFileNr},
	{"proc/uptime", decodeUptime},
	{"proc/uptime.last", decodeUptime},
	{"proc/loadavg", decodeLoadavg},
	{"proc/loadavg.last", decodeLoadavg},
	{"proc/pressure/*", decodePressure},
	{"proc/modules", decodeModules},
	{"proc/config", decodeKernelConfig},
	{"host/lib/modules/modules.builtin", decodeBuiltin},
	{"host/lib/modules/modules.dep", decodeModulesDep},
	{"host/etc/resolv.conf", decodeResolv},
	{"host/run/systemd/resolve/resolv.conf", decodeResolv},
	{"log/kernel.*", decodeKernelLog},
	{"log/daemon/*", decodeLogText},
	{"log/journal/*", decodeLogJournal},
}, settingDecoders(schema.HostConfigDocs)...)

// decodersByName are those whose pattern has no * but for the namespace; a fleet has millions of such documents.
var decodersByName = decoderIndex(decoders)

func decoderIndex(all []decoder) map[string]func(string, io.Reader) ([]decoded, error) {
	index := map[string]func(string, io.Reader) ([]decoded, error){}
	for _, d := range all {
		if _, dup := index[d.document]; !dup {
			index[d.document] = d.decode
		}
	}
	return index
}

// decoderOf is the decoder of a document, nil for one that stays as it is.
func decoderOf(name string) func(string, io.Reader) ([]decoded, error) {
	if decode := decodersByName[anyNetns(name)]; decode != nil {
		return decode
	}
	for _, d := range decoders {
		if strings.Contains(strings.TrimPrefix(d.document, "netns/*/"), "*") && matches(d.document, name) {
			return d.decode
		}
	}
	return nil
}

// document reads raw/<name> if some table is decoded from it.
func (r *bundleReader) document(name string, e *schema.Entry) {
	decode := decoderOf(name)
	if decode == nil {
		return
	}
	rows, err := decode(name, io.LimitReader(e.Data, maxDocument))
	stampKernelLog(rows, &r.rep.source.meta)
	if err != nil {
		line := int64(1)
		var at *elementError
		if errors.As(err, &at) {
			line = at.line
		}
		ref := fmt.Sprintf("%s/%s:%d", r.host, e.Name, line)
		text := strings.ReplaceAll(err.Error(), "\n", "; ")
		r.problem("%s: %s", ref, text)
		r.coverage.damageDocument(e.Name, "the document could not be understood: "+text, ref)
	}
	switch name {
	case "docker/tasks.json":
		r.tasks.first, r.tasks.hasFirst = rows, true
	case "docker/tasks.last.json":
		r.tasks.last, r.tasks.hasLast = rows, true
	default:
		r.putDecoded(e.Name, rows)
	}
}

// putDecoded packs rows of a document.
func (r *bundleReader) putDecoded(doc string, rows []decoded) {
	for _, d := range rows {
		name := tableOfRow(d.row)
		p := r.pack(name)
		packStruct(p, r.lays[name], r.host, doc, d.line, d.row)
		r.rep.rows++
		r.send(name, p, batchBytes)
	}
}

// tableOfRow is the name of the table whose record the row is.
func tableOfRow(row any) string {
	typ := reflect.TypeOf(row)
	for i := range schema.Tables {
		if schema.Tables[i].Type == typ {
			return schema.Tables[i].Name
		}
	}
	panic(fmt.Sprintf("analyze: %T is no record", row))
}

// An elementError is a mistake in one element of a document.
type elementError struct {
	line int64
	err  error
}

func (e *elementError) Error() string { return fmt.Sprintf("line %d: %v", e.line, e.err) }
func (e *elementError) Unwrap() error { return e.err }

// maxMistakes bounds how many mistakes of one document are told.
const maxMistakes = 10

// elements calls f with each element of the JSON array that r holds and the line where the element begins. Capture
// writes one element a line, but any layout is read. An element that f refuses does not end the reading.
func elements[E any](r io.Reader, f func(line int64, e *E) error) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	tok, err := dec.Token()
	if err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	if tok != json.Delim('[') {
		if reply := errorReply(data); reply != "" {
			return fmt.Errorf("the daemon replied: %s", reply)
		}
		return errors.New("not a JSON array")
	}
	var (
		errs []error
		line = int64(1)
		pos  = 0
	)
	mistake := func(err error) {
		if len(errs) < maxMistakes {
			errs = append(errs, &elementError{line, err})
		}
	}
	for dec.More() {
		start := int(dec.InputOffset())
		for start < len(data) && strings.IndexByte(" \t\r\n,", data[start]) >= 0 {
			start++
		}
		line += int64(bytes.Count(data[pos:start], []byte{'\n'}))
		pos = start
		var e E
		err := dec.Decode(&e)
		var wrong *json.UnmarshalTypeError
		switch {
		case errors.As(err, &wrong): // the element is whole, one of its values is not what it should be
			mistake(err)
		case err != nil:
			mistake(fmt.Errorf("damaged JSON: %w", err))
			return errors.Join(errs...)
		default:
			if err := f(line, &e); err != nil {
				mistake(err)
			}
		}
	}
	if _, err := dec.Token(); err != nil {
		mistake(fmt.Errorf("damaged JSON: the array has no end: %w", err))
	}
	return errors.Join(errs...)
}

// errorReply is the text of an error that the Docker API replied with instead of a document; empty if it is none.
func errorReply(data []byte) string {
	var reply struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(data, &reply) != nil {
		return ""
	}
	return reply.Message
}

// A putter takes the rows of one element. It parses the addresses that a row is built from, so that the row can be
// one expression; a row with an address that is none is kept out, and the mistake told.
type putter struct {
	line int64
	rows *[]decoded
	bad  error   // of the row that is being built
	errs []error // of rows that were kept out
}

func (p *putter) put(row any) {
	if p.bad != nil {
		p.errs, p.bad = append(p.errs, p.bad), nil
		return
	}
	*p.rows = append(*p.rows, decoded{p.line, row})
}

func (p *putter) err() error { return errors.Join(p.errs...) }

// addr is an address; the zero one for empty text.
func (p *putter) addr(s string) netip.Addr {
	if s == "" {
		return netip.Addr{}
	}
	ip, err := netip.ParseAddr(s)
	if err != nil {
		p.bad = err
	}
	return ip.Unmap()
}

// cidr is the address and the prefix length of 10.0.0.2/24; zero for empty text. The length may be missing.
func (p *putter) cidr(s string) (netip.Addr, int64) {
	if !strings.Contains(s, "/") {
		return p.addr(s), 0
	}
	x, err := netip.ParsePrefix(s)
	if err != nil {
		p.bad = err
	}
	return x.Addr().Unmap(), int64(x.Bits())
}

// prefix is a subnet; the zero one for empty text.
func (p *putter) prefix(s string) netip.Prefix {
	if s == "" {
		return netip.Prefix{}
	}
	x, err := netip.ParsePrefix(s)
	if err != nil {
		p.bad = err
	}
	return x.Masked()
}
