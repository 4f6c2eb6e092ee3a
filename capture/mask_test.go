package capture

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestMaskJSON(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"nothing to mask keeps every byte", "{ \"Id\" :\t\"a\\u00e9\\/b\", \"N\": -1.50e3,\n \"L\":[ null , true,\"x\" ] }\n", ""},
		{"environment as a list", `{"Config":{"Env":["PATH=/bin","EMPTY=","BARE",""]}}`,
			`{"Config":{"Env":["PATH=<masked>","EMPTY=<masked>","BARE",""]}}`},
		{"environment as a map", `{"Env":{"A":"x","N":7,"T":true}}`, `{"Env":{"A":"<masked>","N":"<masked>","T":true}}`},
		{"key written with an escape, and in other case", `{"\u0065nv":["A=b"],"ENV":["C=d"]}`, `{"\u0065nv":["A=<masked>"],"ENV":["C=<masked>"]}`},
		{"output of a health check", `{"Health":{"Log":[{"Output":"+ curl -u probe:x http://h/\nok"}]}}`, `{"Health":{"Log":[{"Output":"+ curl -u <masked> http://h/\nok"}]}}`},
		{"command of an exec's event", `{"status":"exec_create: sh -c 'mysql -px'","Action":"exec_start: mysql -px"}`, `{"status":"exec_create: sh -c 'mysql -p<masked>'","Action":"exec_start: mysql -p<masked>"}`},
		{"join tokens", `{"JoinTokens":{"Worker":"SWMTKN-1-a-b","Manager":"SWMTKN-1-a-c"}}`, `{"JoinTokens":{"Worker":"<masked>","Manager":"<masked>"}}`},
		{"join token in a message", `{"Err":"join with SWMTKN-1-0a-0b failed"}`, `{"Err":"join with <masked> failed"}`},
		{"unlock key", `{"UnlockKey":"SWMKEY-1-abc"}`, `{"UnlockKey":"<masked>"}`},
		{"lock key of a node", `{"LockKey":"c2Vz"}`, `{"LockKey":"<masked>"}`},
		{"step of a build", `{"BuildCache":[{"Description":"RUN curl -u me:x h"}],"Description":{"Hostname":"h"}}`, `{"BuildCache":[{"Description":"RUN curl -u <masked> h"}],"Description":{"Hostname":"h"}}`},
		{"registry with a login", `{"insecure-registries":["u:p@r:5000","r:5000"],"Mirrors":["u:p@m"]}`, `{"insecure-registries":["<masked>@r:5000","r:5000"],"Mirrors":["<masked>@m"]}`},
		{"registry login", `{"Auths":{"r.example":{"auth":"dTpw"}}}`, `{"Auths":{"r.example":{"auth":"<masked>"}}}`},
		{"payload of a secret", `{"Spec":{"Name":"db","Data":"aGk="}}`, `{"Spec":{"Name":"db","Data":"<masked>"}}`},
		{"GraphDriver.Data is paths", `{"GraphDriver":{"Data":{"MergedDir":"/var/lib/docker/overlay2/x/merged"}}}`, ""},
		{"references to secrets stay", `{"Secrets":[{"File":{"Name":"pw"},"SecretID":"abc","SecretName":"db_password"}]}`, ""},
		{"authorization plug-ins stay", `{"Plugins":{"Authorization":["opa"]}}`, ""},
		{"ports stay", `{"Ports":[{"PrivatePort":80,"PublicPort":8080}]}`, ""},
		{"signing key of the swarm", `{"CAConfig":{"SigningCAKey":"k","NodeCertExpiry":5}}`, `{"CAConfig":{"SigningCAKey":"<masked>","NodeCertExpiry":5}}`},
		{"certificates are public", `{"TLSInfo":{"TrustRoot":"-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n","CertIssuerPublicKey":"MFkw"}}`, ""},
		{"private key anywhere", `{"x":"a -----BEGIN EC PRIVATE KEY-----\nMII\n-----END EC PRIVATE KEY----- b"}`, `{"x":"a <masked> b"}`},
		{"private key cut short", `{"x":"-----BEGIN PRIVATE KEY-----\nMII"}`, `{"x":"<masked>"}`},
		{"labels with telling keys", `{"Labels":{"db.password":"x","traefik.http.middlewares.a.basicauth.users":"u:h","API_KEY":"k","org.opencontainers.image.authors":"me","com.docker.swarm.task.name":"auth.1.x","n":""}}`,
			`{"Labels":{"db.password":"<masked>","traefik.http.middlewares.a.basicauth.users":"<masked>","API_KEY":"<masked>","org.opencontainers.image.authors":"me","com.docker.swarm.task.name":"auth.1.x","n":""}}`},
		{"engine labels are a list", `{"Labels":["zone=a","vault-token=t"]}`, `{"Labels":["zone=a","vault-token=<masked>"]}`},
		{"options of a log driver", `{"LogConfig":{"Type":"splunk","Config":{"splunk-token":"t","splunk-url":"https://u:p@h/x","tag":"a"}}}`,
			`{"LogConfig":{"Type":"splunk","Config":{"splunk-token":"<masked>","splunk-url":"https://<masked>@h/x","tag":"a"}}}`},
		{"options of a volume", `{"DriverConfig":{"Options":{"o":"addr=1.2.3.4,username=u,password=p,rw","type":"cifs"}}}`,
			`{"DriverConfig":{"Options":{"o":"addr=1.2.3.4,username=u,password=<masked>,rw","type":"cifs"}}}`},
		{"network options stay", `{"Options":{"com.docker.network.driver.overlay.vxlanid_list":"4097","encrypted":"","com.docker.network.enable_ipv6":"false"}}`, ""},
		{"proxy", `{"HttpProxy":"http://u:p@proxy:3128","HttpsProxy":"u:p@proxy:3128","NoProxy":"localhost"}`,
			`{"HttpProxy":"http://<masked>@proxy:3128","HttpsProxy":"<masked>@proxy:3128","NoProxy":"localhost"}`},
		{"argument and its option", `{"Args":["--db-password","x y","--tls","-p","80"]}`, `{"Args":["--db-password","<masked>","--tls","-p","80"]}`},
		{"option and value in one", `{"Cmd":["app","--token=abc","--port=80","-secret=s"]}`, `{"Cmd":["app","--token=<masked>","--port=80","-secret=<masked>"]}`},
		{"a switch is no option with a value", `{"Cmd":["mongod","--auth","--bind_ip_all"]}`, ""},
		{"mysql", `{"Cmd":["mysql","-uroot","-p123456","-hdb"]}`, `{"Cmd":["mysql","-uroot","-p<masked>","-hdb"]}`},
		{"program and arguments apart", `{"Path":"/usr/bin/redis-cli","Args":["-a","1234"],"Config":{"Cmd":["-a","1234"]}}`,
			`{"Path":"/usr/bin/redis-cli","Args":["-a","<masked>"],"Config":{"Cmd":["-a","<masked>"]}}`},
		{"a password of digits", `{"Path":"mysqldump","Args":["-p123456"],"Cmd":["x","-p123456"]}`, `{"Path":"mysqldump","Args":["-p<masked>"],"Cmd":["x","-p<masked>"]}`},
		{"-p of any program", `{"Cmd":["x","-p","80:80/tcp","-p","8080","-p","/srv","-p","sesame","-p127.0.0.1:80:80"]}`,
			`{"Cmd":["x","-p","80:80/tcp","-p","8080","-p","/srv","-p","<masked>","-p127.0.0.1:80:80"]}`},
		{"script", `{"Cmd":["sh","-c","hostname >/www/index.html; exec httpd -f -p 80 -h /www"]}`, ""},
		{"script with secrets", `{"Command":"sh -c 'mysqldump -u root -psesame \"d b\" | curl -u me:pw --password \"a b\" -H \"Authorization: Bearer abc\" https://u:p@h/'"}`,
			`{"Command":"sh -c 'mysqldump -u root -p<masked> \"d b\" | curl -u <masked> --password \"<masked>\" -H \"Authorization: <masked>\" https://<masked>@h/'"}`},
		{"assignment before a command", `{"Entrypoint":["sh","-c","PGPASSWORD=x PGHOST=db psql"]}`, `{"Entrypoint":["sh","-c","PGPASSWORD=<masked> PGHOST=db psql"]}`},
		{"environment on a command line", `{"Args":["run","-e","A=b","--env=C=d"]}`, `{"Args":["run","-e","A=<masked>","--env=C=<masked>"]}`},
		{"an image keeps its tag and digest", `{"Image":"r.example:5000/auth/token:1.2@sha256:ab","Args":["r/token:1@sha256:ab"]}`, ""},
		{"url with a token for a user", `{"Args":["https://abc@github.com/x.git"]}`, `{"Args":["https://<masked>@github.com/x.git"]}`},
		{"url with a slash in the password", `{"x":"postgres://u:p/w@h:5432/db"}`, `{"x":"postgres://<masked>@h:5432/db"}`},
		{"url with a port and an @ in the path", `{"x":"http://h:80/a@b"}`, ""},
		{"data source name", `{"x":"u:p@tcp(db:3306)/x"}`, `{"x":"<masked>@tcp(db:3306)/x"}`},
		{"json in a string", `{"x":"{\"password\":\"p\",\"n\":1}"}`, `{"x":"{\"password\":\"<masked>\",\"n\":1}"}`},
		{"output of a health check", `{"Health":{"Log":[{"Output":"login: token=abc refused"}]}}`, `{"Health":{"Log":[{"Output":"login: token=<masked> refused"}]}}`},
		{"unknown key that tells", `{"Future":{"BootstrapToken":"t","Nested":{"ClientSecret":{"a":["s",{"b":"s"}]}}}}`,
			`{"Future":{"BootstrapToken":"<masked>","Nested":{"ClientSecret":{"a":["<masked>",{"b":"<masked>"}]}}}}`},
		{"html characters stay", `{"Err":"a<b>&c"}`, ""},
		{"a scalar", `"SWMTKN-1-a-b"`, `"<masked>"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := tt.want
			if want == "" {
				want = tt.in
			}
			got, n, err := maskJSON([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != want {
				t.Errorf("maskJSON\n got %s\nwant %s", got, want)
			}
			if (n == 0) != (tt.want == "") {
				t.Errorf("counted %d masked values", n)
			}
			again, n, err := maskJSON(got)
			if err != nil || !bytes.Equal(again, got) {
				t.Errorf("masking twice: %d more, %v\n%s", n, err, again)
			}
		})
	}
}

func TestMaskJSONCounts(t *testing.T) {
	_, n, err := maskJSON([]byte(`{"Env":["A=1","B=2"],"Labels":{"token":"x"}}`))
	if err != nil || n != 3 {
		t.Errorf("counted %d, %v; want 3", n, err)
	}
}

func TestMaskJSONWithholds(t *testing.T) {
	for _, in := range []string{"", "{", `{"a":1`, `[1,]`, `<html>`, `{"a":"b"}{"c":"d"}`, "\"\x01\""} {
		if out, _, err := maskJSON([]byte(in)); err != errNotJSON || out != nil {
			t.Errorf("maskJSON(%q) = %q, %v", in, out, err)
		}
	}
}

// BenchmarkMaskJSON masks the inspection of a container of usual size, many times over.
func BenchmarkMaskJSON(b *testing.B) {
	one := `{"Id":"` + strings.Repeat("a", 64) + `","Args":["-c","exec httpd -f -p 80"],"Config":{"Env":["A=b","C=d"],"Labels":{"com.docker.swarm.service.name":"web"}},` +
		strings.Repeat(`"K":"some plain value, with blanks","N":[1,2,3],"P":"/var/lib/docker/overlay2/x","M":null,`, 40) + `"Z":true}`
	doc := []byte("[" + strings.Repeat(one+",", 999) + one + "]")
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if _, n, err := maskJSON(doc); err != nil || n != 2000 {
			b.Fatal(n, err)
		}
	}
}

func FuzzMaskJSON(f *testing.F) {
	f.Add([]byte(`{"Env":["A=b"],"Labels":{"a":"b"},"Cmd":["sh","-c","x -p 'y z' \"q"]}`), "hunter2")
	f.Add([]byte(`[1,{"x":"\ud800\\\"://a@b"},[],{}]`), `a"b\c d`)
	f.Fuzz(func(t *testing.T, doc []byte, secret string) {
		out, n, err := maskJSON(doc)
		if err != nil {
			if json.Valid(doc) {
				t.Fatalf("valid document was withheld: %v", err)
			}
			return
		}
		if !json.Valid(out) {
			t.Fatalf("not JSON: %s", out)
		}
		if n == 0 && !bytes.Equal(out, doc) {
			t.Fatalf("nothing masked, but changed:\n%s\n%s", doc, out)
		}

		// A secret that a document of any shape cannot hide: it goes around the document, in every kind of place.
		if len(secret) < 4 || strings.Contains(masked, secret) || bytes.Contains(doc, []byte(secret)) || strings.Contains(secrets(""), secret) {
			return
		}
		s, _ := json.Marshal(secret)
		planted := secrets(string(s[1 : len(s)-1]))
		planted = strings.Replace(planted, "DOC", string(doc), 1)
		out, n, err = maskJSON([]byte(planted))
		if err != nil || n < 7 {
			t.Fatalf("%d masked, %v: %s", n, err, planted)
		}
		if bytes.Contains(out, s[1:len(s)-1]) {
			t.Fatalf("the secret %s survives:\n%s", s, out)
		}
	})
}

// secrets is a document that holds s where secrets stand.
func secrets(s string) string {
	return `{"Env":["X=` + s + `"],"JoinTokens":{"Worker":"` + s + `"},"A":DOC,"Labels":{"my.secret":"` + s + `"},` +
		`"LogConfig":{"Config":{"splunk-token":"` + s + `"}},"Spec":{"Data":"` + s + `"},"Cmd":["a","--password","` + s + `","--token=` + s + `"],` +
		`"RegistryAuth":{"x":["` + s + `"]}}`
}
