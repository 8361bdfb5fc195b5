package identity

import (
	"encoding/json"
	"errors"
	"net/http"

	"comanda/account"
	"comanda/account/visit"
	"comanda/internal/fault"
	"comanda/internal/web"
)

// maxAnswer is more than the answer of any authenticator takes.
const maxAnswer = 64 << 10

// ceremony is what the script of passkeys sends and gets.
type ceremony struct {
	Handle string          `json:"handle,omitempty"`
	Return string          `json:"return,omitempty"`
	Name   string          `json:"name,omitempty"`
	Answer json.RawMessage `json:"answer,omitempty"` // of the authenticator

	Options json.RawMessage `json:"options,omitempty"` // for the authenticator
	Next    string          `json:"next,omitempty"`    // local path to go to
	Pending string          `json:"pending,omitempty"` // a second step is wanted, with this handle
	Message string          `json:"message,omitempty"` // what is wrong
}

// script answers the script of passkeys: JSON in and out, errors in words for the person.
func (d *Door) script(serve func(*visit.Visit, ceremony) (ceremony, error)) func(*visit.Visit) error {
	return func(v *visit.Visit) error {
		var in, out ceremony
		err := json.NewDecoder(http.MaxBytesReader(v.W, v.R.Body, maxAnswer)).Decode(&in)
		if err != nil {
			err = fault.New(fault.Invalid, "The request is not what the script of this page sends.").With("Reload the page.")
		} else {
			out, err = serve(v, in)
		}
		status := http.StatusOK
		if err != nil {
			if !visit.Refused(err) {
				return err
			}
			fe := (*fault.Error)(nil)
			errors.As(err, &fe)
			status, out = web.StatusOf(err), ceremony{Message: fe.Error()}
			web.SetRetryAfter(v.W.Header(), err)
		}
		body, err := json.Marshal(out)
		if err != nil {
			return err
		}
		h := v.W.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		v.W.WriteHeader(status)
		_, _ = v.W.Write(body)
		return nil
	}
}

func (d *Door) passkeyOptions(v *visit.Visit, _ ceremony) (out ceremony, err error) {
	out.Options, out.Handle, err = d.Passkeys.BeginSignIn(v.R.Context())
	return out, err
}

func (d *Door) loginPasskey(v *visit.Visit, in ceremony) (ceremony, error) {
	who, err := d.Passkeys.FinishSignIn(v.R.Context(), d.Visitor(v), in.Handle, in.Answer)
	switch {
	case err != nil:
		return ceremony{}, err
	case who.Pending != "":
		return ceremony{Pending: who.Pending}, nil
	}
	web.SetSession(v.W, who.Token)
	return ceremony{Next: web.LocalPath(in.Return, home)}, nil
}

// byScript is recently for the script: it tells where to go instead of sending there.
func (d *Door) byScript(serve func(*visit.Visit, *account.Caller, ceremony) (ceremony, error)) func(*visit.Visit) error {
	return d.script(func(v *visit.Visit, in ceremony) (ceremony, error) {
		if v.Session == nil {
			return ceremony{Next: onTheWay("/login", home)}, nil
		}
		c, err := d.Caller(v)
		if err != nil {
			return ceremony{}, err
		}
		if c.RequireRecent() != nil {
			return ceremony{Next: onTheWay("/login", home)}, nil
		}
		return serve(v, c, in)
	})
}

func (d *Door) newPasskeyOptions(v *visit.Visit, c *account.Caller, _ ceremony) (out ceremony, err error) {
	out.Options, out.Handle, err = d.Passkeys.BeginRegistration(v.R.Context(), c)
	return out, err
}

func (d *Door) addPasskey(v *visit.Visit, c *account.Caller, in ceremony) (ceremony, error) {
	name := in.Name
	if name == "" {
		name = browserOf(v.R.UserAgent())
	}
	if err := d.Passkeys.FinishRegistration(v.R.Context(), c, in.Handle, name, in.Answer); err != nil {
		return ceremony{}, err
	}
	return ceremony{Next: home + "?done=passkey"}, nil
}

func (d *Door) removePasskey(v *visit.Visit, c *account.Caller) error {
	return d.finish(v, c, d.Accounts.RemovePasskey(v.R.Context(), c, v.Form.Get("key")), "nopasskey", nil)
}
