package capture

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// canaries gives out secrets, each of which is known by where it was planted. They are of letters and digits: what hides
// them is their place.
type canaries map[string]string // by what is written for them in a text: where

// plant replaces every {{where}} in a text by a secret of its own.
func (c canaries) plant(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		where, after, _ := strings.Cut(rest, "}}")
		var random [9]byte
		rand.Read(random[:]) // never fails
		secret := "cnr" + hex.EncodeToString(random[:])
		c[secret] = where
		b.WriteString(secret)
		text = after
	}
}

// leaks says where in the entries of a bundle a secret stands: as it is, in capitals, reversed, in hexadecimal, for a URL, or
// in base64 behind any number of other bytes.
func (c canaries) leaks(entries map[string]string) []string {
	var found []string
	for secret, where := range c {
		reversed := []byte(secret)
		slices.Reverse(reversed)
		every := ""
		for i := range len(secret) {
			every += fmt.Sprintf("%%%02X", secret[i])
		}
		in16 := hex.EncodeToString([]byte(secret))
		forms := []string{secret, strings.ToUpper(secret), string(reversed), in16, strings.ToUpper(in16), url.QueryEscape(secret), every, strings.ToLower(every)}
		for before := range 3 {
			for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
				text := enc.EncodeToString(append(make([]byte, before), secret...))
				forms = append(forms, text[(before*8+5)/6:(before+len(secret))*8/6])
			}
		}
		for name, text := range entries {
			for _, form := range forms {
				if i := strings.Index(text, form); i >= 0 {
					found = append(found, fmt.Sprintf("%s: %s, as …%s…", name, where, text[max(0, i-60):min(len(text), i+len(form)+20)]))
					break
				}
			}
		}
	}
	slices.Sort(found)
	return found
}

// canaryConfig is the part that the inspection of a container and its file have in common.
const canaryConfig = `"Path":"app","Args":["--db-password","{{argument behind its option}}","--api-token={{argument with its option}}","-c","PGPASSWORD={{assignment in a script}} psql postgres://u:{{password in a script's URL}}@db/x"],` +
	`"State":{"Running":true,"Pid":9,"StartedAt":"2026-01-01T00:00:00Z","Error":"login to https://u:{{URL in an error}}@r/ failed",` +
	`"Health":{"Status":"unhealthy","FailingStreak":3,"Log":[{"ExitCode":1,"Output":"curl: (22) http://probe:{{URL in a check's output}}@h/ 401\nAuthorization: Bearer {{header in a check's output}}\n+ curl -u probe:{{command in a check's output}} h\npassword={{pair in a check's output}}"}]}},` +
	`"Config":{"Hostname":"h","Image":"r.example/x:1","Env":["DB_PASSWORD={{variable}}","PLAIN={{variable with a plain name}}","URL=https://u:{{URL in a variable}}@h/?token={{query in a variable}}"],` +
	`"Cmd":["mysqld","-p{{short option}}"],"Entrypoint":["sh","-c","mysqladmin -u root -p{{short option in a script}} ping"],` +
	`"Labels":{"app.secret-key":"{{telling label}}","traefik.http.middlewares.a.basicauth.users":"me:{{label of a proxy}}","note":"https://u:{{URL in a label}}@h/","conf":"{\"password\":\"{{JSON in a label}}\"}"},` +
	`"Healthcheck":{"Test":["CMD-SHELL","curl -u probe:{{check in a shell}} -H 'X-Api-Key: {{header of a check}}' http://h/ || exit 1"]}}`

const canaryHostConfig = `{"LogConfig":{"Type":"splunk","Config":{"splunk-token":"{{log option}}","splunk-url":"https://u:{{URL in a log option}}@s/","labels":"a","gcp-credentials":"{{another log option}}"}},` +
	`"Sysctls":{"net.core.somaxconn":"1"},"ExtraHosts":["a:10.0.0.1"],"Mounts":[{"Type":"volume","Source":"v","Target":"/v","VolumeOptions":{"DriverConfig":{"Name":"cifs","Options":{"o":"addr=1.2.3.4,username=u,password={{mount option}}"}}}}],` +
	`"Runtime":"runc","Annotations":{"auth-token":"{{annotation}}"}}`

// canaryReplies are replies of a manager of engine 20.10 and later with a secret wherever one can stand.
var canaryReplies = map[string]string{
	"/version": `{"Version":"29.0.0","ApiVersion":"1.41","Components":[{"Name":"Engine","Version":"29.0.0","Details":{"GitCommit":"x","BuildToken":"{{telling detail}}"}}]}`,
	"/info": `{"ID":"e","ServerVersion":"29.0.0","DockerRootDir":"/var/lib/docker","Driver":"overlay2","HttpProxy":"http://u:{{proxy}}@p:3128","HttpsProxy":"u:{{proxy without a scheme}}@p:3128","NoProxy":"localhost",` +
		`"Labels":["zone=a","vault-token={{engine label}}"],"Warnings":["WARNING: API on http://u:{{URL in a warning}}@0.0.0.0:2375"],` +
		`"RegistryConfig":{"Mirrors":["https://m:{{mirror}}@mirror/"],"IndexConfigs":{"r":{"Name":"r","Mirrors":["https://m:{{mirror of an index}}@mirror/"]}}},"Runtimes":{"x":{"path":"x","runtimeArgs":["--token={{argument of a runtime}}"]}},` +
		`"Swarm":{"LocalNodeState":"active","ControlAvailable":true,"Error":"join with SWMTKN-1-{{token in an error}} failed","Cluster":{"ID":"c","JoinTokens":{"Worker":"{{token of workers in info}}"},"Spec":{"CAConfig":{"SigningCAKey":"{{signing key}}"}}}}}`,
	"/containers/json?all=1": `[{"Id":"c1","Names":["/web.1"],"Command":"app --password {{command in the list}}","Labels":{"app.secret-key":"{{telling label in the list}}"}},{"Id":"c2","Names":["/other"]}]`,
	"/containers/c1/json": `{"Id":"c1","Name":"/web.1","LogPath":"/x",` + canaryConfig + `,"HostConfig":` + canaryHostConfig + `,"ExecIDs":null,` +
		`"GraphDriver":{"Name":"overlay2","Data":{"UpperDir":"/u"}},"NetworkSettings":{"SandboxKey":"","Networks":{"app":{"NetworkID":"n1","DriverOpts":{"vpn.psk":"{{option of an endpoint}}"}}}}}`,
	"/networks":                 `[{"Id":"n1","Name":"app","Driver":"overlay","Scope":"swarm","Options":{"weave.password":"{{network option in the list}}"},"Labels":{"secret":"{{network label in the list}}"}}]`,
	"/networks/n1":              `{"Id":"n1","Name":"app","Options":{"weave.password":"{{network option}}"},"IPAM":{"Driver":"x","Options":{"ipam-token":"{{option of address management}}"},"Config":[]},"Labels":{"api.key":"{{network label}}"},"Containers":{}}`,
	"/networks/n1?verbose=true": `{"Id":"n1","Name":"app","Options":{"weave.password":"{{network option in the verbose form}}"},"Services":{"web":{"VIP":"10.0.0.2","Tasks":[{"Name":"web.1","EndpointIP":"10.0.0.3","Info":{"Host IP":"10.1.0.1","token":"{{telling key of a task}}"}}]}}}`,
	"/services": `[{"ID":"s1","Spec":{"Name":"web","Labels":{"db.password":"{{service label}}"},"TaskTemplate":{"ContainerSpec":{"Image":"r/x","Env":["A={{variable of a service}}"],"Args":["--password","{{argument of a service}}"],"Command":["x","--secret={{command of a service}}"],` +
		`"Labels":{"x.token":"{{label of a service's containers}}"},"Healthcheck":{"Test":["CMD","redis-cli","-a","{{check of a service}}","ping"]},"Secrets":[{"SecretID":"i","SecretName":"db","File":{"Name":"db"}}],"Privileges":{"CredentialSpec":{"Config":"{{credential spec}}"}},` +
		`"Mounts":[{"Type":"volume","VolumeOptions":{"DriverConfig":{"Options":{"password":"{{mount option of a service}}"}}}}]},"LogDriver":{"Name":"splunk","Options":{"splunk-token":"{{log option of a service}}"}}}},` +
		`"PreviousSpec":{"Name":"web","TaskTemplate":{"ContainerSpec":{"Env":["A={{variable of the previous spec}}"]}}},"RegistryAuth":"{{login of a registry}}","EncodedRegistryAuth":"{{encoded login of a registry}}","PullOptions":{"RegistryAuth":"{{login for a pull}}"}}]`,
	"/tasks": `[{"ID":"t1","ServiceID":"s1","Spec":{"ContainerSpec":{"Env":["A={{variable of a task}}"],"Args":["--token","{{argument of a task}}"]},"LogDriver":{"Options":{"splunk-token":"{{log option of a task}}"}}},` +
		`"Status":{"State":"failed","Err":"task: starting with --password={{error of a task}} failed"},"NetworksAttachments":[{"Network":{"ID":"n1","Spec":{"DriverConfiguration":{"Options":{"password":"{{network option of a task}}"}}}}}]}]`,
	"/nodes": `[{"ID":"w","Spec":{"Labels":{"bmc.password":"{{node label}}"}},"Description":{"Engine":{"Labels":{"vault-token":"{{engine label of a node}}"}},"TLSInfo":{"TrustRoot":"-----BEGIN PRIVATE KEY-----\n{{key in a trust root}}\n-----END PRIVATE KEY-----\n"}},"Status":{"State":"down","Message":"token={{message of a node}}"}}]`,
	"/swarm": `{"ID":"c","JoinTokens":{"Worker":"SWMTKN-1-{{token of workers}}","Manager":"{{token of managers}}"},"UnlockKey":"SWMKEY-1-{{unlock key}}","Spec":{"Labels":{"secret":"{{label of the swarm}}"},"CAConfig":{"SigningCAKey":"{{signing key of the swarm}}","ExternalCAs":[{"Protocol":"cfssl","URL":"https://u:{{URL of an authority}}@ca/","Options":{"auth_key":"{{option of an authority}}"}}]},` +
		`"TaskDefaults":{"LogDriver":{"Options":{"awslogs-credentials":"{{default log option}}"}}}}}`,
	"/plugins":                       `[{"Id":"p","Name":"vol","Enabled":true,"Settings":{"Env":["TOKEN={{variable of a plug-in}}"],"Args":["--password","{{argument of a plug-in}}"],"Mounts":[{"Options":["password={{mount option of a plug-in}}"]}]},"Config":{"Env":[{"Name":"KEY","Value":"{{default of a plug-in's variable}}"}],"Args":{"Value":["--token={{default argument of a plug-in}}"]},"Entrypoint":["x","--secret={{entry point of a plug-in}}"]}}]`,
	"/system/df":                     `{"LayersSize":1,"Images":[{"Id":"i","RepoTags":["u:1"],"Labels":{"secret":"{{image label}}"}}],"Containers":[{"Id":"c1","Names":["/web.1"],"Command":"app --password {{command in the disk usage}}","Labels":{"x.token":"{{container label in the disk usage}}"}}],"Volumes":[{"Name":"v","Labels":{"secret":"{{volume label}}"},"Options":{"o":"password={{volume option}}"}}],"BuildCache":[{"ID":"b","Description":"RUN curl -u me:{{build step}} https://x:{{URL of a build step}}@h/"}]}`,
	"/debug/pprof/goroutine?debug=2": "goroutine 1 [running]:\nmain.main(token={{goroutine}})\n",
	"/events": `{"Type":"container","Action":"exec_create: sh -c 'mysql -p{{command of an event}}'","status":"exec_create: sh -c 'mysql -p{{command of an old event}}'","Actor":{"ID":"c1","Attributes":{"app.secret-key":"{{label in an event}}","name":"web"}},"time":1}` + "\n" +
		`{"Type":"container","Action":"exec_start: curl -u a:{{login of an event}} https://x:{{URL of an event}}@h","Actor":{"ID":"c1","Attributes":{"execID":"x"}},"time":2}` + "\n" +
		`{"Type":"container","Action":"health_status: unhealthy","Actor":{"ID":"c1","Attributes":{"authorization":"{{attribute of an event}}"}},"time":3}` + "\n",
	// of which none may be asked for:
	"/secrets": `[{"ID":"i","Spec":{"Name":"db","Data":"{{secret}}"}}]`, "/configs": `[{"ID":"i","Spec":{"Name":"c","Data":"{{config}}"}}]`, "/swarm/unlockkey": `{"UnlockKey":"{{unlock key of its own}}"}`,
}

// canaryDaemonFile is daemon.json with a secret wherever one can stand.
const canaryDaemonFile = `{"log-driver":"splunk","log-opts":{"splunk-token":"{{log-opts}}","splunk-url":"https://u:{{URL in log-opts}}@s"},"proxies":{"http-proxy":"http://u:{{proxies}}@p","https-proxy":"u:{{proxies without a scheme}}@p","no-proxy":"x"},` +
	`"registry-mirrors":["https://u:{{registry-mirrors}}@m"],"insecure-registries":["u:{{insecure-registries}}@r:5000","http://u:{{URL in insecure-registries}}@r"],"labels":["zone=a","vault.key={{labels}}"],"storage-opts":["dm.password={{storage-opts}}"],` +
	`"cluster-store-opts":{"kv.token":"{{cluster-store-opts}}"},"runtimes":{"x":{"path":"/x","runtimeArgs":["--password","{{runtimeArgs}}"],"options":{"token":"{{options of a runtime}}"}}},"exec-opts":["auth-token={{exec-opts}}"],` +
	`"hosts":["tcp://u:{{hosts}}@0.0.0.0"],"env":["A={{env}}"],"default-network-opts":{"overlay":{"x.password":"{{default-network-opts}}"}},"authorization-plugins":["opa"],"auths":{"r":{"auth":"{{auths}}"}},"debug":true}`

// Whatever Docker says or has on disk, no secret of it comes into a bundle, as it is or in another form.
func TestDockerCanaries(t *testing.T) {
	root := socketRoot(t)
	secrets := canaries{}
	replies := map[string]string{}
	for path, text := range canaryReplies {
		replies[path] = secrets.plant(text)
	}
	events := replies["/events"]
	daemon := &fakeDaemon{replies: replies}
	serve(t, root, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/events") {
			_, _ = fmt.Fprint(w, events)
			return
		}
		daemon.ServeHTTP(w, r)
	}))
	for name, text := range map[string]string{
		"etc/docker/daemon.json": canaryDaemonFile,
		"proc/7/comm":            "dockerd\n",
		"proc/7/cmdline": "dockerd\x00--log-opt\x00splunk-token={{--log-opt}}\x00--log-opt=gcp-credentials={{--log-opt=}}\x00--registry-mirror=https://u:{{--registry-mirror}}@m\x00--label\x00vault-token={{--label}}\x00" +
			"--http-proxy=http://u:{{--http-proxy=}}@p\x00--https-proxy\x00u:{{--https-proxy}}@p\x00--insecure-registry\x00u:{{--insecure-registry}}@r\x00-H\x00tcp://u:{{-H}}@0.0.0.0\x00--cluster-store-opt\x00kv.password={{--cluster-store-opt}}\x00",
		"var/lib/docker/containers/c9/config.v2.json":      `{"ID":"c9","Name":"/gone",` + canaryConfig + `,"MountPoints":{"/v":{"Spec":{"VolumeOptions":{"DriverConfig":{"Options":{"password":"{{mount point}}"}}}}}},"SecretReferences":[{"SecretID":"i","SecretName":"db"}]}`,
		"var/lib/docker/containers/c9/hostconfig.json":     canaryHostConfig,
		"var/lib/docker/swarm/docker-state.json":           `{"LocalAddr":"10.0.0.1","JoinToken":"{{docker-state.json}}","LockKey":"{{lock key}}","RemoteAddr":"SWMTKN-1-{{token in an address}}"}`,
		"var/lib/docker/swarm/state.json":                  `[{"node_id":"n","addr":"10.0.0.1:2377","token":"{{state.json}}"}]`,
		"var/lib/docker/swarm/certificates/swarm-node.key": "-----BEGIN EC PRIVATE KEY-----\n{{key of a node}}\n-----END EC PRIVATE KEY-----\n",
	} {
		write(t, root, name, secrets.plant(text))
	}
	layStore(t, root, map[string]string{
		"docker/network/v1.0/network/n1/":             secrets.plant(`{"id":"n1","labels":{"secret-label":"{{label in the store}}"},"generic":{"com.docker.network.generic":{"weave.password":"{{option in the store}}"}},"ipamOptions":{"ipam-token":"{{option of address management in the store}}"},"ipamV4Config":"[{\"AuxAddresses\":{\"password\":\"{{JSON within the store}}\"}}]"}`),
		"docker/network/v1.0/endpoint/n1/e1/":         secrets.plant(`{"id":"e1","generic":{"vpn.psk":"{{option of an endpoint in the store}}"},"name":"x"}`),
		"docker/network/v1.0/bridge-endpoint/e1/":     secrets.plant(`{"id":"e1","ContainerConfig":{"token":"{{configuration of an endpoint in the store}}"}}`),
		"docker/network/v1.0/plugin/foreign/private/": secrets.plant(`{"privateKey":"{{key of a plug-in in the store}}"}`),
	})
	o := Options{Root: root, Since: time.Hour, NetworkDB: true, DiskUsage: true, Goroutines: true}
	d, err := newDocker(o)
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	cover, entries := runAlone(t, &Host{Options: o, Docker: d}, daemonConfig, docker, dockerTasks, dockerEvents, dockerPlugins, dockerNetworkDB, dockerDiskUsage, dockerGoroutines, dockerDisk)
	for _, c := range cover {
		if c.Document != "" && (c.Outcome.Gap() || c.Masked == 0 && c.Bytes > 0) {
			t.Errorf("nothing was looked for: %+v", c)
		}
	}
	if len(secrets) < 120 || len(entries) < 18 {
		t.Errorf("%d secrets, %d entries", len(secrets), len(entries))
	}
	for _, leak := range secrets.leaks(entries) {
		t.Error(leak)
	}
	for _, asked := range daemon.log() {
		if strings.Contains(asked, "/secrets") || strings.Contains(asked, "/configs") || strings.Contains(asked, "unlockkey") {
			t.Errorf("asked %s", asked)
		}
	}

	// The same search finds what is there.
	for secret, where := range secrets {
		for _, text := range []string{"x" + secret + "y", hex.EncodeToString([]byte("x" + secret)), base64.StdEncoding.EncodeToString([]byte("u:" + secret + "\n")), base64.URLEncoding.EncodeToString([]byte("me:" + secret)), base64.StdEncoding.EncodeToString([]byte("she:" + secret))} {
			if len((canaries{secret: where}).leaks(map[string]string{"x": text})) != 1 {
				t.Errorf("%s hides in %s", secret, text)
			}
		}
	}
}
