package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"comanda/event"
	"comanda/internal/client"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/localca"
	"comanda/webhook"
)

// State says how a part of an installation is.
type State string

// The states: as it should be, worth a look, and broken.
const (
	OK   State = "ok"
	Warn State = "warn"
	Fail State = "fail"
)

// Finding is what Doctor says about one part of an installation. It names no secret and no person, so that it can be sent to
// whoever helps.
type Finding struct {
	Check string
	State State
	Text  string
	Mend  string `json:",omitempty"` // what to do; empty when nothing is to be done
}

const (
	checkTimeout = 15 * time.Second
	clockSlack   = 2 * time.Second // between this machine's clock and the database's
	certSlack    = 14 * 24 * time.Hour
)

// Doctor looks at an installation, running or not, and changes nothing. It tells each finding as soon as there is one, and
// returns them all. What cannot be looked at because of an earlier failure is left out.
func Doctor(ctx context.Context, c Config, tell func(Finding)) []Finding {
	x := &examination{config: c}
	defer func() {
		if x.db != nil {
			_ = x.db.Close()
		}
	}()
	var all []Finding
	for _, check := range []struct {
		name  string
		look  func(context.Context) Finding
		final bool // nothing after it makes sense when it fails
	}{
		{"configuration", x.configuration, true},
		{"data folder", x.folder, true},
		{"database", x.database, true},
		{"master key", x.masterKey, false},
		{"certificate", x.certificate, false},
		{"server", x.server, false},
		{"public address", x.address, false},
		{"mail", x.mail, false},
		{"clock", x.clock, false},
		{"webhooks", x.webhooks, false},
	} {
		within, cancel := context.WithTimeout(ctx, checkTimeout)
		found := check.look(within)
		cancel()
		found.Check = check.name
		all = append(all, found)
		tell(found)
		if ctx.Err() != nil || check.final && found.State == Fail {
			break
		}
	}
	return all
}

// examination is one run of Doctor.
type examination struct {
	config Config
	db     *db.DB
}

func ok(format string, args ...any) Finding {
	return Finding{State: OK, Text: fmt.Sprintf(format, args...)}
}

func warn(mend, format string, args ...any) Finding {
	return Finding{State: Warn, Text: fmt.Sprintf(format, args...), Mend: mend}
}

func broken(mend string, err error) Finding {
	return Finding{State: Fail, Text: strings.TrimSuffix(err.Error(), ".") + ".", Mend: mend}
}

func (x *examination) configuration(context.Context) Finding {
	if err := x.config.validate(); err != nil {
		return broken("Correct the flag, or its twin in the environment.", err)
	}
	return ok("The flags and the environment can work.")
}

func (x *examination) folder(context.Context) Finding {
	info, err := os.Stat(x.config.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return broken("Name the installation's folder with --data, or start the server, which makes it.", fmt.Errorf("there is no folder %s", x.config.Data))
	case err != nil:
		return broken("Run this as the user that the server runs as.", err)
	case !info.IsDir():
		return broken("Name a folder with --data.", fmt.Errorf("%s is no folder", x.config.Data))
	}
	var open []string
	for _, file := range []string{x.config.MasterKeyFile, filepath.Join(x.config.Data, "tls", "ca.key"), filepath.Join(x.config.Data, "tls", "server.key")} {
		if info, err := os.Stat(file); err == nil && info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
			open = append(open, file)
		}
	}
	if open != nil {
		return warn("chmod 600 "+strings.Join(open, " "), "Other users of the machine can read a key.")
	}
	return ok("%s is there, and its keys are readable by their owner only.", x.config.Data)
}

func (x *examination) database(ctx context.Context) Finding {
	var err error
	if x.db, err = existing(ctx, x.config); err != nil {
		return broken("Check --data and --database-url, and that the database runs; after an upgrade start the server once.", err)
	}
	if err := x.db.Ping(ctx); err != nil {
		return broken("Look at the database's own log.", err)
	}
	return ok("It is %s, answers, and has the tables of this version.", x.db.Engine())
}

func (x *examination) masterKey(ctx context.Context) Finding {
	const mend = "Put the installation's master.key back, or name it with --master-key-file."
	key, err := x.config.readMasterKey()
	if err != nil {
		return broken(mend, err)
	}
	var have string
	err = x.db.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(sqlReadKey).Scan(&have) })
	switch {
	case errors.Is(err, db.ErrNoRows):
		return warn("Start the server once.", "The database has not been used with a key yet.")
	case err != nil:
		return broken("Look at the database's own log.", err)
	case have != fingerprint(key):
		return broken(mend, fmt.Errorf("%s is not the master key of this database", x.config.MasterKeyFile))
	}
	return ok("It is the one of this database. Keep a copy apart from the backups.")
}

func (x *examination) certificate(context.Context) Finding {
	leaf, err := localca.Look(filepath.Join(x.config.Data, "tls"), x.config.hosts())
	if err != nil {
		return broken("Start the server: it issues what is missing.", err)
	}
	if left := leaf.NotAfter.Sub(clock.Now()); left < certSlack {
		return warn("Restart the server, and see why its log says that it cannot renew it.", "It ends on %s, and should have been renewed.", leaf.NotAfter.Format(time.DateOnly))
	}
	return ok("It is for %s and good until %s.", strings.Join(slices.Concat(leaf.DNSNames, addresses(leaf.IPAddresses)), ", "), leaf.NotAfter.Format(time.DateOnly))
}

func addresses(all []net.IP) []string {
	out := make([]string, len(all))
	for i, ip := range all {
		out[i] = ip.String()
	}
	return out
}

// server asks the running server whether it is ready.
func (x *examination) server(ctx context.Context) Finding {
	if x.config.Admin == "" {
		return warn("", "Without --admin nobody can ask the server how it is.")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+x.config.Admin+"/readyz", nil)
	if err != nil {
		return broken("Write an address such as 127.0.0.1:9090.", fmt.Errorf("--admin: %q is no address", x.config.Admin))
	}
	answer, err := (&http.Client{Timeout: checkTimeout}).Do(r)
	if err != nil {
		return broken("Start it, or name its admin address with --admin.", fmt.Errorf("no server answers at %s", x.config.Admin))
	}
	defer func() { _ = answer.Body.Close() }()
	var said struct{ Status string }
	if err := json.NewDecoder(answer.Body).Decode(&said); err != nil {
		return broken("Name the server's own address with --admin.", fmt.Errorf("what answers at %s is no Comanda", x.config.Admin))
	}
	if answer.StatusCode != http.StatusOK {
		return broken("Its log says more.", fmt.Errorf("it is not ready: %s", said.Status))
	}
	return ok("It is ready.")
}

// address calls the server as its clients do, from this machine.
func (x *examination) address(ctx context.Context) Finding {
	public := x.config.PublicURL
	if public == "" {
		_, port, _ := net.SplitHostPort(x.config.Listen)
		public = "https://localhost:" + port
	}
	api, err := client.New(client.Config{Server: public, CAFile: filepath.Join(x.config.Data, "tls", "ca.pem"), Agent: "comanda/" + x.config.Version})
	if err != nil {
		return broken("Start the server once.", err)
	}
	defer api.Close()
	pong, err := client.Data[string](ctx, api, http.MethodGet, "/api/v1.0/heartbeat", nil)
	switch {
	case err != nil:
		return broken("See that its name leads here, that the proxy in front forwards to --listen, and that the port is open.", err)
	case pong != "Pong":
		return broken("See where its name leads.", fmt.Errorf("what answers at %s is no Comanda", public))
	}
	return ok("%s answers.", public)
}

func (x *examination) mail(ctx context.Context) Finding {
	server, err := x.config.mailServer()
	switch {
	case err != nil:
		return broken("Correct --smtp-url, --smtp-password-file or --mail-from.", err)
	case server == nil:
		return warn("Name a mail server with --smtp-url.", "There is no mail server: messages stay at /mailbox of the admin address, and reach nobody.")
	}
	if err := server.Check(ctx); err != nil {
		return broken("Check host, port, user and password of --smtp-url.", err)
	}
	return ok("The mail server takes us in.")
}

// clock compares this machine's time with the database's, and with what happened last.
func (x *examination) clock(ctx context.Context) Finding {
	const mend = "Let a time service set the clock of every machine."
	there, err := x.db.Clock(ctx)
	if err != nil {
		return broken("Look at the database's own log.", err)
	}
	off := clock.Now().Sub(there).Round(time.Second)
	if off.Abs() > clockSlack {
		return warn(mend, "This machine's clock and the database's are %s apart.", off.Abs())
	}
	var newest time.Time
	err = x.db.Read(ctx, func(tx *db.Tx) (err error) {
		newest, err = event.Newest(tx)
		return err
	})
	if err != nil {
		return broken("Look at the database's own log.", err)
	}
	if ahead := newest.Sub(clock.Now()); ahead > clockSlack {
		return warn(mend, "The newest event happened %s from now: the clock was set back.", ahead.Round(time.Second))
	}
	return ok("This machine, the database and the log agree.")
}

// webhooks connects to the hosts that deliveries go to.
func (x *examination) webhooks(ctx context.Context) Finding {
	hosts, err := webhook.Reach(ctx, x.db, x.config.WebhookAllow)
	if err != nil {
		return broken("Look at the database's own log.", err)
	}
	var lost []string
	for _, h := range hosts {
		if h.Failure != "" {
			lost = append(lost, h.Name+" ("+h.Failure+")")
		}
	}
	switch {
	case len(hosts) == 0:
		return ok("No subscription is enabled.")
	case lost != nil:
		return warn("Tell the developers of these integrations, unless this machine has no way out; their subscriptions show what failed.",
			"%d of %d hosts cannot be connected to: %s.", len(lost), len(hosts), strings.Join(lost, ", "))
	}
	return ok("Every host that deliveries go to can be connected to (%d).", len(hosts))
}
