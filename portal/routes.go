package portal

import "comanda/account"

// route is a page or a form of a brand.
type route struct {
	pattern string        // method and path; {appId} is the brand
	right   account.Right // that the person must have on the brand; what the page does may ask for more
	place   string        // the page of the side bar that it belongs to
	serve   func(*desk) error
}

// appPath is the address of one OAuth app, webhookPath that of one of its webhooks.
const (
	appPath     = "/portal/{appId}/apps/{oauthAppId}"
	webhookPath = appPath + "/webhooks/{id}"
)

// routes is every page of a brand.
func (d *Door) routes() []route {
	return []route{
		{"GET /portal/{appId}", account.ReadApp, "", d.home},

		{"GET /portal/{appId}/apps", account.Develop, "apps", d.apps},
		{"GET /portal/{appId}/apps/new", account.Develop, "apps", d.newApp},
		{"POST /portal/{appId}/apps/new", account.Develop, "apps", d.createApp},
		{"GET " + appPath, account.Develop, "apps", d.app(d.showApp)},
		{"POST " + appPath, account.Develop, "apps", d.app(d.saveApp)},
		{"POST " + appPath + "/logo", account.Develop, "apps", d.app(d.setLogo)},
		{"POST " + appPath + "/delete", account.Develop, "apps", d.app(d.deleteApp)},
		{"POST " + appPath + "/secret/reveal", account.Develop, "apps", d.app(proven(d.revealSecret))},
		{"POST " + appPath + "/secret/rotate", account.Develop, "apps", d.app(proven(d.rotateSecret))},
		{"POST " + appPath + "/secret/drop", account.Develop, "apps", d.app(proven(d.dropSecret))},
		{"POST " + appPath + "/uris", account.Develop, "apps", d.app(d.addURI)},
		{"POST " + appPath + "/uris/remove", account.Develop, "apps", d.app(d.removeURI)},
		{"POST " + appPath + "/token", account.Develop, "apps", d.app(d.requestToken)},
		{"POST " + appPath + "/tokens/revoke", account.Develop, "apps", d.app(d.revokeToken)},

		{"GET /portal/{appId}/webhooks", account.Develop, "webhooks", d.hooks},
		{"GET /portal/{appId}/webhooks/new", account.Develop, "webhooks", d.newHook},
		{"POST /portal/{appId}/webhooks/new", account.Develop, "webhooks", d.createHook},
		{"GET /portal/{appId}/apps/{oauthAppId}/webhooks", account.Develop, "webhooks", d.hooks},
		{"GET /portal/{appId}/apps/{oauthAppId}/webhooks/new", account.Develop, "webhooks", d.newHook},
		{"POST /portal/{appId}/apps/{oauthAppId}/webhooks/new", account.Develop, "webhooks", d.createHook},
		{"GET " + webhookPath, account.Develop, "webhooks", d.hook(d.showHook)},
		{"POST " + webhookPath + "/pause", account.Develop, "webhooks", d.hook(d.pauseHook)},
		{"POST " + webhookPath + "/resume", account.Develop, "webhooks", d.hook(d.resumeHook)},
		{"POST " + webhookPath + "/delete", account.Develop, "webhooks", d.hook(d.deleteHook)},
		{"GET " + webhookPath + "/attempts/{attemptId}", account.Develop, "webhooks", d.hook(d.showAttempt)},
		{"POST " + webhookPath + "/attempts/{attemptId}/resend", account.Develop, "webhooks", d.hook(d.resend)},
		{"GET " + webhookPath + "/events", account.Develop, "webhooks", d.hook(d.hookNames)},
		{"POST " + webhookPath + "/events", account.Develop, "webhooks", d.hook(d.saveHookNames)},
		{"GET " + webhookPath + "/settings", account.Develop, "webhooks", d.hook(d.hookSettings)},
		{"POST " + webhookPath + "/settings", account.Develop, "webhooks", d.hook(d.saveHookSettings)},
		{"POST " + webhookPath + "/delivery", account.Develop, "webhooks", d.hook(d.saveHookDelivery)},
		{"GET " + webhookPath + "/secret", account.Develop, "webhooks", d.hook(d.hookSecret)},
		{"POST " + webhookPath + "/secret/reveal", account.Develop, "webhooks", d.hook(d.revealHookSecret)},
		{"POST " + webhookPath + "/secret/rotate", account.Develop, "webhooks", d.hook(d.rotateHookSecret)},
		{"GET " + webhookPath + "/test", account.Develop, "webhooks", d.hook(d.hookTest)},
		{"POST " + webhookPath + "/test", account.Develop, "webhooks", d.hook(d.sendHookTest)},
		{"GET " + webhookPath + "/replays", account.Develop, "webhooks", d.hook(d.replays)},
		{"POST " + webhookPath + "/replays", account.Develop, "webhooks", d.hook(d.startReplay)},
		{"POST " + webhookPath + "/replays/{replayId}/cancel", account.Develop, "webhooks", d.hook(d.cancelReplay)},
		{"GET " + webhookPath + "/lost", account.Develop, "webhooks", d.hook(d.lost)},
		{"GET /portal/{appId}/logs", account.Develop, "logs", d.logs},
		{"GET /portal/{appId}/logs/{requestId}", account.Develop, "logs", d.log},
		{"GET /portal/{appId}/apps/{oauthAppId}/logs", account.Develop, "logs", d.logs},
		{"GET /portal/{appId}/apps/{oauthAppId}/logs/{requestId}", account.Develop, "logs", d.log},
		{"GET /portal/{appId}/events", account.Develop, "events", d.events},
		{"GET /portal/{appId}/events/{eventId}", account.Develop, "events", d.event},
		{"GET /portal/{appId}/sandbox", account.Develop, "sandbox", d.sandbox},
		{"POST /portal/{appId}/sandbox", account.Develop, "sandbox", d.moveClock},
		{"POST /portal/{appId}/sandbox/orders", account.Develop, "sandbox", d.placeOrders},
		{"GET /portal/{appId}/signature", account.Develop, "webhooks", d.signature},
		{"POST /portal/{appId}/signature", account.Develop, "webhooks", d.checkSignature},
	}
}
