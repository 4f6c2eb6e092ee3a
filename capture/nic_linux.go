package capture

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

var nicCollector = &Collector{
	Name: "nic",
	Doc: "Drivers of the host's links with their firmware, speed, rings, offloads and own counters, by the ioctl SIOCETHTOOL with " +
		"ETHTOOL_GDRVINFO, GLINK, GLINKSETTINGS, GRINGPARAM, GFEATURES and GSTATS; not of veths, lo, and links that are down.",
	Needs: "CAP_SYS_ADMIN, to enter the namespace",
	Effects: "The ioctl takes a name, and a privileged caller who names a link that has just gone makes the kernel load a module of that name: " +
		"each link is asked by a thread of its own that has given up all capabilities. Only commands that the kernel grants to anyone are used. " +
		"A link that is down is not asked, since that may wake the device. Drivers answer from their counters; some ask their firmware, as for every monitoring tool.",
	Since:    "0.2.0",
	Tables:   []string{"nic", "nic_feature", "nic_stat"},
	Volatile: true,
	HostOnly: true,
	InNetns:  readNICs,
}

// Bounds on what is read: a host of Docker's has a bridge for each network, a big NIC some counters for each queue.
const (
	mostNICs     = 256
	mostNICStats = 8192 // of one NIC
)

// nicFacts is what one link's driver says.
type nicFacts struct {
	nic      schema.NIC
	features []schema.NICFeature
	stats    []schema.NICStat
}

func readNICs(ctx context.Context, ns *Netns, s *Sink) error {
	c, err := ns.routeConn()
	if err != nil {
		return err
	}
	var links []*schema.Link
	more := 0
	err = c.dump(ctx, unix.RTM_GETLINK, make([]byte, unix.SizeofIfInfomsg), unix.RTM_NEWLINK, func(b []byte) error {
		l, _, err := decodeLink(b)
		switch {
		case err != nil || l.Kind == "veth" || hasWord(l.Flags, "loopback"):
		case len(links) < mostNICs:
			links = append(links, l)
		default:
			more++
		}
		return err
	})
	if err != nil {
		return err
	}
	var gaps []error
	if more > 0 {
		gaps = append(gaps, &Incomplete{schema.Truncated, fmt.Sprintf("%d of %d links", mostNICs, mostNICs+more)})
	}
	for _, l := range links {
		f := &nicFacts{nic: schema.NIC{Netns: ns.ID(), Ifindex: l.Ifindex, Dev: l.Name, Kind: l.Kind}}
		if hasWord(l.Flags, "up") {
			// A driver that hangs takes its own thread with it. What it may still write is not looked at.
			asked := &nicFacts{nic: f.nic}
			err := ns.Do(ctx, func() error { return asked.read(ctx, s.Read() == 0) })
			switch {
			case errors.Is(err, unix.ENODEV):
				continue // it went
			case err != nil:
				gaps = append(gaps, fmt.Errorf("%s: %w", l.Name, err))
			}
			if ctx.Err() == nil {
				f = asked
			}
		}
		if err := f.put(s); err != nil {
			return err
		}
	}
	return errors.Join(gaps...)
}

// hasWord reports whether a comma separated list has the word.
func hasWord(list, word string) bool {
	return strings.Contains(","+list+",", ","+word+",")
}

// read asks the driver; what does not change during the window only at first. A command that the driver does not know
// leaves its facts absent.
func (f *nicFacts) read(ctx context.Context, first bool) error {
	c, err := openEthtool(f.nic.Dev)
	if err != nil {
		return err
	}
	defer c.close()
	var errs []error
	note := func(err error) bool {
		if err != nil && !errors.Is(err, unix.EOPNOTSUPP) {
			errs = append(errs, err)
		}
		return err == nil
	}
	if first {
		if b, err := c.ask(ctx, unix.ETHTOOL_GDRVINFO, drvinfoLen); note(err) {
			decodeDrvinfo(b, &f.nic)
		}
		if b, err := c.ask(ctx, unix.ETHTOOL_GLINK, 8); note(err) {
			f.nic.LinkDetected = new(u32(b[4:]) != 0)
		}
		if b, err := c.linkSettings(ctx); note(err) {
			decodeLinkSettings(b, &f.nic)
		}
		if b, err := c.ask(ctx, unix.ETHTOOL_GRINGPARAM, ringParamLen); note(err) {
			decodeRingParam(b, &f.nic)
		}
		note(f.readFeatures(ctx, c))
	}
	note(f.readStats(ctx, c))
	return errors.Join(errs...)
}

// linkSettings asks twice: at first how many words each mask of link modes has, which the kernel tells as a negative
// number.
func (c *ethtoolConn) linkSettings(ctx context.Context) ([]byte, error) {
	const words = 15 // where that number stands
	b, err := c.ask(ctx, unix.ETHTOOL_GLINKSETTINGS, linkSettingLen+3*4*modeMaskWords)
	if err != nil {
		return nil, err
	}
	if int8(b[words]) >= 0 {
		return nil, unix.EOPNOTSUPP
	}
	number := binary.NativeEndian.Uint32([]byte{words % 4: byte(-int8(b[words]))})
	return c.ask(ctx, unix.ETHTOOL_GLINKSETTINGS, len(b), 0, 0, number)
}

func (f *nicFacts) readFeatures(ctx context.Context, c *ethtoolConn) error {
	names, err := c.names(ctx, ethFeatureNames)
	if err != nil || len(names) == 0 {
		return err
	}
	blocks := (len(names) + 31) / 32
	b, err := c.ask(ctx, unix.ETHTOOL_GFEATURES, 8+16*blocks, uint32(blocks))
	if err == nil {
		f.features = decodeFeatures(b, names)
	}
	return err
}

func (f *nicFacts) readStats(ctx context.Context, c *ethtoolConn) error {
	names, err := c.names(ctx, ethStatNames)
	if err != nil || len(names) == 0 {
		return err
	}
	b, err := c.ask(ctx, unix.ETHTOOL_GSTATS, 8+8*(len(names)+ethSlack), uint32(len(names)))
	if err != nil {
		return err
	}
	if f.stats = decodeNICStats(b, names); len(f.stats) > mostNICStats {
		err = &Incomplete{schema.Truncated, fmt.Sprintf("%d of %d counters", mostNICStats, len(f.stats))}
		f.stats = f.stats[:mostNICStats]
	}
	return err
}

// put writes the rows of one link.
func (f *nicFacts) put(s *Sink) error {
	if err := s.Put(&f.nic); err != nil {
		return err
	}
	for i := range f.features {
		r := &f.features[i]
		r.Netns, r.Ifindex, r.Dev = f.nic.Netns, f.nic.Ifindex, f.nic.Dev
		if err := s.Put(r); err != nil {
			return err
		}
	}
	for i := range f.stats {
		r := &f.stats[i]
		r.Netns, r.Ifindex, r.Dev = f.nic.Netns, f.nic.Ifindex, f.nic.Dev
		if err := s.Put(r); err != nil {
			return err
		}
	}
	return nil
}
