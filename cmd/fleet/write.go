package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/netmortem/netmortem/schema"
)

// write makes one bundle a host.
func (f *fleet) write(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	hosts := make(chan int)
	errs := make(chan error, f.hosts)
	var work sync.WaitGroup
	for range runtime.NumCPU() {
		work.Go(func() {
			for h := range hosts {
				if err := f.writeHost(dir, h); err != nil {
					errs <- fmt.Errorf("%s: %w", hostName(h), err)
				}
			}
		})
	}
	for h := range f.hosts {
		hosts <- h
	}
	close(hosts)
	work.Wait()
	close(errs)
	return <-errs
}

// A bundle is one host's, being written.
type bundle struct {
	*fleet
	w      *schema.Writer
	host   int
	spaces []string        // its network namespaces
	tables map[string]bool // that it has rows of
	asked  int             // names that containers on the wide network were asked for
	ifs    map[string]int64
	err    error
}

func (f *fleet) writeHost(dir string, h int) error {
	name := hostName(h)
	w, err := schema.NewWriter(schema.Meta{
		Format: schema.FormatVersion, Tool: "fleet", CaptureID: name, Host: name,
		Started: captured, Finished: captured.Add(13 * second), Window: 10,
	}, schema.Zstd)
	if err != nil {
		return err
	}
	b := &bundle{fleet: f, w: w, host: h, tables: map[string]bool{}, ifs: map[string]int64{}}
	b.hostRows()
	b.ingressRows()
	if f.services > 0 {
		b.wideRows()
	} else {
		for _, a := range f.apps(h / hostsOfApp) {
			b.appRows(a)
		}
	}
	if h < managers {
		b.swarmRows()
	}
	b.coverage()
	if b.err != nil {
		return b.err
	}
	var out bytes.Buffer
	if err := w.Close(&out, "The bundle of a host that never was.\n"); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name+".tar.zst"), out.Bytes(), 0o666)
}

// put writes a row of a table. Rows of a table that is decoded from documents stand as lines too, which is shorter.
func (b *bundle) put(table string, row any) {
	b.tables[table] = true
	line, err := json.Marshal(row)
	if err != nil && b.err == nil {
		b.err = fmt.Errorf("%s: %w", table, err)
	}
	b.w.PutLine(table, line)
}

// coverage says of every table that has rows, and of nothing else, that it was read whole; of names on a network with many, in part.
func (b *bundle) coverage() {
	documents := map[string]bool{}
	for _, t := range schema.Tables {
		switch {
		case !b.tables[t.Name]:
		case t.Decoded():
			for _, doc := range t.Docs {
				if !documents[doc] && !strings.Contains(doc, "*") {
					documents[doc] = true
					b.cover(schema.Coverage{Collector: "docker", Document: "raw/" + doc})
				}
			}
		case t.Scope == schema.PerNetns:
			for _, ns := range b.spaces {
				b.cover(schema.Coverage{Collector: t.Name, Tbl: t.Name, Netns: ns})
			}
		default:
			b.cover(schema.Coverage{Collector: t.Name, Tbl: t.Name})
		}
	}
}

func (b *bundle) cover(c schema.Coverage) {
	c.Outcome = schema.OK
	if 2*b.services > namesOf && strings.HasPrefix(c.Tbl, "dns_") {
		c.Outcome = schema.Truncated
	}
	line, err := json.Marshal(c)
	if err != nil && b.err == nil {
		b.err = err
	}
	b.w.PutLine("coverage", line)
}
