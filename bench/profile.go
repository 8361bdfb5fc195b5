package main

import (
	"context"
	"errors"
	"flag"
	"net/netip"
	"os"
	"os/signal"
	"runtime/debug"
	"runtime/pprof"
	"syscall"

	"comanda/app"
)

// gcPercent is that of comanda serve.
const gcPercent = 200

// serveProfiled is `comanda serve` with the flags that bench gives it, under the CPU profiler.
func serveProfiled(profile string, args []string) (err error) {
	var c app.Config
	f := flag.NewFlagSet("serve", flag.ContinueOnError)
	f.StringVar(&c.Data, "data", "", "")
	f.StringVar(&c.Listen, "listen", "", "")
	f.StringVar(&c.Admin, "admin", "", "")
	f.StringVar(&c.Signup, "signup", "", "")
	f.StringVar(&c.MasterKeyFile, "master-key-file", "", "")
	f.StringVar(&c.DatabaseURL, "database-url", "", "")
	f.Float64Var(&c.DinerRate, "diner-rate", 0, "")
	for name, list := range map[string]*[]netip.Prefix{"webhook-allow": &c.WebhookAllow, "behind-proxy": &c.BehindProxy} {
		f.Func(name, "", func(s string) error {
			p, err := netip.ParsePrefix(s)
			*list = append(*list, p)
			return err
		})
	}
	if err := f.Parse(args); err != nil {
		return err
	}
	debug.SetGCPercent(gcPercent)
	out, err := os.Create(profile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	server, err := app.Open(ctx, c)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(out); err != nil {
		return errors.Join(err, server.Close())
	}
	defer pprof.StopCPUProfile()
	return server.Run(ctx)
}
