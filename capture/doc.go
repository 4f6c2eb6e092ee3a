// Package capture writes down what one host knows about itself: kernel, Docker and resolver, as they are.
//
// A [Collector] reads one kind of state and is named after its source; the list of them is in collectors.go, and the
// loop that runs them, with deadlines, panic recovery and coverage, is in run.go. Start there.
//
// The package only reads. It starts no process, loads no module, creates no table, chain or namespace, and writes
// nothing but the bundle; policy_test.go enforces what a test can. It interprets nothing: no joins, no verdicts, no
// values that should be there. Those belong to package analyze, which can be mended after the incident.
package capture
