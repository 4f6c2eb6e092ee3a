package main

import (
	"encoding/base64"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// testDiscreet plants secrets wherever Docker and the host keep some, captures all that can be captured, and finds none of
// them.
func (l *lab) testDiscreet(t *testing.T) {
	var canaries []canary
	plant := func(where string) string {
		c := newCanary(where)
		canaries = append(canaries, c)
		return c.value
	}
	on := func(command string) string { t.Helper(); return l.must(t, "exec", "node1", command) }

	// Containers: one that runs, one with the options of a log driver that needs a token.
	l.container(t, "docker", "node1", "run", "-d",
		"--env", "PASSWORD="+plant("environment of a container"), "--env", "HARMLESS="+plant("environment with a harmless name"),
		"--label", "api.token="+plant("label of a container"), "--label", "note=postgres://u:"+plant("URL in a label")+"@db/x",
		"--health-interval", "1s", "--health-cmd", "echo curl -u probe:"+plant("health check")+" http://x",
		"lab:1", "sh", "-c", "sleep 600; echo", "--password", plant("argument of a container"), "http://u:"+plant("URL in an argument")+"@h/")
	l.container(t, "docker", "node1", "create", "--log-driver", "splunk", "--log-opt", "splunk-token="+plant("option of a log driver"),
		"--log-opt", "splunk-url=https://u:"+plant("URL of a log driver")+"@127.0.0.1:8088", "--log-opt", "splunk-verify-connection=false", "lab:1", "true")

	// The swarm: payloads, a service with all kinds of settings, and the keys that the lab's swarm has.
	on("printf %s " + plant("payload of a secret") + " | docker secret create canary -")
	t.Cleanup(func() { l.must(t, "exec", "node1", "docker secret rm canary") })
	on("printf %s " + plant("payload of a config") + " | docker config create canary -")
	t.Cleanup(func() { l.must(t, "exec", "node1", "docker config rm canary") })
	login := base64.StdEncoding.EncodeToString([]byte("user:" + plant("login of a registry")))
	on(fmt.Sprintf(`mkdir -p /tmp/canary/cfg && printf '{"auths":{"registry.example":{"auth":"%s"}}}' > /tmp/canary/cfg/config.json`, login))
	t.Cleanup(func() { l.must(t, "exec", "node1", "rm -rf /tmp/canary") })
	on("DOCKER_CONFIG=/tmp/canary/cfg docker service create -d --name canary --with-registry-auth --no-resolve-image --constraint node.hostname==node1 --secret canary --config canary" +
		" --env DB_PASSWORD=" + plant("environment of a service") + " --label vault.key=" + plant("label of a service") +
		" --container-label auth=" + plant("label of a service's containers") + " lab:1 sh -c 'sleep 600' --token=" + plant("argument of a service"))
	t.Cleanup(func() { l.must(t, "exec", "node1", "docker service rm canary") })
	for _, role := range []string{"worker", "manager"} {
		canaries = append(canaries, canary{"join token of a " + role, strings.TrimSpace(on("docker swarm join-token -q " + role))})
	}
	for _, line := range strings.Fields(on("grep -v -- ----- /var/lib/docker/swarm/certificates/swarm-node.key")) {
		if len(line) > 30 {
			canaries = append(canaries, canary{"key of the swarm's node", line})
		}
	}

	// The host: processes, files and the kernel's log.
	on("echo http://u:" + plant("URL in the kernel's log") + "@h/ access_token=" + plant("token in the kernel's log") + " > /dev/kmsg")
	on("printf %s " + plant("file of root's") + " > /tmp/canary/secret")
	on(fmt.Sprintf(`mkdir -p /etc/docker && test ! -e /etc/docker/daemon.json && printf '{"log-opts":{"splunk-token":"%s"},"proxies":{"http-proxy":"u:%s@p:1"},"labels":["api-key=%s"]}' > /etc/docker/daemon.json`,
		plant("option in daemon.json"), plant("proxy in daemon.json"), plant("label in daemon.json")))
	t.Cleanup(func() { l.must(t, "exec", "node1", "rm -f /etc/docker/daemon.json") })
	on(fmt.Sprintf("SECRET_OF_MINE=%s sh -c 'sleep 120; :' sh --password %s --url=http://u:%s@h/ -p%s >/dev/null 2>&1 </dev/null &",
		plant("environment of a process"), plant("argument of a process"), plant("URL in an argument of a process"), plant("short option of a process")))

	bundles := l.bundlesOf(t, "--window 2s --networkdb --disk-usage --goroutines")
	for _, bundle := range bundles {
		for _, leak := range leaks(t, bundle, canaries) {
			t.Errorf("%s: %s", filepath.Base(bundle), leak)
		}
	}
	t.Logf("%d secrets searched in %d bundles", len(canaries), len(bundles))
}
