package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	streamCount = 1000
	streamsEach = 20               // as many as one caller may have
	streamQuiet = 10 * time.Second // for what opening them left behind
)

var errNotServed = errors.New("not served")

// streams measures what idle streams of events cost in memory.
func (b *bench) streams() error {
	c, remove, err := b.install("streams")
	if err != nil {
		return err
	}
	defer remove()
	if err := seed(context.Background(), sowing{config: c, brands: 1, apps: streamCount / streamsEach}); err != nil {
		return err
	}
	p, _, err := b.serve(c, "streams")
	if err != nil {
		return err
	}
	defer p.kill()
	time.Sleep(3 * time.Second)
	before, err := p.rss()
	if err != nil {
		return err
	}
	listener, said, err := b.child(exec.Command(b.self, "listen", c.Data, strconv.Itoa(streamCount)))
	if err != nil {
		return err
	}
	defer listener.kill()
	if said != "open" {
		b.print("streams: %s", said)
		return nil
	}
	time.Sleep(streamQuiet)
	after, err := p.rss()
	if err != nil {
		return err
	}
	peak, err := p.peak()
	if err != nil {
		return err
	}
	used, err := p.cpu()
	if err != nil {
		return err
	}
	time.Sleep(streamQuiet)
	later, err := p.cpu()
	if err != nil {
		return err
	}
	mb := func(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
	each := fmt.Sprintf("%.1f kB", float64(after-before)/1e3/streamCount)
	idle := fmt.Sprintf("%.1f %%", 100*(later-used).Seconds()/streamQuiet.Seconds())
	b.print("%d idle streams: RSS %s before, %s with them (%s each), at most %s, %s of a core", streamCount, mb(before), mb(after), each, mb(peak), idle)
	b.tables.add(fmt.Sprintf("%s idle streams of events (server-sent events over HTTPS, a connection each)", thousands(streamCount)),
		"engine|RSS without|RSS with them|each|RSS at most|CPU of a core", b.engineName(), mb(before), mb(after), each, mb(peak), idle)
	return p.stop()
}

// listen keeps streams of all the OAuth apps open until it is killed: it prints "open" when all of them are, or why not.
func listen(data string, n int) error {
	s, err := readSeeded(data)
	if err != nil {
		return err
	}
	roots, err := s.roots()
	if err != nil {
		return err
	}
	client := newClient(roots)
	var tokens []string
	for _, g := range s.Apps {
		token, err := g.token(client, clientCredentials)
		if err != nil {
			return err
		}
		tokens = append(tokens, token.AccessToken)
	}
	request := "GET /api/v1.0/" + s.Brands[0].AppID + "/events/stream HTTP/1.1\r\nHost: " + strings.TrimPrefix(s.BaseURL, "https://") +
		"\r\nAccept: text/event-stream\r\nAuthorization: Bearer %s\r\n\r\n"
	address := strings.TrimPrefix(s.BaseURL, "https://")
	config := &tls.Config{RootCAs: roots, ServerName: "localhost", ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	var opening, open sync.WaitGroup
	failed := make(chan error, n)
	turns := make(chan struct{}, 16)
	for i := range n {
		turns <- struct{}{}
		opening.Add(1)
		open.Go(func() {
			conn, err := tls.Dial("tcp", address, config)
			if err == nil {
				err = begin(conn, fmt.Sprintf(request, tokens[i%len(tokens)]))
			}
			<-turns
			opening.Done()
			if err == nil {
				_, _ = io.Copy(io.Discard, conn)
				err = errors.New("the server ended a stream")
			}
			failed <- err
		})
	}
	opening.Wait()
	select {
	case err := <-failed:
		fmt.Println(err)
		return err
	default:
	}
	fmt.Println("open")
	fmt.Fprintln(os.Stderr, <-failed)
	open.Wait()
	return nil
}

// begin asks for a stream and reads the header of the answer.
func begin(conn *tls.Conn, request string) error {
	if _, err := io.WriteString(conn, request); err != nil {
		return err
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil) //nolint:bodyclose // it is read until the process is killed
	if err != nil {
		return err
	}
	switch {
	case res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusNotImplemented:
		return errNotServed
	case res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream"):
		return errors.New("the stream was answered " + res.Status)
	}
	return nil
}
