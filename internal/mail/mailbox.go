package mail

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"comanda/internal/clock"
)

// mailboxSize is how many messages a Mailbox keeps.
const mailboxSize = 100

// Mailbox is the sender of an installation without a mail server or a gateway for text messages: it keeps the last hundred messages in memory, for the
// operator to read on the admin listener. It is safe for parallel use.
type Mailbox struct {
	mu    sync.Mutex
	kept  []Delivered // oldest first
	count int
}

// Delivered is a message in a Mailbox.
type Delivered struct {
	Message
	Number int // counts from 1
	At     time.Time
}

// Send implements Sender.
func (b *Mailbox) Send(ctx context.Context, m Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count++
	b.kept = append(b.kept, Delivered{Message: m, Number: b.count, At: clock.Now()})
	if len(b.kept) > mailboxSize {
		b.kept = slices.Delete(b.kept, 0, 1)
	}
	level := slog.LevelInfo
	if m.About != "" { // as with every order
		level = slog.LevelDebug
	}
	slog.Log(ctx, level, "a message went into the development mailbox: see /mailbox on the admin address", "number", b.count)
	return nil
}

// Messages are those that are kept, newest first.
func (b *Mailbox) Messages() []Delivered {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := slices.Clone(b.kept)
	slices.Reverse(out)
	return out
}
