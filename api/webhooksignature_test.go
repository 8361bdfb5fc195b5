package api_test

import (
	"testing"

	"comanda/internal/apptest"
)

func TestWebhookSignatureIsChecked(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		withApp(k)
		path := hooks + "/{id}/signature"
		k.Run(
			apptest.Call{
				As: apptest.Owner, Method: "POST", Path: hooks, Body: `{"CallbackUrl":"https://pos.example.com"}`, Status: 200,
				Events: apptest.Events{"webhook_subscription.created"}, Save: map[string]string{"id": "Data"},
			},
			apptest.Call{
				Name: "nothing to look at", As: apptest.Integrator, Method: "POST", Path: path, Status: 200,
				Body: `{"Headers":{"Webhook-Id":"x"},"Body":"{}"}`,
				Want: apptest.Want{"Data.Valid": false, "Data.Reason": "The header webhook-timestamp is missing.", "Data.Advice": apptest.Present, "Data.Notes.0": nil},
			},
			apptest.Call{
				Name: "another's", As: apptest.Owner, Method: "POST", Path: path, Status: 200,
				Body: `{"Headers":{"webhook-id":"x","webhook-timestamp":"1777897800","webhook-signature":"v1,2LSd2G4XpfyhWd8EMD2lDpng22EMC2v6sK89olqLJH8=","x-verify-token":"t"},"Body":"{}"}`,
				Want: apptest.Want{"Data.Valid": false, "Data.Notes.0": apptest.Present, "Data.Notes.1": apptest.Present},
			},
			apptest.Call{Name: "without a body", As: apptest.Owner, Method: "POST", Path: path, Body: `{}`, Status: 400},
			apptest.Call{Name: "no such one", As: apptest.Owner, Method: "POST", Path: hooks + "/999999/signature", Body: `{"Headers":{},"Body":""}`, Status: 404},
			apptest.Call{Name: "not theirs", As: apptest.Stranger, Method: "POST", Path: path, Body: `{"Headers":{},"Body":""}`, Status: 403},
		)
	})
}
