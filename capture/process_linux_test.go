package capture

import (
	"strings"
	"testing"
)

func TestMaskArguments(t *testing.T) {
	long := strings.Repeat("é", 200)
	tests := []struct {
		text, want string
		cut        bool
		masked     int
	}{
		{"nginx: worker process\x00\x00\x00", "nginx: worker process", false, 0},
		{"dockerd\x00-H\x00fd://\x00", "dockerd -H fd://", false, 0},
		{"mysqld\x00--password=hunter2\x00--port=3306\x00", "mysqld --password=<masked> --port=3306", false, 1},
		{"mysql\x00-phunter2\x00db\x00", "mysql -p<masked> db", false, 1},
		{"app\x00--token\x00hunter2\x00x\x00", "app --token <masked> x", false, 1},
		{"sh\x00-c\x00PGPASSWORD=hunter2 psql -h db\x00", "sh -c PGPASSWORD=<masked> psql -h db", false, 1},
		{"java\x00-Dspring.datasource.password=hunter2\x00-jar\x00app.jar\x00", "java -Dspring.datasource.password=<masked> -jar app.jar", false, 1},
		{"curl\x00-H\x00Authorization: Bearer hunter2hunter2\x00http://h/\x00", "curl -H Authorization: <masked> http://h/", false, 1},
		{"app\x00amqp://u:hunter2@mq:5672/\x00", "app amqp://<masked>@mq:5672/", false, 1},
		{"app\x00--secret=hun", "app", true, 0},
		{long, long[:256], false, 0},
		{"a" + long, "a" + long[:254], false, 0},
		{"", "", false, 0},
	}
	for _, test := range tests {
		got, n := maskArguments([]byte(test.text), test.cut)
		if got != test.want || n != test.masked || strings.Contains(got, "hunter2") {
			t.Errorf("%q: got %q, %d", test.text, got, n)
		}
	}
}

func TestCgroupPath(t *testing.T) {
	for text, want := range map[string]string{"/": "/", "/a/b": "/a/b", "/../x": "/x", "/../../system.slice/docker.service": "/system.slice/docker.service", "/..x": "/..x"} {
		if got := cgroupPath(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
