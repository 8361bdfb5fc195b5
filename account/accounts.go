package account

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"sync/atomic"
	"time"

	"comanda/event"
	"comanda/internal/cache"
	"comanda/internal/db"
	"comanda/internal/mail"
	"comanda/internal/seal"
)

// SignUpMode says who may make an account.
type SignUpMode string

// The modes of --signup.
const (
	SignUpFirst  SignUpMode = "first"  // only the first account of the installation
	SignUpInvite SignUpMode = "invite" // nobody by themselves
	SignUpOpen   SignUpMode = "open"   // everybody
)

// ParseSignUpMode reads a mode as an operator writes it; empty is first.
func ParseSignUpMode(s string) (SignUpMode, error) {
	switch m := SignUpMode(s); m {
	case "":
		return SignUpFirst, nil
	case SignUpFirst, SignUpInvite, SignUpOpen:
		return m, nil
	}
	return "", fmt.Errorf("sign-up mode %q is none of first, invite, open", s)
}

// Config is what an installation decides.
type Config struct {
	SignUp    SignUpMode   // empty = first
	CountryID string       // ISO 3166 code of a new brand that names no country; empty = IE
	PublicURL string       // base of links to public files, without a slash at its end
	Hashing   Hashing      // zero = the strength for production
	Mail      *mail.Outbox // nil = one of its own, which nobody empties
	MasterKey []byte       // seal.KeySize bytes, what is kept sealed and peppered depends on it; nil = one that dies with the process
}

// brandTTL is how long another node may go on seeing a brand as it was.
const brandTTL = 1500 * time.Millisecond

// Accounts is the door to accounts, brands and memberships. It is safe for parallel use.
type Accounts struct {
	db     *db.DB
	log    *event.Log
	cfg    Config
	hash   *hasher
	brands *cache.Cache[int, Brand]
	ids    *cache.Cache[string, int] // appId in lower case → brand id; a brand keeps its appId for ever

	mail     *mail.Outbox
	handles  *seal.Box
	totp     *seal.Box
	pepper   []byte // of what is stored as keyed digests
	sessions *cache.Cache[sessionDigest, Session]
	patience patience
	refused  atomic.Int64
	deferred atomic.Int64

	stores   func(tx *db.Tx, brand int) ([]int, error)
	onChange []func(brand int)
}

// New makes the door. It panics when the master key has a wrong length.
func New(d *db.DB, log *event.Log, cfg Config) *Accounts {
	if cfg.SignUp == "" {
		cfg.SignUp = SignUpFirst
	}
	if cfg.CountryID == "" {
		cfg.CountryID = "IE"
	}
	if cfg.MasterKey == nil {
		cfg.MasterKey = seal.NewKey()
	}
	if cfg.Mail == nil {
		var err error
		if cfg.Mail, err = mail.NewOutbox(d, cfg.MasterKey, nil); err != nil {
			panic(err)
		}
	}
	return &Accounts{
		mail:    cfg.Mail,
		handles: box(cfg.MasterKey, "account handle"), totp: box(cfg.MasterKey, "authenticator app"), pepper: pepper(cfg.MasterKey),
		sessions: cache.New[sessionDigest, Session](sessionTTL, 20_000), patience: newPatience(),
		db: d, log: log, cfg: cfg, hash: newHasher(cfg.Hashing),
		brands: cache.New[int, Brand](brandTTL, 10_000),
		ids:    cache.New[string, int](time.Hour, 10_000),
	}
}

func box(masterKey []byte, purpose string) *seal.Box {
	b, err := seal.New(masterKey, purpose)
	if err != nil {
		panic(err)
	}
	return b
}

func pepper(masterKey []byte) []byte {
	p, err := hkdf.Key(sha256.New, masterKey, nil, "comanda account pepper", sha256.Size)
	if err != nil {
		panic(err)
	}
	return p
}

// OnChange registers what this node does at once when it changes what somebody may do on a brand. Other nodes find out by
// the time their caches keep. Call it before serving.
func (a *Accounts) OnChange(fn func(brand int)) { a.onChange = append(a.onChange, fn) }

func (a *Accounts) changed(brand int) {
	a.brands.Evict(brand)
	for _, fn := range a.onChange {
		fn(brand)
	}
}
