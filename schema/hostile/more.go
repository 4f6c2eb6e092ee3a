package hostile

// more are documents that a bundle may lack, by name below raw/. PAYLOAD stands for the planted text.
var more = map[string]string{
	"docker/plugins.json":    `[` + plugin + `]`,
	"proc/config":            "CONFIG_PAYLOAD=y\nCONFIG_X=PAYLOAD\n",
	"proc/pressure/cpu":      "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\nPAYLOAD avg10=0.00 avg60=0.00 avg300=0.00 total=1\n",
	"docker/disk_usage.json": `{"Images":[{"Id":"PAYLOAD","RepoTags":["PAYLOAD"],"Size":3}],"Containers":[{"Id":"PAYLOAD","Names":["PAYLOAD"],"SizeRw":3}],"Volumes":[{"Name":"PAYLOAD","Driver":"PAYLOAD","UsageData":{"Size":3,"RefCount":1}}],"BuildCache":[{"ID":"PAYLOAD","Type":"PAYLOAD","Size":3}]}`,
	"docker/network_verbose.json": `[{"Name":"PAYLOAD","Id":"PAYLOAD","Services":{"PAYLOAD":{"VIP":"10.20.1.9","Ports":["PAYLOAD"],"LocalLBIndex":3,` +
		`"Tasks":[{"Name":"PAYLOAD","EndpointID":"PAYLOAD","EndpointIP":"10.20.1.66","Info":{"Host IP":"192.0.2.9"}}]}}}]`,
	"log/journal/docker.jsonl": `{"SYSLOG_IDENTIFIER":"PAYLOAD","_SYSTEMD_UNIT":"PAYLOAD","MESSAGE":"time=\"2026-11-20T02:14:07Z\" level=error msg=\"PAYLOAD\" error=\"PAYLOAD\" container=PAYLOAD","_PID":"1","PRIORITY":"3","__REALTIME_TIMESTAMP":"1763604847000000"}` + "\n" +
		`{"SYSLOG_IDENTIFIER":"PAYLOAD","UNIT":"PAYLOAD","MESSAGE":"PAYLOAD","_PID":"1","PRIORITY":"3","__REALTIME_TIMESTAMP":"1763604847000000"}` + "\n",
	"container/" + someID + "/nsswitch.conf": "hosts: PAYLOAD [PAYLOAD=PAYLOAD] dns\n",
	"container/" + someID + "/gai.conf":      "label PAYLOAD PAYLOAD\nreload PAYLOAD\n",
}

const someID = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// one is an element that arrays of Docker's documents have, too: what a busy swarm has, and a quiet one has not.
var one = map[string]string{
	"docker/plugins.json": plugin,
	"docker/container_inspect.json": `{"Id":"` + someID + `","Created":"2026-11-20T01:14:07Z","Name":"/PAYLOAD","Path":"PAYLOAD","Args":["PAYLOAD"],"Image":"PAYLOAD","LogPath":"PAYLOAD","Driver":"PAYLOAD","RestartCount":9,` +
		`"State":{"Status":"exited","ExitCode":137,"Error":"PAYLOAD","OOMKilled":true,"StartedAt":"2026-11-20T01:14:07Z","FinishedAt":"2026-11-20T02:14:07Z","Health":{"Status":"PAYLOAD","FailingStreak":3,"Log":[{"Start":"2026-11-20T02:13:07Z","End":"2026-11-20T02:13:08Z","ExitCode":1,"Output":"PAYLOAD"}]}},` +
		`"Config":{"Hostname":"PAYLOAD","User":"PAYLOAD","Image":"PAYLOAD","StopSignal":"PAYLOAD","Healthcheck":{"Test":["CMD","PAYLOAD"]},"Labels":{"com.docker.stack.namespace":"PAYLOAD","com.docker.compose.project":"PAYLOAD","com.docker.compose.service":"PAYLOAD","com.docker.swarm.service.name":"PAYLOAD","com.docker.swarm.service.id":"PAYLOAD","com.docker.swarm.task.id":"PAYLOAD","com.docker.swarm.task.name":"PAYLOAD","com.docker.swarm.node.id":"PAYLOAD"}},` +
		`"HostConfig":{"NetworkMode":"PAYLOAD","PidMode":"PAYLOAD","Runtime":"PAYLOAD","CgroupParent":"PAYLOAD","CpusetCpus":"PAYLOAD","LogConfig":{"Type":"PAYLOAD","Config":{"PAYLOAD":"PAYLOAD"}},"RestartPolicy":{"Name":"PAYLOAD"},"CapAdd":["PAYLOAD"],"CapDrop":["PAYLOAD"],"SecurityOpt":["PAYLOAD"],"Dns":["PAYLOAD"],"DnsOptions":["PAYLOAD"],"DnsSearch":["PAYLOAD"],"ExtraHosts":["PAYLOAD"],"Sysctls":{"PAYLOAD":"PAYLOAD"},"Ulimits":[{"Name":"PAYLOAD","Soft":1,"Hard":2}]},` +
		`"NetworkSettings":{"SandboxID":"PAYLOAD","SandboxKey":"PAYLOAD","Ports":{"PAYLOAD/PAYLOAD":[{"HostIp":"PAYLOAD","HostPort":"8080"}],"80/PAYLOAD":[{"HostIp":"PAYLOAD","HostPort":"8080"}]},"Networks":{"PAYLOAD":{"NetworkID":"PAYLOAD","EndpointID":"PAYLOAD","IPAddress":"10.20.1.66","IPPrefixLen":24,"MacAddress":"PAYLOAD","Aliases":["PAYLOAD"]}}},` +
		`"Mounts":[{"Type":"PAYLOAD","Name":"PAYLOAD","Source":"PAYLOAD","Destination":"PAYLOAD","Driver":"PAYLOAD","Propagation":"PAYLOAD","RW":true}]}`,
	"docker/network_inspect.json": `{"Name":"PAYLOAD","Id":"PAYLOAD","Created":"2026-11-20T01:14:07Z","Scope":"PAYLOAD","Driver":"PAYLOAD","IPAM":{"Driver":"PAYLOAD","Options":{"PAYLOAD":"PAYLOAD"},"Config":[{"Subnet":"10.99.0.0/24","Gateway":"10.99.0.1"}]},` +
		`"Containers":{"PAYLOAD":{"Name":"PAYLOAD","EndpointID":"PAYLOAD","MacAddress":"PAYLOAD","IPv4Address":"10.99.0.3/24"}},"Options":{"PAYLOAD":"PAYLOAD"},"Labels":{"PAYLOAD":"PAYLOAD"},"Peers":[{"Name":"PAYLOAD","IP":"PAYLOAD"}]}`,
	"docker/services.json": `{"ID":"PAYLOAD","CreatedAt":"2026-11-20T01:14:07Z","Spec":{"Name":"PAYLOAD","Labels":{"com.docker.stack.namespace":"PAYLOAD"},"TaskTemplate":{"ContainerSpec":{"Image":"PAYLOAD","Hosts":["PAYLOAD"],"Healthcheck":{"Test":["CMD","PAYLOAD"]},"DNSConfig":{"Nameservers":["PAYLOAD"],"Search":["PAYLOAD"],"Options":["PAYLOAD"]}},` +
		`"RestartPolicy":{"Condition":"PAYLOAD"},"Placement":{"Constraints":["PAYLOAD"]},"LogDriver":{"Name":"PAYLOAD"},"Networks":[{"Target":"PAYLOAD","Aliases":["PAYLOAD"]}]},"Mode":{"Replicated":{"Replicas":3}},"UpdateConfig":{"FailureAction":"PAYLOAD","Order":"PAYLOAD"},"EndpointSpec":{"Mode":"PAYLOAD"}},` +
		`"Endpoint":{"Spec":{"Mode":"PAYLOAD"},"Ports":[{"Protocol":"PAYLOAD","TargetPort":80,"PublishedPort":8080,"PublishMode":"PAYLOAD"}],"VirtualIPs":[{"NetworkID":"PAYLOAD","Addr":"10.99.0.2/24"}]},"UpdateStatus":{"State":"PAYLOAD","StartedAt":"2026-11-20T01:14:07Z","Message":"PAYLOAD"}}`,
	"docker/nodes.json": `{"ID":"PAYLOAD","Spec":{"Role":"PAYLOAD","Availability":"PAYLOAD","Labels":{"PAYLOAD":"PAYLOAD"}},"Description":{"Hostname":"PAYLOAD","Platform":{"Architecture":"PAYLOAD","OS":"PAYLOAD"},"Engine":{"EngineVersion":"PAYLOAD"}},"Status":{"State":"PAYLOAD","Message":"PAYLOAD","Addr":"PAYLOAD"},"ManagerStatus":{"Reachability":"PAYLOAD","Addr":"PAYLOAD"}}`,
	"docker/tasks.json": `{"ID":"PAYLOAD","ServiceID":"PAYLOAD","NodeID":"PAYLOAD","Slot":3,"Spec":{"ContainerSpec":{"Image":"PAYLOAD"}},"Status":{"Timestamp":"2026-11-20T01:14:07Z","State":"PAYLOAD","Message":"PAYLOAD","Err":"PAYLOAD","ContainerStatus":{"ContainerID":"PAYLOAD","PID":3,"ExitCode":3}},"DesiredState":"PAYLOAD","NetworksAttachments":[{"Network":{"ID":"PAYLOAD","Spec":{"Name":"PAYLOAD"}},"Addresses":["10.99.0.3/24"]}]}`,
	"docker/ondisk/libnetwork.json": `{"key":"docker/network/v1.0/network/x/","index":1,"value":{"id":"PAYLOAD","name":"PAYLOAD","networkType":"PAYLOAD","scope":"PAYLOAD","generic":{"com.docker.network.generic":{"com.docker.network.bridge.name":"PAYLOAD"}}}},` +
		`{"key":"docker/network/v1.0/endpoint/PAYLOAD/x/","index":1,"value":{"id":"PAYLOAD","name":"PAYLOAD","sandbox":"PAYLOAD","svcID":"PAYLOAD","ep_iface":{"addr":"10.99.0.3/24","srcName":"PAYLOAD"}}},` +
		`{"key":"docker/network/v1.0/PAYLOAD/endpoint/x/","index":1,"value":{"id":"PAYLOAD","nid":"PAYLOAD"}},` +
		`{"key":"docker/network/v1.0/sandbox/x/","index":1,"value":{"ID":"PAYLOAD","Cid":"PAYLOAD","Eps":[{"Eid":"PAYLOAD"}],"ExtDNS2":[{"IPStr":"PAYLOAD"}]}}`,
}

const plugin = `{"Id":"PAYLOAD","Name":"PAYLOAD","Enabled":true,"PluginReference":"PAYLOAD","Config":{"Interface":{"Types":["PAYLOAD"],"Socket":"PAYLOAD"}}}`
