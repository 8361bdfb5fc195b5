package main

import (
	"context"
	"log/slog"
	"os"

	"comanda/simulate"
)

type simulateCommand struct {
	simulate.Options
}

// Run plays a day and ends the program.
func (c *simulateCommand) Run(ctx context.Context) error {
	setLog("text", slog.LevelError) // that cards time out and a till is away is what it is about
	return simulate.Run(ctx, os.Stdout, os.Stderr, c.Options)
}
