package app

import (
	"encoding/json"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"unicode"

	"comanda/internal/mail"
	"comanda/internal/mail/smtp"
)

// outbox makes the outbox of this node: for the mail server, or for the mailbox where there is none.
func (s *Server) outbox(masterKey []byte) (*mail.Outbox, error) {
	server, err := s.config.mailServer()
	switch {
	case err != nil:
		return nil, err
	case server == nil:
		s.Mailbox = &mail.Mailbox{}
		return mail.NewOutbox(s.DB, masterKey, s.Mailbox)
	}
	return mail.NewOutbox(s.DB, masterKey, server)
}

// mailServer is the mail server of a configuration, nil when it names none.
func (c *Config) mailServer() (*smtp.Sender, error) {
	if c.SMTPURL == "" {
		return nil, nil
	}
	password := ""
	if c.SMTPPassword != "" {
		raw, err := os.ReadFile(c.SMTPPassword)
		if err != nil {
			return nil, fmt.Errorf("--smtp-password-file: %w", err)
		}
		password = strings.TrimRight(string(raw), "\r\n")
	}
	return smtp.New(smtp.Config{URL: c.SMTPURL, Password: password, From: c.MailFrom})
}

var mailboxPage = template.Must(template.New("mailbox").Funcs(template.FuncMap{"pieces": pieces}).Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Mailbox</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 45rem; margin: 2rem auto; padding: 0 1rem; color: #1c1b1a; background: #fff }
article { border-top: 1px solid #cfcac4; padding: 1rem 0 }
h2 { font-size: 1rem; margin: 0 }
p { margin: 0 0 .5rem; color: #5f5a55 }
pre { font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0 }
</style>
<h1>Mailbox</h1>
<p>No mail server is set (--smtp-url), so messages stay here: the last hundred, until the server stops.</p>
{{range .}}<article>
<h2>{{.Subject}}</h2>
<p>To {{.To}}, <time>{{.At.Format "2006-01-02 15:04:05"}}</time> UTC, number {{.Number}}</p>
<pre>{{range pieces .Text}}{{if .Link}}<a href="{{.Text}}" rel="noreferrer">{{.Text}}</a>{{else}}{{.Text}}{{end}}{{end}}</pre>
</article>
{{else}}<p>It is empty.</p>
{{end}}</html>
`))

// piece is a part of a message's text: a link or what is between links.
type piece struct {
	Text string
	Link bool
}

// pieces finds the links of a text.
func pieces(text string) (out []piece) {
	for text != "" {
		i := strings.Index(text, "https://")
		if i < 0 {
			return append(out, piece{Text: text})
		}
		n := strings.IndexFunc(text[i:], unicode.IsSpace)
		if n < 0 {
			n = len(text) - i
		}
		link := text[i : i+n]
		_, err := url.Parse(link)
		out = append(out, piece{Text: text[:i]}, piece{Text: link, Link: err == nil})
		text = text[i+n:]
	}
	return out
}

// mailbox shows the messages that went nowhere, newest first: as a page, or with ?format=json for scripts.
func (s *Server) mailbox(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if host, _, _ := strings.Cut(r.Host, ":"); strings.Contains(host, ".") && net.ParseIP(host) == nil {
		// A foreign page whose name was made to point here must not read people's PINs.
		http.Error(w, "Open the mailbox by IP address or by a name without dots.", http.StatusForbidden)
		return
	}
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	messages := s.Mailbox.Messages()
	var err error
	if r.URL.Query().Get("format") == "json" {
		h.Set("Content-Type", "application/json")
		err = json.NewEncoder(w).Encode(messages)
	} else {
		h.Set("Content-Type", "text/html; charset=utf-8")
		err = mailboxPage.Execute(w, messages)
	}
	if err != nil {
		slog.DebugContext(r.Context(), "the mailbox page was not taken", "error", err)
	}
}
