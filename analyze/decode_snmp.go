package analyze

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// A kernelName is a counter's name in the kernel, and the protocol that it stands under, if it does.
type kernelName struct{ proto, name string }

// kernelColumns are the columns of a record by the name that the kernel gives to them, from the tag kernel.
func kernelColumns[R any]() map[kernelName]int {
	typ, at := reflect.TypeFor[R](), map[kernelName]int{}
	for i := range typ.NumField() {
		if tag := typ.Field(i).Tag.Get("kernel"); tag != "" {
			proto, name, ok := strings.Cut(tag, " ")
			if !ok {
				proto, name = "", tag
			}
			at[kernelName{proto, name}] = i
		}
	}
	return at
}

var (
	snmpColumns    = kernelColumns[schema.SNMPCounter]()
	netstatColumns = kernelColumns[schema.NetstatCounter]()
	snmp6Columns   = kernelColumns[schema.SNMP6Counter]()
)

// decodeSNMP decodes /proc/net/snmp (net/ipv4/proc.c): two lines for each protocol, names and then numbers. The row stands
// where the numbers of TCP stand.
func decodeSNMP(doc string, r io.Reader) ([]decoded, error) {
	row := schema.SNMPCounter{Netns: documentNetns(doc), Read: readOf(doc)}
	line, err := pairedCounters(r, "Tcp", reflect.ValueOf(&row).Elem(), snmpColumns)
	if line == 0 {
		return nil, err
	}
	return []decoded{{line, row}}, err
}

// decodeNetstat decodes /proc/net/netstat, which is written as snmp is.
func decodeNetstat(doc string, r io.Reader) ([]decoded, error) {
	row := schema.NetstatCounter{Netns: documentNetns(doc), Read: readOf(doc)}
	line, err := pairedCounters(r, "TcpExt", reflect.ValueOf(&row).Elem(), netstatColumns)
	if line == 0 {
		return nil, err
	}
	return []decoded{{line, row}}, err
}

// pairedCounters fills the columns of a row from pairs of lines, and returns the line of the numbers of one protocol, or
// else of the first; 0 if there are none.
func pairedCounters(r io.Reader, main string, row reflect.Value, columns map[kernelName]int) (at int64, err error) {
	var proto, names string
	room := make([]int64, 0, len(columns)) // all numbers of the row in one piece
	err = eachLine(r, func(n int64, line string) error {
		if line == "" {
			return nil
		}
		of, rest, ok := strings.Cut(line, ":")
		if !ok {
			return fmt.Errorf("no protocol: %.40q", line)
		}
		if proto != of {
			proto, names = of, rest
			return nil
		}
		proto = ""
		if want, got := fieldCount(names), fieldCount(rest); want != got { // then it is unknown which belongs to which
			return fmt.Errorf("%s: %d numbers for %d names", of, got, want)
		}
		if at == 0 || of == main {
			at = n
		}
		for {
			var name, text string
			name, names = field(names)
			text, rest = field(rest)
			if name == "" {
				return nil
			}
			col, ok := columns[kernelName{of, name}]
			if !ok || len(room) == cap(room) {
				continue
			}
			v, err := counter(text, 10)
			if err != nil {
				return fmt.Errorf("%s %s: %w", of, name, err)
			}
			room = append(room, v)
			row.Field(col).Set(reflect.ValueOf(&room[len(room)-1]))
		}
	})
	if at == 0 && err == nil {
		err = errors.New("no counters")
	}
	return at, err
}

// decodeSNMP6 decodes /proc/net/snmp6 (net/ipv6/proc.c): a name and a number a line.
func decodeSNMP6(doc string, r io.Reader) ([]decoded, error) {
	rec := schema.SNMP6Counter{Netns: documentNetns(doc), Read: readOf(doc)}
	row, at := reflect.ValueOf(&rec).Elem(), int64(0)
	room := make([]int64, 0, len(snmp6Columns))
	err := eachLine(r, func(n int64, line string) error {
		name, rest := field(line)
		text, rest := field(rest)
		if end, _ := field(rest); text == "" || end != "" {
			return fmt.Errorf("not a name and a number: %.60q", line)
		}
		if at == 0 {
			at = n
		}
		col, ok := snmp6Columns[kernelName{"", name}]
		if !ok || len(room) == cap(room) {
			return nil
		}
		v, err := counter(text, 10)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		room = append(room, v)
		row.Field(col).Set(reflect.ValueOf(&room[len(room)-1]))
		return nil
	})
	if at == 0 {
		if err == nil {
			err = errors.New("no counters")
		}
		return nil, err
	}
	return []decoded{{at, rec}}, err
}
