//go:build tools

// Package tools pins Stripe's own mock, so that `go build` makes it from the module proxy.
package tools

import _ "github.com/stripe/stripe-mock"
