package report

import (
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
)

// A block is what the page's script draws and markup cannot hold: 1,000 hosts with 100 containers each are to stay below 5 MB.
// Texts lie in one list, each once; elsewhere stands the place in it. Many things of a kind are columns, not a list of things.
//
// page/src/data.ts mirrors it.
type block struct {
	Texts []string `json:"s"` // the first is the empty one
	Map   any      `json:"map,omitempty"`
	Time  any      `json:"time,omitempty"`
	Paths any      `json:"paths,omitempty"`
}

// data is the block of a page.
func (p *htmlPage) data() *block {
	in := newTexts()
	b := &block{Map: p.mapData(in), Time: p.timeData(in), Paths: p.pathsData(in)}
	b.Texts = in.list
	return b
}

// writeData writes a block as base64 of gzip of JSON.
func writeData(w io.Writer, b *block) error {
	e := base64.NewEncoder(base64.StdEncoding, w)
	z, err := gzip.NewWriterLevel(e, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(z).Encode(b); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return e.Close()
}

// texts is a list of texts, each once.
type texts struct {
	list []string
	at   map[string]int
}

func newTexts() *texts { return &texts{list: []string{""}, at: map[string]int{"": 0}} }

// of is the place of s, which is added when it is new.
func (t *texts) of(s string) int {
	i, ok := t.at[s]
	if !ok {
		i = len(t.list)
		t.list = append(t.list, s)
		t.at[s] = i
	}
	return i
}

// all are the places of several.
func (t *texts) all(list []string) []int {
	out := make([]int, len(list))
	for i, s := range list {
		out[i] = t.of(s)
	}
	return out
}
