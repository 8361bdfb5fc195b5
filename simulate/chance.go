package simulate

import (
	crypto "crypto/rand"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"

	"comanda/internal/clock"
)

// derandomize has all that the program draws from the system's source of randomness drawn from a seed: tokens, ids, secrets. It is
// for good: a program that has done so must not serve anybody.
func derandomize(seed uint64) {
	s := &source{seed: seed}
	crypto.Reader = s
	uuid.SetRand(s)
}

// source is an io.Reader for parallel use. What it gives at an instant depends on nothing that was drawn at others, and on nothing
// of another length, which is for something else: so the ids in the log are the same whatever goes on beside it, such as
// a webhook that is tried again or a message that is put into the outbox.
type source struct {
	seed uint64

	mu    sync.Mutex
	at    time.Time
	drawn map[int]*rand.ChaCha8 // by length
}

var _ io.Reader = (*source)(nil)

func (s *source) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := clock.Mono()
	if !now.Equal(s.at) {
		s.at, s.drawn = now, map[int]*rand.ChaCha8{}
	}
	from := s.drawn[len(p)]
	if from == nil {
		seed := seedOf(s.seed, "drawn")
		binary.BigEndian.PutUint64(seed[16:], uint64(len(p)))
		binary.BigEndian.PutUint64(seed[24:], uint64(now.UnixNano()))
		from = rand.NewChaCha8(seed)
		s.drawn[len(p)] = from
	}
	return from.Read(p)
}

func seedOf(seed uint64, what string) (out [32]byte) {
	binary.BigEndian.PutUint64(out[:], seed)
	copy(out[8:], what)
	return out
}

// chance is a source of its own for one thing, so that what is decided about it depends on nothing else: the seventh diner
// orders the same whatever became of the sixth.
func (s *sim) chance(what string, of int) *rand.Rand {
	seed := seedOf(s.Seed, what)
	binary.BigEndian.PutUint64(seed[24:], uint64(of))
	return rand.New(rand.NewChaCha8(seed)) //nolint:gosec // chance, not secrecy
}

// oneIn reports whether something happens that does so once in n times.
func oneIn(n int, chance *rand.Rand) bool { return chance.IntN(n) == 0 }

// pick draws by weight.
func pick[T any](chance *rand.Rand, all []weighted[T]) T {
	sum := 0
	for _, w := range all {
		sum += w.weight
	}
	at := chance.IntN(sum)
	for _, w := range all {
		if at -= w.weight; at < 0 {
			return w.what
		}
	}
	panic("simulate: weights do not sum up")
}

type weighted[T any] struct {
	what   T
	weight int
}
