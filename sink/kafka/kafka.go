// Package kafka is the sink that produces to a topic of Kafka, or of what speaks its protocol.
//
// The key is the event's subject, such as order/1001, so that the events of one order are in one partition in their
// sequence. The producer is idempotent and every in-sync replica acknowledges.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"comanda/sink"
)

const (
	connectTimeout = 5 * time.Second
	sendTimeout    = 10 * time.Second
	retryWait      = 250 * time.Millisecond
	// What one message costs beside its body: headers, key and framing.
	overhead = 512
)

type destination struct {
	options  []kgo.Opt
	maxBytes int
	key      func(sink.Message) string

	client *kgo.Client
}

var topicName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,249}$`)

// New reads an address such as kafka://user:password@one:9092,two:9092/topic?sasl=scram-sha-512. Options: create (false: the
// topic is there), sasl (plain, scram-sha-256, scram-sha-512; plain when there is a user), key (subject or brand),
// max-bytes (of a batch, and so of a message).
func New(a *sink.Address) (func() sink.Destination, error) {
	d := destination{}
	if a.Path == "" {
		a.Path = "comanda"
	}
	if !topicName.MatchString(a.Path) {
		return nil, fmt.Errorf("/%.80s: a topic's name has letters, digits, dots, _ and - only", a.Path)
	}
	create, err := a.Flag("create", true)
	if err != nil {
		return nil, err
	}
	if d.maxBytes, err = a.Number("max-bytes", 1_000_012); err != nil {
		return nil, err
	}
	if d.maxBytes < 1024 || d.maxBytes > 64<<20 {
		return nil, fmt.Errorf("max-bytes=%d: take 1024 to %d", d.maxBytes, 64<<20)
	}
	switch key := a.Option("key", "subject"); key {
	case "subject":
		d.key = func(m sink.Message) string { return m.Subject }
	case "brand":
		d.key = func(m sink.Message) string { return m.Brand }
	default:
		return nil, fmt.Errorf("key=%.20q: take subject or brand", key)
	}
	d.options = []kgo.Opt{
		kgo.SeedBrokers(a.Hosts...), kgo.ClientID("comanda"), kgo.DefaultProduceTopic(a.Path),
		kgo.RequiredAcks(kgo.AllISRAcks()), kgo.ProducerBatchMaxBytes(int32(d.maxBytes)),
		kgo.ManualFlushing(), // one batch for each partition and flush: it is taken as a whole or not at all
		kgo.ProduceRequestTimeout(connectTimeout), kgo.RecordDeliveryTimeout(sendTimeout), kgo.DialTimeout(connectTimeout),
		kgo.MetadataMinAge(retryWait), kgo.RetryBackoffFn(func(int) time.Duration { return retryWait }),
	}
	if create {
		d.options = append(d.options, kgo.AllowAutoTopicCreation())
	}
	if a.TLS != nil {
		d.options = append(d.options, kgo.DialTLSConfig(a.TLS))
	}
	mechanism := a.Option("sasl", "plain")
	scramAuth := scram.Auth{User: a.User, Pass: a.Password}
	switch {
	case mechanism == "plain" && a.User == "":
	case a.User == "" || a.Password == "":
		return nil, errors.New("sasl wants a user and a password: kafka://user:password@host, or password-file=")
	case mechanism == "plain":
		d.options = append(d.options, kgo.SASL(plain.Auth{User: a.User, Pass: a.Password}.AsMechanism()))
	case mechanism == "scram-sha-256":
		d.options = append(d.options, kgo.SASL(scramAuth.AsSha256Mechanism()))
	case mechanism == "scram-sha-512":
		d.options = append(d.options, kgo.SASL(scramAuth.AsSha512Mechanism()))
	default:
		return nil, fmt.Errorf("sasl=%.20q: take plain, scram-sha-256 or scram-sha-512", mechanism)
	}
	return func() sink.Destination { one := d; return &one }, nil
}

// Send produces the messages, as many at once as fit one batch. When a batch is too large for the topic, its messages go
// again in halves until the one is alone that will never be taken.
func (d *destination) Send(ctx context.Context, messages []sink.Message) error {
	if d.client == nil {
		client, err := kgo.NewClient(d.options...)
		if err != nil {
			return err
		}
		d.client = client
		if err := d.ping(ctx); err != nil {
			d.Close()
			return err
		}
	}
	var refused sink.Refused
	limit := d.maxBytes
	pending := make([]int, len(messages))
	for i := range pending {
		pending[i] = i
	}
	for len(pending) > 0 {
		n, size := 0, 0
		for ; n < len(pending); n++ {
			if size += cost(messages[pending[n]]); size > limit && n > 0 {
				break
			}
		}
		large, err := d.produce(ctx, messages, pending[:n])
		if err != nil {
			d.Close() // the next try is made with a producer that remembers nothing
			return err
		}
		rest := pending[n:]
		switch len(large) {
		case 0:
		case 1:
			m := messages[large[0]]
			refused = append(refused, sink.Refusal{Index: large[0], Reason: fmt.Sprintf("%d bytes are too large for the topic", len(m.Body))})
		default:
			limit = 0
			for _, i := range large {
				limit += cost(messages[i]) / 2
			}
			rest = append(large, rest...)
		}
		pending = rest
	}
	if refused != nil {
		return refused
	}
	return nil
}

// ping tells at once when there is no broker or it lets nobody in: producing would go on trying.
func (d *destination) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	err := d.client.Ping(ctx)
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("no broker answers: it ends the connection (is the user, the password or tls= wrong?): %w", err)
	}
	if err != nil {
		return fmt.Errorf("no broker answers: %w", err)
	}
	return nil
}

func cost(m sink.Message) int { return len(m.Body) + len(m.Subject) + overhead }

// produce sends some of the messages and waits for all acknowledgements. It returns those in batches that are too large.
func (d *destination) produce(ctx context.Context, messages []sink.Message, which []int) (large []int, err error) {
	type answer struct {
		index int
		err   error
	}
	answers := make(chan answer, len(which))
	for _, i := range which {
		m := messages[i]
		r := &kgo.Record{Key: []byte(d.key(m)), Value: m.Body}
		for _, h := range m.Headers() {
			r.Headers = append(r.Headers, kgo.RecordHeader{Key: h[0], Value: []byte(h[1])})
		}
		d.client.TryProduce(ctx, r, func(_ *kgo.Record, err error) { answers <- answer{i, err} })
	}
	flushing, cancel := context.WithTimeout(ctx, sendTimeout+connectTimeout)
	defer cancel()
	if err := d.client.Flush(flushing); err != nil {
		return nil, fmt.Errorf("no acknowledgement: %w", err)
	}
	failed := map[int]bool{}
	for range which {
		a := <-answers
		switch {
		case a.err == nil:
		case errors.Is(a.err, kerr.MessageTooLarge), errors.Is(a.err, kerr.RecordListTooLarge):
			failed[a.index] = true
		default:
			err = a.err
		}
	}
	for _, i := range which {
		if failed[i] {
			large = append(large, i)
		}
	}
	return large, err
}

// Close ends the client without waiting for brokers that do not answer.
func (d *destination) Close() {
	if d.client == nil {
		return
	}
	d.client.UnsafeAbortBufferedRecords()
	d.client.Close()
	d.client = nil
}
