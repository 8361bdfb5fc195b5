package api_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"comanda/api"
	"comanda/event"
	"comanda/internal/apptest"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/wire"
)

// A stream outlives the time for one write, also when nothing happens in it.
func TestAQuietStreamLivesOn(t *testing.T) {
	for _, h2 := range []bool{false, true} {
		k := apptest.New(t, dbtest.SQLite(t))
		s, h := serveProtocol(k, nil, h2)
		api.Pace(h, 200*time.Millisecond, time.Hour, 50*time.Millisecond)
		l := listen(k, s, apptest.Owner, "", "")
		if h2 != (l.body.ProtoMajor == 2) {
			t.Fatal(l.body.Proto)
		}
		for beats := 0; beats < 3; {
			if !l.lines.Scan() {
				t.Fatalf("%s: the stream ended after %d beats: %v", l.body.Proto, beats, l.lines.Err())
			}
			if l.lines.Text() == ":" {
				beats++
			}
		}
	}
}

// A client that does not read is cut off and leaves nothing behind.
func TestAClientThatDoesNotReadIsCutOff(t *testing.T) {
	for name, open := range map[string]struct {
		h2   bool
		deaf func(*apptest.Kit, string) // returns when the stream is open
	}{
		"HTTP/1.1":                            {false, deafPlainly},
		"HTTP/2, the stream only":             {true, func(k *apptest.Kit, url string) { deafByHTTP2(k, url, 64<<10, false) }},
		"HTTP/2, the connection, wide window": {true, func(k *apptest.Kit, url string) { deafByHTTP2(k, url, 1<<30, true) }},
	} {
		t.Run(name, func(t *testing.T) {
			k := apptest.New(t, dbtest.SQLite(t))
			s, h := serveProtocol(k, nil, open.h2)
			api.Pace(h, time.Hour, time.Hour, 50*time.Millisecond)
			open.deaf(k, s.URL)
			if n := api.OpenStreams(h); n != 1 {
				t.Fatal(n, "are open")
			}
			appendBig(k, 24) // more than all buffers between the two hold
			for api.OpenStreams(h) != 0 {
				select {
				case <-t.Context().Done():
					t.Fatal("still open")
				case <-time.After(time.Millisecond):
				}
			}
		})
	}
}

// deafPlainly reads that the stream is open, and no more.
func deafPlainly(k *apptest.Kit, url string) {
	k.Helper()
	plain, err := (&net.Dialer{}).DialContext(k.Context(), "tcp", strings.TrimPrefix(url, "https://"))
	k.Must(err)
	k.Must(plain.(*net.TCPConn).SetReadBuffer(4096))
	c := tls.Client(plain, &tls.Config{InsecureSkipVerify: true})
	k.Cleanup(func() { _ = c.Close() })
	_, err = fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", k.Expand(eventSSE), apptest.Owner)
	k.Must(err)
	line := make([]byte, 12)
	_, err = c.Read(line)
	k.Must(err)
	if string(line) != "HTTP/1.1 200" {
		k.Fatal(string(line))
	}
}

// deafByHTTP2 opens a stream and leaves its body alone and, with all, the whole connection.
func deafByHTTP2(k *apptest.Kit, url string, window int, all bool) {
	k.Helper()
	var deaf atomic.Bool
	ended := make(chan struct{})
	k.Cleanup(func() { close(ended) })
	client := &http.Transport{
		ForceAttemptHTTP2: true,
		HTTP2:             &http.HTTP2Config{MaxReceiveBufferPerConnection: window, MaxReceiveBufferPerStream: window},
		DialTLSContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			t := tls.Client(&halting{c, &deaf, ended}, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
			return t, t.HandshakeContext(ctx)
		},
	}
	r, err := http.NewRequestWithContext(k.Context(), http.MethodGet, url+k.Expand(eventSSE), nil)
	k.Must(err)
	r.Header.Set("Authorization", "Bearer "+apptest.Owner)
	w, err := client.RoundTrip(r)
	k.Must(err)
	if w.StatusCode != http.StatusOK || w.ProtoMajor != 2 {
		k.Fatal(w.Status, w.Proto)
	}
	deaf.Store(all)
}

// halting reads nothing while deaf is set.
type halting struct {
	net.Conn
	deaf  *atomic.Bool
	ended <-chan struct{}
}

func (c *halting) Read(b []byte) (int, error) {
	if c.deaf.Load() {
		<-c.ended
	}
	return c.Conn.Read(b)
}

// appendBig puts events of half a megabyte into the log of the kit's brand.
func appendBig(k *apptest.Kit, n int) {
	k.Helper()
	for range n {
		rec, err := event.Encode(event.New{Brand: k.Brand.ID, AppID: k.Brand.AppID, Body: &wire.MenuUpdatedEvent{Description: strings.Repeat("x", 512<<10)}})
		k.Must(err)
		k.Must(k.DB.Write(k.Context(), func(tx *db.Tx) error { k.Log.Append(tx, rec); return nil }))
	}
}
