package api

import (
	"context"
	"net/http"

	"comanda/account"
	"comanda/wire"
)

// WebhookDelivery is a delivery as its receiver has it.
type WebhookDelivery struct {
	Headers map[string]string `doc:"As they came; those that the signature needs are webhook-id, webhook-timestamp and webhook-signature."`
	Body    string            `doc:"As it came, byte for byte."`
}

// WebhookSignatureCheck is what a look at a signature came to.
type WebhookSignatureCheck struct {
	Valid  bool     `doc:"Whether one of the subscription's keys signed this body under these headers."`
	Reason string   `doc:"What was found, in a sentence."`
	Advice string   `doc:"What to do about it; empty when nothing is to be done."`
	Notes  []string `doc:"What else there is to know about the delivery, such as its age."`
}

type checkSignatureIn struct {
	HookPath
	Body WebhookDelivery
}

type checkSignatureOut struct {
	Body wire.Result[WebhookSignatureCheck]
}

func (s *server) checkWebhookSignature(ctx context.Context, c *account.Caller, in *checkSignatureIn) (*checkSignatureOut, error) {
	header := http.Header{}
	for name, value := range in.Body.Headers {
		header.Add(name, value)
	}
	v, err := s.Webhooks.CheckSignature(ctx, c, in.AppID, in.OAuthApp, in.ID, header, []byte(in.Body.Body))
	return &checkSignatureOut{wire.Result[WebhookSignatureCheck]{Data: WebhookSignatureCheck{
		Valid: v.Valid, Reason: v.Reason, Advice: v.Advice, Notes: append([]string{}, v.Notes...),
	}}}, err
}
