package capture

import (
	"strings"
	"testing"
)

func TestMaskLog(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"nothing", "6,1,2,-;eth0: renamed from veth1\n SUBSYSTEM=net\n", "6,1,2,-;eth0: renamed from veth1\n SUBSYSTEM=net\n"},
		{"no newline at the end", "a=b", "a=b"},
		{"debug until 27", `level=debug msg="form data: {\"Env\":[\"A=hunter2\"]}"` + "\nnext\n", `level=debug msg="form data: <masked>` + "\nnext\n"},
		{"debug field", `level=debug msg="handling POST request" form-data="{\"Env\":[\"A=\\\"hunter2\\\" x\"]}" method=POST`, `level=debug msg="handling POST request" form-data=<masked> method=POST`},
		{"debug JSON", `{"form-data":{"Env":["A=hunter2"]},"level":"debug"}`, `{"form-data":"<masked>"`},
		{"audit", `5,1,2,-;audit: type=1309 audit(1.2:3): argc=3 a0="mysql" a1="-phunter2"`, `5,1,2,-;audit: type=1309 audit(1.2:3): argc=3 <masked>`},
		{"proctitle", `5,1,2,-;audit: type=1327 audit(1.2:3): proctitle=6D7973716C002D7068756E74657232`, `5,1,2,-;audit: type=1327 audit(1.2:3): proctitle=<masked>`},
		{"IPsec state", `level=debug msg="Adding: rSA{Dst: 10.0.0.1, Aead: {Name: rfc4106(gcm(aes)), Key: 0xdeadbeef, ICVLen: 64}}"`, `level=debug msg="Adding: rSA{Dst: 10.0.0.1, Aead: {Name: rfc4106(gcm(aes)), Key: <masked>, ICVLen: 64}}"`},
		{"overlay's keys", `level=debug msg="Initial encryption keys: [(key: 1a2b3, tag: 0x10)]"`, `level=debug msg="Initial encryption keys: <masked>(key: <masked>, tag: 0x10)]"`},
		{"gossip's keys", `level=debug msg="Encryption key 1: 1a2b3" x=y`, `level=debug msg="Encryption key 1: <masked>" x=y`},
		{"gossip's new key", `level=debug msg="Adding key 1a2b3"`, `level=debug msg="Adding key <masked>"`},
		{"no key", `level=debug msg="Adding key value"`, `level=debug msg="Adding key value"`},
		{"URL", `msg="pull" url="https://u:hunter2@reg.example/v2/"`, `msg="pull" url="https://<masked>@reg.example/v2/"`},
		{"key", "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIhunter2\nAAAA==\n-----END RSA PRIVATE KEY-----\nb\n", "a\n<masked>\n<masked>\n<masked>\n<masked>\nb\n"},
		{"end of a key", "a b\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKhunter2\n-----END PRIVATE KEY-----\nb\n", "a b\n<masked>\n<masked>\nb\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			out, n := maskLog([]byte(test.in))
			if string(out) != test.want {
				t.Errorf("got  %q\nwant %q", out, test.want)
			}
			if strings.Contains(test.want, masked) != (n > 0) {
				t.Errorf("%d values counted", n)
			}
			if strings.Count(test.in, "\n") != strings.Count(string(out), "\n") {
				t.Error("the number of lines changed")
			}
		})
	}
}

func FuzzMaskLog(f *testing.F) {
	f.Add("-----BEGIN PRIVATE KEY-----\nAAAA\n")
	f.Add("x\n\n-----END PRIVATE KEY-----")
	f.Add("form data: {}\r\nform-data=\"\n")
	f.Fuzz(func(t *testing.T, s string) {
		out, n := maskLog([]byte(s))
		if strings.Count(s, "\n") != strings.Count(string(out), "\n") {
			t.Errorf("the number of lines changed: %q", out)
		}
		if n == 0 && string(out) != s {
			t.Errorf("changed without counting: %q", out)
		}
	})
}

func BenchmarkMaskLog(b *testing.B) {
	line := `time="2026-11-21T09:14:39.597381395Z" level=info msg="[core] ccResolverWrapper: sending update to cc: {[{unix:///var/run/docker/containerd/containerd.sock  <nil> 0 <nil>}] <nil> <nil>}" module=grpc` + "\n"
	text := []byte(strings.Repeat(line, 1000))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		maskLog(text)
	}
}

// What mayTell passes over holds no name that tells.
func TestMayTell(t *testing.T) {
	names := append([]string{"Authorization", "Cookie"}, tellingParts...)
	for w := range tellingWords {
		names = append(names, w, "x-"+strings.ToUpper(w))
	}
	names = append(names, "mypass", "db.Userpass")
	for _, part := range tellingParts { // with a separator anywhere in it
		for i := 1; i < len(part); i++ {
			names = append(names, part[:i]+"-"+part[i:])
		}
	}
	for _, name := range names {
		if (telling(name) || header(name)) && !mayTell("a "+name+"=b c") {
			t.Errorf("%s is passed over", name)
		}
	}
	if mayTell("br0: port 3(veth1) entered forwarding state") {
		t.Error("an innocent line is searched")
	}
}
