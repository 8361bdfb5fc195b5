package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"

	"comanda/account"
	"comanda/account/passkey"
	"comanda/customer"
	"comanda/driver"
	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/localca"
	"comanda/internal/mail"
	"comanda/internal/web"
	"comanda/menu"
	"comanda/notice"
	"comanda/oauth"
	"comanda/order"
	"comanda/payment"
	"comanda/payment/simulator"
	"comanda/payment/stripe"
	"comanda/requestlog"
	"comanda/sink"
	"comanda/store"
	"comanda/voucher"
	"comanda/webhook"
)

// Server is one node: every part, made once.
type Server struct {
	DB        *db.DB
	Log       *event.Log
	Accounts  *account.Accounts
	Passkeys  *passkey.Passkeys
	Stores    *store.Stores
	Menus     *menu.Menus
	Vouchers  *voucher.Vouchers
	Customers *customer.Customers
	Payments  *payment.Payments
	Orders    *order.Orders
	Drivers   *driver.Drivers
	OAuth     *oauth.Server
	Webhooks  *webhook.Webhooks
	Requests  *requestlog.Log
	Sinks     *sink.Sinks
	Notices   *notice.Notices
	CA        *localca.Authority
	Mail      *mail.Outbox
	Mailbox   *mail.Mailbox // where messages stay: those of sandbox brands to customers, and all that have no way out

	simulator     *simulator.Simulator
	config        Config
	embedded      Embedding // what a program that drives this server itself stands for
	public        string
	listener      net.Listener
	adminListener net.Listener   // nil without --admin
	lock          *db.FolderLock // nil on PostgreSQL
	door          http.Handler
	metrics       *metrics
	masterKey     []byte
	ready         chan struct{}
	stopping      atomic.Bool
	stopped       chan struct{} // closed when it is about to stop
}

// Open makes every part of a node and takes the listening addresses. Nothing is served before Run.
func Open(ctx context.Context, c Config) (*Server, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	s := &Server{config: c, metrics: newMetrics(), ready: make(chan struct{}), stopped: make(chan struct{})}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) open(ctx context.Context) (err error) {
	c := s.config
	if s.listener, err = net.Listen("tcp", c.Listen); err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	if c.Admin != "" {
		if s.adminListener, err = net.Listen("tcp", c.Admin); err != nil {
			return fmt.Errorf("--admin: %w", err)
		}
	}
	if s.CA, err = localca.Open(filepath.Join(c.Data, "tls"), c.hosts()); err != nil {
		return err
	}
	if err := s.assemble(ctx, c.publicURL(s.listener.Addr())); err != nil {
		return err
	}
	s.metrics.database(s.DB)
	s.metrics.webhooks(s.Webhooks)
	s.metrics.requestLog(s.Requests)
	s.metrics.sinks(s.Sinks)
	s.metrics.people(s.Accounts, s.Mail, s.Notices)
	s.door, err = s.doors()
	return err
}

// assemble opens the database and makes the parts in the order of the layers.
func (s *Server) assemble(ctx context.Context, public string) (err error) {
	c := s.config
	s.public = public
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return err
	}
	if c.DatabaseURL == "" {
		if s.lock, err = db.LockFolder(c.Data); err != nil {
			return err
		}
	}
	if s.DB, err = db.Open(ctx, c.Database()); err != nil {
		return err
	}
	key, err := masterKey(ctx, s.DB, c.MasterKeyFile)
	if err != nil {
		return err
	}
	s.masterKey = key
	s.Log = event.NewLog(s.DB)
	by, err := s.channels()
	if err != nil {
		return err
	}
	if s.Mail, err = mail.NewOutbox(s.DB, key, by); err != nil {
		return err
	}
	s.Accounts = account.New(s.DB, s.Log, account.Config{SignUp: account.SignUpMode(c.Signup), PublicURL: public, MasterKey: key, Mail: s.Mail})
	if s.Passkeys, err = passkey.New(s.Accounts, key, public); err != nil {
		return err
	}
	s.Stores = store.New(s.DB, s.Log, s.Accounts)
	s.Menus = menu.New(s.DB, s.Log, s.Accounts, s.Stores)
	s.Customers = customer.New(s.DB, s.Log, s.Accounts)
	s.Vouchers = voucher.New(s.DB, s.Log, s.Accounts, s.Stores)
	s.simulator = simulator.New(s.DB)
	s.Payments, err = payment.New(s.DB, s.Accounts, payment.Config{MasterKey: key, PublicURL: public, Providers: []payment.Provider{s.simulator, stripe.New(stripe.API)}, Parallel: s.embedded.Parallel})
	if err != nil {
		return err
	}
	s.Orders = order.New(s.DB, s.Log, s.Accounts, s.Stores, s.Menus, s.Vouchers, s.Customers, s.Payments)
	s.Drivers = driver.New(s.DB, s.Accounts, s.Stores, s.Orders, s.Mail)
	if s.OAuth, err = oauth.New(s.DB, s.Log, s.Accounts, oauth.Config{Issuer: public + "/identity", MasterKey: key, Origin: web.Origin{Proxies: c.BehindProxy}, Stores: s.Stores}); err != nil {
		return err
	}
	if s.Webhooks, err = webhook.New(s.DB, s.Log, s.Accounts, s.OAuth, webhook.Config{MasterKey: key, Allow: c.WebhookAllow, LogBytes: c.WebhookLog, Release: c.Version, Transport: s.embedded.Webhooks}); err != nil {
		return err
	}
	s.Notices = notice.New(s.DB, s.Log, s.Accounts, s.Stores, s.Mail, notice.Config{Sandbox: s.Mailbox, TextsOfBrand: c.SMSOfBrand, TextsOfAll: c.SMSOfAll})
	s.Requests = requestlog.New(s.DB, s.Accounts, c.RequestLog)
	return s.openSinks()
}

// PublicURL is the address under which clients reach this server.
func (s *Server) PublicURL() string { return s.public }

// AdminURL is where /livez, /metrics and the rest for the operator are; empty without --admin.
func (s *Server) AdminURL() string {
	if s.adminListener == nil {
		return ""
	}
	return "http://" + s.adminListener.Addr().String()
}

// Ready is closed when the server answers.
func (s *Server) Ready() <-chan struct{} { return s.ready }
