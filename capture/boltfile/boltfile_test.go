package boltfile

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// written makes a database and returns its file and its pairs as bucket/key=value, sorted as they are walked.
func written(t testing.TB, pairs int, value func(i int) []byte) ([]byte, []string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "x.db")
	db, err := bolt.Open(name, 0o600, &bolt.Options{PageSize: 4096})
	if err != nil {
		t.Fatal(err)
	}
	for round := range 2 { // so that both meta pages are used, and pages are free
		err = db.Update(func(tx *bolt.Tx) error {
			for _, path := range []string{"libnetwork", "small", "outer/inner"} {
				var b *bolt.Bucket
				for i, part := range strings.Split(path, "/") {
					var err error
					if i == 0 {
						b, err = tx.CreateBucketIfNotExists([]byte(part))
					} else {
						b, err = b.CreateBucketIfNotExists([]byte(part))
					}
					if err != nil {
						return err
					}
				}
				n := pairs
				if path == "small" {
					n = min(2, pairs)
				}
				for i := range n {
					if err := b.Put(fmt.Appendf(nil, "key%06d", i), append(value(i), byte(round))); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var want []string
	err = db.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bolt.Bucket) error { return listed(string(name), b, &want) })
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data, want
}

func listed(name string, b *bolt.Bucket, out *[]string) error {
	return b.ForEach(func(k, v []byte) error {
		if v == nil {
			return listed(name+"/"+string(k), b.Bucket(k), out)
		}
		*out = append(*out, fmt.Sprintf("%s/%s=%x", name, k, v))
		return nil
	})
}

func walked(data []byte) ([]string, error) {
	var got []string
	err := Walk(bytes.NewReader(data), int64(len(data)), func(bucket []string, key, value []byte) error {
		got = append(got, fmt.Sprintf("%s/%s=%x", strings.Join(bucket, "/"), key, value))
		return nil
	})
	return got, err
}

// TestWalk reads what the library wrote: nothing, inline buckets, leaves, branches, and values of many pages.
func TestWalk(t *testing.T) {
	tests := []struct {
		name  string
		pairs int
		value func(i int) []byte
	}{
		{"empty buckets", 0, nil},
		{"inline", 3, func(int) []byte { return []byte("v") }},
		{"branches", 5000, func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, i%100) }},
		{"overflow", 20, func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, i*3000) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data, want := written(t, tt.pairs, tt.value)
			got, err := walked(data)
			if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("%d pairs, want %d: %v", len(got), len(want), err)
			}
			torn := bytes.Clone(data)
			copy(torn[64:], make([]byte, 16)) // the first meta page
			if _, err := walked(torn); err != nil {
				t.Errorf("by the second meta page: %v", err)
			}
		})
	}
}

// TestDamage breaks bytes of a database, cuts it, and gives what is none: no panic, and an error that says so, or pairs.
func TestDamage(t *testing.T) {
	data, _ := written(t, 300, func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, 50) })
	damaged := 0
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		b := bytes.Clone(data)
		for range 1 + rng.IntN(20) {
			b[rng.IntN(len(b))] = byte(rng.Uint32())
		}
		if _, err := walked(b[:len(b)-rng.IntN(2)*rng.IntN(len(b))]); errors.Is(err, ErrDamaged) {
			damaged++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if damaged < 100 {
		t.Errorf("only %d of 2000 were seen as damaged", damaged)
	}
	for _, b := range [][]byte{nil, []byte("{}"), make([]byte, 1<<16)} {
		if _, err := walked(b); !errors.Is(err, ErrDamaged) {
			t.Errorf("%d bytes: %v", len(b), err)
		}
	}
}

// A database whose owner commits meanwhile says so.
func TestChanging(t *testing.T) {
	data, _ := written(t, 3, func(int) []byte { return []byte("v") })
	err := Walk(bytes.NewReader(data), int64(len(data)), func([]string, []byte, []byte) error {
		newer(data[:4096]) // as a commit overwrites a meta page
		newer(data[4096:8192])
		return nil
	})
	if !errors.Is(err, ErrChanging) {
		t.Error(err)
	}
}

func FuzzWalk(f *testing.F) {
	data, _ := written(f, 30, func(i int) []byte { return []byte{byte(i)} })
	f.Add(data)
	f.Add(data[:5000])
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := walked(b); err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
	})
}

// newer makes a meta page one of a later transaction.
func newer(page []byte) {
	m := page[pageHeader:]
	order.PutUint64(m[48:], order.Uint64(m[48:])+2)
	h := fnv.New64a()
	h.Write(m[:metaSize-8])
	order.PutUint64(m[56:], h.Sum64())
}
