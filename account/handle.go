package account

import (
	"encoding/base64"

	"comanda/internal/clock"
)

// handle seals what a browser carries for us from one step to the next; purpose tells the kinds of handle apart.
func (a *Accounts) handle(value []byte, purpose string) string {
	return base64.RawURLEncoding.EncodeToString(a.handles.Seal(value, purpose))
}

// openHandle is the inverse of handle; false for one that is damaged, of another purpose or of another installation.
func (a *Accounts) openHandle(handle, purpose string) ([]byte, bool) {
	sealed, err := base64.RawURLEncoding.DecodeString(handle)
	if err != nil || len(sealed) > 8192 {
		return nil, false
	}
	value, err := a.handles.Open(sealed, purpose)
	return value, err == nil
}

// KeepUnsent seals the form of somebody who was signed out before they sent it, for their own browser to keep.
func (a *Accounts) KeepUnsent(form []byte) string { return a.handle(form, "unsent form") }

// Unsent opens what KeepUnsent sealed.
func (a *Accounts) Unsent(handle string) ([]byte, bool) { return a.openHandle(handle, "unsent form") }

// over reports whether a time in microseconds has passed.
func over(until int64) bool { return clock.Micros(clock.Now()) >= until }
