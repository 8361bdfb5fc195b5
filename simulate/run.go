package simulate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"comanda/account"
	"comanda/app"
	"comanda/demo"
	"comanda/internal/client"
	"comanda/internal/clock"
	"comanda/internal/fault"
)

// Options are the flags of `comanda simulate`.
type Options struct {
	Orders int    `help:"How many diners come to order." default:"200"`
	Seed   uint64 `help:"What the day is drawn from: the same seed is the same day." default:"1"`
	Hours  int    `help:"For how many hours they come, from 11:00 on." default:"11"`
	Date   string `help:"The day, such as one on which the clocks change." default:"2026-05-08" placeholder:"YYYY-MM-DD"`
	Keep   string `help:"Folder to keep the database in, for a look with other tools. It must be empty: nothing is ever simulated on data that exists. Its secrets follow from the seed." type:"path" placeholder:"FOLDER"`
	JSON   bool   `name:"json" help:"Print the result as JSON."`
}

// Bounds of a simulation.
const (
	mostOrders = 100_000
	mostHours  = 12
	firstHour  = 11
	currency   = "EUR"
	zone       = "Europe/Dublin"      // of the sample stores
	aftermath  = 36 * time.Hour       // in which everything must be settled after the last diner
	often      = time.Minute          // how often that is looked at
	apart      = 3 * time.Millisecond // between the beginnings of the server's loops
	epoch      = 10 * time.Minute     // before the first diner, in which the shop is made
)

// Run plays the day and ends the program: with exit code 0 when every promise held, else 1.
func Run(ctx context.Context, out, errs io.Writer, o Options) error {
	opens, err := o.check()
	if err != nil {
		return err
	}
	folder, remove, err := o.folder()
	if err != nil {
		return err
	}
	derandomize(o.Seed)
	began := clock.Mono()
	s := &sim{Options: o, opens: opens, interrupted: func() bool { return ctx.Err() != nil }}
	inBubble(func() { err = s.run(folder, s.verify) }, func() int {
		remove()
		if err == nil {
			err = s.report(out, clock.Mono().Sub(began))
		}
		if err != nil {
			fmt.Fprintln(errs, "comanda:", err)
			return 1
		}
		return 0
	})
	return nil
}

// check returns when the first diner may come.
func (o *Options) check() (opens time.Time, err error) {
	if o.Orders < 1 || o.Orders > mostOrders {
		return opens, fmt.Errorf("--orders: give a number from 1 to %d", mostOrders)
	}
	if o.Hours < 1 || o.Hours > mostHours {
		return opens, fmt.Errorf("--hours: give a number from 1 to %d", mostHours)
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return opens, err
	}
	day, err := time.ParseInLocation(time.DateOnly, o.Date, loc)
	if err != nil || day.Year() < 2020 || day.Year() > 2100 {
		return opens, fmt.Errorf("--date: %q is no day such as 2026-05-08", o.Date)
	}
	return time.Date(day.Year(), day.Month(), day.Day(), firstHour, 0, 0, 0, loc), nil
}

// folder is where the database is: the one to keep, or one that is gone afterwards, in memory where the system has such a place.
func (o *Options) folder() (path string, remove func(), err error) {
	if o.Keep == "" {
		path, err = os.MkdirTemp("/dev/shm", "comanda-simulate-")
		if err != nil {
			path, err = os.MkdirTemp("", "comanda-simulate-")
		}
		return path, func() { _ = os.RemoveAll(path) }, err
	}
	if err := os.MkdirAll(o.Keep, 0o700); err != nil {
		return "", nil, err
	}
	has, err := os.ReadDir(o.Keep)
	if err == nil && len(has) > 0 {
		err = fmt.Errorf("--keep: %s is not empty; name a folder that is, or one that is not there yet", o.Keep)
	}
	return o.Keep, func() {}, err
}

// sim is one day.
type sim struct {
	Options
	opens       time.Time
	interrupted func() bool

	server   *app.Server
	creds    demo.Credentials
	brand    account.Brand
	owner    *account.Caller
	staff    *client.Client // the till's OAuth app
	diners   *client.Client
	couriers []courier
	stores   []int
	hook     int
	told     int64 // the newest position before the till was told of anything
	till     *till
	agenda   *agenda

	confirmed map[int]bool   // orders that a diner saw confirmed
	cards     map[int]string // by order: what it was to be paid by
	result    Result
	promises  promises
}

// run plays the day inside a bubble, and then calls look while the server is still there.
func (s *sim) run(folder string, look func(context.Context) error) (err error) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	s.agenda, s.confirmed, s.cards = newAgenda(), map[int]bool{}, map[int]string{}
	s.till = &till{seed: s.Seed, got: map[int64]*receipts{}, heard: s.hear}
	// The clock of a bubble begins in the year 2000; nothing runs yet that could mind.
	if err := clock.Sleep(ctx, s.opens.Add(-epoch).Sub(clock.Now())); err != nil {
		return err
	}
	if err := s.embed(ctx, folder); err != nil {
		return err
	}
	working := make(chan error, 1)
	go func() { working <- s.server.Work(ctx, apart) }()
	defer func() {
		stop()
		err = errors.Join(err, <-working, s.server.Close())
	}()
	if err := clock.Sleep(ctx, time.Second); err != nil {
		return err
	}
	if err := s.open(ctx); err != nil {
		return fmt.Errorf("open the shop: %w", err)
	}
	s.arrivals(s.opens)
	s.incidents(s.opens)
	s.agenda.run(ctx, s.opens.Add(time.Duration(s.Hours)*time.Hour), s.interrupted)
	s.till.settle()
	for end := clock.Now().Add(aftermath); clock.Now().Before(end) && !s.interrupted(); {
		s.agenda.run(ctx, clock.Now().Add(often), s.interrupted)
		if done, err := s.settled(ctx); done || err != nil {
			break
		}
	}
	if s.interrupted() {
		return context.Canceled
	}
	s.result.Took = clock.Now().Sub(s.opens)
	return look(ctx)
}

// ask notes how a call went that may come too late: when several act on one order, all but one hear of a conflict.
func (s *sim) ask(err error) {
	refused := (*client.Refusal)(nil)
	switch {
	case err == nil:
		s.result.Done++
	case errors.As(err, &refused) && refused.Status == 409:
		s.result.TooLate++
	default:
		s.unexpected(err)
	}
}

// turnedAway notes that a diner goes without: the kitchen rests, the table is taken, the card is declined.
func (s *sim) turnedAway(err error) {
	refused, f := (*client.Refusal)(nil), (*fault.Error)(nil)
	switch {
	case errors.As(err, &refused) && refused.Status == 409, errors.As(err, &f) && f.Kind == fault.Conflict:
		s.result.TurnedAway++
	default:
		s.unexpected(err)
	}
}

// unexpected notes an answer that nobody should get.
func (s *sim) unexpected(err error) { s.promises.Answers.check(false, "%v", err) }
