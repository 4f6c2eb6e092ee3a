package capture

// Collectors lists every collector. Those of namespaces run in this order in each: events first, so that nothing falls
// between them and the first read, then links, because others name devices by what it saw. Those of the host run in this
// order, after the first read of all namespaces.
var Collectors = []*Collector{
	kernelEventCollector,
	linkCollector,
	addressCollector,
	routeCollector,
	policyRuleCollector,
	neighbourCollector,
	fdbCollector,
	qdiscCollector,
	nicCollector,
	iptablesLegacyCollector,
	nftCollector,
	ipvsCollector,
	ipvsTimeoutCollector,
	ipvsConnectionCollector,
	conntrackCollector,
	xfrmCollector,
	socketCollector,
	sysctlCollector,
	procNetCollector,
	procNetHostCollector,

	dns,

	docker,
	dockerTasks,
	containerLog,
	netnsCollector,
	hostProcCollector,
	mountCollector,
	machineCollector,
	hostKernelCollector,
	hostConfigCollector,
	processSocketCollector,
	processCollector,
	cgroupCollector,
	resolverCollector,
	containerFileCollector,
	procModulesCollector,
	kernelLog,
	serviceCollector,
	daemonLog,

	logFile,
	coreTarget,
	coreFile,
}
