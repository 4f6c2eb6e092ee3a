package scene

import (
	"fmt"
	"strings"
	"time"
)

// oneLine is a text without its line breaks: a line of a table, and nothing that a terminal takes for more than one.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// clockTime is the time of day, as all renderings write it.
func clockTime(t time.Time) string { return t.UTC().Format("15:04:05.000Z") }

// signals are the names of the signals by number: those of x86 and ARM, which most have in common (signal(7)).
var signals = []string{
	1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV",
	12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM", 16: "SIGSTKFLT", 17: "SIGCHLD", 18: "SIGCONT", 19: "SIGSTOP", 20: "SIGTSTP", 21: "SIGTTIN",
	22: "SIGTTOU", 23: "SIGURG", 24: "SIGXCPU", 25: "SIGXFSZ", 26: "SIGVTALRM", 27: "SIGPROF", 28: "SIGWINCH", 29: "SIGIO", 30: "SIGPWR", 31: "SIGSYS",
}

// signalName is a signal's name, or its number.
func signalName(n int) string {
	if n > 0 && n < len(signals) {
		return signals[n]
	}
	return fmt.Sprintf("signal %d", n)
}

// exitSignal is the signal that an exit code tells of: 128 and its number, as runc and shells report it; empty for a code that the program chose.
func exitSignal(code int) string {
	if n := code - 128; n > 0 && n < len(signals) {
		return signals[n]
	}
	return ""
}
