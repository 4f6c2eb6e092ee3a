package analyze

import (
	"bytes"
	"encoding/json"

	"github.com/netmortem/netmortem/schema"
)

// dnsRRsetTable keeps dns_answer, which has a row for each record, as DNS itself sees it. A fleet's containers are told millions of
// addresses, ten or a hundred in an answer, and all but the addresses would stand in each row again.
var dnsRRsetTable = Derived{
	Name: "dns_rrset",
	Doc:  "The rows of dns_answer, the records of one answer that are alike but for their addresses in one row (an RRset, RFC 2181 section 5): dns_answer is a view of it.",
	Columns: []schema.Column{
		must(Col("host", "TEXT", schema.Name, "the bundle's host")),
		must(Col("line", "INTEGER", schema.Plain, "line of the first record in rows/dns_answer.jsonl; the others follow it")),
		Col("netns", "TEXT", schema.Plain, "namespace that it was asked in"),
		Col("container", "TEXT", schema.Plain, "container whose resolv.conf was used, full id"),
		Col("name", "TEXT", schema.Name, "name asked, without the final dot"),
		Col("service", "TEXT", schema.Name, "service that the name belongs to"),
		Col("tasks", "INTEGER", schema.Plain, "the name was tasks.<service>"),
		Col("qtype", "TEXT", schema.Plain, "A or AAAA"),
		Col("attempt", "INTEGER", schema.Plain, "which of the repeated questions, from 1"),
		Col("pos", "INTEGER", schema.Plain, "place of the first record in the answer, from 1; the others follow it"),
		Col("rtype", "TEXT", schema.Plain, "type of the records: A, AAAA, CNAME, …"),
		Col("addresses", "TEXT", schema.Addr, "addresses in the order received, a JSON array of strings; NULL for a record that has none"),
		Col("target", "TEXT", schema.Name, "data of any other record, as text"),
		Col("ttl_s", "INTEGER", schema.Plain, "time to live, seconds; Docker's own is 600"),
	},
	Reads: []string{"dns_answer"},
}

// dnsAnswerView has the columns of the table dns_answer as a bundle has it.
const dnsAnswerView = `CREATE VIEW dns_answer AS
SELECT r.host, r.line + a.key AS line, r.netns, r.container, r.name, r.service, r.tasks, r.qtype, r.attempt, r.pos + a.key AS pos, r.rtype,
  a.value AS address, r.target, r.ttl_s, r.host || '/rows/dns_answer.jsonl:' || (r.line + a.key) AS ref
FROM dns_rrset AS r, json_each(COALESCE(r.addresses, '[null]')) AS a`

// viewOf is the view that stands for a table of bundles whose rows are kept otherwise; empty for the others, which are tables.
func viewOf(table string) string {
	if table == "dns_answer" {
		return dnsAnswerView
	}
	return ""
}

// maxRRset is more than the records of a message: 64 KiB of no fewer than 16 bytes each (RFC 1035 sections 3.2.1, 4.1.4 and 4.2.2).
const maxRRset = 1 << 12

// rrsets joins the rows of dns_answer of one host, which come in the order received.
type rrsets struct {
	row, first      []packedValue // columns of dns_answer as loaded, and those of the first record
	text            []byte        // what the texts of first lie in
	line, pos, addr int           // columns
	records         int           // that first stands for
	addresses       []byte
	put             func() *pack // where rows of dns_rrset are packed
}

func newRRsets(lay *layout, put func() *pack) *rrsets {
	own := lay.width - len(lay.keys)
	return &rrsets{line: own - 1, pos: own + lay.index["pos"], addr: own + lay.index["address"], put: put}
}

// add takes a packed row of dns_answer.
func (s *rrsets) add(packed []byte) {
	var err error
	if s.row, _, err = unpackInto(s.row[:0], packed); err != nil {
		return
	}
	if !s.follows() {
		s.flush()
		s.text = append(s.text[:0], packed...)
		s.first, _, _ = unpackInto(s.first[:0], s.text)
		s.addresses = s.addresses[:0]
	}
	s.records++
	if a := s.row[s.addr]; a.tag == packText {
		s.addresses = appendString(append(s.addresses, ','), a.text)
	}
}

// follows reports whether the row is of the same RRset as the one before.
func (s *rrsets) follows() bool {
	if s.records == 0 || s.records == maxRRset || s.row[s.addr].tag != packText {
		return false
	}
	for i := range s.row {
		x, y := &s.row[i], &s.first[i]
		if x.tag != y.tag {
			return false
		}
		switch i {
		case s.line:
			if x.int != y.int+int64(s.records) {
				return false
			}
		case s.pos:
			if x.tag != packInt || x.int != y.int+int64(s.records) {
				return false
			}
		case s.addr:
		default:
			if x.int != y.int || !bytes.Equal(x.text, y.text) {
				return false
			}
		}
	}
	return true
}

// flush packs what is gathered.
func (s *rrsets) flush() {
	if s.records == 0 {
		return
	}
	s.records = 0
	p := s.put()
	p.begin(len(s.first))
	for i, v := range s.first {
		switch {
		case i == s.addr && len(s.addresses) > 0:
			s.addresses[0] = '['
			p.bytes(append(s.addresses, ']'))
		case v.tag == packInt:
			p.int(v.int)
		case v.tag == packText:
			p.bytes(v.text)
		default: // dns_answer has no other kinds
			p.null()
		}
	}
}

// appendString appends a JSON string.
func appendString(b, text []byte) []byte {
	if bytes.ContainsAny(text, `"\`) || control(text) {
		quoted, _ := json.Marshal(string(text)) // a string has no reason to fail
		return append(b, quoted...)
	}
	return append(append(append(b, '"'), text...), '"')
}
