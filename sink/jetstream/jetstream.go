// Package jetstream is the sink that publishes to a stream of NATS JetStream.
//
// The subject is comanda.<brand>.<event name>, Nats-Msg-Id the event's id: within the stream's duplicate window a
// repetition is dropped by the server. A message is published when the one before it is acknowledged, because only then
// an answer that gets lost, or a change of the stream's leader, cannot turn two around.
package jetstream

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"comanda/sink"
)

const (
	connectTimeout = 5 * time.Second
	ackTimeout     = 10 * time.Second
	reconnectWait  = time.Second
	// A stream that we make keeps events as long as the log does by itself, and knows repetitions of the last while.
	keep       = 90 * 24 * time.Hour
	duplicates = 10 * time.Minute

	codeTooLarge = 10054 // "message size exceeds maximum allowed", of the stream
)

type destination struct {
	servers  string
	options  []nats.Option
	stream   string
	prefix   string
	create   bool
	replicas int

	conn  *nats.Conn
	down  <-chan nats.Status // has a value when the connection broke
	js    jetstream.JetStream
	ready bool // the stream was seen on this connection
}

var (
	streamName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	subject    = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)
)

// New reads an address such as nats://user:password@host:4222?stream=COMANDA. Options: stream, prefix (of subjects), create
// (false: the stream is there), replicas (of a stream that is made), creds (a file); a user without a password is a token.
func New(a *sink.Address) (func() sink.Destination, error) {
	d := destination{
		stream: a.Option("stream", "COMANDA"), prefix: a.Option("prefix", "comanda"),
		options: []nats.Option{
			nats.Name("comanda sink " + a.Name), nats.Timeout(connectTimeout), nats.MaxReconnects(-1), nats.ReconnectWait(reconnectWait),
			nats.ReconnectBufSize(-1), // what cannot be sent now fails now
		},
	}
	if !streamName.MatchString(d.stream) {
		return nil, fmt.Errorf("stream=%.80q: take letters, digits, _ and -", d.stream)
	}
	if !subject.MatchString(d.prefix) {
		return nil, fmt.Errorf("prefix=%.80q: take words of letters, digits, _ and - with dots between them", d.prefix)
	}
	if a.Path != "" {
		return nil, fmt.Errorf("/%.40s: a NATS address has no path; name the stream by ?stream=", a.Path)
	}
	var err error
	if d.create, err = a.Flag("create", true); err != nil {
		return nil, err
	}
	if d.replicas, err = a.Number("replicas", 1); err != nil {
		return nil, err
	}
	servers := make([]string, len(a.Hosts))
	for i, h := range a.Hosts {
		servers[i] = "nats://" + h
	}
	d.servers = strings.Join(servers, ",")
	switch {
	case a.User != "" && a.Password != "":
		d.options = append(d.options, nats.UserInfo(a.User, a.Password))
	case a.User != "":
		d.options = append(d.options, nats.Token(a.User))
	}
	if file := a.Option("creds", ""); file != "" {
		d.options = append(d.options, nats.UserCredentials(file))
	}
	if a.TLS != nil {
		d.options = append(d.options, nats.Secure(a.TLS))
	}
	return func() sink.Destination { one := d; return &one }, nil
}

// Send publishes the messages one after another.
func (d *destination) Send(ctx context.Context, messages []sink.Message) error {
	if err := d.connect(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() { // an acknowledgement does not come over another connection
		select {
		case <-d.down:
			cancel(errNotConnected)
		case <-ctx.Done():
		}
	}()
	var refused sink.Refused
	for i, m := range messages {
		reason, err := d.publish(ctx, m)
		if err != nil {
			d.ready = false // the stream may be another one, or none
			if errors.Is(err, errNotConnected) {
				return fmt.Errorf("%s: %w", d.servers, err)
			}
			return fmt.Errorf("publish to stream %s: %w", d.stream, err)
		}
		if reason != "" {
			refused = append(refused, sink.Refusal{Index: i, Reason: reason})
		}
	}
	if refused != nil {
		return refused
	}
	return nil
}

// publish returns why a message will never be taken.
func (d *destination) publish(ctx context.Context, m sink.Message) (refused string, err error) {
	msg := &nats.Msg{Subject: d.prefix + "." + m.Brand + "." + m.Name, Data: m.Body, Header: nats.Header{}}
	for _, h := range m.Headers() {
		msg.Header[h[0]] = []string{h[1]}
	}
	ctx, cancel := context.WithTimeout(ctx, ackTimeout)
	defer cancel()
	_, err = d.js.PublishMsg(ctx, msg, jetstream.WithMsgID(m.ID), jetstream.WithExpectStream(d.stream), jetstream.WithRetryAttempts(0))
	var api *jetstream.APIError
	switch {
	case errors.Is(err, nats.ErrMaxPayload), errors.As(err, &api) && api.ErrorCode == codeTooLarge:
		return fmt.Sprintf("%d bytes are too large for stream %s", len(m.Body), d.stream), nil
	case err != nil && errors.Is(context.Cause(ctx), errNotConnected):
		return "", errNotConnected
	case errors.Is(err, jetstream.ErrNoStreamResponse), errors.Is(err, nats.ErrNoResponders):
		return "", fmt.Errorf("no stream takes the subject %s: add %s.> to its subjects", msg.Subject, d.prefix)
	}
	return "", err
}

var errNotConnected = errors.New("the connection to the server broke")

// connect makes the connection, the first time, and the stream.
func (d *destination) connect(ctx context.Context) (err error) {
	if d.conn == nil {
		if d.conn, err = nats.Connect(d.servers, d.options...); err != nil {
			return fmt.Errorf("connect to %s: %w", d.servers, err)
		}
		if d.js, err = jetstream.New(d.conn); err != nil {
			d.Close()
			return err
		}
		d.down = d.conn.StatusChanged(nats.RECONNECTING, nats.CLOSED)
	}
	select {
	case <-d.down: // in the past
	default:
	}
	if !d.conn.IsConnected() {
		return errNotConnected
	}
	if d.ready {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	_, err = d.js.Stream(ctx, d.stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) && d.create {
		_, err = d.js.CreateStream(ctx, jetstream.StreamConfig{
			Name: d.stream, Subjects: []string{d.prefix + ".>"}, Description: "Comanda's event log",
			Storage: jetstream.FileStorage, Replicas: d.replicas, MaxAge: keep, Duplicates: duplicates,
		})
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another lane was faster
			err = nil
		}
	}
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("the stream %s is not there: make it, or leave out create=false", d.stream)
	}
	if err != nil {
		return fmt.Errorf("stream %s: %w", d.stream, err)
	}
	d.ready = true
	return nil
}

// Close ends the connection.
func (d *destination) Close() {
	if d.conn != nil {
		d.conn.Close()
		d.conn, d.js, d.ready = nil, nil, false
	}
}
