// Package passkey runs the two ceremonies of WebAuthn: adding a passkey to an account, and signing in by one that the
// authenticator finds by itself. It owns no tables: package account keeps the passkeys. Package identity calls it.
//
//	Begin… ─→ options for the browser's script, and a handle that comes back with its answer
//	Finish… ─→ the answer is verified; it counts once
//
// What a challenge was made for stands in its handle, sealed. A passkey must verify the person (by a fingerprint, a face
// or a PIN of the device), so that it is two factors.
package passkey

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/fault"
	"comanda/internal/seal"
)

const (
	// life is how long a person may take to answer.
	life = 5 * time.Minute
	// maxAnswer bounds what a browser may answer, in bytes.
	maxAnswer = 32 << 10
)

// Passkeys runs the ceremonies. It is safe for parallel use.
type Passkeys struct {
	accounts *account.Accounts
	web      *webauthn.WebAuthn // nil: the public address is no name
	box      *seal.Box
}

// New makes the ceremonies of an installation. Passkeys belong to the host of the public URL; where that is an IP address,
// which the specification does not allow, every ceremony is refused.
func New(accounts *account.Accounts, masterKey []byte, publicURL string) (*Passkeys, error) {
	u, err := url.Parse(publicURL)
	if err != nil {
		return nil, fmt.Errorf("passkey: public URL: %w", err)
	}
	p := &Passkeys{accounts: accounts}
	if p.box, err = seal.New(masterKey, "passkey ceremony"); err != nil {
		return nil, fmt.Errorf("passkey: %w", err)
	}
	if net.ParseIP(u.Hostname()) != nil {
		return p, nil
	}
	enforced := webauthn.TimeoutConfig{Enforce: true, Timeout: life, TimeoutUVD: life}
	p.web, err = webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: "Comanda", RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired,
		},
		Timeouts: webauthn.TimeoutsConfig{Login: enforced, Registration: enforced},
	})
	if err != nil {
		return nil, fmt.Errorf("passkey: %w", err)
	}
	return p, nil
}

// ceremony is what a handle says.
type ceremony struct {
	Account int // who adds a passkey; 0 = a sign-in
	Session webauthn.SessionData
	Until   int64
}

// person is an account as the library wants it.
type person struct {
	id          []byte
	name, shown string
	credentials []webauthn.Credential
}

func (p person) WebAuthnID() []byte                         { return p.id }
func (p person) WebAuthnName() string                       { return p.name }
func (p person) WebAuthnDisplayName() string                { return p.shown }
func (p person) WebAuthnCredentials() []webauthn.Credential { return p.credentials }

// BeginRegistration starts adding a passkey: options are for navigator.credentials.create, the handle goes to
// FinishRegistration. For the person themselves, signed in recently.
func (p *Passkeys) BeginRegistration(ctx context.Context, c *account.Caller) (options json.RawMessage, handle string, err error) {
	if err := p.ready(); err != nil {
		return nil, "", err
	}
	if err := c.RequireRecent(); err != nil {
		return nil, "", err
	}
	who, err := p.person(ctx, c)
	if err != nil {
		return nil, "", err
	}
	var have []protocol.CredentialDescriptor
	for _, cred := range who.credentials {
		have = append(have, cred.Descriptor())
	}
	creation, session, err := p.web.BeginRegistration(who, webauthn.WithExclusions(have))
	if err != nil {
		return nil, "", fmt.Errorf("passkey: begin registration: %w", err)
	}
	return p.begun(creation, ceremony{Account: c.Account, Session: *session})
}

// FinishRegistration adds the passkey of the browser's answer under a name. A wrong or late answer is an Invalid fault.
func (p *Passkeys) FinishRegistration(ctx context.Context, c *account.Caller, handle, name string, answer []byte) error {
	if err := p.ready(); err != nil {
		return err
	}
	cer, err := p.open(handle)
	if err != nil {
		return err
	}
	if cer.Account == 0 || cer.Account != c.Account {
		return tooLate()
	}
	who, err := p.person(ctx, c)
	if err != nil {
		return err
	}
	parsed, err := parseCreation(answer)
	if err != nil {
		return err
	}
	cred, err := p.web.CreateCredential(who, cer.Session, parsed)
	if err != nil {
		return wrongAnswer()
	}
	doc, err := json.Marshal(cred)
	if err != nil {
		return fmt.Errorf("passkey: %w", err)
	}
	return p.accounts.AddPasskey(ctx, c, account.Passkey{Credential: cred.ID, Name: name, Doc: string(doc)}, cred.Authenticator.SignCount)
}

// BeginSignIn starts a sign-in by whatever passkey the person has for this site: options are for
// navigator.credentials.get, the handle goes to FinishSignIn.
func (p *Passkeys) BeginSignIn(context.Context) (options json.RawMessage, handle string, err error) {
	if err := p.ready(); err != nil {
		return nil, "", err
	}
	assertion, session, err := p.web.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, "", fmt.Errorf("passkey: begin sign-in: %w", err)
	}
	return p.begun(assertion, ceremony{Session: *session})
}

// FinishSignIn signs in whoever's passkey made the answer. Every wrong answer is Unauthenticated with the same text.
func (p *Passkeys) FinishSignIn(ctx context.Context, v account.Visitor, handle string, answer []byte) (account.SignedIn, error) {
	if err := p.ready(); err != nil {
		return account.SignedIn{}, err
	}
	cer, err := p.open(handle)
	if err != nil {
		return account.SignedIn{}, err
	}
	if cer.Account != 0 {
		return account.SignedIn{}, tooLate()
	}
	parsed, err := parseAssertion(answer)
	if err != nil {
		return account.SignedIn{}, err
	}
	var known account.Passkey
	var away error // the database's, not the answer's
	find := func(rawID, _ []byte) (webauthn.User, error) {
		var err error
		if known, err = p.accounts.PasskeyOf(ctx, rawID); err != nil {
			if fault.KindOf(err) != fault.NotFound {
				away = err
			}
			return nil, err
		}
		var cred webauthn.Credential
		if err := json.Unmarshal([]byte(known.Doc), &cred); err != nil {
			away = fmt.Errorf("passkey: stored credential: %w", err)
			return nil, away
		}
		return person{id: p.accounts.PasskeyUser(known.Account), credentials: []webauthn.Credential{cred}}, nil
	}
	_, cred, err := p.web.ValidatePasskeyLogin(find, cer.Session, parsed)
	switch {
	case away != nil:
		return account.SignedIn{}, away
	case err != nil || cred.Authenticator.CloneWarning:
		return account.SignedIn{}, notAccepted()
	}
	doc, err := json.Marshal(cred)
	if err != nil {
		return account.SignedIn{}, fmt.Errorf("passkey: %w", err)
	}
	known.Doc = string(doc)
	if err := p.accounts.UsePasskey(ctx, known, cred.Authenticator.SignCount, cer.Session.Challenge, life); err != nil {
		return account.SignedIn{}, err
	}
	return p.accounts.SignInPasskey(ctx, v, known.Account, parsed.Response.AuthenticatorData.Flags.UserVerified())
}

// person is the caller with their passkeys. It refuses whoever is not a person who acts for themselves.
func (p *Passkeys) person(ctx context.Context, c *account.Caller) (person, error) {
	list, err := p.accounts.Passkeys(ctx, c)
	if err != nil {
		return person{}, err
	}
	who := person{id: p.accounts.PasskeyUser(c.Account), name: c.Email, shown: c.Name}
	for _, k := range list {
		var cred webauthn.Credential
		if err := json.Unmarshal([]byte(k.Doc), &cred); err != nil {
			return person{}, fmt.Errorf("passkey: stored credential: %w", err)
		}
		who.credentials = append(who.credentials, cred)
	}
	return who, nil
}

func (p *Passkeys) begun(options any, c ceremony) (json.RawMessage, string, error) {
	raw, err := json.Marshal(options)
	if err != nil {
		return nil, "", err
	}
	c.Until = clock.Micros(clock.Now().Add(life))
	value, err := json.Marshal(c)
	if err != nil {
		return nil, "", err
	}
	return raw, base64.RawURLEncoding.EncodeToString(p.box.Seal(value, "handle")), nil
}

func (p *Passkeys) open(handle string) (c ceremony, err error) {
	sealed, err := base64.RawURLEncoding.DecodeString(handle)
	if err != nil || len(handle) > maxAnswer {
		return c, tooLate()
	}
	value, err := p.box.Open(sealed, "handle")
	if err != nil || json.Unmarshal(value, &c) != nil || clock.Micros(clock.Now()) >= c.Until {
		return c, tooLate()
	}
	return c, nil
}

func (p *Passkeys) ready() error {
	if p.web != nil {
		return nil
	}
	return fault.New(fault.Conflict, "Passkeys belong to a host name, and this server is reached by an IP address.").
		With("Start it with --public-url and a name.")
}

// parseCreation reads what a browser answers to BeginRegistration.
func parseCreation(answer []byte) (*protocol.ParsedCredentialCreationData, error) {
	if len(answer) > maxAnswer {
		return nil, wrongAnswer()
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return nil, wrongAnswer()
	}
	return parsed, nil
}

// parseAssertion reads what a browser answers to BeginSignIn.
func parseAssertion(answer []byte) (*protocol.ParsedCredentialAssertionData, error) {
	if len(answer) > maxAnswer {
		return nil, notAccepted()
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return nil, notAccepted()
	}
	return parsed, nil
}

func tooLate() error {
	return fault.New(fault.Gone, "This took too long, or was begun elsewhere.").With("Begin again.")
}

func wrongAnswer() error {
	return fault.New(fault.Invalid, "The answer of the authenticator is not the one that was asked for.").With("Begin again.")
}

func notAccepted() error {
	return fault.New(fault.Unauthenticated, "This passkey was not accepted.").With("Try again, or sign in another way.")
}
