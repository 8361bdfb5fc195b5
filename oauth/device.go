package oauth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

const (
	devicePrefix  = "cmd_dc_"
	deviceLife    = 10 * time.Minute
	devicePause   = 5 * time.Second // between two polls; a device that polls faster has to wait longer
	userCodeSigns = "BCDFGHJKLMNPQRSTVWXZ"
	userCodeSize  = 8
)

// deviceAnswer is what a device shows (RFC 8628, 3.2).
type deviceAnswer struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	Page       string `json:"verification_uri"`
	PageFilled string `json:"verification_uri_complete"`
	ExpiresIn  int    `json:"expires_in"`
	Interval   int    `json:"interval"`
}

func (s *Server) serveDevice(w http.ResponseWriter, r *http.Request) {
	answer, err := s.startDevice(r)
	if err != nil {
		refuse(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (s *Server) startDevice(r *http.Request) (deviceAnswer, error) {
	form, err := formOf(r)
	if err != nil {
		return deviceAnswer{}, err
	}
	address := s.cfg.Issuer + "/connect/deviceauthorization"
	c, err := s.authenticate(r, form, address)
	if err != nil {
		return deviceAnswer{}, err
	}
	thumbprint, err := s.proof(r.Context(), r.Header, r.Method, address, "")
	if err != nil {
		return deviceAnswer{}, err
	}
	scopes, _ := parseScope(form["scope"])
	if len(scopes) == 0 {
		return deviceAnswer{}, invalidScope("scope names none of the scopes that this server knows. See scopes_supported in the metadata.")
	}
	if c.id == CommandLine { // anybody can call as it, and each start is a row
		address := s.cfg.Origin.ClientIP(r)
		if wait := s.starts.Wait(address, ""); wait > 0 {
			return deviceAnswer{}, tooMany(wait, "Too many sign-ins were started from this address. Wait, then start one more.")
		}
		s.starts.Failed(address, "")
	}
	now := clock.Now()
	for range 4 { // a code that another device has by chance is tried again
		code, shown := newRandom(devicePrefix), newUserCode()
		digest := digestOf(code)
		var n int64
		err = s.db.Write(r.Context(), func(tx *db.Tx) (err error) {
			n, err = tx.Exec(sqlInsertDevice, digest[:], s.userCodeDigest(shown), c.id, scopes.String(), thumbprint,
				int(devicePause.Seconds()), clock.Micros(now), clock.Micros(now.Add(deviceLife)))
			return err
		})
		if err != nil {
			return deviceAnswer{}, wrap("start device", err)
		}
		if n == 1 {
			at := s.cfg.Issuer + "/device"
			return deviceAnswer{code, shown, at, at + "?user_code=" + url.QueryEscape(shown), int(deviceLife.Seconds()), int(devicePause.Seconds())}, nil
		}
	}
	return deviceAnswer{}, &problem{status: http.StatusServiceUnavailable, code: "temporarily_unavailable", description: "Try again in a moment.", retryAfter: time.Second}
}

// newUserCode makes a code such as WDJB-MJHT: consonants only, so that it is no word and no sign looks like another.
func newUserCode() string {
	var b strings.Builder
	for i := range userCodeSize {
		if i == userCodeSize/2 {
			b.WriteByte('-')
		}
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(userCodeSigns))))
		if err != nil {
			panic(err) // the system has no randomness: nothing may go on
		}
		b.WriteByte(userCodeSigns[n.Int64()])
	}
	return b.String()
}

// userCodeOf are the signs of a code that a person types, as they like, without what is no sign of a code.
func userCodeOf(typed string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(userCodeSigns, r) {
			return r
		}
		return -1
	}, strings.ToUpper(typed))
}

// userCodeDigest is what is stored of a code that a person types. It is short, so that it takes the pepper.
func (s *Server) userCodeDigest(code string) []byte {
	m := hmac.New(sha256.New, s.pepper)
	m.Write([]byte("user code " + userCodeOf(code)))
	return m.Sum(nil)
}

// sealedDevice is a device that a person is being asked about.
type sealedDevice struct {
	Digest  []byte // of the device's code
	Account int
	Code    string
}

// DeviceRequest finds what the device that shows a code asks for. Wrong codes cost their sender a growing delay.
func (s *Server) DeviceRequest(r *http.Request, session *account.Session, userCode string) (ConsentPrompt, error) {
	address := s.cfg.Origin.ClientIP(r)
	if wait := s.guesses.Wait(address, ""); wait > 0 {
		f := fault.New(fault.TooMany, "Too many wrong codes.").With("Wait a little, then type the code that the device shows.")
		f.RetryAfter = wait
		return ConsentPrompt{}, f
	}
	var digest []byte
	var clientID, scopes string
	err := s.db.Read(r.Context(), func(tx *db.Tx) error {
		return tx.QueryRow(sqlDeviceByUserCode, s.userCodeDigest(userCode), clock.Micros(clock.Now())).Scan(&digest, &clientID, &scopes)
	})
	if errors.Is(err, sql.ErrNoRows) {
		s.guesses.Failed(address, "")
		return ConsentPrompt{}, noDevice()
	}
	if err != nil {
		return ConsentPrompt{}, wrap("find device", err)
	}
	c, err := s.client(r.Context(), clientID)
	if err != nil {
		return ConsentPrompt{}, err
	}
	if c.id == "" || c.disabled || c.brandOff {
		return ConsentPrompt{}, noDevice()
	}
	set, _ := parseScope(scopes)
	p, err := s.consentPrompt(r.Context(), c, set, session.Account)
	if err != nil {
		return p, err
	}
	raw, err := json.Marshal(sealedDevice{digest, session.Account, userCode})
	p.Request = base64.RawURLEncoding.EncodeToString(s.requestBox.Seal(raw, "device"))
	signs := userCodeOf(userCode) // as the device shows it, and nothing else that stood in a link
	p.UserCode = signs[:userCodeSize/2] + "-" + signs[userCodeSize/2:]
	return p, err
}

func noDevice() error {
	return fault.New(fault.NotFound, "No device waits with this code.").With("Type the code that the device shows now; it changes after ten minutes.")
}

// DecideDevice carries out what a person answered about a device. It returns the name of the app.
func (s *Server) DecideDevice(r *http.Request, session *account.Session, d Decision) (string, error) {
	ctx := r.Context()
	var asked sealedDevice
	sealed, err := base64.RawURLEncoding.DecodeString(d.Request)
	if err == nil {
		var raw []byte
		if raw, err = s.requestBox.Open(sealed, "device"); err == nil {
			err = json.Unmarshal(raw, &asked)
		}
	}
	if err != nil || session == nil || asked.Account != session.Account {
		return "", noDevice()
	}
	var clientID, scopes string
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		var digest []byte
		return tx.QueryRow(sqlDeviceByUserCode, s.userCodeDigest(asked.Code), clock.Micros(clock.Now())).Scan(&digest, &clientID, &scopes)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return "", noDevice()
	}
	if err != nil {
		return "", wrap("find device", err)
	}
	c, err := s.client(ctx, clientID)
	if err != nil {
		return "", err
	}
	set, _ := parseScope(scopes)
	auth := authorization{
		id: newRandom(""), app: clientID, account: session.Account, scopes: set, sessionKey: session.Key,
		methods: strings.Join(session.Methods, " "), authenticated: session.Authenticated,
	}
	if d.Approve {
		if set.api() {
			caller, err := s.accounts.SessionCaller(ctx, *session)
			if err != nil {
				return c.name, err
			}
			if err := caller.RequireRecent(); err != nil {
				return c.name, err
			}
		}
		g, err := s.allow(r, c, set, session, d)
		if p := (*problem)(nil); errors.As(err, &p) {
			return c.name, fault.New(fault.Invalid, p.description)
		}
		if err != nil {
			return c.name, err
		}
		auth.grant = g.id
	}
	now := clock.Now()
	auth.expires = now.Add(deviceLife)
	var n int64
	err = s.db.Write(ctx, func(tx *db.Tx) (err error) {
		id := ""
		if d.Approve {
			id = auth.id
		}
		if n, err = tx.Exec(sqlDecideDevice, asked.Digest, id, !d.Approve, clock.Micros(now)); err != nil || n == 0 || !d.Approve {
			return err
		}
		return putAuthorization(tx, auth, now)
	})
	if err == nil && n == 0 {
		err = noDevice() // decided by somebody else a moment ago, or expired
	}
	return c.name, wrap("decide device", err)
}

// redeemDevice answers a device's poll (RFC 8628, 3.4 and 3.5).
func (s *Server) redeemDevice(ctx context.Context, c client, form params, thumbprint string) (issued, error) {
	if form["device_code"] == "" {
		return issued{}, invalidRequest("device_code is missing.")
	}
	digest := digestOf(form["device_code"])
	now := clock.Now()
	var out issued
	var refused error
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		out, refused = issued{keyThumbprint: thumbprint}, nil
		var app, boundTo, authorization string
		var pause int
		var polled, expires int64
		var denied, redeemed bool
		err := tx.QueryRow(sqlDevice, digest[:]).Scan(&app, &boundTo, &pause, &polled, &authorization, &denied, &redeemed, &expires)
		if errors.Is(err, sql.ErrNoRows) || err == nil && app != c.id {
			refused = invalidGrant("The device_code is not known.")
			return nil
		}
		if err != nil {
			return err
		}
		switch {
		case clock.Micros(now) >= expires:
			refused = refusal("expired_token", "The device_code has expired. Start again.")
		case denied:
			refused = refusal("access_denied", "The person did not agree.")
		case redeemed:
			refused = invalidGrant("The device_code was redeemed before.")
		case boundTo != "" && boundTo != thumbprint:
			refused = invalidProof("The device_code is bound to another DPoP key, or the proof is missing.")
		}
		if refused != nil {
			return nil
		}
		if authorization == "" {
			refused = refusal("authorization_pending", "The person has not answered yet.")
			if now.Sub(clock.FromMicros(polled)) < time.Duration(pause)*time.Second {
				refused = refusal("slow_down", "Poll less often: wait five seconds more between two polls.")
				pause += int(devicePause.Seconds())
			}
			_, err := tx.Exec(sqlPollDevice, digest[:], clock.Micros(now), pause)
			return err
		}
		n, err := tx.Exec(sqlRedeemDevice, digest[:])
		if err != nil {
			return err
		}
		if n == 0 {
			refused = invalidGrant("The device_code was redeemed before.")
			return nil
		}
		if out.auth, _, err = scanAuthorization(tx.QueryRow(sqlAuthorization, authorization)); err != nil {
			return err
		}
		return s.putFirst(tx, c, &out, now, &refused)
	})
	return s.settled(ctx, out, refused, err)
}
