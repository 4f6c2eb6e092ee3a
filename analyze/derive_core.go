package analyze

import "github.com/netmortem/netmortem/schema"

// coreDestination follows do_coredump of fs/coredump.c: a pipe is fed whatever RLIMIT_CORE says but for 1, a file is written
// if its limit is not 0, below the process's own root, as its own user. The first reason that holds decides.
var coreDestination = Derived{
	Name: "core_destination",
	Doc:  "What would become of a core of a process that crashes: one row for each of core_target.",
	Columns: []schema.Column{
		colHost(),
		must(whole("pid", "process, as the host counts")),
		text("container", schema.Plain, "its container; NULL for dockerd and containerd"),
		text("comm", schema.Name, "its command name"),
		must(text("verdict", schema.Plain, "handler: a program on the host takes it; lands: a file that outlives the container; until-removed: a file in the container's own layer, which goes with the container; cut-short: a file too small for all of it; lost: nothing is written; unknown: a fact is missing")),
		text("path", schema.Name, "the program, or the file as the process sees it, specifiers of core_pattern left in it"),
		must(text("reason", schema.Name, "why, in words")),
		must(refCol("target_ref", "row of core_target")),
	},
	Query: `
SELECT host, pid, container, comm,
  CASE
    WHEN kind = 'none' THEN 'lost'
    WHEN kind = 'pipe' AND handler_found = 0 THEN 'lost'
    WHEN kind IN ('pipe', 'socket') AND limit_soft = 1 THEN 'lost'
    WHEN kind IN ('pipe', 'socket') THEN CASE WHEN kind = 'socket' OR handler_found = 1 THEN 'handler' ELSE 'unknown' END
    WHEN limit_soft = 0 THEN 'lost'
    WHEN dir_found = 0 THEN 'lost'
    WHEN read_only = 1 THEN 'lost'
    WHEN writable = 0 THEN 'lost'
    WHEN free_bytes < 1048576 THEN 'lost'
    WHEN free_bytes < rss_bytes OR limit_soft < rss_bytes THEN 'cut-short'
    WHEN limit_soft IS NULL OR dir_found IS NULL OR read_only IS NULL OR writable IS NULL THEN 'unknown'
    WHEN layer = 1 THEN 'until-removed'
    ELSE 'lands'
  END,
  COALESCE(handler, path),
  CASE
    WHEN kind = 'none' THEN 'core_pattern is empty: no core is written'
    WHEN kind = 'pipe' AND handler_found = 0 THEN 'core_pattern pipes to ' || COALESCE(handler, 'nothing') || ', which the host does not have'
    WHEN kind IN ('pipe', 'socket') AND limit_soft = 1 THEN 'RLIMIT_CORE is 1 byte, which stops even pipes'
    WHEN kind = 'pipe' AND handler_found = 1 THEN 'core_pattern pipes to ' || handler || ', which runs on the host whoever crashes'
    WHEN kind = 'pipe' THEN 'whether the host has ' || COALESCE(handler, 'the program') || ' is not known'
    WHEN kind = 'socket' THEN 'core_pattern hands cores to a socket: what listens there decides'
    WHEN limit_soft = 0 THEN 'RLIMIT_CORE is 0: no file is written' || CASE WHEN limit_hard = 0 THEN '' ELSE ' (the hard limit would allow one)' END
    WHEN dir_found = 0 THEN 'the directory of ' || path || ' does not exist as the process sees it'
    WHEN read_only = 1 THEN COALESCE(mount, 'its file system') || ' is read-only for the process'
    WHEN writable = 0 THEN 'the user of the process may not write to the directory of ' || path
    WHEN free_bytes < 1048576 THEN 'only ' || CAST(free_bytes AS TEXT) || ' bytes are free on ' || COALESCE(mount, 'its file system')
    WHEN free_bytes < rss_bytes THEN 'only ' || CAST(free_bytes AS TEXT) || ' bytes are free on ' || COALESCE(mount, 'its file system') || ', and the process holds ' || CAST(rss_bytes AS TEXT)
    WHEN limit_soft < rss_bytes THEN 'RLIMIT_CORE is ' || CAST(limit_soft AS TEXT) || ' bytes, and the process holds ' || CAST(rss_bytes AS TEXT)
    WHEN limit_soft IS NULL OR dir_found IS NULL OR read_only IS NULL OR writable IS NULL THEN
      'not known: ' || CASE WHEN limit_soft IS NULL THEN 'RLIMIT_CORE' WHEN dir_found IS NULL THEN 'whether the directory of ' || COALESCE(path, 'the core') || ' exists' ELSE 'whether it may write there' END
    WHEN layer = 1 THEN path || ' is in the container''s own layer: it is deleted with the container'
    ELSE path || ' is on ' || COALESCE(fstype, 'a file system') || ' mounted at ' || COALESCE(mount, 'an unknown place')
  END,
  ref
FROM core_target`,
	Index: []string{"host, container"},
}
