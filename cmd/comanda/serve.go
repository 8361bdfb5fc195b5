package main

import (
	"context"
	"log/slog"
	"os"
	"runtime/debug"

	"comanda/app"
)

type serveCommand struct {
	app.Config
	LogFormat string `help:"How to write the log: text or json." enum:"text,json" default:"text"`
}

// gcPercent trades memory for CPU: what lives is some 10 MB, and each request throws away a good part of that, so that
// the default of 100 collects many times a second. More than this gained nothing that could be measured (bench/README.md).
const gcPercent = 200

// Run serves until interrupted.
func (c *serveCommand) Run(ctx context.Context) error {
	setLog(c.LogFormat, slog.LevelInfo)
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	s, err := app.Open(ctx, c.Config)
	if err != nil {
		return err
	}
	// Packing the pages and drawing up the API's document take half of what an idle server would hold.
	debug.FreeOSMemory()
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
