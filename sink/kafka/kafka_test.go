package kafka_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/localca"
	"comanda/sink"
	"comanda/sink/kafka"
	"comanda/sink/sinktest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func cluster(t *testing.T, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func address(c *kfake.Cluster) string { return "kafka://" + strings.Join(c.ListenAddrs(), ",") }

func config(t *testing.T, text string) sink.Config {
	t.Helper()
	c, err := configOf(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func configOf(text string) (sink.Config, error) {
	a, err := sink.ParseAddress(text)
	if err != nil {
		return sink.Config{}, err
	}
	open, err := kafka.New(a)
	if err == nil {
		err = a.Unknown()
	}
	return sink.Config{Name: a.Name, From: a.From, Open: open}, err
}

// all reads a topic as it stands there, one partition after another.
func all(t *testing.T, c *kfake.Cluster, topic string) (got []sinktest.Arrived, partitions map[string][]int32) {
	t.Helper()
	consumer, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer consumer.Close()
	n := int64(0)
	for _, p := range c.PartitionInfos(topic) {
		n += p.HighWatermark
	}
	partitions = map[string][]int32{}
	ctx, cancel := context.WithTimeout(t.Context(), sinktest.Patience)
	defer cancel()
	for int64(len(got)) < n {
		fetches := consumer.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			h := map[string]string{}
			for _, x := range r.Headers {
				h[x.Key] = string(x.Value)
			}
			position, _ := strconv.ParseInt(h["Comanda-Position"], 10, 64)
			a := sinktest.Arrived{ID: h["Comanda-Id"], Brand: h["Comanda-Brand"], Subject: h["Comanda-Subject"], Position: position, Body: string(r.Value)}
			if h["Comanda-Name"] != "order.created" {
				t.Errorf("headers %v", h)
			}
			got = append(got, a)
			if !slices.Contains(partitions[string(r.Key)], r.Partition) {
				partitions[string(r.Key)] = append(partitions[string(r.Key)], r.Partition)
			}
		})
	}
	return got, partitions
}

// bySubject holds what arrived against the sequence within each order; the partitions mix the orders.
func bySubject(t *testing.T, got []sinktest.Arrived, want int) (twice int) {
	t.Helper()
	last, seen := map[string]int64{}, map[string]bool{}
	for _, a := range got {
		if seen[a.ID] {
			twice++
			continue
		}
		seen[a.ID] = true
		if a.Position <= last[a.Subject] {
			t.Fatalf("%s: position %d came after %d", a.Subject, a.Position, last[a.Subject])
		}
		last[a.Subject] = a.Position
	}
	if len(seen) != want {
		t.Errorf("%d events came, want %d", len(seen), want)
	}
	return twice
}

func TestEventsArriveInSequenceOfTheirOrders(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := cluster(t, kfake.SeedTopics(5, "events"))
		w := sinktest.New(t, d)
		for b := 1; b <= 3; b++ {
			w.Burst(b, 700)
		}
		stop := w.Run(w.Sinks(config(t, address(c)+"/events?from=oldest")))
		sinktest.Eventually(t, "the cursors are at the heads", func() bool {
			return w.Cursor("kafka", 1) == 700 && w.Cursor("kafka", 2) == 700 && w.Cursor("kafka", 3) == 700
		})
		stop()
		got, partitions := all(t, c, "events")
		if twice := bySubject(t, got, 2100); twice != 0 {
			t.Errorf("%d came twice", twice)
		}
		used := map[int32]bool{}
		for key, p := range partitions {
			if len(p) != 1 || !strings.HasPrefix(key, "order/") {
				t.Errorf("key %s is in partitions %v", key, p)
			}
			used[p[0]] = true
		}
		if len(used) < 2 {
			t.Error("all orders are in one partition")
		}
	})
}

// With the brand as key a partition has the log's own sequence.
func TestKeyedByBrandTheSequenceIsTheLogs(t *testing.T) {
	c := cluster(t, kfake.SeedTopics(5, "events"))
	w := sinktest.New(t, dbtest.SQLite(t))
	w.Burst(1, 700)
	w.Burst(2, 700)
	w.Run(w.Sinks(config(t, address(c)+"/events?from=oldest&key=brand")))
	sinktest.Eventually(t, "the cursors are at the heads", func() bool { return w.Cursor("kafka", 1) == 700 && w.Cursor("kafka", 2) == 700 })
	got, _ := all(t, c, "events")
	w.Check(1, 1, got)
	w.Check(2, 1, got)
}

// Brokers that answer with errors, that answer nothing and that take what they do not acknowledge: all arrives, in sequence.
func TestFailuresOfBrokersLoseNothing(t *testing.T) {
	produce := int16(kmsg.Produce)
	for name, spoil := range map[string]func(*kfake.Cluster){
		"errors that pass": func(c *kfake.Cluster) {
			c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotLeaderForPartition, Count: 3}, kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas, Count: 3})
		},
		"errors for good": func(c *kfake.Cluster) {
			c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.TopicAuthorizationFailed, Count: 4})
		},
		"one partition": func(c *kfake.Cluster) {
			c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "events", Partitions: []int32{0}, Err: kerr.InvalidRequiredAcks, Count: 3})
		},
		"connections that break": func(c *kfake.Cluster) {
			n := 0
			c.ControlKey(produce, func(kmsg.Request) (kmsg.Response, error, bool) {
				c.KeepControl()
				n++
				return nil, fmt.Errorf("broken"), n%3 == 1 && n < 10
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := cluster(t, kfake.SeedTopics(3, "events"), kfake.NumBrokers(2))
			w := sinktest.New(t, dbtest.SQLite(t))
			w.Burst(1, 1500)
			spoil(c)
			s := w.Sinks(config(t, address(c)+"/events?from=oldest"))
			w.Run(s)
			sinktest.Eventually(t, "the cursor is at the head", func() bool { return w.Cursor("kafka", 1) == 1500 })
			got, _ := all(t, c, "events")
			twice := bySubject(t, got, 1500)
			if failed := s.Stats()[0].Failed; int64(twice) > failed*256 {
				t.Errorf("%d came twice after %d failures", twice, failed)
			} else {
				t.Logf("%d came twice after %d failed batches", twice, failed)
			}
			if lost := w.Lost("kafka"); lost != nil {
				t.Error("lost:", lost)
			}
		})
	}
}

// All brokers go away while events go on, and come back with what they had.
func TestBrokersThatRestartLoseNothing(t *testing.T) {
	dir := t.TempDir()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "events"), kfake.DataDir(dir), kfake.SyncWrites())
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(c.ListenAddrs()[0], ":")
	w := sinktest.New(t, dbtest.SQLite(t))
	w.Burst(1, 500)
	s := w.Sinks(config(t, address(c)+"/events?from=oldest"))
	w.Run(s)
	sinktest.Eventually(t, "some events are there", func() bool { return s.Stats()[0].Sent >= 256 })
	c.Close()
	w.Burst(1, 500)
	sinktest.Eventually(t, "the outage is seen", func() bool { return s.Stats()[0].Failed > 0 })
	p, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	c = cluster(t, kfake.NumBrokers(1), kfake.Ports(p), kfake.DataDir(dir), kfake.SyncWrites())
	sinktest.Eventually(t, "the cursor is at the head", func() bool { return w.Cursor("kafka", 1) == 1000 })
	got, _ := all(t, c, "events")
	if twice := bySubject(t, got, 1000); twice > 256 {
		t.Errorf("%d came twice", twice)
	}
}

// A batch can be too large for the topic though none of its messages is; a message that is too large is lost alone.
func TestWhatIsTooLargeIsLostAlone(t *testing.T) {
	for name, query := range map[string]string{"topic": "", "client": "&max-bytes=6000"} {
		t.Run(name, func(t *testing.T) {
			c := cluster(t)
			limit := "6000"
			configs := map[string]string{"max.message.bytes": limit}
			if name == "client" {
				configs = nil
			} else {
				// kfake does not hold batches against the topic's limit: we do.
				c.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
					c.KeepControl()
					return tooLarge(r.(*kmsg.ProduceRequest), 6000)
				})
			}
			if err := c.CreateTopic("events", 3, configs); err != nil {
				t.Fatal(err)
			}
			w := sinktest.New(t, dbtest.SQLite(t))
			w.Append(1, 100)
			w.Say(1, 1, noise(9000))
			w.Append(1, 100)
			w.Run(w.Sinks(config(t, address(c)+"/events?from=oldest"+query)))
			sinktest.Eventually(t, "the cursor is at the head", func() bool { return w.Cursor("kafka", 1) == 201 })
			got, _ := all(t, c, "events")
			if twice := bySubject(t, got, 200); twice != 0 {
				t.Errorf("%d came twice", twice)
			}
			if lost := w.Lost("kafka"); len(lost) != 1 || !strings.HasPrefix(lost[0], "1: 101-101 ") || !strings.Contains(lost[0], "too large") {
				t.Error("lost:", lost)
			}
		})
	}
}

// tooLarge answers a request whose batch is too large as a broker does.
func tooLarge(r *kmsg.ProduceRequest, limit int) (kmsg.Response, error, bool) {
	large := false
	answer := r.ResponseKind().(*kmsg.ProduceResponse)
	for _, topic := range r.Topics {
		at := kmsg.NewProduceResponseTopic()
		at.Topic, at.TopicID = topic.Topic, topic.TopicID
		for _, p := range topic.Partitions {
			ap := kmsg.NewProduceResponseTopicPartition()
			ap.Partition, ap.ErrorCode = p.Partition, kerr.MessageTooLarge.Code
			large = large || len(p.Records) > limit
			at.Partitions = append(at.Partitions, ap)
		}
		answer.Topics = append(answer.Topics, at)
	}
	return answer, nil, large
}

// noise does not get smaller by compression.
func noise(n int) string {
	var b strings.Builder
	x := uint32(1)
	for range n {
		x = x*1664525 + 1013904223
		b.WriteByte("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-"[x>>26])
	}
	return b.String()
}

func TestSignIn(t *testing.T) {
	message := []sink.Message{{ID: "x", Brand: "b", Subject: "order/1", Name: "order.created", Body: []byte("{}")}}
	dir := t.TempDir()
	ca, err := localca.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	server := ca.TLS()
	c := cluster(t, kfake.NumBrokers(1), kfake.EnableSASL(), kfake.TLS(&tls.Config{GetCertificate: server.GetCertificate, Certificates: server.Certificates, MinVersion: tls.VersionTLS12}),
		kfake.Superuser("PLAIN", "plain", "p@ss"), kfake.Superuser("SCRAM-SHA-256", "short", "p@ss"), kfake.Superuser("SCRAM-SHA-512", "long", "p@ss"), kfake.SeedTopics(1, "events"))
	host := "@" + strings.Replace(c.ListenAddrs()[0], "127.0.0.1", "localhost", 1) + "/events?ca=" + ca.CAFile()
	for _, good := range []string{
		"kafka://plain:p%40ss" + host, "kafka://short:p%40ss" + host + "&sasl=scram-sha-256", "kafka://long:p%40ss" + host + "&sasl=scram-sha-512",
	} {
		d := config(t, good).Open()
		if err := d.Send(t.Context(), message); err != nil {
			t.Errorf("%s: %v", good, err)
		}
		d.Close()
	}
	other := filepath.Join(dir, "other")
	if _, err := localca.Open(other, nil); err != nil {
		t.Fatal(err)
	}
	for bad, want := range map[string]string{
		"kafka://plain:wr0ng" + host:                                "the password",
		"kafka://short:p%40ss" + host + "&sasl=plain":               "the password",
		"kafka://long:wr0ng" + host + "&sasl=scram-sha-512":         "the password",
		strings.Replace("kafka://plain:p%40ss"+host, dir, other, 1): "certificate",
	} {
		d := config(t, bad).Open()
		err := d.Send(t.Context(), message)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "p@ss") || strings.Contains(err.Error(), "wr0ng") {
			t.Errorf("%s: %v, want %q", bad, err, want)
		}
		d.Close()
	}
}

func TestWrongOptionsAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"kafka://a/a/b":                  "a topic's name",
		"kafka://a/t?key=store":          "subject or brand",
		"kafka://a/t?create=sure":        "true or false",
		"kafka://a/t?max-bytes=10":       "1024 to",
		"kafka://a/t?sasl=gssapi":        "user and a password",
		"kafka://u:p@a/t?sasl=gssapi":    "scram-sha-256",
		"kafka://u@a/t":                  "user and a password",
		"kafka://a/t?sasl=scram-sha-256": "user and a password",
		"kafka://a/t?stream=X":           `no option "stream"`,
	} {
		if _, err := configOf(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
