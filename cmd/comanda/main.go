// Command comanda is the whole platform in one binary: the server, its first set-up, its backups and a demo of it all.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"reflect"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands are the subcommands, one file each. Every flag has an environment twin COMANDA_<FLAG>.
type commands struct {
	Serve    serveCommand    `cmd:"" help:"Run the server."`
	Demo     demoCommand     `cmd:"" help:"Show the main job end to end: a sample brand, a sample POS and one order through all of it."`
	Simulate simulateCommand `cmd:"" help:"Play a day of a restaurant in virtual time, everything going wrong that a seed has, and check that every promise held."`
	Init     initCommand     `cmd:"" help:"Make the owner, the brand, the store group, the store and an OAuth app of an empty installation."`
	Backup   backupCommand   `cmd:"" help:"Write a consistent backup of a running or stopped installation to one file."`
	Restore  restoreCommand  `cmd:"" help:"Restore a backup into an empty data folder or database."`
	Login    loginCommand    `cmd:"" help:"Sign in to a server in the browser, so that the commands below act for you."`
	Logout   logoutCommand   `cmd:"" help:"End a sign-in."`
	Apps     appsCommand     `cmd:"" help:"A brand's OAuth apps: list, create, reveal a secret."`
	Token    tokenCommand    `cmd:"" help:"Print an access token of an OAuth app."`
	Listen   listenCommand   `cmd:"" help:"Send a brand's events to a program on this machine, signed like webhooks; no public URL is needed."`
	Trigger  triggerCommand  `cmd:"" help:"Make an event happen with a sample order in a sandbox brand, or send a test of it."`
	Events   eventsCommand   `cmd:"" help:"A brand's log: watch it, take events from it, send them again."`
	Webhooks webhooksCommand `cmd:"" help:"An OAuth app's webhooks: how they do, what became of each delivery, tests, pauses."`
	Doctor   doctorCommand   `cmd:"" help:"Look at an installation, running or not, and say what is wrong and how to mend it."`
	Keys     keysCommand     `cmd:"" help:"The keys that sign ID tokens: list, rotate, or replace them in an emergency."`
	Version  versionCommand  `cmd:"" help:"Print the version."`
}

// Exit codes: 0 done, 1 it failed, 2 the command line is wrong, 3 the server refused it.
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	parser := newParser(ctx, &c)
	args, err := parser.Parse(os.Args[1:])
	if err != nil {
		parser.Errorf("%s", err)
		os.Exit(2)
	}
	if err := args.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "comanda:", err)
		if hint := hint(err); hint != "" {
			fmt.Fprintln(os.Stderr, hint)
		}
		stop()
		os.Exit(exitCode(err))
	}
}

func newParser(ctx context.Context, c *commands) *kong.Kong {
	return kong.Must(c, kong.Name("comanda"),
		kong.Description("An open, self-hosted restaurant ordering platform, wire-compatible with the Flipdish API v1.0."),
		kong.DefaultEnvars("COMANDA"), kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)),
		kong.TypeMapper(reflect.TypeFor[netip.Prefix](), kong.MapperFunc(network)),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
}

// network reads a CIDR.
func network(ctx *kong.DecodeContext, target reflect.Value) error {
	var text string
	if err := ctx.Scan.PopValueInto("CIDR", &text); err != nil {
		return err
	}
	p, err := netip.ParsePrefix(strings.TrimSpace(text))
	if err != nil {
		return fmt.Errorf("%q is not a network such as 10.0.0.0/8", text)
	}
	target.Set(reflect.ValueOf(p))
	return nil
}

type versionCommand struct{}

// Run prints the module version and the commit it was built from.
func (versionCommand) Run() error {
	fmt.Println("comanda", version())
	return nil
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && v == "(devel)" {
			v = "devel " + s.Value[:min(12, len(s.Value))]
		}
	}
	return v
}
