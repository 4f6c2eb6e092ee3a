package capture

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// cloudTags are the constants that clouds put into the chassis asset tag of their machines (cloud-init, tools/ds-identify). Any
// other tag is an inventory number of its owner.
var cloudTags = map[string]string{
	"7783-7084-3265-9085-8269-3286-77": "azure",
	"Amazon EC2":                       "amazon",
	"OracleCloud.com":                  "oracle",
	"OpenTelekomCloud":                 "otc",
	"HUAWEICLOUD":                      "huawei",
	"SAP CCloud VM":                    "sap",
	"Samsung Cloud Platform":           "samsung",
	"OpenStack Nova":                   "openstack",
	"OpenStack Compute":                "openstack",
	"nebius.com":                       "nebius",
}

// noTag is what firmware says when there is no tag.
var noTag = []string{"", "none", "no asset tag", "not specified", "default string", "to be filled by o.e.m.", "unknown", "0"}

// cloudTag is the word for a chassis asset tag: a cloud, other for an inventory number, empty for none.
func cloudTag(tag string) string {
	if cloud := cloudTags[tag]; cloud != "" {
		return cloud
	}
	for _, no := range noTag {
		if strings.EqualFold(tag, no) {
			return ""
		}
	}
	return "other"
}

var machineCollector = &Collector{
	Name:    "machine",
	Doc:     "What firmware and kernel say of the machine: /sys/class/dmi/id without serial numbers and UUIDs, /sys/hypervisor, the first processor of /proc/cpuinfo, clock sources.",
	Needs:   "none",
	Effects: "kernels 4.15 to 5.16 ask every processor for its frequency when /proc/cpuinfo is read, which interrupts each for a moment",
	Since:   "0.2.0",
	Tables:  []string{"machine"},
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		row := &schema.Machine{}
		var denied error
		read := func(name string) string {
			data, _, err := h.Options.readHostFile(name, 4096)
			if err != nil && !errors.Is(err, fs.ErrNotExist) && denied == nil {
				denied = err
			}
			return strings.TrimRight(strings.TrimSpace(string(data)), "\x00")
		}
		for _, f := range []struct {
			to   *string
			name string
		}{
			{&row.SysVendor, "sys_vendor"}, {&row.ProductName, "product_name"}, {&row.ProductVersion, "product_version"},
			{&row.BoardVendor, "board_vendor"}, {&row.BoardName, "board_name"},
			{&row.BIOSVendor, "bios_vendor"}, {&row.BIOSVersion, "bios_version"}, {&row.BIOSDate, "bios_date"},
			{&row.ChassisVendor, "chassis_vendor"},
		} {
			*f.to = read("/sys/class/dmi/id/" + f.name)
		}
		row.CloudTag = cloudTag(read("/sys/class/dmi/id/chassis_asset_tag"))
		row.Model = read("/sys/firmware/devicetree/base/model")
		row.Hypervisor = read("/sys/hypervisor/type")
		row.Clocksource = read("/sys/devices/system/clocksource/clocksource0/current_clocksource")
		row.Clocksources = read("/sys/devices/system/clocksource/clocksource0/available_clocksource")
		setProcessor(row, read("/proc/cpuinfo"))
		if err := s.Put(row); err != nil {
			return err
		}
		return denied
	},
}

// setProcessor fills in what the first processor of a /proc/cpuinfo says of itself. The text may be cut behind it.
func setProcessor(row *schema.Machine, cpuinfo string) {
	for line := range strings.Lines(cpuinfo) {
		key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		if !ok {
			break // an empty line: the next processor
		}
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(key) {
		case "vendor_id", "CPU implementer":
			row.CPUVendor = value
		case "model name", "cpu model", "cpu":
			row.CPUModel = value
		case "flags":
			if strings.HasSuffix(line, "\n") {
				virtual := strings.Contains(" "+value+" ", " hypervisor ")
				row.Virtual = &virtual
			}
		}
	}
}
