package capture

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// parseConntrackLine reads one line of /proc/net/nf_conntrack into e, whatever e held (net/netfilter/nf_conntrack_standalone.c,
// ct_seq_show): names and numbers of both protocols, seconds left unless it is offloaded, a state if the protocol has one,
// the two tuples with what belongs to each, words in brackets, and what is common to both.
func parseConntrackLine(line string, e *schema.ConntrackEntry) error {
	*e = schema.ConntrackEntry{}
	f := strings.Fields(line)
	if len(f) < 6 {
		return fmt.Errorf("a line of %d words: %.40q", len(f), line)
	}
	e.Family, e.Proto = f[0], f[2]
	if n, err := strconv.ParseInt(f[3], 10, 64); err == nil && ctProtoNames[n] != "" {
		e.Proto = ctProtoNames[n]
	} else if e.Proto == "unknown" {
		e.Proto = f[3]
	}
	words := f[4:]
	if n, err := strconv.ParseInt(words[0], 10, 64); err == nil {
		e.TimeoutS = &n
		words = words[1:]
	}
	status := []string{"seen_reply"}
	reply := false
	for _, w := range words {
		key, value, pair := strings.Cut(w, "=")
		if !pair {
			switch w {
			case "[UNREPLIED]":
				status = status[1:]
			case "[ASSURED]":
				status = append(status, "assured")
			case "[OFFLOAD]", "[HW_OFFLOAD]":
				status = append(status, strings.ToLower(w[1:len(w)-1]))
			default:
				e.State = w
			}
			continue
		}
		if key == "src" && e.Src.IsValid() {
			reply = true
		}
		if err := setConntrack(e, reply, key, value); err != nil {
			return fmt.Errorf("%s=%.40q: %w", key, value, err)
		}
	}
	if !e.Src.IsValid() || !e.ReplySrc.IsValid() {
		return fmt.Errorf("no two tuples: %.40q", line)
	}
	e.Status, e.Nat = strings.Join(status, ","), translated(e)
	return nil
}

// setConntrack sets what one word name=value of a line says of one direction or of both.
func setConntrack(e *schema.ConntrackEntry, reply bool, key, value string) error {
	if key == "src" || key == "dst" {
		a, err := netip.ParseAddr(value)
		if err != nil {
			return err
		}
		switch a = a.Unmap(); {
		case key == "src" && reply:
			e.ReplySrc = a
		case key == "src":
			e.Src = a
		case reply:
			e.ReplyDst = a
		default:
			e.Dst = a
		}
		return nil
	}
	if key == "secctx" {
		return nil
	}
	n, err := strconv.ParseInt(value, 0, 64)
	if err != nil {
		return err
	}
	switch key {
	case "sport":
		*pick(reply, &e.Sport, &e.ReplySport) = n
	case "dport":
		*pick(reply, &e.DPort, &e.ReplyDport) = n
	case "type", "code", "id":
		if !reply {
			*map[string]**int64{"type": &e.ICMPType, "code": &e.ICMPCode, "id": &e.ICMPID}[key] = &n
		}
	case "packets":
		*pick(reply, &e.Packets, &e.ReplyPackets) = &n
	case "bytes":
		*pick(reply, &e.Bytes, &e.ReplyBytes) = &n
	case "mark":
		e.Mark = n
	case "zone":
		e.Zone = n
	case "zone-orig":
		e.Zone, e.ZoneDir = n, "orig"
	case "zone-reply":
		e.Zone, e.ZoneDir = n, "reply"
	}
	return nil
}

func pick[T any](second bool, a, b T) T {
	if second {
		return b
	}
	return a
}

// ctProtoNames names the protocols that connection tracking knows.
var ctProtoNames = map[int64]string{
	1: "icmp", 6: "tcp", 17: "udp", 33: "dccp", 47: "gre", 50: "esp", 51: "ah", 58: "icmpv6", 132: "sctp", 136: "udplite",
}
