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
	setLog(c.LogFormat, slog.LevelInfo)
	s, err := app.Open(ctx, c.Config)
	if err != nil {
		return err
	}
	return s.Run(ctx)
}

func setLog(format string, level slog.Level) {
	options := &slog.HandlerOptions{Level: level}
	var h slog.Handler = slog.NewTextHandler(os.Stderr, options)
	if format == "json" {
		h = slog.NewJSONHandler(os.Stderr, options)
	}
	slog.SetDefault(slog.New(h))
}
