package schema

// NIC is one network device of the host as its driver describes it: hardware, virtual hardware, bridges, bonds; not veth
// and lo. A device that is down is not asked, for that may wake it: its row has no more than its name.
type NIC struct {
	Netns         string `json:"netns" class:"plain" doc:"namespace, the host's"`
	Ifindex       int64  `json:"ifindex" class:"plain" doc:"device"`
	Dev           string `json:"dev" class:"plain" doc:"its name"`
	Kind          string `json:"kind,omitzero" class:"plain" doc:"IFLA_INFO_KIND: bridge, bond, vlan, …; absent for hardware"`
	Driver        string `json:"driver,omitzero" class:"plain" doc:"driver: vmxnet3, virtio_net, ena, mlx5_core, bridge, … (ETHTOOL_GDRVINFO)"`
	DriverVersion string `json:"driver_version,omitzero" class:"plain" doc:"its version; many drivers give the kernel's"`
	Firmware      string `json:"firmware,omitzero" class:"plain" doc:"version of the device's firmware"`
	Bus           string `json:"bus,omitzero" class:"plain" doc:"address on its bus: 0000:03:00.0"`
	SpeedMbps     *int64 `json:"speed_mbps,omitzero" class:"plain" doc:"speed, Mbit/s; absent when unknown (ETHTOOL_GLINKSETTINGS)"`
	Duplex        string `json:"duplex,omitzero" class:"plain" doc:"half or full; absent when unknown"`
	Autoneg       *bool  `json:"autoneg,omitzero" class:"plain" doc:"speed and duplex are negotiated"`
	LinkDetected  *bool  `json:"link_detected,omitzero" class:"plain" doc:"the driver sees a link (ETHTOOL_GLINK)"`
	RxRing        *int64 `json:"rx_ring,omitzero" class:"plain" doc:"receive ring, packets (ETHTOOL_GRINGPARAM)"`
	RxRingMax     *int64 `json:"rx_ring_max,omitzero" class:"plain" doc:"what it could be"`
	TxRing        *int64 `json:"tx_ring,omitzero" class:"plain" doc:"transmit ring, packets"`
	TxRingMax     *int64 `json:"tx_ring_max,omitzero" class:"plain" doc:"what it could be"`
}

// NICFeature is one offload or other switch of a device.
type NICFeature struct {
	Netns     string `json:"netns" class:"plain" doc:"namespace, the host's"`
	Ifindex   int64  `json:"ifindex" class:"plain" doc:"device"`
	Dev       string `json:"dev" class:"plain" doc:"its name"`
	Feature   string `json:"feature" class:"plain" doc:"the kernel's name: tx-checksum-ip-generic, rx-udp_tunnel-port-offload, tx-udp_tnl-segmentation, …"`
	Active    bool   `json:"active" class:"plain" doc:"it is on"`
	Requested bool   `json:"requested" class:"plain" doc:"it was asked to be on; differs from active where something else prevents it"`
	Fixed     bool   `json:"fixed" class:"plain" doc:"it cannot be changed on this device"`
}

// NICStat is one counter of a device's driver, by the driver's own name.
type NICStat struct {
	Netns     string `json:"netns" class:"plain" doc:"namespace, the host's"`
	Ifindex   int64  `json:"ifindex" class:"plain" doc:"device"`
	Dev       string `json:"dev" class:"plain" doc:"its name"`
	Stat      string `json:"stat" class:"plain" doc:"the driver's name for it: rx_missed_errors, pps_allowance_exceeded, rx_queue_0_drops, …"`
	Count     int64  `json:"count" class:"plain" counter:"y" doc:"its value at the first read that saw it; most only grow, since the driver was loaded"`
	CountLast *int64 `json:"count_last,omitzero" class:"plain" counter:"y" doc:"its value at the last read"`
	Seen      string `json:"seen" class:"plain" doc:"first, last or both: which of the two reads held it"`
}

// Qdisc is one queueing discipline of a link (RTM_NEWQDISC). Those called noqueue, which hold nothing and drop nothing,
// are left out.
type Qdisc struct {
	Netns          string `json:"netns" class:"plain" doc:"namespace"`
	Ifindex        int64  `json:"ifindex" class:"plain" doc:"device"`
	Dev            string `json:"dev" class:"plain" doc:"its name"`
	Kind           string `json:"kind" class:"plain" doc:"pfifo_fast, fq_codel, mq, htb, tbf, netem, ingress, clsact, …"`
	Handle         string `json:"qdisc_handle" class:"plain" doc:"its handle, hexadecimal major:minor"`
	Parent         string `json:"parent" class:"plain" doc:"root, ingress, or the class that it is in"`
	Options        string `json:"options,omitzero" class:"plain" doc:"TCA_OPTIONS as hex: struct tc_netem_qopt for netem, nested attributes for most others"`
	Bytes          *int64 `json:"bytes,omitzero" class:"plain" counter:"y" doc:"bytes sent"`
	BytesLast      *int64 `json:"bytes_last,omitzero" class:"plain" counter:"y" doc:"at the last read"`
	Packets        *int64 `json:"packets,omitzero" class:"plain" counter:"y" doc:"packets sent, 32 bits before 5.5"`
	PacketsLast    *int64 `json:"packets_last,omitzero" class:"plain" counter:"y" doc:"at the last read"`
	Drops          *int64 `json:"drops,omitzero" class:"plain" counter:"y" doc:"packets dropped, 32 bits"`
	DropsLast      *int64 `json:"drops_last,omitzero" class:"plain" counter:"y" doc:"at the last read"`
	Overlimits     *int64 `json:"overlimits,omitzero" class:"plain" counter:"y" doc:"times that the limit of the rate was met, 32 bits"`
	OverlimitsLast *int64 `json:"overlimits_last,omitzero" class:"plain" counter:"y" doc:"at the last read"`
	Requeues       *int64 `json:"requeues,omitzero" class:"plain" counter:"y" doc:"packets put back because the device was busy, 32 bits"`
	RequeuesLast   *int64 `json:"requeues_last,omitzero" class:"plain" counter:"y" doc:"at the last read"`
	Qlen           *int64 `json:"qlen,omitzero" class:"plain" counter:"y" doc:"packets waiting"`
	QlenLast       *int64 `json:"qlen_last,omitzero" class:"plain" counter:"y" doc:"at the last read"`
	Backlog        *int64 `json:"backlog_bytes,omitzero" class:"plain" counter:"y" doc:"bytes waiting"`
	BacklogLast    *int64 `json:"backlog_bytes_last,omitzero" class:"plain" counter:"y" doc:"at the last read"`
	Seen           string `json:"seen" class:"plain" doc:"first, last or both: which of the two reads held it"`
	Extra          string `json:"extra,omitzero" class:"plain" doc:"attributes not decoded: space separated type=hex"`
}
