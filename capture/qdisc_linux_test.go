package capture

import (
	"encoding/json"
	"testing"

	"golang.org/x/sys/unix"
)

// tcmsg is struct tcmsg with attributes behind it.
func tcmsg(ifindex, handle, parent uint32, attrs ...[]byte) []byte {
	b := ethWords(0, ifindex, handle, parent, 0)
	for _, a := range attrs {
		b = append(b, a...)
	}
	return b
}

func TestDecodeQdisc(t *testing.T) {
	basic := attribute(tcaStatsBasic, ethWords(1500, 0, 7, 0))
	queue := attribute(tcaStatsQueue, ethWords(3, 4500, 9, 1, 20))
	tests := []struct {
		name, want string
		body       []byte
	}{
		{"netem at the root", `"kind":"netem","qdisc_handle":"8001:","parent":"root","options":"01000000","bytes":1500,"packets":7,"drops":9,"overlimits":20,"requeues":1,"qlen":3,"backlog_bytes":4500`,
			tcmsg(2, 0x80010000, 0xffffffff, attribute(unix.TCA_KIND, []byte("netem\x00")), attribute(unix.TCA_OPTIONS, ethWords(1)), attribute(unix.TCA_STATS2, append(basic, queue...)), attribute(unix.TCA_STATS, ethWords(1, 2)))},
		{"a class of mq, packets of 64 bits", `"kind":"fq_codel","qdisc_handle":"0:","parent":"1:a","bytes":1500,"packets":4294967296`,
			tcmsg(2, 0, 0x1000a, attribute(unix.TCA_KIND, []byte("fq_codel\x00")), attribute(unix.TCA_STATS2, append(basic, attribute(tcaStatsPkt64, ethWords(0, 1))...)), attribute(unix.TCA_HW_OFFLOAD, []byte{0}))},
		{"ingress, in blocks", `"kind":"clsact","qdisc_handle":"ffff:","parent":"ingress","extra":"13=05000000"`,
			tcmsg(2, 0xffff0000, 0xfffffff1, attribute(unix.TCA_KIND, []byte("clsact\x00")), attribute(unix.TCA_INGRESS_BLOCK, ethWords(5)))},
	}
	for _, test := range tests {
		q, err := decodeQdisc(test.body)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		extra := ""
		if q.Extra != "" { // it stands behind seen, which the merge sets
			extra, q.Extra = `,"extra":"`+q.Extra+`"`, ""
		}
		b, _ := json.Marshal(q)
		got := string(b)
		got = got[:len(got)-len(`,"seen":""}`)] + extra
		if want := `{"netns":"","ifindex":2,"dev":"",` + test.want; got != want {
			t.Errorf("%s:\n got  %s\n want %s", test.name, got, want)
		}
	}
	if _, err := decodeQdisc(make([]byte, tcmsgLen-1)); err == nil {
		t.Error("19 bytes are a qdisc")
	}
}

func FuzzQdisc(f *testing.F) {
	f.Add(tcmsg(2, 0x80010000, 0xffffffff, attribute(unix.TCA_KIND, []byte("netem\x00")), attribute(unix.TCA_STATS2, attribute(tcaStatsQueue, ethWords(3, 4500, 9, 1, 20)))))
	f.Fuzz(func(t *testing.T, b []byte) {
		q, err := decodeQdisc(b)
		if err == nil && len(q.Options)+len(q.Extra) > 3*len(b) {
			t.Errorf("%d bytes became %+v", len(b), q)
		}
	})
}
