package main

import (
	"context"
	"log/slog"
	"os"

	"comanda/app"
)

type serveCommand struct {
	app.Config
	LogFormat string `help:"How to write the log: text or json." enum:"text,json" default:"text"`
}

// Run serves until interrupted.
func (c *serveCommand) Run(ctx context.Context) error {
	setLog(c.LogFormat)
	s, err := app.Open(ctx, c.Config)
	if err != nil {
		return err
	}
	return s.Run(ctx)
}

func setLog(format string) {
	var h slog.Handler = slog.NewTextHandler(os.Stderr, nil)
	if format == "json" {
		h = slog.NewJSONHandler(os.Stderr, nil)
	}
	slog.SetDefault(slog.New(h))
}
