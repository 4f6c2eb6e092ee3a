package analyze

// packRow packs one line of rows/<table>.jsonl. Doc is where a row of a decoded table comes from, which takes the
// place of its document. It reports keys that the table does not have. On an error nothing is packed.
func packRow(p *pack, l *layout, host, doc string, n int64, line []byte, unknown func(key string)) error {
	return slowRow(p, l, host, doc, n, line, unknown)
}
