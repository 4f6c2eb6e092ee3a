//go:build !linux

package capture

import (
	"context"
	"errors"
)

// Run needs Linux: what it reads exists nowhere else.
func Run(ctx context.Context, o Options) (*Capture, error) {
	return nil, errors.New("capture reads a Linux kernel, and this is none")
}

// rtconn, room and procDir exist on Linux only.
type (
	rtconn  struct{}
	room    struct{}
	procDir struct{}
)
