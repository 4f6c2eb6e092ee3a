package schema

import _ "embed"

// FormatMD is the page FORMAT.md: enough to read a bundle without this package.
//
//go:embed FORMAT.md
var FormatMD string
