package identity

import (
	"encoding/json"
	"errors"
	"net/http"

	"comanda/account"
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
func (d *Door) script(serve func(*visit, ceremony) (ceremony, error)) func(*visit) error {
	return func(v *visit) error {
		var in, out ceremony
		err := json.NewDecoder(http.MaxBytesReader(v.w, v.r.Body, maxAnswer)).Decode(&in)
		if err != nil {
			err = fault.New(fault.Invalid, "The request is not what the script of this page sends.").With("Reload the page.")
		} else {
			out, err = serve(v, in)
		}
		status := http.StatusOK
		if err != nil {
			if !refused(err) {
				return err
			}
			fe := (*fault.Error)(nil)
			errors.As(err, &fe)
			status, out = web.StatusOf(err), ceremony{Message: fe.Error()}
			web.SetRetryAfter(v.w.Header(), err)
		}
		body, err := json.Marshal(out)
		if err != nil {
			return err
		}
		h := v.w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		v.w.WriteHeader(status)
		_, _ = v.w.Write(body)
		return nil
	}
}

func (d *Door) passkeyOptions(v *visit, _ ceremony) (out ceremony, err error) {
	out.Options, out.Handle, err = d.Passkeys.BeginSignIn(v.r.Context())
	return out, err
}

func (d *Door) loginPasskey(v *visit, in ceremony) (ceremony, error) {
	who, err := d.Passkeys.FinishSignIn(v.r.Context(), d.visitor(v), in.Handle, in.Answer)
	switch {
	case err != nil:
		return ceremony{}, err
	case who.Pending != "":
		return ceremony{Pending: who.Pending}, nil
	}
	web.SetSession(v.w, who.Token)
	return ceremony{Next: web.LocalPath(in.Return, home)}, nil
}

// byScript is recently for the script: it tells where to go instead of sending there.
func (d *Door) byScript(serve func(*visit, *account.Caller, ceremony) (ceremony, error)) func(*visit) error {
	return d.script(func(v *visit, in ceremony) (ceremony, error) {
		if v.session == nil {
			return ceremony{Next: onTheWay("/login", home)}, nil
		}
		c, err := d.caller(v)
		if err != nil {
			return ceremony{}, err
		}
		if c.RequireRecent() != nil {
			return ceremony{Next: onTheWay("/login", home)}, nil
		}
		return serve(v, c, in)
	})
}

func (d *Door) newPasskeyOptions(v *visit, c *account.Caller, _ ceremony) (out ceremony, err error) {
	out.Options, out.Handle, err = d.Passkeys.BeginRegistration(v.r.Context(), c)
	return out, err
}

func (d *Door) addPasskey(v *visit, c *account.Caller, in ceremony) (ceremony, error) {
	name := in.Name
	if name == "" {
		name = browserOf(v.r.UserAgent())
	}
	if err := d.Passkeys.FinishRegistration(v.r.Context(), c, in.Handle, name, in.Answer); err != nil {
		return ceremony{}, err
	}
	return ceremony{Next: home + "?done=passkey"}, nil
}

func (d *Door) removePasskey(v *visit, c *account.Caller) error {
	return d.finish(v, c, d.Accounts.RemovePasskey(v.r.Context(), c, v.form.Get("key")), "nopasskey", nil)
}
