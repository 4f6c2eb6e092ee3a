package hostile

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// row plants the texts of an encoded row.
func row(t *schema.Table, line []byte, how Plant) []byte {
	var cells map[string]any
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if d.Decode(&cells) != nil {
		return line
	}
	for key, value := range cells {
		c := t.Column(key)
		s, is := value.(string)
		if c == nil || !is || s == "" || addressed(t.Type.Field(c.Field).Type) {
			continue
		}
		if c.Class == schema.Name || c.Class == schema.Text || how == All && !(t.Name == "coverage" && (key == "tbl" || key == "outcome")) {
			cells[key] = s + Payload
		}
	}
	out, err := json.Marshal(cells)
	if err != nil {
		return line
	}
	return out
}

// addressed are types of which a text is an address or a time, or no value of them at all.
func addressed(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case reflect.TypeFor[netip.Addr](), reflect.TypeFor[netip.Prefix](), reflect.TypeFor[time.Time]():
		return true
	}
	return false
}

func fill(v reflect.Value) {
	switch v.Interface().(type) {
	case netip.Addr:
		v.Set(reflect.ValueOf(netip.MustParseAddr("10.20.1.66")))
		return
	case netip.Prefix:
		v.Set(reflect.ValueOf(netip.MustParsePrefix("10.20.0.0/16")))
		return
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, 11, 20, 2, 14, 7, 0, time.UTC)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(Formula + Payload)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(1.5)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(3)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(3)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	}
}

// document plants a document: strings of JSON, or lines of text.
func document(name string, data []byte, how Plant) []byte {
	switch path.Ext(strings.TrimSuffix(name, ".last")) {
	case ".json":
		var v any
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		if d.Decode(&v) == nil {
			if info, is := v.(map[string]any); is && name == "docker/info.json" {
				info["Warnings"] = []any{"WARNING: "}
			}
			if out, err := json.Marshal(plantJSON("", v, how)); err == nil {
				if x := one[name]; x != "" && bytes.HasSuffix(out, []byte("}]")) {
					out = append(out[:len(out)-1], ","+strings.ReplaceAll(x, "PAYLOAD", inJSON(Formula+Payload))+"]"...)
				}
				return out
			}
		}
		return data
	case ".jsonl":
		var out bytes.Buffer
		for line := range bytes.Lines(data) {
			out.Write(document("x.json", line, how))
			out.WriteByte('\n')
		}
		return out.Bytes()
	}
	// Of numbers in columns nothing could be read any more; what breaks a line is for JSON.
	names := regexp.MustCompile(`^(log/|container/|host/etc/|host/run/|proc/(cmdline|version|modules))`).MatchString(name)
	if how == Names && !names {
		return data
	}
	var out bytes.Buffer
	n := 0
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		if n++; n <= 300 && (how == Names || !strings.HasPrefix(name, "netns/") || n%2 == 0) {
			line += oneLine(Payload)
		}
		out.WriteString(line + "\n")
	}
	if names {
		out.WriteString("search " + oneLine(Payload) + "\n192.0.2.1 " + oneLine(Payload) + "\n# " + oneLine(Payload) + "\xff\n")
	}
	return out.Bytes()
}

// compared are the keys of Docker's documents whose values rules and decoders compare; those of Names stay as they are.
var compared = []string{"State", "Status", "DesiredState", "Driver", "Scope", "Type", "Availability", "Role", "Protocol", "PublishMode", "Mode", "Action", "status",
	"LocalNodeState", "Reachability", "Condition", "Order", "FailureAction", "Health", "scope", "type", "name"}

// word is what is compared wherever it stands: addresses, times, numbers, ids, whether.
var word = regexp.MustCompile(`^([0-9a-f.:/]+|[0-9a-z]{25}|sha256:.*|\d{4}-\d\d-\d\dT.*|true|false|)$`)

// plantJSON plants the strings of a document, and the names of labels and options.
func plantJSON(key string, v any, how Plant) any {
	switch v := v.(type) {
	case string:
		if how == Names && (slices.Contains(compared, key) || word.MatchString(v)) {
			return v
		}
		if key == "key" { // of libnetwork's store: says what the value is
			return v
		}
		return v + Payload
	case []any:
		for i := range v {
			v[i] = plantJSON(key, v[i], how)
		}
	case map[string]any:
		for k, x := range v {
			v[k] = plantJSON(k, x, how)
		}
		if key == "Labels" || key == "Options" {
			v[Formula+Payload] = Formula + Payload
		}
	}
	return v
}

func inJSON(s string) string {
	b, _ := json.Marshal(s) // a string always can be
	return strings.Trim(string(b), `"`)
}

// oneLine is one word of a line: markup does with a slash for a space.
func oneLine(s string) string {
	return strings.NewReplacer("\n", "", "\r", "", "\x00", "", " ", "/").Replace(s)
}
