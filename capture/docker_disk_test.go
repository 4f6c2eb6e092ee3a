package capture

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/netmortem/netmortem/schema"
)

// layStore lays libnetwork's store below root.
func layStore(t *testing.T, root string, pairs map[string]string) string {
	t.Helper()
	write(t, root, "var/lib/docker/network/files/x", "")
	name := filepath.Join(root, "var/lib/docker/network/files/local-kv.db")
	db, err := bolt.Open(name, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucket([]byte("libnetwork"))
		for key, value := range pairs {
			if err == nil {
				err = b.Put([]byte(key), append(binary.LittleEndian.AppendUint64(nil, 7), value...))
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}

const diskConfig = `{"State":{"Running":true,"Pid":5,"StartedAt":"2026-01-01T00:00:00Z"},"ID":"c1","Name":"/web","Path":"sh","Args":["-c","run --password sesame"],` +
	`"Config":{"Env":["TOKEN=sesame"],"Labels":{"api.key":"sesame"},"Healthcheck":{"Test":["CMD","curl","-u","u:sesame","x"]}}}`

func diskDocuments(t *testing.T, h *Host) (map[string]schema.Coverage, map[string]string) {
	t.Helper()
	cover, entries := runAlone(t, h, dockerDisk)
	by := map[string]schema.Coverage{}
	for _, c := range cover {
		by[strings.TrimSuffix(strings.TrimPrefix(c.Document, "raw/docker/ondisk/"), ".json")] = c
	}
	docs := map[string]string{}
	for name, text := range entries {
		if rest, ok := strings.CutPrefix(name, "raw/docker/ondisk/"); ok {
			docs[strings.TrimSuffix(rest, ".json")] = text
			if strings.Contains(text, "sesame") {
				t.Errorf("%s: a secret: %s", name, text)
			}
		}
	}
	return by, docs
}

func TestDockerDisk(t *testing.T) {
	root := t.TempDir()
	write(t, root, "var/lib/docker/containers/c1/config.v2.json", diskConfig)
	write(t, root, "var/lib/docker/containers/c1/hostconfig.json", `{"LogConfig":{"Type":"splunk","Config":{"splunk-token":"sesame"}}}`)
	write(t, root, "var/lib/docker/containers/c2/config.v2.json", `{"ID":"c2"`) // half written
	write(t, root, "var/lib/docker/swarm/docker-state.json", `{"LocalAddr":"10.0.0.1","joinToken":"SWMTKN-1-sesame"}`)
	layStore(t, root, map[string]string{
		"docker/network/v1.0/network/n1/":     `{"id":"n1","name":"a","labels":{"secret-label":"sesame"}}`,
		"docker/network/v1.0/endpoint_count/": "",
		"docker/network/v1.0/sandbox/s1/":     `{"ID":"s1","Cid":"c1"}`,
	})
	o := Options{Root: root}
	cover, docs := diskDocuments(t, &Host{Options: o})
	if c := cover["containers"]; c.Outcome != schema.Partial || !strings.Contains(c.Reason, "the files of 1 containers") || c.Masked < 4 {
		t.Errorf("containers: %+v", c)
	}
	var rows []struct {
		Config     struct{ ID string }
		HostConfig struct{ LogConfig struct{ Type string } } `json:"host_config"`
	}
	if err := json.Unmarshal([]byte(docs["containers"]), &rows); err != nil || len(rows) != 1 || rows[0].Config.ID != "c1" || rows[0].HostConfig.LogConfig.Type != "splunk" {
		t.Errorf("containers: %v %s", err, docs["containers"])
	}
	if c := cover["libnetwork"]; c.Outcome != schema.OK || strings.Count(docs["libnetwork"], `"index":7`) != 2 {
		t.Errorf("libnetwork: %+v %s", c, docs["libnetwork"])
	}
	if cover["swarm_state"].Outcome != schema.OK || cover["swarm_managers"].Outcome != schema.Absent {
		t.Errorf("swarm: %+v %+v", cover["swarm_state"], cover["swarm_managers"])
	}

	// A daemon that described its containers leaves those that it did not.
	d, err := newDocker(o)
	if err != nil {
		t.Fatal(err)
	}
	d.state.described = map[string]bool{"c1": true, "c2": true}
	if cover, _ := diskDocuments(t, &Host{Options: o, Docker: d}); cover["containers"].Outcome != schema.Absent {
		t.Errorf("nothing to add: %+v", cover["containers"])
	}
	d.state.described = map[string]bool{"c2": true}
	if cover, docs := diskDocuments(t, &Host{Options: o, Docker: d}); cover["containers"].Outcome != schema.OK || strings.Count(docs["containers"], `"config"`) != 1 {
		t.Errorf("one that the daemon does not know: %+v", cover["containers"])
	}
}

// TestStoreDamaged wants a torn store, a fifo and a folder in its place to end as gaps.
func TestStoreDamaged(t *testing.T) {
	root := t.TempDir()
	name := layStore(t, root, map[string]string{"docker/network/v1.0/network/n1/": `{"id":"n1"}`})
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range [][]byte{data[:len(data)/4], []byte("garbage"), nil} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if cover, _ := diskDocuments(t, &Host{Options: Options{Root: root}}); cover["libnetwork"].Outcome != schema.Partial || !strings.Contains(cover["libnetwork"].Reason, "damaged") {
			t.Errorf("%d: %+v", i, cover["libnetwork"])
		}
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if cover, _ := diskDocuments(t, &Host{Options: Options{Root: root}}); cover["libnetwork"].Outcome != schema.Absent {
		t.Errorf("no store: %+v", cover["libnetwork"])
	}
}

// certificate makes a self-signed certificate and its key, in PEM.
func certificate(t *testing.T, until time.Time) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(255), NotBefore: until.Add(-time.Hour), NotAfter: until,
		Subject: pkix.Name{CommonName: "node", OrganizationalUnit: []string{"swarm-worker"}, Organization: []string{"cluster"}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret})
}

func TestCertificates(t *testing.T) {
	root := t.TempDir()
	until := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	cert, key := certificate(t, until)
	write(t, root, "srv/docker/swarm/certificates/swarm-node.crt", string(slices.Concat(key, cert, cert)))
	write(t, root, "etc/docker/daemon.json", `{"data-root":"/srv/docker","tlscert":"/etc/docker/api.key"}`)
	write(t, root, "etc/docker/api.key", string(key))
	h := &Host{Options: Options{Root: root}}
	h.daemon.keep(settingsOf(nil, []byte(`{"data-root":"/srv/docker","tlscert":"/etc/docker/api.key"}`)))
	cover, entries := runAlone(t, h, certificates)
	if cover[0].Outcome != schema.Partial || !strings.Contains(cover[0].Reason, "named like a key") {
		t.Errorf("coverage %+v", cover[0])
	}
	var got []schema.Certificate
	for line := range strings.Lines(entries["rows/certificate.jsonl"]) {
		var c schema.Certificate
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		got = append(got, c)
	}
	if len(got) != 2 || got[1].Position != 1 || got[0].SubjectCN != "node" || got[0].SubjectOU != "swarm-worker" || got[0].SubjectO != "cluster" ||
		got[0].Serial != "ff" || !got[0].NotAfter.Equal(until) || got[0].Kind != "swarm-node" {
		t.Errorf("rows %+v", got)
	}
	if cover, _ := runAlone(t, &Host{Options: Options{Root: t.TempDir()}}, certificates); cover[0].Outcome != schema.Absent {
		t.Errorf("no Docker: %+v", cover[0])
	}
}

func FuzzParseCertificates(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if rows, _ := parseCertificates(text); len(rows) > maxCertificates {
			t.Fatal(len(rows))
		}
	})
}

func TestSettingsOf(t *testing.T) {
	tests := []struct {
		name     string
		commands [][]string
		file     string
		want     daemonSettings
	}{
		{"nothing", nil, "", daemonSettings{}},
		{"the file", nil, `{"data-root":"/srv/d","tlscert":"/c","tlscacert":"/a"}`, daemonSettings{root: "/srv/d", cert: "/c", ca: "/a"}},
		{"the command line wins", [][]string{{"dockerd", "--data-root=/x/", "--config-file", "/etc/d.json", "--tlscert", "/y"}}, `{"graph":"/srv/d"}`,
			daemonSettings{root: "/x", configFile: "/etc/d.json", cert: "/y"}},
		{"defaults of TLS", [][]string{{"dockerd", "--tlsverify"}}, "", daemonSettings{cert: "/root/.docker/cert.pem", ca: "/root/.docker/ca.pem"}},
		{"no value", [][]string{{"dockerd", "--data-root"}}, "", daemonSettings{}},
		{"relative", [][]string{{"dockerd", "--data-root", "x"}}, `{"data-root":"y"}`, daemonSettings{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := settingsOf(tt.commands, []byte(tt.file)); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}
