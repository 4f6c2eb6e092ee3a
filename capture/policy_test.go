package capture

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// This file holds the promises of the project that the shape of its source can keep: who may import whom, that capture
// only reads, that nothing is registered behind a reader's back. Test files are free of them.

const module = "github.com/netmortem/netmortem"

// A policy is one promise. Its check reports every place that breaks it.
type policy struct {
	name  string
	where func(pkg string) bool // packages that it binds, relative to the module: capture, capture/xtables
	check func(f source, report func(at ast.Node, what string))
}

// source is one file that is no test.
type source struct {
	pkg  string // its package, relative to the module
	file *ast.File
}

var policies = []policy{
	{"imports go one way: capture and analyze import schema, report imports analyze, cmd imports all", everywhere, checkDirection},
	{"capture starts no process", inCapture, checkNoProcess},
	{"capture calls nothing that changes the kernel", inCapture, checkNoChange},
	{"capture asks netlink only for what a GET request names", inCapture, checkRequests},
	{"capture sets socket options of its own sockets only", inCapture, checkSocketOptions},
	{"capture calls no method of Docker that changes anything", inCapture, checkDocker},
	{"no file has an init function", everywhere, checkNoInit},
	{"no function changes a package's variable", everywhere, checkNoState},
	{"nothing listens on the network", everywhere, checkNoListener},
}

func everywhere(string) bool    { return true }
func inCapture(pkg string) bool { return top(pkg) == "capture" }

// top is the first element of a path.
func top(pkg string) string { t, _, _ := strings.Cut(pkg, "/"); return t }

func TestPolicy(t *testing.T) {
	fset := token.NewFileSet()
	files := 0
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && name != "..") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			return err
		}
		files++
		pkg := filepath.ToSlash(filepath.Dir(strings.TrimPrefix(name, "../")))
		for _, p := range policies {
			if p.where(pkg) {
				p.check(source{pkg, f}, func(at ast.Node, what string) {
					t.Errorf("%s: %s\n\tthe rule: %s", fset.Position(at.Pos()), what, p.name)
				})
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 50 {
		t.Errorf("only %d files were looked at", files)
	}
}

// Each policy notices what it forbids, and leaves alone what is like it and allowed.
func TestPoliciesNotice(t *testing.T) {
	tests := []struct{ name, pkg, text, want string }{
		{"capture imports analyze", "capture", `import _ "github.com/netmortem/netmortem/analyze"`, "imports analyze"},
		{"schema imports capture", "schema", `import _ "github.com/netmortem/netmortem/capture"`, "imports capture"},
		{"capture imports its own", "capture", `import _ "github.com/netmortem/netmortem/capture/xtables"`, ""},
		{"report imports schema", "report", `import _ "github.com/netmortem/netmortem/schema"`, ""},
		{"cmd imports report", "cmd/netmortem", `import _ "github.com/netmortem/netmortem/report"`, ""},
		{"os/exec", "capture", `import _ "os/exec"`, "imports os/exec"},
		{"os/exec elsewhere", "report", `import _ "os/exec"`, ""},
		{"syscall.Exec", "capture", `func f() { syscall.Exec("x", nil, nil) }`, "Exec"},
		{"os.StartProcess", "capture", `func f() { os.StartProcess("x", nil, nil) }`, "StartProcess"},
		{"netlink.NeighSet", "capture", `func f() { netlink.NeighSet(nil) }`, "NeighSet"},
		{"h.LinkSetUp", "capture", `func f(h H) { h.LinkSetUp(nil) }`, "LinkSetUp"},
		{"h.RouteDel", "capture/x", `func f(h H) { h.RouteDel(nil) }`, "RouteDel"},
		{"ipvs.NewDestination", "capture", `func f(h H) { h.NewDestination(nil, nil) }`, "NewDestination"},
		{"netlink.NeighList", "capture", `func f() { netlink.NeighList(0, 0) }`, ""},
		{"RTM_DELNEIGH", "capture", `const x = unix.RTM_DELNEIGH`, "RTM_DELNEIGH"},
		{"NFT_MSG_DELRULE", "capture", `const x = unix.NFT_MSG_DELRULE`, "NFT_MSG_DELRULE"},
		{"ipvsCmdFlush", "capture", `const ipvsCmdFlush = 17`, "ipvsCmdFlush"},
		{"RTM_NEWNEIGH as a request", "capture", `func f() { c.dump(ctx, unix.RTM_NEWNEIGH, nil, unix.RTM_NEWNEIGH, nil) }`, "request"},
		{"RTM_NEWNEIGH in a variable", "capture", `var x = unix.RTM_NEWNEIGH`, "RTM_NEWNEIGH"},
		{"RTM_NEWNEIGH as an answer", "capture", `func f() { c.dump(ctx, unix.RTM_GETNEIGH, nil, unix.RTM_NEWNEIGH, nil) }`, ""},
		{"nftables as an answer", "capture", `func f() { c.dump(ctx, m(unix.NFT_MSG_GETRULE), nil, m(unix.NFT_MSG_NEWRULE), nil) }`, ""},
		{"a number as a request", "capture", `func f() { c.get(ctx, 16, nil, 17) }`, "request"},
		{"a generic GET", "capture", `func f() { c.get(ctx, v.family, []byte{ipvsCmdGetConfig, 1}, v.family) }`, ""},
		{"a dump of sockets", "capture", `func f() { c.dump(ctx, unix.SOCK_DIAG_BY_FAMILY, nil, unix.SOCK_DIAG_BY_FAMILY, nil) }`, ""},
		{"a dump of TCP sockets", "capture", `func f() { c.dump(ctx, tcpdiagGetSock, nil, tcpdiagGetSock, nil) }`, ""},
		{"the end of a socket", "capture", `const sockDestroy = 21`, "sockDestroy"},
		{"XFRM_MSG_GETSA", "capture", `func f() { c.stream(ctx, XFRM_MSG_GETSA, nil, answer, buf, nil) }`, ""},
		{"xfrmMsgGetPolicy", "capture", `func f() { c.stream(ctx, xfrmMsgGetPolicy, nil, answer, buf, nil) }`, ""},
		{"XFRM_MSG_NEWSA", "capture", `const x = nl.XFRM_MSG_NEWSA`, "XFRM_MSG_NEWSA"},
		{"xfrmMsgDelPolicy", "capture", `const xfrmMsgDelPolicy = 20`, "xfrmMsgDelPolicy"},
		{"XFRM_MSG_FLUSHSA", "capture", `func f() { c.get(ctx, XFRM_MSG_FLUSHSA, nil, 0) }`, "XFRM_MSG_FLUSHSA"},
		{"XFRM_MSG_ALLOCSPI", "capture", `func f() { c.get(ctx, XFRM_MSG_ALLOCSPI, nil, 0) }`, "XFRM_MSG_ALLOCSPI"},
		{"IPCTNL_MSG_CT_GET", "capture", `func f() { c.stream(ctx, m(IPCTNL_MSG_CT_GET), nil, answer, buf, nil) }`, ""},
		{"ipctnlMsgCtGetStatsCPU", "capture", `func f() { c.dump(ctx, m(ipctnlMsgCtGetStatsCPU), nil, answer, nil) }`, ""},
		{"IPCTNL_MSG_CT_GET_CTRZERO", "capture", `func f() { c.dump(ctx, m(nl.IPCTNL_MSG_CT_GET_CTRZERO), nil, answer, nil) }`, "IPCTNL_MSG_CT_GET_CTRZERO"},
		{"ipctnlMsgCtGetCtrzero as a request", "capture", `func f() { c.stream(ctx, m(ipctnlMsgCtGetCtrzero), nil, answer, buf, nil) }`, "request"},
		{"IPCTNL_MSG_CT_DELETE", "capture", `const x = nl.IPCTNL_MSG_CT_DELETE`, "IPCTNL_MSG_CT_DELETE"},
		{"ipctnlMsgCtNew", "capture", `const ipctnlMsgCtNew = 0`, "ipctnlMsgCtNew"},
		{"a number streamed", "capture", `func f() { c.stream(ctx, 3, nil, answer, buf, nil) }`, "request"},
		{"ethtool asks a driver", "capture", `func f() { c.ask(ctx, unix.ETHTOOL_GSTATS, 8) }`, ""},
		{"ethtool sets", "capture", `func f() { c.ask(ctx, unix.ETHTOOL_SRINGPARAM, 36) }`, "request"},
		{"ethtool asks what only the privileged may", "capture", `func f() { c.ask(ctx, unix.ETHTOOL_GEEPROM, 36) }`, "request"},
		{"an ioctl that sets a link up", "capture", `const x = unix.SIOCSIFFLAGS`, "SIOCSIFFLAGS"},
		{"IPT_SO_SET_REPLACE", "capture", `func f() { unix.SetsockoptString(fd, unix.SOL_IP, 64, "") }`, "SOL_IP"},
		{"SO_RCVTIMEO", "capture", `func f() { unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, tv) }`, ""},
		{"ContainerStart", "capture", `func f(c C) { c.ContainerStart(ctx) }`, "ContainerStart"},
		{"ExecCreate", "capture", `func f(c C) { c.ContainerExecCreate(ctx) }`, "ContainerExecCreate"},
		{"NetworkDisconnect", "capture", `func f(c C) { c.NetworkDisconnect(ctx) }`, "NetworkDisconnect"},
		{"POST", "capture", `func f() { g(http.MethodPost) }`, "MethodPost"},
		{"ContainerInspect", "capture", `func f(c C) { c.ContainerInspect(ctx) }`, ""},
		{"init", "schema", `func init() {}`, "init"},
		{"a method called init", "schema", `func (x T) init() {}`, ""},
		{"a registry", "analyze", "var all []int\nfunc Register(n int) { all = append(all, n) }", "changes all"},
		{"a map", "analyze", "var all = map[string]int{}\nfunc f() { all[\"x\"]++ }", "changes all"},
		{"delete", "analyze", "var all = map[string]int{}\nfunc f() { delete(all, \"x\") }", "changes all"},
		{"a local of the same name", "analyze", "var all []int\nfunc f() { all := 1; all++ }", ""},
		{"a parameter of the same name", "analyze", "var all []int\nfunc f(all []int) { all[0] = 1 }", ""},
		{"net.Listen", "cmd/netmortem", `func f() { net.Listen("tcp", ":80") }`, "Listen"},
		{"http.ListenAndServe", "report", `func f() { http.ListenAndServe(":80", nil) }`, "ListenAndServe"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\n"+test.text, 0)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range policies {
				if p.where(test.pkg) {
					p.check(source{test.pkg, f}, func(at ast.Node, what string) { got = append(got, what) })
				}
			}
			switch all := strings.Join(got, "; "); {
			case test.want == "" && len(got) > 0:
				t.Errorf("reported %s", all)
			case test.want != "" && !strings.Contains(all, test.want):
				t.Errorf("reported %q, want something about %q", all, test.want)
			}
		})
	}
}

// mayImport says which of our packages each may import; one may always import below itself.
var mayImport = map[string][]string{
	"schema": nil, "capture": {"schema"}, "analyze": {"schema"}, "report": {"analyze", "schema"},
	"cmd": {"schema", "capture", "analyze", "report"},
}

func checkDirection(f source, report func(ast.Node, string)) {
	from := top(f.pkg)
	for _, i := range f.file.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		rest, ours := strings.CutPrefix(p, module+"/")
		if to := top(rest); ours && to != from && !slices.Contains(mayImport[from], to) {
			report(i, fmt.Sprintf("%s imports %s", f.pkg, rest))
		}
	}
}

func checkNoProcess(f source, report func(ast.Node, string)) {
	for _, i := range f.file.Imports {
		if i.Path.Value == `"os/exec"` {
			report(i, "imports os/exec")
		}
	}
	calls(f, func(c *ast.CallExpr, on, name string) {
		if processCall.MatchString(name) && (on == "os" || on == "syscall" || on == "unix") {
			report(c, "calls "+on+"."+name)
		}
	})
}

var processCall = regexp.MustCompile(`^(Exec|ForkExec|StartProcess|Kill|Reboot|Fork.*|InitModule|FinitModule|DeleteModule)$`)

// checkNoChange knows the names of vishvananda/netlink, moby/ipvs and google/nftables, and of the kernel's own commands.
func checkNoChange(f source, report func(ast.Node, string)) {
	calls(f, func(c *ast.CallExpr, on, name string) {
		if changeCall.MatchString(name) {
			report(c, "calls "+name)
		}
	})
	answers := answerPositions(f)
	ast.Inspect(f.file, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		if changeCommand.MatchString(id.Name) {
			report(id, "names "+id.Name)
		}
		if strings.HasPrefix(id.Name, "RTM_NEW") || strings.HasPrefix(id.Name, "NFT_MSG_NEW") {
			if !answers[id] {
				report(id, "names "+id.Name+" other than as the type of an answer")
			}
		}
		return true
	})
}

var (
	changeCall = regexp.MustCompile(`^(?:` +
		`(?:Link|Addr|Route|Neigh|Rule|Qdisc|Class|Filter|Chain|Xfrm\w*|Bridge|BridgeVlan|BridgeVni|Conntrack|Ipset|Devlink|Rdma|Fou|Vdpa|NetworkNamespace|Netns|GTP)` +
		`\w*(?:Add|Append|Set\w*|Replace|Change|Modify|Mod|Del|Delete|Flush|Create|Destroy|Update|Allocate)\w*|` +
		`(?:New|Update|Del|Delete)(?:Service|Destination|Netns)|SetConfig|Zero|` +
		`(?:Add|Insert|Replace|Del|Delete|Flush)(?:Table|Chain|Rule|Rules|Ruleset|Set|Obj|Object|Flowtable)\w*|SetAddElements|SetDeleteElements|` +
		`Mount|Unmount|Unshare|Sethostname|ClockSettime|Settimeofday` +
		`)$`)
	changeCommand = regexp.MustCompile(`(?i)^(?:RTM_(?:DEL|SET)\w*|NFT_?MSG_?(?:DEL|DESTROY)\w*|(?:IP_?SET|CTNL)_?(?:MSG|CMD)_?(?:NEW|DEL|DELETE|SET|ADD|CREATE|DESTROY)\w*|IPVS_?CMD_?(?:NEW|SET|DEL|FLUSH|ZERO)\w*|IP6?T_SO_SET\w*|XFRM_?MSG_?(?:NEW|DEL|UPD|FLUSH|ALLOC|MIGRATE)\w*|IPCTNL_?MSG_?(?:CT|EXP|TIMEOUT)_?(?:NEW|DELETE|GET_?CTRZERO)\w*|SOCK_?DESTROY|SIOC_?(?:S|ADD|DEL|BOND|BR)\w*)$`)
)

// senders are the functions that send a netlink request: arguments 1 and 2 say which, and with what body.
var senders = []string{"dump", "stream", "get", "ask", "receiveDump", "send"}

// answerPositions are the identifiers that stand for the type of an answer: behind request and body of a sender, or in a
// comparison.
func answerPositions(f source) map[*ast.Ident]bool {
	ok := map[*ast.Ident]bool{}
	allow := func(n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			if id, is := n.(*ast.Ident); is {
				ok[id] = true
			}
			return true
		})
	}
	ast.Inspect(f.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if _, name := callee(n); slices.Contains(senders, name) {
				for _, a := range n.Args[min(3, len(n.Args)):] {
					allow(a)
				}
			}
		case *ast.CaseClause:
			for _, e := range n.List {
				allow(e)
			}
		case *ast.BinaryExpr:
			if n.Op == token.EQL || n.Op == token.NEQ {
				allow(n)
			}
		}
		return true
	})
	return ok
}

func checkRequests(f source, report func(ast.Node, string)) {
	for _, i := range f.file.Imports {
		if i.Path.Value == `"net/url"` || i.Path.Value == `"net/http"` {
			return // what is asked there is asked of Docker
		}
	}
	for _, d := range f.file.Decls {
		fn, _ := d.(*ast.FuncDecl)
		if fn != nil && slices.Contains(senders, fn.Name.Name) {
			continue // passes on what it was given
		}
		ast.Inspect(d, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if on, name := callee(c); slices.Contains(senders, name) && on != "" && len(c.Args) >= 3 && isContext(c.Args[0]) {
				if !namesGet(c.Args[1]) && !namesGet(c.Args[2]) {
					report(c, "sends a request that names no GET")
				}
			}
			return true
		})
	}
}

// isContext tells a sender of netlink from other functions of the same name, which take something else first.
func isContext(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "ctx"
}

// netlinkGet is a command that only asks.
var netlinkGet = regexp.MustCompile(`^(?:RTM_GET|NFT_MSG_GET|CTRL_CMD_GET|ipvsCmdGet|IPVS_CMD_GET|tcpdiagGetSock$|SOCK_DIAG_BY_FAMILY$|(?i:XFRM_?MSG_?GET(?:SA|POLICY|SADINFO|SPDINFO)|IPCTNL_?MSG_?CT_?GET(?:_?STATS(?:_?CPU)?)?)$|ETHTOOL_G(?:DRVINFO|LINK|LINKSETTINGS|RINGPARAM|FEATURES|SSET_INFO|STRINGS|STATS)$)`)

func namesGet(e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && netlinkGet.MatchString(id.Name) {
			found = true
		}
		return true
	})
	return found
}

func checkSocketOptions(f source, report func(ast.Node, string)) {
	calls(f, func(c *ast.CallExpr, on, name string) {
		if !strings.HasPrefix(name, "Setsockopt") || len(c.Args) < 2 {
			return
		}
		if _, level := selector(c.Args[1]); level != "SOL_SOCKET" && level != "SOL_NETLINK" {
			report(c, "sets a socket option of level "+level)
		}
	})
}

func checkDocker(f source, report func(ast.Node, string)) {
	ast.Inspect(f.file, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		on, name := selector(s)
		if on == "http" && (name == "MethodPost" || name == "MethodPut" || name == "MethodDelete" || name == "MethodPatch") || dockerChange.MatchString(name) {
			report(s, "names "+name)
		}
		return true
	})
}

var dockerChange = regexp.MustCompile(`^(?:Container|Network|Service|Node|Swarm|Secret|Config|Volume|Image|Images|Plugin|Checkpoint|Build|Distribution)` +
	`(?:Exec\w*|Create|Start|Stop|Kill|Remove|Delete|Update|Prune|Restart|Pause|Unpause|Connect|Disconnect|Init|Join|Leave|Rename|Attach|Resize|Commit|Pull|Push|Tag|Load|Import|Set|Enable|Disable|Upgrade|Install|Unlock|Cancel|sPrune)$`)

func checkNoInit(f source, report func(ast.Node, string)) {
	for _, d := range f.file.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			report(fn, "has a function init")
		}
	}
}

// checkNoState looks at assignments to variables that the file declares at its top; the parser has resolved which names
// those are, and which are of a function's own.
func checkNoState(f source, report func(ast.Node, string)) {
	//lint:ignore SA1019 one file and its own names: what the parser resolves is enough
	globals := map[*ast.Object]bool{}
	for _, d := range f.file.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
			for _, s := range g.Specs {
				for _, name := range s.(*ast.ValueSpec).Names {
					globals[name.Obj] = true
				}
			}
		}
	}
	changed := func(at ast.Node, e ast.Expr) {
		if id := root(e); id != nil && id.Obj != nil && globals[id.Obj] {
			report(at, "changes "+id.Name)
		}
	}
	for _, d := range f.file.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for _, e := range n.Lhs {
					changed(n, e)
				}
			case *ast.IncDecStmt:
				changed(n, n.X)
			case *ast.CallExpr:
				if id, ok := n.Fun.(*ast.Ident); ok && (id.Name == "delete" || id.Name == "clear") && len(n.Args) > 0 {
					changed(n, n.Args[0])
				}
			}
			return true
		})
	}
}

// root is the variable that an expression is a part of.
func root(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil
		}
	}
}

func checkNoListener(f source, report func(ast.Node, string)) {
	calls(f, func(c *ast.CallExpr, on, name string) {
		if (on == "net" || on == "http" || on == "unix" || on == "syscall" || on == "tls" || on == "lc") && listenCall.MatchString(name) {
			report(c, "calls "+on+"."+name)
		}
	})
	ast.Inspect(f.file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if on, name := selector(s); on == "net" && name == "ListenConfig" || on == "httptest" {
				report(s, "names "+on+"."+name)
			}
		}
		return true
	})
}

var listenCall = regexp.MustCompile(`^(?:Listen\w*|Serve|ServeTLS|Accept\w*)$`)

// calls visits every call with what it is called on, if that is a plain name, and its name.
func calls(f source, visit func(c *ast.CallExpr, on, name string)) {
	ast.Inspect(f.file, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok {
			on, name := callee(c)
			visit(c, on, name)
		}
		return true
	})
}

// callee is the called function's name, and what it is selected from; empty for a plain function. A selection from
// anything but a name is "?".
func callee(c *ast.CallExpr) (on, name string) {
	if id, ok := c.Fun.(*ast.Ident); ok {
		return "", id.Name
	}
	return selector(c.Fun)
}

func selector(e ast.Expr) (on, name string) {
	s, ok := e.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	if id, ok := s.X.(*ast.Ident); ok {
		return path.Base(id.Name), s.Sel.Name
	}
	return "?", s.Sel.Name
}
