package capture

import (
	"bytes"
	"encoding/json"
)

// splitArray returns the elements of a JSON array as received, without the white space around them. A reply that was
// cut gives its whole elements and false; one that is no array gives nil and an error.
func splitArray(doc []byte) (rows []json.RawMessage, whole bool, err error) {
	dec := json.NewDecoder(bytes.NewReader(doc))
	open, err := dec.Token()
	if err != nil || open != json.Delim('[') {
		return nil, false, errNotJSON
	}
	rows = []json.RawMessage{}
	for dec.More() {
		var row json.RawMessage
		if err := dec.Decode(&row); err != nil {
			return rows, false, nil
		}
		rows = append(rows, row)
	}
	_, err = dec.Token()
	return rows, err == nil, nil
}

// joinRows writes an array with one element a line, the first on line 2, so that document:line is the address of an
// element. Elements that a proxy has indented are put on one line; all other bytes stay.
func joinRows(rows []json.RawMessage) []byte {
	var b bytes.Buffer
	b.WriteString("[\n")
	for i, row := range rows {
		if i > 0 {
			b.WriteString(",\n")
		}
		if bytes.IndexByte(row, '\n') < 0 {
			b.Write(row)
		} else if err := json.Compact(&b, row); err != nil {
			b.WriteString("null") // no element of an array that was decoded gets here
		}
	}
	if len(rows) > 0 {
		b.WriteByte('\n')
	}
	b.WriteString("]\n")
	return b.Bytes()
}

// plainJSON is the JSON of a value on one line, with < and > as they are.
func plainJSON(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}
