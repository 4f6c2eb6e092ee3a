package capture

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// fill sets every field of a record to a value that depends on n; pointers are set for odd n.
func fill(v reflect.Value, n int) {
	for i := range v.NumField() {
		f := v.Field(i)
		if f.Kind() == reflect.Pointer {
			if n%2 == 0 {
				continue
			}
			f.Set(reflect.New(f.Type().Elem()))
			f = f.Elem()
		}
		k := n*100 + i
		switch f.Kind() {
		case reflect.String:
			f.SetString(fmt.Sprintf("v%d \"quoted\\ \t\x01 é \xff", k))
		case reflect.Bool:
			f.SetBool(k%3 == 0)
		case reflect.Int64:
			f.SetInt(int64(k) - 50)
		case reflect.Float64:
			f.SetFloat(float64(k) / 8)
		default:
			switch p := f.Addr().Interface().(type) {
			case *netip.Addr:
				*p = netip.AddrFrom4([4]byte{10, 0, byte(n), byte(i)})
			case *netip.Prefix:
				*p = netip.PrefixFrom(netip.MustParseAddr("2001:db8::"), 40+i)
			case *time.Time:
				*p = time.Date(2026, 11, 20, 1, 2, 3, k*1000, time.UTC)
			}
		}
	}
}

// decode reads a row as any reader of the bundle would.
func decode(t *testing.T, line []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(line, &m); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return m
}

func TestAppendJSONAgreesWithEncodingJSON(t *testing.T) {
	for typ, r := range newRecords() {
		for n := range 3 {
			v := reflect.New(typ).Elem()
			if n > 0 { // the zero row first
				fill(v, n)
			}
			want, err := json.Marshal(v.Addr().Interface())
			if err != nil {
				t.Fatal(err)
			}
			got := r.appendJSON(nil, v)
			if !maps.Equal(decode(t, got), decode(t, want)) {
				t.Errorf("%s:\n got %s\nwant %s", r.table.Name, got, want)
			}
		}
	}
}

func TestPackRoundTrip(t *testing.T) {
	for typ, r := range newRecords() {
		for n := range 3 {
			v, got := reflect.New(typ).Elem(), reflect.New(typ).Elem()
			if n > 0 {
				fill(v, n)
			}
			for i, f := range r.fields { // what the merge sets is not packed
				if f.isLast || i == r.seen {
					v.Field(f.index).SetZero()
				}
			}
			b, identity := r.pack(nil, v)
			r.unpackIdentity(b[:identity], got)
			r.unpackCounters(b[identity:], got, false)
			if !reflect.DeepEqual(got.Interface(), v.Interface()) {
				t.Errorf("%s: got %+v, want %+v", r.table.Name, got, v)
			}
		}
	}
}

// Every *_last column belongs to a counter, and every volatile table says which read held a row.
func TestVolatileTablesCanBeMerged(t *testing.T) {
	for _, r := range newRecords() {
		if r.table.Volatile && r.seen < 0 {
			t.Errorf("%s is volatile and has no column seen", r.table.Name)
		}
		for _, f := range r.fields {
			if f.last >= 0 && !r.fields[f.last].isLast {
				t.Errorf("%s: %s has a last column that is none", r.table.Name, f.key)
			}
		}
	}
}

func TestMerge(t *testing.T) {
	ip := netip.MustParseAddr("10.0.1.7")
	dest := func(weight, conns int64) *schema.IPVSDestination {
		return &schema.IPVSDestination{Netns: "1", Fwmark: 256, Address: ip, Forward: "masq", Weight: weight, Conns: conns, Active: conns}
	}
	row := func(weight, conns int64, last *int64, seen string) schema.IPVSDestination {
		d := dest(weight, conns)
		d.ConnsLast, d.ActiveLast, d.Seen = last, last, seen
		if last != nil {
			d.InactiveLast, d.InPktsLast, d.OutPktsLast = new(int64(0)), new(int64(0)), new(int64(0))
		}
		return *d
	}
	tests := []struct {
		name        string
		first, last []*schema.IPVSDestination
		want        []schema.IPVSDestination
	}{
		{"in both with counters of both", []*schema.IPVSDestination{dest(1, 5)}, []*schema.IPVSDestination{dest(1, 9)},
			[]schema.IPVSDestination{row(1, 5, new(int64(9)), "both")}},
		{"only in the first", []*schema.IPVSDestination{dest(1, 5)}, nil,
			[]schema.IPVSDestination{row(1, 5, nil, "first")}},
		{"only in the last: no difference is claimed", nil, []*schema.IPVSDestination{dest(1, 9)},
			[]schema.IPVSDestination{row(1, 9, new(int64(9)), "last")}},
		{"a change that is no counter is two rows", []*schema.IPVSDestination{dest(1, 5)}, []*schema.IPVSDestination{dest(0, 5)},
			[]schema.IPVSDestination{row(1, 5, nil, "first"), row(0, 5, new(int64(5)), "last")}},
		{"two alike stay two", []*schema.IPVSDestination{dest(1, 1), dest(1, 2)}, []*schema.IPVSDestination{dest(1, 3), dest(1, 4), dest(1, 5)},
			[]schema.IPVSDestination{row(1, 1, new(int64(3)), "both"), row(1, 2, new(int64(4)), "both"), row(1, 5, new(int64(5)), "last")}},
	}
	r := newRecords()[reflect.TypeFor[schema.IPVSDestination]()]
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := newMerge(r)
			for _, d := range test.first {
				m.first(reflect.ValueOf(d).Elem())
			}
			for _, d := range test.last {
				m.last(reflect.ValueOf(d).Elem())
			}
			var got []schema.IPVSDestination
			m.each(func(line []byte) {
				var d schema.IPVSDestination
				if err := json.Unmarshal(line, &d); err != nil {
					t.Fatal(err)
				}
				got = append(got, d)
			})
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %s\nwant %s", asJSON(got), asJSON(test.want))
			}
		})
	}
}

// A counter without a *_last column is that of the last read that held the row.
func TestMergeKeepsTheLastAge(t *testing.T) {
	r := newRecords()[reflect.TypeFor[schema.FDB]()]
	m := newMerge(r)
	for i, age := range []float64{3, 13} {
		f := &schema.FDB{Netns: "1", Ifindex: 2, Dev: "vxlan0", MAC: "02:42:0a:00:01:07", State: "permanent", Self: true, UsedS: new(age)}
		if i == 0 {
			m.first(reflect.ValueOf(f).Elem())
		} else {
			m.last(reflect.ValueOf(f).Elem())
		}
	}
	m.each(func(line []byte) {
		if got := decode(t, line); got["used_s"] != 13.0 || got["seen"] != "both" {
			t.Errorf("%s", line)
		}
	})
}

func asJSON(v any) []byte {
	b, _ := json.Marshal(v)
	return b
}

func BenchmarkMergeFDB(b *testing.B) {
	r := newRecords()[reflect.TypeFor[schema.FDB]()]
	row := &schema.FDB{Netns: "4026532281", Ifindex: 2, Dev: "vxlan0", State: "permanent", Self: true, Dst: netip.MustParseAddr("192.0.2.7"), UsedS: new(1.5)}
	const rows = 50_000
	b.ReportAllocs()
	for b.Loop() {
		m := newMerge(r)
		for read := range 2 {
			for i := range rows {
				row.MAC = mac([]byte{2, 66, 10, byte(i >> 16), byte(i >> 8), byte(i)})
				if read == 0 {
					m.first(reflect.ValueOf(row).Elem())
				} else {
					m.last(reflect.ValueOf(row).Elem())
				}
			}
		}
		n := 0
		m.each(func([]byte) { n++ })
		if n != rows {
			b.Fatal(n)
		}
	}
}
