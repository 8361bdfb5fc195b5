package portal

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"comanda/internal/fault"
	"comanda/internal/revision"
	"comanda/internal/web"
	"comanda/store"
	"comanda/webhook"
	"comanda/wire"
)

// hookSettingsPage has two forms: where deliveries go, and how.
type hookSettingsPage struct {
	trail
	Revision int64
	Where    web.Form
	How      web.Form
	Stores   []storeChoice
	Sandbox  bool
}

type storeChoice struct {
	ID     int
	Name   string
	Chosen bool
}

// whereFields and howFields are the forms' fields by their wire names, in lower case.
var (
	whereFields = []string{"callbackurl", "version", "verifytoken"}
	howFields   = []string{
		"storeids", "ratepersecond", "orderholdseconds", "legacysignature.header", "legacysignature.algorithm", "legacysignature.encoding",
		"legacysignature.prefix",
	}
)

func (d *Door) hookSettings(h *hook) error { return d.askSettings(h, http.StatusOK, nil, nil) }

// askSettings shows the settings; where or how is a form that was refused.
func (d *Door) askSettings(h *hook, status int, where, how *web.Form) error {
	set, err := d.Webhooks.Settings(h.ctx(), h.Caller, h.Brand.AppID, h.app(), h.Sub.ID)
	if err != nil {
		return err
	}
	p := hookSettingsPage{trail: h.trail(), Revision: h.Sub.Revision, Sandbox: h.Brand.Sandbox, Where: whereOf(h.Sub), How: howOf(set)}
	if where != nil {
		p.Where = *where
	}
	if how != nil {
		p.How = *how
	}
	stores, err := d.stores(h)
	if err != nil {
		return err
	}
	for _, s := range stores {
		p.Stores = append(p.Stores, storeChoice{s.ID, s.Name, slices.Contains(p.How.Values("storeids"), strconv.Itoa(s.ID))})
	}
	return d.show(h.desk, view{Name: "webhook-settings", Title: "Webhook settings", Status: status, Data: p})
}

func (d *Door) stores(h *hook) ([]*store.Store, error) {
	return d.Stores.ByApp(h.ctx(), h.Caller, h.Brand.AppID, store.Filter{})
}

// storeNames are the names of the brand's stores by their ids.
func (d *Door) storeNames(h *hook) (map[string]string, error) {
	stores, err := d.stores(h)
	names := map[string]string{}
	for _, s := range stores {
		names[strconv.Itoa(s.ID)] = s.Name
	}
	return names, err
}

func whereOf(s *webhook.Subscription) web.Form {
	enabled := ""
	if s.Enabled {
		enabled = "on"
	}
	return web.Filled("callbackurl", s.CallbackURL, "version", s.Version, "verifytoken", s.VerifyToken, "enabled", enabled)
}

func howOf(set webhook.Settings) web.Form {
	legacy := cmp.Or(set.LegacySignature.Value, &webhook.LegacySignature{Algorithm: "sha256", Encoding: "hex"})
	pairs := []string{
		"ratepersecond", strconv.Itoa(*set.RatePerSecond), "orderholdseconds", strconv.Itoa(*set.OrderHoldSeconds),
		"legacysignature.header", legacy.Header, "legacysignature.algorithm", legacy.Algorithm,
		"legacysignature.encoding", legacy.Encoding, "legacysignature.prefix", legacy.Prefix,
	}
	if slices.Contains(*set.Signatures, "v1a") {
		pairs = append(pairs, "v1a", "on")
	}
	for _, id := range *set.StoreIds {
		pairs = append(pairs, "storeids", strconv.Itoa(id))
	}
	return web.Filled(pairs...)
}

func (d *Door) saveHookSettings(h *hook) error {
	callback, version, token, enabled := h.Form.Get("callbackurl"), h.Form.Get("version"), h.Form.Get("verifytoken"), h.Form.Has("enabled")
	update := d.Webhooks.Update
	if h.Form.Has("verify") {
		update = d.Webhooks.UpdateVerified
	}
	err := update(h.seen(), h.Caller, h.Brand.AppID, h.app(), h.Sub.ID, wire.WebhookSubscription{
		CallbackUrl: &callback, Version: &version, VerifyToken: &token, Enabled: &enabled,
	})
	if err == nil {
		return h.done(nil, "settings")
	}
	return d.refuse(h, err, func(_ string, status int) error {
		form := web.Again(h.Form, err, whereFields...)
		if revision.Stale(err) {
			if !bothVersions(&form, whereOf(h.Sub), nil, append(whereFields, "enabled")...) {
				return h.done(nil, "settings")
			}
		}
		return d.askSettings(h, status, &form, nil)
	})
}

func (d *Door) saveHookDelivery(h *hook) error {
	in, err := deliveryOf(h)
	if err == nil {
		_, err = d.Webhooks.UpdateSettings(h.seen(), h.Caller, h.Brand.AppID, h.app(), h.Sub.ID, in)
	}
	if err == nil {
		return h.done(nil, "delivery")
	}
	return d.refuse(h, err, func(_ string, status int) error {
		form := web.Again(h.Form, err, howFields...)
		if revision.Stale(err) {
			set, err := d.Webhooks.Settings(h.ctx(), h.Caller, h.Brand.AppID, h.app(), h.Sub.ID)
			if err != nil {
				return err
			}
			names, err := d.storeNames(h)
			if err != nil {
				return err
			}
			if !bothVersions(&form, howOf(set), names, append(howFields, "v1a")...) {
				return h.done(nil, "delivery")
			}
		}
		return d.askSettings(h, status, nil, &form)
	})
}

// deliveryOf reads the form of how deliveries go.
func deliveryOf(h *hook) (in webhook.Settings, err error) {
	bad := &fault.Collector{}
	whole := func(name string) *int {
		n, err := strconv.Atoi(strings.TrimSpace(h.Form.Get(strings.ToLower(name))))
		if err != nil {
			bad.Add(name, "is no whole number. Write digits only.")
		}
		return &n
	}
	stores, schemes := numbers(h.Form["storeids"]), []string{"v1"}
	if h.Form.Has("v1a") {
		schemes = append(schemes, "v1a")
	}
	in = webhook.Settings{
		StoreIds: &stores, RatePerSecond: whole("RatePerSecond"), OrderHoldSeconds: whole("OrderHoldSeconds"), Signatures: &schemes,
		LegacySignature: webhook.NullableLegacySign{Given: true},
	}
	if header := strings.TrimSpace(h.Form.Get("legacysignature.header")); header != "" {
		in.LegacySignature.Value = &webhook.LegacySignature{
			Header: header, Algorithm: h.Form.Get("legacysignature.algorithm"), Encoding: h.Form.Get("legacysignature.encoding"),
			Prefix: h.Form.Get("legacysignature.prefix"),
		}
	}
	return in, bad.Err()
}

// numbers are the whole numbers among values of a form.
func numbers(values []string) []int {
	out := []int{}
	for _, v := range values {
		if n, err := strconv.Atoi(v); err == nil {
			out = append(out, n)
		}
	}
	return out
}
