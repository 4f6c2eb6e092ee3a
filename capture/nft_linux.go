package capture

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/capture/nftables"
	"github.com/netmortem/netmortem/schema"
)

// nftCollector reads nftables: chains, rules, sets and elements of all families, and the tables of iptables-nft among them once
// more as iptables.
//
// A netfilter socket loads nfnetlink, and a message of nf_tables loads that, so neither is used unless nf_tables is
// there. Only GET messages are sent. Needs CAP_NET_ADMIN.
var nftCollector = &Collector{
	Name:     "nft",
	Doc:      "nftables of all families, and the tables of iptables-nft in them (netlink dumps NFT_MSG_GET*).",
	Needs:    "CAP_SYS_ADMIN, to enter the namespace; CAP_NET_ADMIN, without which the kernel refuses this",
	Effects:  "The first message of nf_tables loads the module: so nothing is sent unless it is loaded. No table or chain is made; counters are not reset.",
	Since:    "0.1.0",
	Tables:   []string{"nft_chain", "nft_rule", "nft_set", "nft_element", "iptables_chain", "iptables_rule"},
	Volatile: true,
	InNetns:  readNft,
}

// nftMsg is the type of a message of nf_tables on the netfilter socket.
func nftMsg(n uint16) uint16 { return unix.NFNL_SUBSYS_NFTABLES<<8 | n }

// anyFamily is struct nfgenmsg asking for all families.
var anyFamily = []byte{unix.AF_UNSPEC, unix.NFNETLINK_V0, 0, 0}

func readNft(ctx context.Context, ns *Netns, s *Sink) error {
	if !ns.Host.Modules.Have("nf_tables") {
		return &Incomplete{schema.Absent, "nf_tables is not loaded"}
	}
	c, err := openNetlink(unix.NETLINK_NETFILTER)
	if errors.Is(err, unix.EPROTONOSUPPORT) {
		return &Incomplete{schema.Absent, "this kernel has no nfnetlink"}
	}
	if err != nil {
		return err
	}
	defer c.close()
	ns.lend(c)
	tables := 0
	err = c.dump(ctx, nftMsg(unix.NFT_MSG_GETTABLE), anyFamily, nftMsg(unix.NFT_MSG_NEWTABLE), func([]byte) error {
		tables++
		return nil
	})
	switch {
	case errors.Is(err, unix.EINVAL), notSupported(err):
		return &Incomplete{schema.Absent, "this kernel has no nf_tables"}
	case err != nil && err != errInterrupted:
		return fmt.Errorf("list nft tables: %w", err)
	case tables == 0 && err == nil:
		return &Incomplete{schema.Absent, "nftables holds no table in this namespace"}
	}
	rules, err := readNftRules(ctx, c, ns, s)
	errs := []error{err}
	iptables := rules.IPTables()
	for i := range iptables {
		if err := putXTTable(s, ns.ID(), "nft", &iptables[i], setNames(ns)); err != nil {
			return err
		}
	}
	if len(iptables) == 0 && err == nil {
		for _, t := range []string{"iptables_chain", "iptables_rule"} {
			s.Cover(schema.Coverage{Tbl: t, Outcome: schema.Absent, Reason: "nftables holds no table of iptables-nft"})
		}
	}
	errs = append(errs, readNftSets(ctx, c, ns, s))
	return errors.Join(errs...)
}

// readNftRules puts the rows of chains and rules and returns them.
func readNftRules(ctx context.Context, c *rtconn, ns *Netns, s *Sink) (*nftables.Ruleset, error) {
	rs := &nftables.Ruleset{}
	var errs []error
	err := c.dump(ctx, nftMsg(unix.NFT_MSG_GETCHAIN), anyFamily, nftMsg(unix.NFT_MSG_NEWCHAIN), func(b []byte) error {
		ch, err := nftables.ParseChain(b)
		if err != nil {
			errs = append(errs, err)
			return nil
		}
		rs.Chains = append(rs.Chains, ch)
		ch.Row.Netns = ns.ID()
		return s.Put(&ch.Row)
	})
	if err != nil {
		errs = append(errs, fmt.Errorf("list nft chains: %w", err))
	}
	type chain struct {
		family      uint8
		table, name string
	}
	num := map[chain]int64{}
	err = c.dump(ctx, nftMsg(unix.NFT_MSG_GETRULE), anyFamily, nftMsg(unix.NFT_MSG_NEWRULE), func(b []byte) error {
		r, err := nftables.ParseRule(b)
		if err != nil {
			errs = append(errs, err)
			return nil
		}
		rs.Rules = append(rs.Rules, r)
		k := chain{r.Family, r.Table, r.Chain}
		num[k]++
		row := r.Row()
		row.Netns, row.Num = ns.ID(), num[k]
		return s.Put(&row)
	})
	if err != nil {
		errs = append(errs, fmt.Errorf("list nft rules: %w", err))
	}
	return rs, errors.Join(errs...)
}

// maxNftElements bounds the elements of one namespace: a blocklist may have millions.
const maxNftElements = 200_000

func readNftSets(ctx context.Context, c *rtconn, ns *Netns, s *Sink) error {
	type set struct {
		family      uint8
		table, name string
	}
	var sets []set
	var errs []error
	err := c.dump(ctx, nftMsg(unix.NFT_MSG_GETSET), anyFamily, nftMsg(unix.NFT_MSG_NEWSET), func(b []byte) error {
		family, row, err := nftables.ParseSet(b)
		if err != nil {
			errs = append(errs, err)
			return nil
		}
		sets = append(sets, set{family, row.Tbl, row.Name})
		row.Netns = ns.ID()
		return s.Put(&row)
	})
	if err != nil {
		errs = append(errs, fmt.Errorf("list nft sets: %w", err))
	}
	elements := 0
	for _, set := range sets {
		request := []byte{set.family, unix.NFNETLINK_V0, 0, 0}
		request = appendAttr(request, unix.NFTA_SET_ELEM_LIST_TABLE, append([]byte(set.table), 0))
		request = appendAttr(request, unix.NFTA_SET_ELEM_LIST_SET, append([]byte(set.name), 0))
		err := c.dump(ctx, nftMsg(unix.NFT_MSG_GETSETELEM), request, nftMsg(unix.NFT_MSG_NEWSETELEM), func(b []byte) error {
			rows, err := nftables.ParseElements(b)
			if err != nil {
				errs = append(errs, err)
			}
			for i := range rows {
				if elements++; elements > maxNftElements {
					return &Incomplete{schema.Truncated, fmt.Sprintf("cut at %d elements", maxNftElements)}
				}
				rows[i].Netns = ns.ID()
				if err := s.Put(&rows[i]); err != nil {
					return err
				}
			}
			return nil
		})
		var cut *Incomplete
		switch {
		case errors.As(err, &cut) && cut.Outcome == schema.Truncated:
			s.Cover(schema.Coverage{Tbl: "nft_element", Outcome: cut.Outcome, Reason: cut.Reason})
			return errors.Join(errs...)
		case errors.Is(err, unix.ENOENT): // the set went away meanwhile
		case err != nil:
			errs = append(errs, fmt.Errorf("list elements of nft set %s %s: %w", set.table, set.name, err))
		}
	}
	return errors.Join(errs...)
}

// openNetlink opens a socket of a netlink family in the namespace of the calling thread. Opening one of a family that
// the kernel does not have may load a module: the caller has made sure that it will not.
func openNetlink(protocol int) (*rtconn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return nil, fmt.Errorf("open a netlink socket of family %d: %w", protocol, err)
	}
	c := &rtconn{fd: fd, room: &room{}}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		c.close()
		return nil, fmt.Errorf("bind a netlink socket of family %d: %w", protocol, err)
	}
	return c, nil
}

// appendAttr appends one netlink attribute, padded.
func appendAttr(b []byte, typ uint16, value []byte) []byte {
	b = binary.NativeEndian.AppendUint16(b, uint16(4+len(value)))
	b = binary.NativeEndian.AppendUint16(b, typ)
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}
