package analyze

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// slowRow packs one line of rows/<table>.jsonl by way of encoding/json. It is what a row means; the fast reader
// must agree with it, and falls back to it for what it does not care to read. It reports keys that the table does
// not have. On an error nothing is packed.
func slowRow(p *pack, l *layout, host, doc string, n int64, line []byte, unknown func(key string)) error {
	var obj map[string]json.RawMessage
	if err := json.Unmarshal(line, &obj); err != nil {
		return fmt.Errorf("not a JSON object: %w", err)
	}
	if obj == nil {
		return fmt.Errorf("not a JSON object: null")
	}
	mark := *p
	p.begin(l.width)
	p.text(host)
	if l.table.Decoded() {
		p.text(doc)
	}
	p.int(n)
	for i, key := range l.keys {
		raw, ok := obj[key]
		if !ok || bytes.Equal(raw, []byte("null")) {
			p.null()
			continue
		}
		if err := slowValue(p, l.kinds[i], raw); err != nil {
			*p = mark
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	for key := range obj {
		if _, ok := l.index[key]; !ok {
			unknown(key)
		}
	}
	return nil
}

func slowValue(p *pack, k kind, raw []byte) error {
	switch k {
	case kindText:
		var s string
		if raw[0] != '"' {
			return fmt.Errorf("want a string, have %.40s", raw)
		}
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		p.text(s)
	case kindInt:
		v, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil {
			return fmt.Errorf("want a whole number, have %.40s", raw)
		}
		p.int(v)
	case kindFloat:
		v, err := strconv.ParseFloat(string(raw), 64)
		if err != nil || raw[0] == '"' {
			return fmt.Errorf("want a number, have %.40s", raw)
		}
		p.float(v)
	case kindBool:
		switch string(raw) {
		case "true":
			p.int(1)
		case "false":
			p.int(0)
		default:
			return fmt.Errorf("want true or false, have %.40s", raw)
		}
	}
	return nil
}
