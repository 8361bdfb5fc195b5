package main

import (
	"context"
	"os"

	"comanda/demo"
)

type demoCommand struct {
	demo.Options
}

// Run plays the demo and, without --once, keeps serving until interrupted.
func (c *demoCommand) Run(ctx context.Context) error {
	setLog("text")
	return demo.Run(ctx, os.Stdout, c.Options)
}
