package capture

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"

	"github.com/netmortem/netmortem/capture/boltfile"
	"github.com/netmortem/netmortem/schema"
)

// maxStore bounds libnetwork's store, which has a few kB a container.
const maxStore = 64 << 20

// storeTries is how often the store is read again because dockerd wrote to it meanwhile.
const storeTries = 4

// dockerDisk keeps what Docker has on disk: all that there is of it when the daemon does not answer, and what a daemon that
// starts again will believe.
var dockerDisk = &Collector{
	Name: "docker_disk",
	Doc: "What Docker has on disk: config.v2.json and hostconfig.json of the containers that the daemon did not describe, libnetwork's store " +
		"network/files/local-kv.db, and the node's place in the swarm, swarm/docker-state.json and state.json; masked, the containers' environment above all. " +
		"swarm_managers.json, the managers that the node would turn to after a restart, is for reading by eye: a table would have them twice, since docker info lists them, too.",
	Needs:   "root: Docker's folder is closed to others",
	Effects: "Files are read without locks, so that a daemon that starts meanwhile finds none. The store is read in place, page by page, and read again when it changed.",
	Since:   "0.2.0",
	Docs:    []string{"docker/ondisk/containers.json", "docker/ondisk/libnetwork.json", "docker/ondisk/swarm_state.json", "docker/ondisk/swarm_managers.json"},
	Daemon:  true, // after the daemon was asked
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		root := h.dataRoot()
		r := replies{&Docker{options: h.Options}, s}
		r.containersOnDisk(ctx, h, root)
		r.store(path.Join(root, "network/files/local-kv.db"))
		for doc, name := range map[string]string{"swarm_state": "docker-state.json", "swarm_managers": "state.json"} {
			r.file(h.Options, "ondisk/"+doc, path.Join(root, "swarm", name))
		}
		return nil
	},
}

// file writes a JSON file as a document.
func (r replies) file(o Options, doc, name string) {
	data, whole, err := o.readHostFile(name, maxConfigFile)
	if err != nil {
		r.s.coverFile(documentName(doc), name, err)
		return
	}
	r.object(doc, data, whole)
}

// containersOnDisk writes the files of containers that the daemon did not describe.
func (r replies) containersOnDisk(ctx context.Context, h *Host, root string) {
	const doc = "ondisk/containers"
	described, why := h.described()
	dir, err := h.Options.resolve(path.Join(root, "containers"))
	var entries []os.DirEntry
	if err == nil {
		entries, err = os.ReadDir(h.Options.path(dir))
	}
	if err != nil {
		r.s.coverFile(documentName(doc), path.Join(root, "containers"), err)
		return
	}
	var rows []json.RawMessage
	var gap *Incomplete
	left, known, size := 0, 0, int64(0)
	for _, e := range entries {
		switch {
		case described[e.Name()]:
			known++
			continue
		case !e.IsDir():
			continue
		case ctx.Err() != nil:
			gap = &Incomplete{schema.Timeout, fmt.Sprintf("%d of %d containers", len(rows), len(entries))}
		case len(rows) >= maxContainers || size > r.limit():
			gap = &Incomplete{schema.Truncated, fmt.Sprintf("%d of %d containers", len(rows), len(entries))}
		}
		if gap != nil {
			break
		}
		row, err := filesOfContainer(h.Options, path.Join(dir, e.Name()))
		if err != nil {
			left++
			continue
		}
		rows, size = append(rows, row), size+int64(len(row))
	}
	switch {
	case len(rows) == 0 && left == 0 && gap == nil && known > 0:
		_ = coverDocument(r.s, doc, &Incomplete{schema.Absent, fmt.Sprintf("not needed: the daemon described all %d containers that have files", known)})
		return
	case gap == nil && left > 0:
		gap = &Incomplete{schema.Partial, fmt.Sprintf("the files of %d containers could not be read, or were half written", left)}
	case gap == nil:
		gap = &Incomplete{schema.OK, why}
	}
	r.writeRows(doc, rows, gap)
}

// filesOfContainer joins the two files of a container.
func filesOfContainer(o Options, dir string) (json.RawMessage, error) {
	config, whole, err := o.readHostFile(path.Join(dir, "config.v2.json"), maxConfigFile)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(`{"config":`)
	if err := json.Compact(&b, config); err != nil || !whole {
		return nil, errNotJSON
	}
	b.WriteString(`,"host_config":`)
	host, whole, err := o.readHostFile(path.Join(dir, "hostconfig.json"), maxConfigFile)
	if err != nil || !whole || !json.Valid(host) {
		host = []byte("null") // the configuration alone tells enough
	}
	if err := json.Compact(&b, host); err != nil {
		return nil, errNotJSON
	}
	b.WriteString("}")
	return b.Bytes(), nil
}

// described are the containers that the daemon described by itself, and if it did not describe them, why their files are read.
func (h *Host) described() (map[string]bool, string) {
	if h.Docker == nil {
		return nil, "by the files: the daemon was left alone"
	}
	h.Docker.mu.Lock()
	defer h.Docker.mu.Unlock()
	if h.Docker.state.described == nil {
		return nil, "by the files: the daemon did not describe its containers"
	}
	return h.Docker.state.described, ""
}

// storeEntry is one pair of libnetwork's store.
type storeEntry struct {
	Key   string          `json:"key"`
	Index uint64          `json:"index"` // counts up with each write
	Value json.RawMessage `json:"value"`
}

// store writes libnetwork's store, one pair a line.
func (r replies) store(name string) {
	const doc = "ondisk/libnetwork"
	rows, foreign, err := readStore(r.d.options, name)
	if err != nil && len(rows) == 0 {
		if errors.Is(err, boltfile.ErrDamaged) || errors.Is(err, boltfile.ErrChanging) {
			err = &Incomplete{schema.Partial, name + ": " + err.Error()}
		}
		r.s.coverFile(documentName(doc), name, err)
		return
	}
	var gap *Incomplete
	switch {
	case err != nil:
		gap = &Incomplete{schema.Partial, fmt.Sprintf("%s: %v, after %d pairs", name, err, len(rows))}
	case foreign > 0:
		gap = &Incomplete{schema.Partial, fmt.Sprintf("%d values withheld: %v", foreign, errNotJSON)}
	}
	r.writeRows(doc, rows, gap)
}

// readStore reads the pairs of libnetwork's bucket. Pairs and an error may both come back.
func readStore(o Options, name string) (rows []json.RawMessage, foreign int, err error) {
	real, err := o.resolve(name)
	if err != nil {
		return nil, 0, err
	}
	f, err := os.OpenFile(o.path(real), os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	st, err := f.Stat()
	switch {
	case err != nil:
		return nil, 0, err
	case !st.Mode().IsRegular():
		return nil, 0, fmt.Errorf("%s: not a regular file", name)
	case st.Size() > maxStore:
		return nil, 0, &Incomplete{schema.Truncated, fmt.Sprintf("%s: %d bytes, more than %d", name, st.Size(), maxStore)}
	}
	for range storeTries {
		rows, foreign = nil, 0
		err = boltfile.Walk(f, st.Size(), func(bucket []string, key, value []byte) error {
			if len(bucket) != 1 || bucket[0] != "libnetwork" {
				return nil
			}
			if len(value) == 8 { // a folder of the keys below it
				return nil
			}
			if len(value) < 8 || !json.Valid(value[8:]) {
				foreign++
				return nil
			}
			row, err := plainJSON(storeEntry{strings.ToValidUTF8(string(key), "\uFFFD"), binary.LittleEndian.Uint64(value), value[8:]})
			rows = append(rows, row)
			return err
		})
		if err == nil {
			break
		}
		if now, err := f.Stat(); err == nil { // it may have grown
			st = now
		}
		if st.Size() > maxStore {
			break
		}
	}
	return rows, foreign, err
}

// onlyMissing reports whether err says that there is no such file.
func onlyMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
