package analyze

import "time"

// The kinds of a cause.
const (
	CauseFinding = "finding" // a rule names what is wrong
	CauseSymptom = "symptom" // a rule names an effect, and nothing that was judged explains it
	CausePath    = "path"    // a packet is dropped, and no rule names why
)

// CauseKinds lists them.
var CauseKinds = []string{CauseFinding, CausePath, CauseSymptom}

// A Cause is one thing that is wrong, with everything that follows from it.
type Cause struct {
	Rank       int         `json:"rank"` // from 1, in the order of which explains the most
	Kind       string      `json:"kind"` // finding, path or symptom
	Rule       string      `json:"rule,omitempty"`
	Host       string      `json:"host"`
	Subject    string      `json:"subject"` // canonical key of the first finding, or of the row that decided a broken path
	Title      string      `json:"title"`
	Summary    string      `json:"summary"`            // one sentence: the first finding's, or which step of which path drops
	Ref        string      `json:"ref,omitempty"`      // address of the row to look at first
	Severity   Severity    `json:"severity"`           // the worst of its findings and of those that follow from them
	Findings   []string    `json:"findings"`           // ids of the findings that are it; none when no rule names it
	Symptoms   []Symptom   `json:"symptoms,omitempty"` // findings that follow from it, worst first
	Breaks     Breaks      `json:"breaks"`
	Confidence Confidence  `json:"confidence"`
	Competing  *Competing  `json:"competing,omitempty"` // the other explanation, if there is one
	Since      *Since      `json:"since,omitempty"`     // absent when nothing captured tells a time
	Remedy     *Remedy     `json:"remedy,omitempty"`    // the least disturbing one
	segments   []int       // what it breaks, by key
	pairs      []causePair // the same for pairs
}

// A Symptom is a finding that follows from a cause.
type Symptom struct {
	Finding string `json:"finding"` // its id
	Rule    string `json:"rule"`
	Host    string `json:"host"`
	Summary string `json:"summary"`
	From    string `json:"from"` // id of the finding that it follows from directly
	Why     string `json:"why"`  // why it does
}

// Breaks is what a cause breaks. Unless Walked, nothing is known of paths, and services and hosts are those that its findings name.
type Breaks struct {
	Walked   bool     `json:"walked"`             // paths were walked at all
	Segments int      `json:"segments"`           // segments of paths that end because of it
	Open     int      `json:"open,omitempty"`     // segments of which it leaves it open
	Pairs    int      `json:"pairs"`              // client–service pairs that are dropped because of it
	Partly   int      `json:"partly"`             // pairs of which some backends are lost because of it
	Of       int      `json:"of"`                 // pairs of the same services on the same networks, all together
	Unknown  int      `json:"unknown"`            // those of them that could not be judged
	Services []string `json:"services,omitempty"` // that are not reached, or not always
	Hosts    []string `json:"hosts,omitempty"`    // from which they are not reached
}

// Confidence says how sure it is that this is the cause, in a word, with the signals that the word is made of.
type Confidence struct {
	Word    string   `json:"word"` // high, medium or low
	For     []string `json:"for"`
	Against []string `json:"against,omitempty"`
	Missing []string `json:"missing,omitempty"` // what was not judged, and could have told
}

// A Competing is another explanation of what a cause explains, and the cheapest look that would decide.
type Competing struct {
	Rule    string `json:"rule"`
	Finding string `json:"finding,omitempty"` // id, when the other rule fired; otherwise it was not judged
	What    string `json:"what"`
	Check   string `json:"check"` // a command, with the place to run it
}

// Since is the time from which a cause has been there, as far as what was captured tells.
type Since struct {
	Words   string    `json:"words"`             // since 2026-11-20 12:17:05Z (task db.node1 has ended, rejected)
	After   time.Time `json:"after,omitzero"`    // it was not so before
	By      time.Time `json:"by,omitzero"`       // it was so then; equal to After when the moment is known
	Because string    `json:"because,omitempty"` // what happened then
	Ref     string    `json:"ref,omitempty"`     // address of the row that says so; its host's clock is meant
	Felt    bool      `json:"felt,omitempty"`    // it is the time of a dated consequence, not the cause's own
}

// Paths is what became of all paths that were walked.
type Paths struct {
	Delivered int `json:"delivered"` // segments
	Dropped   int `json:"dropped"`
	Unknown   int `json:"unknown"`
	Pairs     int `json:"pairs"` // client–service pairs
	Whole     int `json:"whole"` // of which delivered
	Partly    int `json:"partly"`
	Broken    int `json:"broken"`
	Unjudged  int `json:"unjudged"`
}
