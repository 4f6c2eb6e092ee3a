package analyze

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// kernelColumns are the columns of a record by the name that the kernel gives to them, from the tag kernel.
func kernelColumns[R any]() map[string]int {
	typ, at := reflect.TypeFor[R](), map[string]int{}
	for i := range typ.NumField() {
		if name := typ.Field(i).Tag.Get("kernel"); name != "" {
			at[name] = i
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
func pairedCounters(r io.Reader, main string, row reflect.Value, columns map[string]int) (at int64, err error) {
	var names []string
	room := make([]int64, 0, len(columns)) // all numbers of the row in one piece
	err = eachLine(r, func(n int64, line string) error {
		if line == "" {
			return nil
		}
		proto, rest, ok := strings.Cut(line, ":")
		if !ok {
			return fmt.Errorf("no protocol: %.40q", line)
		}
		f := strings.Fields(rest)
		if names == nil || names[0] != proto {
			names = append([]string{proto}, f...)
			return nil
		}
		head := names[1:]
		names = nil
		if len(f) != len(head) {
			return fmt.Errorf("%s: %d numbers for %d names", proto, len(f), len(head))
		}
		if at == 0 || proto == main {
			at = n
		}
		for i, name := range head {
			col, ok := columns[proto+" "+name]
			if !ok || len(room) == cap(room) {
				continue
			}
			v, err := counter(f[i], 10)
			if err != nil {
				return fmt.Errorf("%s %s: %w", proto, name, err)
			}
			room = append(room, v)
			row.Field(col).Set(reflect.ValueOf(&room[len(room)-1]))
		}
		return nil
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
	err := eachLine(r, func(n int64, line string) error {
		f := strings.Fields(line)
		if len(f) == 0 {
			return nil
		}
		if len(f) != 2 {
			return fmt.Errorf("not a name and a number: %.60q", line)
		}
		if at == 0 {
			at = n
		}
		col, ok := snmp6Columns[f[0]]
		if !ok {
			return nil
		}
		v, err := counter(f[1], 10)
		if err != nil {
			return fmt.Errorf("%s: %w", f[0], err)
		}
		row.Field(col).Set(reflect.ValueOf(&v))
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
