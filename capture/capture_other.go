//go:build !linux

package capture

import (
	"context"
	"errors"
)

var errNoLinux = errors.New("capture reads a Linux kernel, and this is none")

// Run needs Linux: what it reads exists nowhere else.
func Run(ctx context.Context, o Options) (*Capture, error) { return nil, errNoLinux }

// PlanOf needs Linux, too.
func PlanOf(ctx context.Context, o Options) (*Plan, error) { return nil, errNoLinux }

// Examine needs Linux, too.
func Examine(ctx context.Context, o Options) ([]Check, error) { return nil, errNoLinux }

// Collectors are none here.
var Collectors []*Collector

// rtconn, room and procDir exist on Linux only.
type (
	rtconn  struct{}
	room    struct{}
	procDir struct{}
)
