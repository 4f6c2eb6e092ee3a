package analyze

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netmortem/netmortem/schema"
)

func fdbLayout() *layout { return newLayout(schema.TableByName("fdb")) }

func TestPackRow(t *testing.T) {
	tests := []struct {
		name string
		line string
		want string // values after host and line that are not NULL, as column=value
		err  string // in the error's text
		keys string // unknown keys
	}{
		{"empty object", `{}`, "", "", ""},
		{"in order", `{"netns":"1","ifindex":2,"dev":"vxlan0","self":true}`, "netns=1 ifindex=2 dev=vxlan0 self=1", "", ""},
		{"out of order", `{"self":false,"netns":"1"}`, "netns=1 self=0", "", ""},
		{"spaces", `{ "netns" : "1" , "used_s" : 1.5 }`, "netns=1 used_s=1.5", "", ""},
		{"null is absent", `{"netns":null,"ifindex":null}`, "", "", ""},
		{"escape", `{"dev":"a\u0041\n"}`, "dev=aA\n", "", ""},
		{"not ASCII", `{"dev":"Bücher"}`, "dev=Bücher", "", ""},
		{"no UTF-8", "{\"dev\":\"a\xff\"}", "dev=a\ufffd", "", ""},
		{"surrogate alone", `{"dev":"\ud800"}`, "dev=\ufffd", "", ""},
		{"repeated key", `{"dev":"a","dev":"b"}`, "dev=b", "", ""},
		{"integers", `{"ifindex":-9223372036854775808,"port":9223372036854775807}`, "ifindex=-9223372036854775808 port=9223372036854775807", "", ""},
		{"float that is whole", `{"used_s":3}`, "used_s=3", "", ""},
		{"float with exponent", `{"used_s":-1e3}`, "used_s=-1000", "", ""},
		{"unknown keys", `{"netns":"1","colour":"red","nested":{"a":[1,{"b":2}]}}`, "netns=1", "", "colour nested"},
		{"integer as text", `{"ifindex":"2"}`, "", "ifindex: want a whole number", ""},
		{"integer with fraction", `{"ifindex":2.5}`, "", "ifindex: want a whole number", ""},
		{"integer too large", `{"ifindex":9223372036854775808}`, "", "ifindex: want a whole number", ""},
		{"text as integer", `{"dev":7}`, "", "dev: want a string", ""},
		{"text as object", `{"dev":{"a":1}}`, "", "dev: want a string", ""},
		{"bool as integer", `{"self":1}`, "", "self: want true or false", ""},
		{"float as text", `{"used_s":"1"}`, "", "used_s: want a number", ""},
		{"leading zero", `{"ifindex":007}`, "", "not a JSON object", ""},
		{"plus sign", `{"ifindex":+7}`, "", "not a JSON object", ""},
		{"float without digits", `{"used_s":1.}`, "", "not a JSON object", ""},
		{"control character", "{\"dev\":\"a\tb\"}", "", "not a JSON object", ""},
		{"trailing comma", `{"ifindex":7,}`, "", "not a JSON object", ""},
		{"more behind it", `{"ifindex":7}{}`, "", "not a JSON object", ""},
		{"cut", `{"ifindex":7,"dev":"vx`, "", "not a JSON object", ""},
		{"an array", `[1]`, "", "not a JSON object", ""},
		{"null", `null`, "", "not a JSON object", ""},
	}
	lay := fdbLayout()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var p pack
			var keys []string
			err := packRow(&p, lay, "h", "", 1, []byte(tt.line), func(k string) { keys = append(keys, k) })
			slices.Sort(keys)
			if got := strings.Join(keys, " "); got != tt.keys {
				t.Errorf("unknown keys %q; want %q", got, tt.keys)
			}
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("error %v; want %q", err, tt.err)
				}
				if len(p.buf) != 0 || p.rows != 0 {
					t.Errorf("a row that is refused left %d bytes", len(p.buf))
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			v, _, err := unpack(nil, p.buf)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i, key := range lay.keys {
				if x := v[2+i]; x != nil {
					got = append(got, fmt.Sprintf("%s=%v", key, x))
				}
			}
			if got := strings.Join(got, " "); got != tt.want {
				t.Errorf("got %q; want %q", got, tt.want)
			}
		})
	}
}

// FuzzRow holds the fast reader against the slow one: the same bytes, or the same refusal.
func FuzzRow(f *testing.F) {
	for _, s := range []string{`{}`, `{"netns":"1","ifindex":2,"dev":"vxlan0","used_s":0.5,"self":true}`, `{"dev":"\u00e4","x":1}`, `{"used_s":-0.0}`, `{"used_s":00}`, `{"dev":"ä"}`} {
		f.Add([]byte(s))
	}
	lay := fdbLayout()
	f.Fuzz(func(t *testing.T, line []byte) {
		var fast, slow pack
		ignore := func(string) {}
		errFast := packRow(&fast, lay, "h", "", 1, line, ignore)
		errSlow := slowRow(&slow, lay, "h", "", 1, line, ignore)
		if (errFast == nil) != (errSlow == nil) || !bytes.Equal(fast.buf, slow.buf) {
			t.Errorf("%q: fast %x, %v; slow %x, %v", line, fast.buf, errFast, slow.buf, errSlow)
		}
	})
}

// FuzzUnpack wants no panic on any bytes, and the same of both ways to read a row.
func FuzzUnpack(f *testing.F) {
	f.Add([]byte("\x03\x00\x01\x03\x02\x02hi"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for len(b) > 0 {
			v, rest, err := unpack(nil, b)
			same, left, failed := unpackInto(nil, b)
			if (err == nil) != (failed == nil) || len(rest) != len(left) || err == nil && len(v) != len(same) {
				t.Fatalf("%x: %d values, %v; in place %d, %v", b, len(v), err, len(same), failed)
			}
			if b = rest; err != nil {
				return
			}
			for i := range v {
				switch x := v[i].(type) {
				case string:
					if x != string(same[i].text) {
						t.Errorf("%q; in place %q", x, same[i].text)
					}
				case int64:
					if x != same[i].int {
						t.Errorf("%d; in place %d", x, same[i].int)
					}
				}
			}
		}
	})
}

// TestCaptureWritesWhatTheFastReaderReads encodes a full row of every table as the bundle writer does and wants the
// fast way to take it: otherwise loading is slow and no test says so.
func TestCaptureWritesWhatTheFastReaderReads(t *testing.T) {
	for i := range schema.Tables {
		tab := &schema.Tables[i]
		for _, fill := range []bool{false, true} {
			row := record(tab, fill)
			line, err := json.Marshal(row.Interface())
			if err != nil {
				t.Fatal(err)
			}
			if lay := newLayout(tab); !fastRow(&pack{}, lay, line) {
				t.Errorf("table %s: left to the slow reader: %s", tab.Name, line)
			}
		}
	}
}

// record is a record of a table: the zero one, or one whose every field is set.
func record(t *schema.Table, full bool) reflect.Value {
	v := reflect.New(t.Type).Elem()
	for i := range v.NumField() {
		if full {
			fillField(v.Field(i), int64(i+1))
		}
	}
	return v
}

func fillField(f reflect.Value, n int64) {
	switch f.Interface().(type) {
	case netip.Addr:
		f.Set(reflect.ValueOf(netip.AddrFrom4([4]byte{10, 0, 0, byte(n)})))
		return
	case netip.Prefix:
		f.Set(reflect.ValueOf(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(n), 0}), 24)))
		return
	case time.Time:
		f.Set(reflect.ValueOf(time.Date(2026, 11, 20, 2, 14, int(n), 123456789, time.UTC)))
		return
	}
	switch f.Kind() {
	case reflect.Pointer:
		f.Set(reflect.New(f.Type().Elem()))
		fillField(f.Elem(), n)
	case reflect.String:
		f.SetString(fmt.Sprintf("text %d", n))
	case reflect.Bool:
		f.SetBool(true)
	case reflect.Float64:
		f.SetFloat(float64(n) + 0.5)
	default:
		f.SetInt(n)
	}
}
