package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"comanda/app"
	"comanda/internal/client"
	"comanda/internal/clock"
	"comanda/internal/outbound"
	"comanda/wire"
)

// Options are the flags of `comanda demo`.
type Options struct {
	Data        string `help:"Folder to keep the demo in, and to find it again; default: a fresh one." type:"path"`
	DatabaseURL string `name:"database-url" help:"PostgreSQL to use instead of the database in the folder." placeholder:"postgres://…"`
	Listen      string `help:"Address that serves HTTPS; when it is taken, a free port of the same host." default:"127.0.0.1:8443"`
	POS         string `name:"pos" help:"What the sample POS accepts: the first order or all of them (auto)." enum:"first,auto" default:"first"`
	Once        bool   `help:"End after the first order's timeline; it includes --no-day."`
	NoDay       bool   `help:"Make a fresh shop with one store and the POS only, and without a day of orders behind it."`
	JSON        bool   `name:"json" help:"Print the result as JSON."`
}

// Run plays the demo. It returns nil when every step of the first order happened and, without Once, when ctx ended.
func Run(ctx context.Context, out io.Writer, o Options) error {
	fresh := o.Data == ""
	if fresh {
		folder, err := os.MkdirTemp("", "comanda-demo-")
		if err != nil {
			return err
		}
		o.Data = folder
		if o.Once {
			defer func() { _ = os.RemoveAll(folder) }()
		}
	}
	d := &demo{Options: o, out: out, gone: fresh && o.Once}
	return d.run(ctx)
}

type demo struct {
	Options
	out    io.Writer
	gone   bool // nothing is left when it ends: the folder was made for this run only
	day    bool // this run makes the brand, and plays a day in it
	server *app.Server
	creds  Credentials
	api    *client.Client // as the POS
	pos    *pos
	ids    map[string]string // of the OAuth apps, by name
	hook   string            // path of the POS's subscription
}

// brand is the path of the brand's operations.
func (d *demo) brand() string { return "/api/v1.0/" + d.creds.AppID }

func (d *demo) run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	listen, err := freeAddress(d.Listen)
	if err != nil {
		return err
	}
	d.server, err = app.Open(ctx, app.Config{
		Data: d.Data, DatabaseURL: d.DatabaseURL, Listen: listen, Admin: "127.0.0.1:0", Signup: "open", WebhookAllow: outbound.Loopback, DinerRate: 10,
	})
	if err != nil {
		return err
	}
	stopApps := func() {}
	defer func() { stopApps() }() // after the server, which may have something to tell them until then
	served := make(chan error, 1)
	go func() { served <- d.server.Run(ctx) }()
	defer func() {
		cancel()
		err = errors.Join(err, <-served)
	}()
	select {
	case <-d.server.Ready():
	case err := <-served:
		served <- nil
		return errors.Join(errStopped, err)
	}
	if err := d.seed(ctx); err != nil {
		return fmt.Errorf("set up the sample brand: %w", err)
	}
	stop, err := d.startApps(ctx)
	if err != nil {
		return err
	}
	stopApps = stop
	var told result
	if d.day {
		if told.Day, err = d.playDay(ctx); err != nil {
			return fmt.Errorf("a day of orders: %w", err)
		}
	}
	d.pos.wake()
	story, tracking, err := d.firstOrder(ctx)
	switch {
	case err == nil:
		told.timeline, told.TrackingURL, told.OrderID = *story, tracking, d.creds.OrderID
	case errors.Is(err, errNotTaken) && !d.Once: // somebody changed the sample shop: it can still be looked at and mended
		told.Steps, told.Refusal = []Step{}, err.Error()
	default:
		return fmt.Errorf("the first order: %w", err)
	}
	if err := d.creds.save(d.Data); err != nil {
		return err
	}
	if err := d.report(told); err != nil || d.Once {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-served:
		served <- nil
		return errors.Join(errStopped, err)
	}
}

// seed makes the sample owner, brand, OAuth app and shop, or finds those of an earlier run in the same folder.
func (d *demo) seed(ctx context.Context) error {
	c, found, err := load(d.Data)
	if err != nil {
		return err
	}
	if !found {
		c, err = Owner(ctx, d.server)
		if err != nil {
			return err
		}
	}
	c.BaseURL, c.AdminURL, c.CAFile = d.server.PublicURL(), d.server.AdminURL(), d.server.CA.CAFile()
	if d.api, err = c.client(); err != nil {
		return err
	}
	if c.AccessToken, err = d.api.Token(ctx); err != nil {
		return err
	}
	d.creds, d.day = c, !found && !d.Once && !d.NoDay
	if !found {
		all := shops
		if !d.day {
			all = shops[:1]
		}
		if d.creds.StoreID, d.creds.MenuID, err = seedShops(ctx, d.api, c.AppID, all); err != nil {
			return err
		}
	}
	if d.day {
		if err := d.seedApps(ctx); err != nil {
			return err
		}
	}
	return d.creds.save(d.Data)
}

// firstOrder places the sample order and waits until the POS has heard of it, answered it and heard of its own answer.
func (d *demo) firstOrder(ctx context.Context) (*timeline, string, error) {
	diner, err := client.New(client.Config{Server: d.creds.BaseURL, CAFile: d.creds.CAFile, Agent: "Comanda-Demo"})
	if err != nil {
		return nil, "", err
	}
	defer diner.Close()
	path := "/api/v1.0/" + d.creds.AppID + "/storefront"
	basket := Basket(d.creds.StoreID)
	quote, err := client.Data[struct{ Amount wire.Decimal }](ctx, diner, http.MethodPost, path+"/quotes", basket)
	if err != nil {
		return nil, "", notTaken(err)
	}
	basket["ExpectedAmount"] = quote.Amount
	committed, err := d.commitTime(ctx)
	if err != nil {
		return nil, "", err
	}
	story := &timeline{start: clock.Mono()}
	order, err := client.Data[struct {
		OrderId       int
		TrackingToken string
	}](ctx, diner, http.MethodPost, path+"/orders", basket, "Idempotency-Key", rand.Text())
	if err != nil {
		return nil, "", notTaken(err)
	}
	d.creds.OrderID = order.OrderId
	story.Steps = append(story.Steps, Step{What: "order sent by the diner"})
	confirmed := clock.Mono()
	story.at(<-committed, fmt.Sprintf("order %d and its event committed", order.OrderId))
	story.at(confirmed, "the diner sees it confirmed")
	created, err := wait(ctx, d.pos.heard, d.pos.failed, order.OrderId, "order.created")
	if err != nil {
		return nil, "", err
	}
	story.at(created.At, "order.created received by the POS, signature verified")
	answered, err := wait(ctx, d.pos.accepted, d.pos.failed, order.OrderId, "accepted")
	if err != nil {
		return nil, "", err
	}
	story.at(answered.At, fmt.Sprintf("order accepted by the POS, %d minutes promised", acceptMinutes))
	accepted, err := wait(ctx, d.pos.heard, d.pos.failed, order.OrderId, "order.accepted")
	if err != nil {
		return nil, "", err
	}
	story.at(accepted.At, "order.accepted received by the POS, everybody knows")
	story.sort() // a webhook can overtake the answer to the call that caused it
	return story, d.creds.BaseURL + path + "/orders/" + order.TrackingToken, nil
}

// commitTime tells when the next event of the sample brand is committed: the log wakes its readers right after.
func (d *demo) commitTime(ctx context.Context) (<-chan time.Time, error) {
	brand, err := d.server.Accounts.BrandByAppID(ctx, d.creds.AppID)
	if err != nil {
		return nil, err
	}
	wake, when := d.server.Log.Wake(brand.ID), make(chan time.Time, 1)
	go func() {
		select {
		case <-wake:
			when <- clock.Mono()
		case <-ctx.Done():
		}
	}()
	return when, nil
}

// errNotTaken says that the shop refused the sample order, rather than that a part failed.
var errNotTaken = errors.New("the shop does not take the sample order")

// notTaken marks a refusal for a reason of the shop: an item that is sold out, a store that is closed.
func notTaken(err error) error {
	var r *client.Refusal
	if errors.As(err, &r) && r.Status/100 == 4 {
		return fmt.Errorf("%w: %w", errNotTaken, err)
	}
	return err
}

// report prints the story, and what can still be used after it.
func (d *demo) report(told result) error {
	c := d.creds
	told.AppID, told.StoreID = c.AppID, c.StoreID
	if !d.Once {
		told.BaseURL = c.BaseURL
	} else {
		told.TrackingURL = ""
	}
	if !d.gone {
		told.Credentials = file(d.Data)
	}
	if d.JSON {
		return told.json(d.out)
	}
	if told.Refusal != "" {
		fmt.Fprintf(d.out, "\nComanda demo: %s\n", told.Refusal)
	} else {
		fmt.Fprintf(d.out, "\nComanda demo: one order through all of it\n\n")
		told.print(d.out)
	}
	fmt.Fprintln(d.out)
	if d.gone {
		return nil
	}
	if d.Once {
		fmt.Fprintf(d.out, "  Credentials    %s (keep it to yourself)\n", told.Credentials)
		return nil
	}
	fmt.Fprintf(d.out, `  Portal         %[1]s/portal/%[2]s (sign in as accountEmail and accountPassword of demo.json)
  Developer hub  %[1]s/developers
  API reference  %[1]s/developers/reference
  API            %[1]s/api/v1.0/%[2]s/…
  Mailbox        %[3]s/mailbox
`, c.BaseURL, c.AppID, d.server.AdminURL())
	if told.TrackingURL != "" {
		fmt.Fprintf(d.out, "  The order      %s\n", told.TrackingURL)
	}
	fmt.Fprintf(d.out, `  Credentials    %[4]s (keep it to yourself)

  List the orders as an integration:

    curl --cacert %[1]s \
      -H "Authorization: Bearer %[2]s" \
      "%[3]s/api/v1.0/orders?limit=5"

  Serving until you press Ctrl-C.
`, c.CAFile, c.AccessToken, c.BaseURL, told.Credentials)
	return nil
}

// freeAddress returns the address itself when it can be listened on, else a free port of its host.
func freeAddress(address string) (string, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("--listen: %q is not an address such as 127.0.0.1:8443", address)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		if l, err = net.Listen("tcp", net.JoinHostPort(host, "0")); err != nil {
			return "", err
		}
	}
	free := l.Addr().String()
	return free, l.Close()
}
