package analyze

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkTraffic derives each table of traffic from a hundred thousand sockets of the healthy swarm's two hosts: twenty-five thousand
// connections to a virtual address, as many to tasks themselves, each seen at both ends.
func BenchmarkTraffic(b *testing.B) {
	const connections = 25_000
	hosts := readFixture(b, filepath.Join("..", "testdata", "scenarios", "healthy.txtar")).hosts
	var socket [2]strings.Builder // of node1 and node2
	end := func(host int, netns, local string, localPort int, peer string, peerPort int) {
		fmt.Fprintf(&socket[host], `{"netns":%q,"proto":"tcp","family":"ipv4","local":%q,"local_port":%d,"peer":%q,"peer_port":%d,"state":"established","recv_q":0,"recv_q_last":0,"retransmits":0,"retransmits_last":0,"total_retrans":0,"total_retrans_last":0,"unacked":0,"unacked_last":0,"lost":0,"lost_last":0,"rtt_us":400,"rtt_us_last":420,"min_rtt_us":300,"bytes_acked":1000,"bytes_acked_last":2000,"bytes_received":1000,"bytes_received_last":3000,"segs_out":20,"segs_out_last":40,"last_data_sent_ms":50,"last_data_sent_ms_last":60,"last_data_recv_ms":50,"last_data_recv_ms_last":60,"seen":"both"}`+"\n",
			netns, local, localPort, peer, peerPort)
	}
	for _, l := range []struct {
		host  int
		netns string
	}{{1, "4026532663"}, {0, "4026532399"}} {
		fmt.Fprintf(&socket[l.host], `{"netns":%q,"proto":"tcp","family":"ipv4","local":"0.0.0.0","local_port":80,"state":"listening","recv_q":0,"recv_q_last":0,"send_q":128,"send_q_last":128,"seen":"both"}`+"\n", l.netns)
	}
	var ipvs, tracked strings.Builder
	for i := range connections {
		port := 10_000 + i
		end(0, "4026532529", "10.20.1.14", port, "10.20.1.2", 80)
		end(1, "4026532663", "10.20.1.3", 80, "10.20.1.8", port)
		for _, read := range []string{"first", "last"} {
			fmt.Fprintf(&ipvs, `{"netns":"4026532177","read":%q,"proto":"tcp","client":"10.20.1.14","cport":%d,"vaddress":"10.20.1.2","vport":80,"address":"10.20.1.3","port":80,"state":"ESTABLISHED","expires_s":800}`+"\n", read, port)
		}
		fmt.Fprintf(&tracked, `{"netns":"4026532177","kept_for":"nat","family":"ipv4","proto":"tcp","src":"10.20.1.14","sport":%d,"dst":"10.20.1.2","dport":80,"reply_src":"10.20.1.3","reply_sport":80,"reply_dst":"10.20.1.8","reply_dport":%d,"nat":"dnat,snat","state":"ESTABLISHED","state_last":"ESTABLISHED","status":"seen_reply,assured","seen":"both"}`+"\n", port, port)
		end(1, "4026532461", "10.20.1.15", port, "10.20.1.12", 80)
		end(0, "4026532399", "10.20.1.12", 80, "10.20.1.15", port)
	}
	for i, h := range hosts {
		h.files["rows/socket.jsonl"] = []byte(socket[i].String())
		if i == 0 {
			h.files["rows/ipvs_connection.jsonl"] = []byte(ipvs.String())
			h.files["rows/conntrack_entry.jsonl"] = []byte(tracked.String())
		}
		delete(h.files, "rows/coverage.jsonl")
		h.complete()
	}
	db, _, _ := loadHosts(b, hosts, trafficTables(b))
	for _, d := range []*Derived{&trafficFlow, &serviceQueue, &serviceTCP, &traffic, &trafficHost, &dnsFailure} {
		b.Run(d.Name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				db.empty(b, d)
				b.StartTimer()
				if err := db.fill(context.Background(), d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	var n int64
	if err := db.tx.QueryRowContext(context.Background(), "SELECT SUM(connections) FROM traffic").Scan(&n); err != nil || n != 2*connections {
		b.Errorf("%d connections, %v; want %d", n, err, 2*connections)
	}
}
