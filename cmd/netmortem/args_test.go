package main

import (
	"io"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestNormalise(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("-odd.tgz", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"--help", "--help"},
		{"help analyze", "analyze --help"},
		{"help", "--help"},
		{"help exit-codes", "help -- exit-codes"},
		{"help help", "help --help"},
		{"__complete analyze --fo", "__complete -- analyze --fo"},
		{"query report.db -f x.sql --format=csv", "query --f=x.sql --format=csv -- report.db"},
		{"analyze a.tgz --format json", "analyze --format=json -- a.tgz"},
		{"analyze --format json a.tgz b.tgz", "analyze --format=json -- a.tgz b.tgz"},
		{"analyze a.tgz -o - b.tgz", "analyze --o=- -- a.tgz b.tgz"},
		{"analyze a.tgz --format=md --quiet", "analyze --format=md --quiet -- a.tgz"},
		{"analyze -format json a.tgz", "analyze --format=json -- a.tgz"},
		{"--format json analyze a.tgz", "analyze --format=json -- a.tgz"},
		{"analyze -odd.tgz", "analyze -- -odd.tgz"},
		{"analyze -- -odd.tgz --", "! no file --"},
		{"analyze --format json -- -odd.tgz", "analyze --format=json -- -odd.tgz"},
		{"analyze capture.tgz", "analyze -- capture.tgz"},
		{"capture --window -1s", "capture --window=-1s --"},
		{"capture -q -o x.tgz", "capture -q --o=x.tgz --"},
		{"rules", "rules --"},
		{"analyze a.tgz -h", "analyze --help"},
	} {
		got, err := normalise(newApp(streams{io.Discard, io.Discard}), strings.Fields(c.in))
		if want, isErr := strings.CutPrefix(c.want, "! "); isErr {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, not %q", c.in, err, want)
			}
			continue
		}
		if err != nil || !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("%s: %q, %v; not %q", c.in, got, err, c.want)
		}
	}
}

// TestMistakes: every wrong line is told in one line that ends in one that works.
func TestMistakes(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("host.tgz", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ in, want string }{
		{"analyse a.tgz", "no command analyse; try: netmortem analyze a.tgz"},
		{"host.tgz --quiet", "host.tgz is a file, no command; try: netmortem analyze host.tgz --quiet"},
		{"frobnicate", "no command frobnicate; there are capture, doctor, analyze, trace, show, rules, explain, tables, query, completion, man, help, version; try: netmortem help"},
		{"help anlyze", "no command anlyze; try: netmortem help analyze"},
		{"analyze a.tgz --fromat json", "analyze has no flag --fromat; try: netmortem analyze a.tgz --format json"},
		{"analyze a.tgz --fromat=json", "analyze has no flag --fromat=json; try: netmortem analyze a.tgz --format=json"},
		{"analyze a.tgz --xyzzyx", "analyze has no flag --xyzzyx; its flags are --output, -o, --format"},
		{"analyze a.tgz --format", "--format needs a value: one of text, json, md, html; try: netmortem analyze a.tgz --format text"},
		{"analyze a.tgz --format jsn", "--format jsn: one of text, json, md, html; try: netmortem analyze a.tgz --format json"},
		{"analyze a.tgz --format=yaml", "--format yaml: one of text, json, md, html; try: netmortem analyze a.tgz --format=text"},
		{"analyze a.tgz --fail-on severe", "--fail-on severe: one of low, medium, high, critical, none; try: netmortem analyze a.tgz --fail-on low"},
		{"analyze -ofile.html a.tgz", "analyze has no flag -ofile.html; try: netmortem analyze -o file.html a.tgz"},
		{"analyze", "analyze needs at least one bundle; try: netmortem analyze netmortem_*.tar.zst"},
		{"analyze --quiet", "analyze needs at least one bundle; try: netmortem analyze --quiet"},
		{"analyze a.tgz -- --format json", "no file --format; after -- nothing is a flag; try: netmortem analyze a.tgz --format json"},
		{"capture host.tar.zst", "capture takes no argument; try: netmortem capture -o host.tar.zst"},
		{"explain", "explain needs RULE|SUBJECT; try: netmortem rules"},
		{"explain a b", "explain takes one RULE|SUBJECT; try: netmortem explain a"},
		{"tables a b", "tables takes one TABLE; try: netmortem tables a"},
		{"version now", "version takes no argument; try: netmortem version"},
		{"query", "query needs DB [SQL|TABLE]; try: netmortem query report.db"},
		{"query r.db select 1", "query takes DB [SQL|TABLE] and no more; quote what has spaces; try: netmortem query r.db 'select 1'"},
		{"query r.db --format tabel", "--format tabel: one of table, csv, json, md; try: netmortem query r.db --format table"},
		{"completion", "completion needs bash|zsh|fish; try: netmortem completion bash"},
		{"man a b", "man takes one DIR; try: netmortem man a"},
		{"help exit-code", "no command exit-code; try: netmortem help exit-codes"},
		{"analyze a.tgz --o'", "analyze has no flag --o'; try: netmortem analyze a.tgz -o"},
	} {
		_, err := normalise(newApp(streams{io.Discard, io.Discard}), strings.Fields(c.in))
		code, err := codeOf(err)
		if err == nil || code != codeUsage {
			t.Errorf("%s: code %d, %v", c.in, code, err)
			continue
		}
		if got := err.Error(); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s:\n%s, not\n%s", c.in, got, c.want)
		}
	}
}
