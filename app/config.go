package app

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
)

// Config is everything an operator can set. The tags describe the flags of `comanda serve`; each has an environment twin
// named COMANDA_ and the flag's name in capitals.
type Config struct {
	Data          string         `help:"Folder of the keys, the certificates and (without --database-url) the database." default:"comanda-data" type:"path"`
	DatabaseURL   string         `name:"database-url" help:"PostgreSQL to use instead of the database in the data folder." placeholder:"postgres://…"`
	Listen        string         `help:"Address that serves HTTPS." default:":8443"`
	Admin         string         `help:"Address of /livez, /readyz and /metrics, plain HTTP; empty turns it off." default:"127.0.0.1:9090"`
	PublicURL     string         `name:"public-url" help:"Address under which clients reach this server: issuer of tokens and base of every link. Default: https://localhost and the listening port." placeholder:"https://…"`
	Signup        string         `help:"Who may sign up: only the first person (first), invited people (invite) or anybody (open)." enum:"first,invite,open" default:"first"`
	WebhookAllow  []netip.Prefix `help:"Private networks that webhooks may be sent to, as CIDR; all others are refused." placeholder:"CIDR"`
	WebhookLog    int64          `name:"webhook-log-bytes" help:"Bytes that the log of webhook attempts takes at most; the oldest attempts go first." default:"1073741824"`
	RequestLog    int64          `name:"request-log-bytes" help:"Bytes that the log of API requests takes at most; the oldest requests go first." default:"268435456"`
	DinerRate     float64        `name:"diner-rate" help:"Storefront requests a second that one address may send; negative for no limit." default:"10"`
	LogRetention  int            `name:"log-retention" help:"Days that events are kept, 31 at least." default:"90"`
	MasterKeyFile string         `name:"master-key-file" help:"File of the key that seals stored secrets, made at the first start. Nodes on one database share it. Default: master.key in the data folder." type:"path"`
	SMTPURL       string         `name:"smtp-url" help:"Mail server: smtps://user@host:465 or smtp://user@host:587. Without it mails stay in a mailbox at /mailbox on the admin address." placeholder:"smtps://…"`
	SMTPPassword  string         `name:"smtp-password-file" help:"File of the password for the mail server." type:"path"`
	SMSURL        string         `name:"sms-url" help:"Gateway for text messages, such as the PIN of a driver: it is sent JSON by POST. Without it they stay in the mailbox." placeholder:"https://…"`
	SMSToken      string         `name:"sms-token-file" help:"File of the bearer token for the gateway." type:"path"`
	SMSFrom       string         `name:"sms-from" help:"Sender of text messages, as the gateway allows it."`
	SMSOfBrand    int            `name:"sms-per-brand" help:"Text messages a day that customers of one brand are sent at most, about their orders; negative for none." default:"500"`
	SMSOfAll      int            `name:"sms-per-day" help:"Text messages a day that customers of all brands are sent at most; negative for none." default:"5000"`
	MailFrom      string         `name:"mail-from" help:"Sender of messages, such as \"Comanda <orders@example.com>\"."`
	Sinks         []string       `name:"sink" sep:" " help:"Destination that every event is copied to, repeatable: nats://host:4222?stream=COMANDA or kafka://host:9092/topic (docs/operations.md has the options)." placeholder:"URL"`
	SupportEmail  string         `name:"support-email" help:"Address that the Support page gives to people who need help." placeholder:"ADDRESS"`
	SupportURL    string         `name:"support-url" help:"Page that the Support page leads to, such as a ticket system." placeholder:"https://…"`
	DocsEditURL   string         `name:"docs-edit-url" help:"Where the files of the developer hub's guides can be edited; each page then has a link there." placeholder:"https://…"`
	Version       string         `kong:"-"` // of the program, shown in the API document and to webhook receivers
	BehindProxy   []netip.Prefix `help:"Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, as CIDR. They may speak plain HTTP to this server." placeholder:"CIDR"`
}

// validate finishes the defaults that depend on each other and refuses what cannot work, saying how to mend it.
func (c *Config) validate() error {
	if c.Data == "" {
		return errors.New("--data: name a folder for the keys and certificates")
	}
	if c.MasterKeyFile == "" {
		c.MasterKeyFile = filepath.Join(c.Data, "master.key")
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("--listen: %q is not an address such as :8443 or 192.0.2.7:443", c.Listen)
	}
	if c.LogRetention == 0 {
		c.LogRetention = 90
	}
	if least := int(event.MinRetention.Hours() / 24); c.LogRetention < least {
		return fmt.Errorf("--log-retention: %d days are too few; webhooks that failed must be repeatable for a month, so keep events for %d days at least", c.LogRetention, least)
	}
	if c.WebhookLog != 0 && c.WebhookLog < 1<<20 { // 0 = the default, where no flags were read
		return fmt.Errorf("--webhook-log-bytes: %d is too little to log anything; give at least 1048576", c.WebhookLog)
	}
	if _, err := c.sinks(); err != nil {
		return err
	}
	if _, err := account.NormaliseEmail(c.SupportEmail); c.SupportEmail != "" && err != nil {
		return fmt.Errorf("--support-email: %q is not an e-mail address such as help@example.com", c.SupportEmail)
	}
	if u, err := url.Parse(c.SupportURL); c.SupportURL != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
		return fmt.Errorf("--support-url: %q is not an address such as https://help.example.com", c.SupportURL)
	}
	if c.PublicURL == "" {
		return nil // decided by the listening port, see publicURL
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.User != nil {
		return fmt.Errorf("--public-url: %q must be an https address without a path, such as https://orders.example.com", c.PublicURL)
	}
	c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
	return nil
}

// Database says which engine this configuration opens.
func (c *Config) Database() db.Config {
	if c.DatabaseURL != "" {
		return db.Config{URL: c.DatabaseURL}
	}
	return db.Config{Path: filepath.Join(c.Data, "comanda.db")}
}

// hosts are the names that the server certificate must carry beside localhost.
func (c *Config) hosts() []string {
	var out []string
	if u, err := url.Parse(c.PublicURL); err == nil && u.Hostname() != "" {
		out = append(out, u.Hostname())
	}
	if host, _, err := net.SplitHostPort(c.Listen); err == nil && host != "" && !net.ParseIP(host).IsUnspecified() {
		out = append(out, host)
	}
	return out
}

// publicURL is the issuer and the base of every link. The Host header never is.
func (c *Config) publicURL(listening net.Addr) string {
	if c.PublicURL != "" {
		return c.PublicURL
	}
	_, port, _ := net.SplitHostPort(listening.String())
	return "https://localhost:" + port
}
