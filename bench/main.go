// Command bench measures the whole program from outside: the server, the load generator and the webhook receiver are
// processes of their own, and the CPU time that is told is the server's alone. README.md in this folder has the figures.
//
//	go run ./bench [-what ceilings,orders,webhooks,tokens,flood,pages] [-engines sqlite,postgres] [-postgres URL] [-brands 1,50]
//		[-clients 1,8,32] [-period 10s] [-burst 20000] [-backlog 1000000] [-drain 100000] [-program FILE]
//		[-profile FOLDER]
//
// webhooks stands for burst,latency,beside,backlog,streams,nodes, which may be named one by one. Their tables come last, as
// Markdown.
//
// The same binary plays the other parts:
//
//	bench load DATA WORK CLIENTS PERIOD PID     place orders or ask for tokens in an installation that seed made, as often
//	                                            as CLIENTS can
//	bench steady DATA WORK RATE PERIOD BLOCK    place orders or try wrong passwords, RATE a second
//	bench flow DATA SCOPE CLIENTS N PID         take N codes, redeem and refresh them
//	bench receive ADDRESS                       take webhooks
//	bench listen DATA N                         keep N streams of events open
//	bench serve PROFILE ARGUMENT…               comanda serve with a CPU profile, for -profile
//	bench commit, echo, insert, post            the ceilings
package main

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := command(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func command(args []string) error {
	switch {
	case len(args) == 6 && parts[args[0]] != nil:
		return parts[args[0]](args[1:])
	case len(args) == 2 && args[0] == "receive":
		return receive(args[1])
	case len(args) == 3 && args[0] == "listen":
		n, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		return listen(args[1], n)
	case len(args) > 1 && args[0] == "serve":
		return serveProfiled(args[1], args[2:])
	case len(args) > 0 && ceilings[args[0]] != nil:
		return ceilings[args[0]](args[1:])
	}
	slog.SetLogLoggerLevel(slog.LevelError) // seeding calls the program here, and its slow statements are not of interest
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	engines := f.String("engines", "sqlite,postgres", "databases to measure on")
	postgres := f.String("postgres", os.Getenv("COMANDA_TEST_POSTGRES"), "URL of a PostgreSQL server where databases may be created")
	brands := f.String("brands", "1,50", "numbers of brands")
	clients := f.String("clients", "1,8,32", "numbers of clients")
	period := f.Duration("period", 10*time.Second, "length of each load")
	burst := f.Int("burst", 20_000, "events in the webhook burst")
	backlog := f.Int("backlog", 1_000_000, "events that wait for one subscription")
	drain := f.Int("drain", 100_000, "events of the backlog to wait for")
	what := f.String("what", "ceilings,orders,webhooks,tokens,flood,pages", "figures to measure")
	program := f.String("program", "", "binary of comanda to measure, instead of one that is built")
	profile := f.String("profile", "", "folder for CPU profiles of the server, whose own figures suffer a little from it")
	if err := f.Parse(args); err != nil {
		return err
	}
	o := options{
		engines: strings.Split(*engines, ","), postgres: *postgres, period: *period, burst: *burst,
		what:    strings.Split(strings.Replace(*what, "webhooks", "burst,latency,beside,backlog,streams,nodes", 1), ","),
		program: *program, profile: *profile, backlog: *backlog, drain: *drain,
	}
	var err error
	if o.brands, err = numbers(*brands); err != nil {
		return err
	}
	if o.clients, err = numbers(*clients); err != nil {
		return err
	}
	if strings.Contains(*engines, "postgres") && o.postgres == "" {
		return errors.New("-postgres: name a server, or leave postgres out of -engines")
	}
	return run(o)
}

// parts are the roles that load a server, by name. Each takes five arguments.
var parts = map[string]func(args []string) error{
	"load": func(args []string) error {
		n, err := numbers(args[2] + "," + args[4])
		if err != nil {
			return err
		}
		period, err := time.ParseDuration(args[3])
		if err != nil {
			return err
		}
		return load(args[0], args[1], n[0], period, n[1])
	},
	"steady": func(args []string) error {
		n, err := numbers(args[2] + "," + args[4])
		if err != nil {
			return err
		}
		period, err := time.ParseDuration(args[3])
		if err != nil {
			return err
		}
		return steady(args[0], args[1], n[0], period, n[1])
	},
	"flow": func(args []string) error {
		n, err := numbers(strings.Join(args[2:], ","))
		if err != nil {
			return err
		}
		return flow(args[0], args[1], n[0], n[1], n[2])
	},
}

func numbers(list string) (out []int, err error) {
	for part := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}
