package analyze

import "testing"

func TestFill(t *testing.T) {
	facts := []Fact{{"netns", "1-osmajjnjeo"}, {"mac", "02:42:0a:00:00:03"}, {"ip", "10.0.0.3"}, {"service", "a; reboot"}, {"name", "-rf"}, {"note", "x\ny"}}
	for _, c := range []struct{ name, in, want string }{
		{"facts", "nsenter --net=/run/docker/netns/<netns> ip neigh del <ip> dev vxlan0", "nsenter --net=/run/docker/netns/1-osmajjnjeo ip neigh del 10.0.0.3 dev vxlan0"},
		{"no such fact", "bridge fdb del <mac> dst <vtep>", "bridge fdb del 02:42:0a:00:00:03 dst <vtep>"},
		{"a shell would act on it", "docker service update --force <service>", "docker service update --force <service>"},
		{"an option", "docker rm <name>", "docker rm <name>"},
		{"two lines", "echo <note>", "echo <note>"},
		{"not a placeholder", "cat <<EOF >file", "cat <<EOF >file"},
	} {
		if got := fill(c.in, facts); got != c.want {
			t.Errorf("%s: fill(%q) = %q, want %q", c.name, c.in, got, c.want)
		}
	}
}
