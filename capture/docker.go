package capture

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/client"

	"github.com/netmortem/netmortem/schema"
)

// How long one call to the daemon may take, how long a daemon that let one pass is given to show that it lives, and
// how many calls may pass their deadline before it is given up all the same.
const (
	dockerCallDeadline = 5 * time.Second
	dockerPingDeadline = time.Second
	dockerMaxTimeouts  = 3
)

// slowly is how many deadlines a call may take that makes the daemon walk its directories or stop for a moment. Such calls
// are made only when somebody asked for them.
const slowly = 6

// Docker is the daemon of a host, and what its replies said so far. It is asked with GET only, and for the verbose form of
// a network, which has crashed daemons (moby#49402, moby#47728), only with Options.NetworkDB.
//
// A daemon that is hung costs one deadline: from then on nothing more is asked.
type Docker struct {
	api      *client.Client // where the daemon is, how to reach it, which version of the API it speaks
	http     *http.Client   // the same transport behind a guard that lets GET through and nothing else
	base     url.URL        // of requests
	host     string         // address as the user would write it, for messages
	options  Options
	deadline time.Duration // for one call

	mu         sync.Mutex
	negotiated bool
	timeouts   int   // calls that passed their deadline
	gone       *gone // why nothing more is asked; nil while the daemon is there
	state      dockerState
	dns        *dnsPlan // made when the first namespace asks for it
}

// gone is why a daemon is not asked any more.
type gone struct {
	outcome schema.Outcome
	reason  string
}

// newDocker prepares to talk to the daemon that the options name: Options.DockerHost, else DOCKER_HOST with its
// companions for TLS, else the default socket below Options.Root. It does not talk to it yet.
func newDocker(o Options) (*Docker, error) {
	d := &Docker{options: o, deadline: dockerCallDeadline}
	opts := []client.Opt{client.FromEnv}
	switch {
	case o.DockerHost != "":
		opts = append(opts, client.WithHost(o.DockerHost))
	case os.Getenv(client.EnvOverrideHost) == "":
		opts = append(opts, client.WithHost("unix://"+defaultSocket(o)))
	}
	api, err := client.NewClientWithOpts(opts...)
	if err != nil {
		return nil, fmt.Errorf("docker: %w", err)
	}
	d.api, d.http, d.host = api, api.HTTPClient(), api.DaemonHost()
	d.http.Transport = getOnly{next: d.http.Transport, verbose: o.NetworkDB}
	where, err := client.ParseHostURL(d.host)
	if err != nil {
		return nil, fmt.Errorf("docker: %w", err)
	}
	d.base = url.URL{Scheme: "http", Host: client.DummyHost, Path: where.Path}
	if where.Scheme == "tcp" || where.Scheme == "http" || where.Scheme == "https" {
		d.base.Host = where.Host
		if os.Getenv(client.EnvOverrideCertPath) != "" || where.Scheme == "https" {
			d.base.Scheme = "https"
		}
	}
	return d, nil
}

// defaultSocket is where dockerd listens unless told otherwise. /var/run is a link to /run, on many hosts an absolute
// one that leads out of Options.Root, so /run is looked at first.
func defaultSocket(o Options) string {
	for _, name := range []string{"/run/docker.sock", "/var/run/docker.sock"} {
		if _, err := os.Lstat(o.path(name)); err == nil {
			return o.path(name)
		}
	}
	return o.path("/var/run/docker.sock")
}

// getOnly is a transport that refuses whatever could change something.
type getOnly struct {
	next    http.RoundTripper
	verbose bool // the verbose form of a network was asked for
}

func (g getOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet {
		return nil, fmt.Errorf("%s %s: netmortem only asks with GET", r.Method, r.URL.Path)
	}
	if r.URL.Query().Has("verbose") && !g.verbose {
		return nil, fmt.Errorf("GET %s: the verbose form is not asked for: it has crashed daemons", r.URL.Path)
	}
	return g.next.RoundTrip(r)
}

// close gives up the connections that wait for a next question. A call that is under way goes on.
func (d *Docker) close() {
	if d != nil {
		_ = d.api.Close() // never fails
	}
}

// apiError is a reply of the daemon that is not the one asked for.
type apiError struct {
	status  int
	message string
}

func (e *apiError) Error() string { return fmt.Sprintf("%d %s", e.status, e.message) }

// get asks the daemon and returns the body as received, up to limit bytes; whole is false when there was more.
//
// Every error says by [Incomplete] what it means for the document, but for an [apiError], which the caller judges.
func (d *Docker) get(ctx context.Context, p string, query url.Values, limit int64) (body []byte, whole bool, err error) {
	return d.getWithin(ctx, p, query, limit, d.deadline)
}

// getWithin is get with a deadline of its own.
func (d *Docker) getWithin(ctx context.Context, p string, query url.Values, limit int64, deadline time.Duration) (body []byte, whole bool, err error) {
	if err := d.negotiate(ctx); err != nil {
		return nil, false, err
	}
	if err := d.absent(); err != nil {
		return nil, false, err
	}
	body, whole, _, err = d.call(ctx, "/v"+d.api.ClientVersion()+p, query, limit, deadline)
	if err == nil {
		return body, whole, nil
	}
	return nil, false, d.judged(ctx, p, err, deadline)
}

// judged is what an error of a call means.
func (d *Docker) judged(ctx context.Context, p string, err error, deadline time.Duration) error {
	var api *apiError
	if errors.As(err, &api) {
		return fmt.Errorf("GET %s: %w", p, err)
	}
	return d.failed(ctx, "GET "+p, err, deadline)
}

// absent returns the reason why nothing more is asked, or nil.
func (d *Docker) absent() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gone == nil {
		return nil
	}
	return &Incomplete{d.gone.outcome, d.gone.reason}
}

// negotiate asks the daemon once which version of the API it speaks. Its failure is that of every call.
func (d *Docker) negotiate(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.negotiated {
		return nil
	}
	if d.gone != nil {
		return &Incomplete{d.gone.outcome, d.gone.reason}
	}
	_, _, header, err := d.call(ctx, "/_ping", nil, 1<<10, d.deadline)
	var api *apiError
	if err != nil && !errors.As(err, &api) {
		outcome, reason := d.why(ctx, err, d.deadline)
		if ctx.Err() == nil || outcome != schema.Timeout {
			d.gone = &gone{outcome, reason}
			if outcome == schema.Timeout {
				d.gone = &gone{schema.Skipped, "not asked: " + reason}
			}
		}
		return &Incomplete{outcome, reason}
	}
	d.api.NegotiateAPIVersionPing(types.Ping{APIVersion: header.Get("Api-Version")})
	d.negotiated = true
	return nil
}

// failed turns an error of the transport into the outcome of the call, and finds out whether the daemon is still there.
func (d *Docker) failed(ctx context.Context, what string, err error, deadline time.Duration) error {
	outcome, reason := d.why(ctx, err, deadline)
	if outcome != schema.Timeout || ctx.Err() != nil {
		return &Incomplete{outcome, what + ": " + reason}
	}
	// One container whose lock is held hangs its own inspection and nothing else.
	_, _, _, ping := d.call(ctx, "/_ping", nil, 1<<10, dockerPingDeadline)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.timeouts++
	if ping != nil || d.timeouts >= dockerMaxTimeouts {
		d.gone = &gone{schema.Skipped, fmt.Sprintf("not asked: dockerd let %s pass %s without an answer", what, deadline)}
	}
	return &Incomplete{schema.Timeout, what + ": " + reason}
}

// why tells what an error of the transport means.
func (d *Docker) why(ctx context.Context, err error, deadline time.Duration) (schema.Outcome, string) {
	switch {
	case ctx.Err() != nil:
		return schema.Timeout, "the deadline for all of Docker passed"
	case errors.Is(err, context.DeadlineExceeded):
		return schema.Timeout, fmt.Sprintf("dockerd at %s gave no answer within %s", d.host, deadline)
	case errors.Is(err, fs.ErrPermission):
		return schema.Denied, fmt.Sprintf("dockerd at %s: permission denied", d.host)
	case errors.Is(err, fs.ErrNotExist):
		if dir := dockerOnDisk(d.options); dir != "" {
			return schema.Skipped, fmt.Sprintf("dockerd does not run: no socket at %s, but its state is in %s", d.host, dir)
		}
		return schema.Absent, "no Docker on this host"
	case errors.Is(err, syscall.ECONNREFUSED):
		return schema.Skipped, fmt.Sprintf("dockerd does not run: %s refuses", d.host)
	}
	return schema.Skipped, fmt.Sprintf("dockerd at %s: %s", d.host, unquoted(unwrapURL(err)))
}

// unquoted is the text of an error of net/http without what the other side sent, which stands in it behind malformed.
func unquoted(err error) string {
	before, after, found := strings.Cut(err.Error(), "malformed ")
	if !found {
		return maskText(before)
	}
	what, _, _ := strings.Cut(after, ":")
	what, _, _ = strings.Cut(what, `"`)
	return before + "malformed " + strings.TrimSpace(what)
}

// unwrapURL takes off what net/http says around an error: the address is said already.
func unwrapURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// call is one request under its own deadline.
func (d *Docker) call(ctx context.Context, p string, query url.Values, limit int64, deadline time.Duration) ([]byte, bool, http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	res, err := d.ask(ctx, p, query)
	if err != nil {
		return nil, false, nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, false, nil, fmt.Errorf("read the reply: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return nil, false, res.Header, &apiError{res.StatusCode, message(body)}
	}
	if int64(len(body)) > limit {
		return body[:limit], false, res.Header, nil
	}
	return body, true, res.Header, nil
}

// ask sends one request.
func (d *Docker) ask(ctx context.Context, p string, query url.Values) (*http.Response, error) {
	u := d.base
	u.Path, u.RawQuery = path.Join("/", u.Path, p), query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	// What a daemon sends behind its reply is printed by net/http, as it is, once the connection waits for the next question.
	// Over TLS a new connection costs the daemon more than that is worth.
	req.Close = u.Scheme == "http"
	res, err := d.http.Do(req)
	if err != nil && ctx.Err() != nil {
		err = ctx.Err() // the transport may report the closed connection instead
	}
	return res, err
}

// message is what the daemon says in a reply that is an error.
func message(body []byte) string {
	var m struct{ Message string }
	if json.Unmarshal(body, &m) == nil && m.Message != "" {
		return maskText(m.Message)
	}
	return maskText(strings.TrimSpace(string(body[:min(len(body), 200)])))
}
