package event

import (
	"encoding/json"
	"fmt"

	"comanda/internal/db"
	"comanda/wire"
)

// empty makes an empty event of each class by its name.
var empty = func() map[string]func() wire.Event {
	out := map[string]func() wire.Event{}
	for _, list := range [][]wire.CatalogueEntry{wire.Catalogue, wire.Own} {
		for _, e := range list {
			out[e.Name] = e.New
		}
	}
	return out
}()

// Redact takes a person out of the events of a subject: redact overwrites what is theirs in each body, and the rest of the
// event stays as it is, its Position too. Readers on this node see it once tx has committed; those on others at the latest
// when they see the event that reports the erasure, which ends what their tails remember.
func (l *Log) Redact(tx *db.Tx, brand int, subject string, redact func(wire.Event)) error {
	events, err := scan(tx.Query(sqlOfSubject, brand, subject))
	if err != nil {
		return err
	}
	for _, e := range events {
		body, err := redacted(e, redact)
		if err != nil {
			return fmt.Errorf("event: redact %s: %w", e.ID, err)
		}
		if _, err := tx.Exec(sqlRedact, brand, e.Position, string(body)); err != nil {
			return err
		}
	}
	tx.AfterCommit(func() {
		t := l.tail(brand)
		t.mu.Lock()
		defer t.mu.Unlock()
		l.held.add(l, t, t.forget())
	})
	return nil
}

func redacted(e Event, redact func(wire.Event)) ([]byte, error) {
	class, known := empty[e.Name]
	if !known {
		return nil, fmt.Errorf("the class of %s is not known", e.Name)
	}
	body := class()
	if err := json.Unmarshal(e.Body, body); err != nil {
		return nil, err
	}
	redact(body)
	return json.Marshal(body)
}

// forget drops what the tail remembers and returns by how much that changed its bytes. The caller holds mu.
func (t *tail) forget() int {
	freed := -t.bytes
	t.ring, t.bytes = nil, 0
	return freed
}
