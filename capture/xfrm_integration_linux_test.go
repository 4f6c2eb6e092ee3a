package capture

import (
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/schema"
)

// xfrmList are the first words of what ip(8) lists of each association or policy: lines that are not indented begin one.
// Keys are cut off.
func xfrmList(what string) ([]string, error) {
	out, err := tool("", "ip", "-s", "xfrm", what)
	if err != nil {
		return nil, err
	}
	var list []string
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "src ") {
			list = append(list, "")
		}
		if len(list) > 0 {
			list[len(list)-1] += strings.Join(strings.Fields(regexp.MustCompile(`0x[0-9a-f]{16,}`).ReplaceAllString(line, "KEY")), " ") + "\n"
		}
	}
	return list, nil
}

// addXfrm makes associations with a key and a policy as Docker does.
func addXfrm(key []byte, spis ...int) error {
	var errs []error
	for _, spi := range spis {
		_, err := tool("", "ip", "xfrm", "state", "add", "src", "10.0.0.1", "dst", "10.0.0.2", "proto", "esp", "spi", fmt.Sprint(spi), "reqid", "13681891",
			"mode", "transport", "aead", "rfc4106(gcm(aes))", "0x"+hex.EncodeToString(key), "64")
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func addXfrmPolicy() error {
	_, err := tool("", "ip", "xfrm", "policy", "add", "src", "10.0.0.1", "dst", "10.0.0.2", "proto", "udp", "dport", "4789", "dir", "out", "mark", "0xd0c4e3",
		"tmpl", "src", "10.0.0.1", "dst", "10.0.0.2", "proto", "esp", "spi", "0x101", "reqid", "13681891", "mode", "transport")
	return err
}

// Policies are what ip(8) lists.
func TestIntegrationXfrmPolicy(t *testing.T) {
	needTools(t, "ip")
	n := holdNetns(t)
	var skip error
	n.do(func() { skip = addXfrmPolicy() })
	if skip != nil {
		t.Skip("this kernel has no IPsec policies: ", skip)
	}
	n.must(func() error {
		got := collect(xfrmCollector)
		rows := rowsOf[schema.XfrmPolicy](got.rows["xfrm_policy"])
		list, err := xfrmList("policy")
		if len(rows) != 1 || len(list) != 1 || got.err != nil {
			return errors.Join(err, fmt.Errorf("%d rows for %q, %w", len(rows), list, got.err))
		}
		p := rows[0]
		if p.Selector != "10.0.0.1/32>10.0.0.2/32 udp 0>4789" || p.Direction != "out" || p.Mark == nil || *p.Mark != 0xd0c4e3 || *p.MarkMask != 0xffffffff ||
			p.Src != ip("10.0.0.1") || p.Dst != ip("10.0.0.2") || p.SPI != 0x101 || p.Reqid != 13681891 || p.Proto != "esp" || p.Mode != "transport" || p.Action != "allow" {
			t.Errorf("policy %s\nip says %s", rowText(p), list[0])
		}
		for _, want := range []string{fmt.Sprintf("index %d", p.Index), fmt.Sprintf("priority %d", p.Priority), "ptype " + p.Type, "add " + p.Added.Local().Format("2006-01-02 15:04:05")} {
			if !strings.Contains(list[0], want) {
				t.Errorf("ip says nothing of %q: %s", want, list[0])
			}
		}
		return err
	})
}

// Two hosts of one association have one hash from one key, and another one from another; the key is nowhere in the bundle.
func TestIntegrationXfrmKeys(t *testing.T) {
	needTools(t, "ip")
	a, b := holdNetns(t), holdNetns(t)
	other := slices.Clone(canaryKey)
	other[0] ^= 1
	for _, h := range []struct {
		n   *heldNetns
		key []byte // of the second association
	}{{a, canaryKey}, {b, other}} {
		var skip error
		h.n.do(func() { skip = errors.Join(addXfrm(canaryKey, 0x101), addXfrm(h.key, 0x102), addXfrmPolicy()) })
		if skip != nil {
			t.Skip("this kernel has no ESP: ", skip)
		}
	}
	lists := map[string][]string{}
	for name, n := range map[string]*heldNetns{"a": a, "b": b} {
		n.must(func() (err error) { lists[name], err = xfrmList("state"); return err })
	}
	o := kernelOnly()
	o.Window = 1 // both reads
	c, entries := captureAll(t, t.Context(), o, Collectors)
	hash := map[string]string{}
	for name, n := range map[string]*heldNetns{"a": a, "b": b} {
		rows := rowsIn[schema.XfrmState](t, entries, "xfrm_state", n.id)
		list := lists[name]
		if len(rows) != 2 || len(list) != 2 {
			t.Fatalf("%d associations, and ip lists %q", len(rows), list)
		}
		for _, s := range rows {
			hash[fmt.Sprint(name, s.SPI)] = s.AEADKeyHash
			head := fmt.Sprintf("src %s dst %s\nproto %s spi 0x%08x(%d) reqid %d(0x%08x) mode %s\n", s.Src, s.Dst, s.Proto, s.SPI, s.SPI, s.Reqid, s.Reqid, s.Mode)
			alg := fmt.Sprintf("aead %s KEY (%d bits) %d\n", s.AEADAlg, s.AEADKeyBits, s.AEADICVBits)
			traffic := fmt.Sprintf("%d(bytes), %d(packets)\nadd %s use -", s.Bytes, s.Packets, s.Added.Local().Format("2006-01-02 15:04:05"))
			if !slices.ContainsFunc(list, func(text string) bool {
				return strings.HasPrefix(text, head) && strings.Contains(text, alg) && strings.Contains(text, traffic)
			}) {
				t.Errorf("no association in %q is %s", list, rowText(s))
			}
			if s.Seen != schema.SeenBoth || s.BytesLast == nil || s.Extra != "" {
				t.Errorf("%s", rowText(s))
			}
		}
		for _, doc := range []string{"proc_net_xfrm_stat", "proc_net_xfrm_stat.last"} {
			if cover := coverageOf(t, entries, n.id)[doc]; cover.Outcome != schema.OK && cover.Outcome != schema.Absent {
				t.Errorf("%s: %s (%s)", doc, cover.Outcome, cover.Reason)
			}
		}
	}
	if hash["a257"] == "" || hash["a257"] != hash["b257"] {
		t.Errorf("the same key has the hashes %q and %q", hash["a257"], hash["b257"])
	}
	if hash["a258"] == "" || hash["a258"] == hash["b258"] || hash["a257"] == hash["a258"] {
		t.Errorf("other keys, or one key in two associations, have the same hash: %q", hash)
	}
	for name, text := range entries {
		for _, key := range [][]byte{canaryKey, other} {
			if where := findKey([]byte(text), key); where != "" {
				t.Errorf("the key is in %s, %s", name, where)
			}
		}
	}
	if where := findKey([]byte(fmt.Sprintf("%+v", c.Summary)), canaryKey); where != "" {
		t.Errorf("the key is in the summary, %s", where)
	}
}
