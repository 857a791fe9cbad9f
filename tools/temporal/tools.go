//go:build tools

// Package tools pins the Temporal CLI, and the server for PostgreSQL with its
// SQL tool, so that `go build` makes them from the module proxy where no ready
// binary can be downloaded.
package tools

import (
	_ "github.com/temporalio/cli/cmd/temporal"
	_ "go.temporal.io/server/cmd/server"
	_ "go.temporal.io/server/cmd/tools/sql"
)
