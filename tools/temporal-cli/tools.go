//go:build tools

// Package tools pins the Temporal CLI, so that one `go build` from the module
// proxy makes the dev server where no ready binary can be downloaded.
package tools

import _ "github.com/temporalio/cli/cmd/temporal"
