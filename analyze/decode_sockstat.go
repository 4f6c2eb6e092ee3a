package analyze

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

var sockstatColumns = kernelColumns[schema.Sockstat]()

// decodeSockstat decodes /proc/net/sockstat and sockstat6 (net/ipv4/proc.c, net/ipv6/proc.c): a protocol, in the latter with a 6
// behind it, then names and numbers in turn.
func decodeSockstat(doc string, r io.Reader) ([]decoded, error) {
	rec := schema.Sockstat{Netns: documentNetns(doc), Read: readOf(doc), Family: "ipv4"}
	if strings.Contains(doc, "sockstat6") {
		rec.Family = "ipv6"
	}
	row, at := reflect.ValueOf(&rec).Elem(), int64(0)
	room := make([]int64, 0, len(sockstatColumns))
	err := eachLine(r, func(n int64, line string) error {
		proto, rest, ok := strings.Cut(line, ":")
		if !ok || fieldCount(rest)%2 != 0 {
			return fmt.Errorf("not a protocol with names and numbers: %.60q", line)
		}
		proto = strings.TrimSuffix(proto, "6")
		if at == 0 {
			at = n
		}
		for {
			var name, text string
			name, rest = field(rest)
			text, rest = field(rest)
			if name == "" {
				return nil
			}
			col, ok := sockstatColumns[kernelName{proto, name}]
			if !ok || len(room) == cap(room) {
				continue
			}
			v, err := counter(text, 10)
			if err != nil {
				return fmt.Errorf("%s %s: %w", proto, name, err)
			}
			room = append(room, v)
			row.Field(col).Set(reflect.ValueOf(&room[len(room)-1]))
		}
	})
	if at == 0 {
		if err == nil {
			err = errors.New("no counters")
		}
		return nil, err
	}
	return []decoded{{at, rec}}, err
}
