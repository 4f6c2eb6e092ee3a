package analyze

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// NewRule lays the files of a rule of one's own below dir: DIR/ID.sql with every key of the header, and one fixture that fires and one
// that does not, below [FixtureDir]. What it lays runs as it stands, and passes [RunFixtures]. It returns the paths. It writes
// nothing over: if one of the files is there, or netmortem has a rule of that id, nothing is made.
func NewRule(dir, id string) ([]string, error) {
	if !ruleID.MatchString(id) {
		return nil, fmt.Errorf("%s: a rule's id is lower-case words joined by hyphens", id)
	}
	shipped, err := Rules("")
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(shipped, func(r *Rule) bool { return r.ID == id }) {
		return nil, fmt.Errorf("%s: netmortem has a rule of that id", id)
	}
	fixtures := filepath.Join(FixtureDir(dir), id)
	files := []struct{ path, text string }{
		{filepath.Join(dir, id+".sql"), skeletonRule},
		{filepath.Join(fixtures, "fires.txtar"), skeletonFires},
		{filepath.Join(fixtures, "near-miss.txtar"), skeletonNearMiss},
	}
	for _, f := range files {
		if _, err := os.Lstat(f.path); !errors.Is(err, fs.ErrNotExist) {
			if err == nil {
				err = fmt.Errorf("%s: is there already", f.path)
			}
			return nil, err
		}
	}
	if err := os.MkdirAll(fixtures, 0o777); err != nil {
		return nil, err
	}
	var made []string
	for _, f := range files {
		if err := writeNew(f.path, strings.ReplaceAll(f.text, "ID", id)); err != nil {
			return made, err
		}
		made = append(made, f.path)
	}
	return made, nil
}

// writeNew makes a file that must not exist.
func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// skeletonRule has every key that a header can have, and a small question that works.
const skeletonRule = `-- The engine runs in debug mode (say what is wrong: at most 80 characters, no period)
-- catalogue: X1
-- severity: low
-- since: 1.0.0
-- layer: host
-- need: one host
-- blame: configuration
-- views: a file and what somebody meant (only where two views of the same thing disagree; else take this line away)
-- check: docker info -f '{{.Debug}} {{.ServerVersion}}', which says <engine>
-- remedy: first the least disturbing command; <engine> becomes the fact of that name
-- risk: what the remedy may break
-- verify: docker info -f '{{.Debug}}'
-- undo: how to take it back
-- remedy: then the next one
-- risk: every container of the host restarts
-- verify: netmortem analyze of a new capture
-- undo: nothing to undo
-- upstream: owner/repository#1
-- fixed-in: 99.0.0
-- limits: when the rule can be wrong or silent
--
-- The explanation, for somebody on call: what should be there, what happens without it, how it comes about. Its first sentence is the one
-- line that lists show.
--
-- A second paragraph.
SELECT
  e.host,
  'The engine of ' || e.host || ' runs in debug mode' AS summary,
  'daemon:' || e.host || '/debug' AS subject,
  e.version AS engine,
  e.ref AS engine_ref
FROM engine AS e
WHERE e.debug = 1
-- Whoever concludes from a row that is missing joins captured:
--   JOIN captured AS a ON a.host = e.host AND a.tbl = 'container'
--   LEFT JOIN container AS c ON c.host = e.host AND c.name = 'x'
--   WHERE c.container IS NULL, with a.ref AS coverage_ref
`

const skeletonFires = `Say what the case means: node-a's engine runs in debug mode.

-- node-a/rows/engine.jsonl --
{"version":"28.5.1","debug":true}
-- want --
node-a: The engine of node-a runs in debug mode
	daemon:node-a/debug
	low, blames configuration: a file and what somebody meant (only where two views of the same thing disagree; else take this line away)
	engine = 28.5.1
	node-a/rows/engine.jsonl:1
`

const skeletonNearMiss = `Say what looks alike and is healthy: another host, whose engine does not.

-- node-a/rows/engine.jsonl --
{"version":"28.5.1","debug":false}
-- want --
`
