package analyze

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// The size of the benchmark: bundles of as many neighbour entries as a host with a hundred overlay namespaces has.
const (
	benchHosts = 20
	benchRows  = 10_000
)

func benchNeighbour(host, n int) schema.Neighbour {
	used := float64(n%300) + 0.25
	return schema.Neighbour{
		Netns: fmt.Sprint(4026532000 + n/100), Ifindex: int64(2 + n%3), Dev: "vxlan0",
		IP: netip.AddrFrom4([4]byte{10, byte(host), byte(n >> 8), byte(n)}), MAC: fmt.Sprintf("02:42:0a:%02x:%02x:%02x", host, n>>8&255, n&255),
		State: "permanent", UsedS: &used, UpdatedS: &used, Seen: schema.SeenBoth,
	}
}

// benchBundles writes the bundles into a directory that vanishes with the benchmark.
func benchBundles(b *testing.B) []string {
	b.Helper()
	dir := b.TempDir()
	var paths []string
	for host := range benchHosts {
		name := fmt.Sprintf("host%02d", host)
		w, err := schema.NewWriter(schema.Meta{Host: name, CaptureID: name, Started: time.Unix(1_800_000_000, 0)}, schema.Zstd)
		if err != nil {
			b.Fatal(err)
		}
		for n := range benchRows {
			line, err := json.Marshal(benchNeighbour(host, n))
			if err != nil {
				b.Fatal(err)
			}
			w.PutLine("neighbour", line)
		}
		var out bytes.Buffer
		if err := w.Close(&out, ""); err != nil {
			b.Fatal(err)
		}
		path := filepath.Join(dir, name+".tar.zst")
		if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
			b.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// BenchmarkLoad loads the same rows in every way that is worth comparing, into a new file each time: from bundles by
// packrows and by values, which pay for decompression and JSON too, and from ready CSV by the sqlite3 command.
func BenchmarkLoad(b *testing.B) {
	paths := benchBundles(b)
	report := func(b *testing.B) {
		b.ReportMetric(float64(benchHosts*benchRows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	}
	for _, way := range []string{"packrows", "values"} {
		b.Run(way, func(b *testing.B) {
			for b.Loop() {
				db, err := create(b.Context(), filepath.Join(b.TempDir(), "bench.db"), nil)
				if err != nil {
					b.Skip(err)
				}
				if way == "packrows" && !db.packrows {
					b.Skip("packrows is not built in")
				}
				db.packrows = way == "packrows"
				sources, unreadable := openSources(paths)
				if len(unreadable) > 0 {
					b.Fatal(unreadable)
				}
				sources, _ = label(sources)
				reports, refused, err := load(b.Context(), db, sources, func(int) {})
				if err != nil || len(refused) > 0 || len(reports) != benchHosts || reports[0].rows != benchRows {
					b.Fatal(err, refused)
				}
				if err := db.finish(); err != nil {
					b.Fatal(err)
				}
			}
			report(b)
		})
	}
	b.Run("import", func(b *testing.B) {
		cli, err := exec.LookPath("sqlite3")
		if err != nil {
			b.Skip("no sqlite3 command")
		}
		file := benchCSV(b)
		// The same table without its generated column, which .import would want a value for.
		plain := Derived{Name: "neighbour", Columns: schema.TableByName("neighbour").LoadColumns()}
		for b.Loop() {
			cmd := exec.Command(cli, filepath.Join(b.TempDir(), "import.db"))
			cmd.Stdin = strings.NewReader(strings.ReplaceAll(pragmas, "PRAGMA trusted_schema = OFF;", "") + "\n" + plain.DDL() + ";\n.import --csv " + file + " neighbour\n")
			if out, err := cmd.CombinedOutput(); err != nil || bytes.Contains(out, []byte("rror")) {
				b.Fatalf("%v: %s", err, out)
			}
		}
		report(b)
	})
}

// benchCSV is the same rows as CSV in the order of the table, made before the clock runs.
func benchCSV(b *testing.B) string {
	b.Helper()
	tab := schema.TableByName("neighbour")
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	for host := range benchHosts {
		for n := range benchRows {
			line, err := json.Marshal(benchNeighbour(host, n))
			if err != nil {
				b.Fatal(err)
			}
			var row map[string]any
			if err := json.Unmarshal(line, &row); err != nil {
				b.Fatal(err)
			}
			rec := []string{fmt.Sprintf("host%02d", host), fmt.Sprint(n + 1)}
			for _, c := range tab.Columns {
				v, ok := row[c.Name]
				switch {
				case ok:
					rec = append(rec, fmt.Sprint(v))
				case c.Type == "TEXT":
					rec = append(rec, "")
				default:
					rec = append(rec, "0") // .import has no NULL, and STRICT takes no empty text for a number
				}
			}
			if err := w.Write(rec); err != nil {
				b.Fatal(err)
			}
		}
	}
	w.Flush()
	path := filepath.Join(b.TempDir(), "neighbour.csv")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkRow is the reading of one row, the fast way and by encoding/json.
func BenchmarkRow(b *testing.B) {
	line, err := json.Marshal(benchNeighbour(1, 4711))
	if err != nil {
		b.Fatal(err)
	}
	lay := newLayout(schema.TableByName("neighbour"))
	var p pack
	for _, way := range []struct {
		name string
		read func(*pack, *layout, string, string, int64, []byte, func(string)) error
	}{{"fast", packRow}, {"slow", slowRow}} {
		b.Run(way.name, func(b *testing.B) {
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for b.Loop() {
				p.buf = p.buf[:0]
				if err := way.read(&p, lay, "host", "", 1, line, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
