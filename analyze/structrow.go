package analyze

import (
	"fmt"
	"net/netip"
	"reflect"
	"time"
)

// packStruct packs one decoded row: a record struct of the layout's table.
func packStruct(p *pack, l *layout, host, doc string, line int64, row any) {
	v := reflect.ValueOf(row)
	p.begin(l.width)
	p.text(host)
	p.text(doc)
	p.int(line)
	for _, c := range l.table.Columns {
		f := v.Field(c.Field)
		if !c.Required && f.IsZero() {
			p.null()
			continue
		}
		packValue(p, reflect.Indirect(f))
	}
}

func packValue(p *pack, f reflect.Value) {
	switch v := f.Interface().(type) {
	case netip.Addr:
		if !v.IsValid() {
			p.null()
			return
		}
		p.text(v.String())
		return
	case netip.Prefix:
		if !v.IsValid() {
			p.null()
			return
		}
		p.text(v.String())
		return
	case time.Time:
		p.text(timeText(v))
		return
	}
	switch f.Kind() {
	case reflect.String:
		p.text(f.String())
	case reflect.Bool:
		if f.Bool() {
			p.int(1)
		} else {
			p.int(0)
		}
	case reflect.Float64:
		p.float(f.Float())
	case reflect.Int64:
		p.int(f.Int())
	default:
		panic(fmt.Sprintf("analyze: no packing of %s", f.Type()))
	}
}

// timeText is a time as JSON has it; empty for the zero time.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
