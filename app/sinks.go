package app

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"comanda/internal/db"
	"comanda/sink"
	"comanda/sink/jetstream"
	"comanda/sink/kafka"
)

// destinations are the kinds of sinks, by the scheme of their address.
var destinations = map[string]func(*sink.Address) (func() sink.Destination, error){
	"nats":  jetstream.New,
	"kafka": kafka.New,
}

// sinks reads the addresses in --sink. Its errors never show one, because passwords stand in them.
func (c *Config) sinks() ([]sink.Config, error) {
	var out []sink.Config
	for i, text := range c.Sinks {
		one, err := destination(text)
		if err != nil {
			return nil, fmt.Errorf("--sink (number %d): %w", i+1, err)
		}
		out = append(out, one)
	}
	return out, nil
}

func destination(text string) (sink.Config, error) {
	a, err := sink.ParseAddress(text)
	if err != nil {
		return sink.Config{}, err
	}
	kind, ok := destinations[a.Scheme]
	if !ok {
		return sink.Config{}, fmt.Errorf("%.20s:// is no kind of sink; there are %s", a.Scheme, strings.Join(slices.Sorted(maps.Keys(destinations)), " and "))
	}
	open, err := kind(a)
	if err == nil {
		err = a.Unknown()
	}
	return sink.Config{Name: a.Name, From: a.From, Open: open}, err
}

// openSinks makes the sinks of the configuration.
func (s *Server) openSinks() (err error) {
	configs, err := s.config.sinks()
	if err != nil {
		return err
	}
	slug := func(tx *db.Tx, brand int) (string, error) {
		b, err := s.Accounts.LoadBrand(tx, brand)
		return b.AppID, err
	}
	s.Sinks, err = sink.New(s.DB, s.Log, slug, configs...)
	if err != nil {
		err = fmt.Errorf("--sink: %w", err)
	}
	return err
}
