package schema

// An Outcome is what became of an item that capture planned.
type Outcome string

// The outcomes. OK and Absent are complete knowledge; every other one is a gap.
const (
	OK        Outcome = "ok"        // read to its end
	Partial   Outcome = "partial"   // some of it could not be read, or a dump was interrupted every time
	Denied    Outcome = "denied"    // the kernel or the daemon refused
	Absent    Outcome = "absent"    // there is no such thing on this host or in this namespace: the lack of rows is the fact
	Timeout   Outcome = "timeout"   // its deadline passed
	Truncated Outcome = "truncated" // a bound on rows or bytes was reached
	Skipped   Outcome = "skipped"   // not tried: it was not asked for, or trying would have changed or harmed the host
)

// Outcomes lists them, worst knowledge last.
var Outcomes = []Outcome{OK, Absent, Truncated, Partial, Timeout, Denied, Skipped}

// Gap reports whether the outcome leaves something unknown.
func (o Outcome) Gap() bool { return o != OK && o != Absent }

// Coverage is the outcome of one planned item: one table of one namespace, or one document.
//
// An item that feeds a table names it in Tbl. An item of a namespace names it in Netns; without it the item speaks
// for the whole host.
type Coverage struct {
	Collector string  `json:"collector" class:"plain" doc:"collector that was to read it"`
	Tbl       string  `json:"tbl,omitzero" class:"plain" doc:"table that its rows go to; absent for a document"`
	Netns     string  `json:"netns,omitzero" class:"plain" doc:"namespace that it was read in; absent for the whole host"`
	Document  string  `json:"document,omitzero" class:"plain" doc:"verbatim document, relative to the bundle's top; absent for rows"`
	Outcome   Outcome `json:"outcome" class:"plain" doc:"ok, partial, denied, absent, timeout, truncated or skipped"`
	Reason    string  `json:"reason,omitzero" class:"text" doc:"why the outcome is not ok, or what to know about it"`
	Rows      int64   `json:"rows" class:"plain" doc:"rows written"`
	Bytes     int64   `json:"bytes,omitzero" class:"plain" doc:"bytes of the document as written"`
	Masked    int64   `json:"masked,omitzero" class:"plain" doc:"values that were masked in the document before it was written"`
	Micros    int64   `json:"micros,omitzero" class:"plain" doc:"time spent on it, in microseconds"`
}

// OnRequest begins the reason of an item that is skipped in every capture unless a flag asks for it. What nobody expects
// is missing from no capture: it is a gap for the rules that read it, and no shortcoming of the bundle.
const OnRequest = "only on request"
