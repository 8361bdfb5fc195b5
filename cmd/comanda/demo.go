package main

import (
	"context"
	"log/slog"
	"os"

	"comanda/demo"
)

type demoCommand struct {
	demo.Options
}

// Run plays the demo and, without --once, keeps serving until interrupted.
func (c *demoCommand) Run(ctx context.Context) error {
	setLog("text", slog.LevelWarn) // the timeline is the output
	return demo.Run(ctx, os.Stdout, c.Options)
}
