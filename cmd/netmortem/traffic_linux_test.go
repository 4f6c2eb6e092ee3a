package main

import (
	"context"
	"database/sql"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/capture"
)

// TestIntegrationTraffic makes one connection of each kind between two namespaces of this kernel, captures them in two reads and compares the
// words: what does not get accepted, what is not read, what finds a full queue, what goes well, and what is idle.
func TestIntegrationTraffic(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to make a network namespace")
	}
	client, server := newNetnsThread(t), newNetnsThread(t)
	// Addresses of this process alone: other tests that run beside may hold namespaces, and an address of two namespaces is nobody's.
	pid := os.Getpid()
	near := netip.AddrFrom4([4]byte{198, 18, byte(pid >> 6), byte(pid&63)*4 + 1})
	far := near.Next()
	var to int
	server.do(t, func() (err error) {
		to, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		return err
	})
	defer unix.Close(to)
	up := func(name, cidr string) error {
		l, err := netlink.LinkByName(name)
		if err != nil {
			return err
		}
		a, err := netlink.ParseAddr(cidr)
		if err != nil {
			return err
		}
		return errors.Join(netlink.AddrAdd(l, a), netlink.LinkSetUp(l))
	}
	client.do(t, func() error {
		return errors.Join(netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "left"}, PeerName: "right", PeerNamespace: netlink.NsFd(to)}), up("left", near.String()+"/30"))
	})
	server.do(t, func() error { return up("right", far.String()+"/30") })

	const full, unaccepted, unread, fine, idle = 8001, 8002, 8003, 8004, 8005
	listeners := map[int]int{}
	var fds []int
	defer func() {
		for _, fd := range fds {
			unix.Close(fd)
		}
	}()
	server.do(t, func() error {
		for _, port := range []int{full, unaccepted, unread, fine, idle} {
			fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				return err
			}
			fds = append(fds, fd)
			listeners[port] = fd
			backlog := 16
			if port == full {
				backlog = 1
			}
			if err := errors.Join(unix.Bind(fd, &unix.SockaddrInet4{Port: port}), unix.Listen(fd, backlog)); err != nil {
				return err
			}
		}
		return nil
	})
	connect := func(port, flags int) (fd int) {
		client.do(t, func() (err error) {
			if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|flags, 0); err != nil {
				return err
			}
			fds = append(fds, fd)
			if err = unix.Connect(fd, &unix.SockaddrInet4{Addr: far.As4(), Port: port}); err == unix.EINPROGRESS {
				return nil
			}
			return err
		})
		return fd
	}
	accept := func(port int) int {
		fd, _, err := unix.Accept4(listeners[port], unix.SOCK_CLOEXEC)
		if err != nil {
			t.Fatal(err)
		}
		fds = append(fds, fd)
		return fd
	}
	send := func(fd, n int) {
		if _, err := unix.Write(fd, make([]byte, n)); err != nil {
			t.Fatal(err)
		}
	}
	for range 4 { // two fit: the kernel takes one more than the backlog
		connect(full, unix.SOCK_NONBLOCK)
	}
	for i := range 3 {
		fd := connect(unaccepted, 0)
		send(fd, 80)
		if i == 0 {
			if err := unix.Shutdown(fd, unix.SHUT_WR); err != nil { // a FIN in the queue counts as a byte
				t.Fatal(err)
			}
		}
	}
	send(connect(unread, 0), 500)
	accept(unread)
	connect(idle, 0)
	accept(idle)

	talker, answerer := connect(fine, 0), accept(fine)
	stop := make(chan struct{})
	var talk sync.WaitGroup
	talk.Go(func() {
		b := make([]byte, 1000)
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
			for _, way := range [][2]int{{talker, answerer}, {answerer, talker}} {
				if _, err := unix.Write(way[0], b[:100]); err != nil {
					return
				}
				if _, err := unix.Read(way[1], b); err != nil {
					return
				}
			}
		}
	})
	c, err := capture.Run(context.Background(), capture.Options{Window: time.Second, NoDocker: true, NoDNS: true, Tool: "test",
		Only: []string{"host", "netns", "address", "link", "socket", "proc_net", "process"}})
	close(stop)
	talk.Wait()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	bundle := filepath.Join(dir, "here.tar.zst")
	f, err := os.Create(bundle)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Write(f), f.Close()); err != nil {
		t.Fatal(err)
	}
	database := filepath.Join(dir, "here.db")
	if _, err := analyze.Run(context.Background(), analyze.Options{Bundles: []string{bundle}, DB: database}); err != nil {
		if strings.Contains(err.Error(), "built without SQLite") {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite3", database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, w := range []struct {
		port        int
		quality     string
		connections int64
		verdict     string
	}{
		{full, "queueing", 4, "full"}, {unaccepted, "queueing", 3, "unaccepted"}, {unread, "queueing", 1, "unread"}, {fine, "ok", 1, "ok"}, {idle, "unknown", 1, "ok"},
	} {
		var quality, why string
		var connections, others sql.NullInt64
		if err := db.QueryRow("SELECT quality, why, connections, other_sockets FROM traffic WHERE client = ? AND server = ? AND port = ?", "net:["+client.id+"]", "net:["+server.id+"]", w.port).
			Scan(&quality, &why, &connections, &others); err != nil {
			t.Errorf("port %d: %v", w.port, err)
			continue
		}
		if quality != w.quality || connections.Int64 != w.connections {
			t.Errorf("port %d: %s, %d connections (%s); want %s, %d", w.port, quality, connections.Int64, why, w.quality, w.connections)
		}
		var verdict string
		if err := db.QueryRow("SELECT verdict, why FROM service_queue WHERE name = ? AND port = ?", "net:["+server.id+"]", w.port).Scan(&verdict, &why); err != nil || verdict != w.verdict {
			t.Errorf("port %d: queue is %s (%s), %v; want %s", w.port, verdict, why, err, w.verdict)
		}
	}
	var sent, got, again sql.NullInt64
	if err := db.QueryRow("SELECT to_server_bytes, to_client_bytes, to_server_again + to_client_again FROM traffic WHERE server = ? AND port = ?", "net:["+server.id+"]", fine).Scan(&sent, &got, &again); err != nil ||
		sent.Int64 == 0 || got.Int64 == 0 || !again.Valid {
		t.Errorf("what went well: %v bytes to the server, %v to the client, %v segments again, %v", sent, got, again, err)
	}
}
