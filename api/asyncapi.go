package api

import (
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"
)

// object is a JSON object of the AsyncAPI document.
type object = map[string]any

// asyncAPI is the AsyncAPI 3.0 document: every event as a message that is sent to a subscription's callback.
func (s *server) asyncAPI() []byte {
	messages, inChannel := object{}, object{}
	var sent []object
	for _, e := range allEvents() {
		flat := &huma.Schema{Ref: componentRef + e.Class}
		messages[e.Name] = object{
			"name": e.Name, "title": e.Class, "summary": e.Group, "contentType": "application/json",
			"headers": object{"$ref": componentRef + "DeliveryHeaders"},
			"payload": object{"oneOf": []any{flat, envelope(e.Name, flat)}},
		}
		inChannel[e.Name] = object{"$ref": "#/components/messages/" + e.Name}
		sent = append(sent, object{"$ref": "#/channels/callback/messages/" + e.Name})
	}
	headers := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}}
	for _, h := range deliveryHeaders {
		headers.Properties[h.name] = &huma.Schema{Type: huma.TypeString, Description: h.about}
		if h.always {
			headers.Required = append(headers.Required, h.name)
		}
	}
	schemas := object{"DeliveryHeaders": headers}
	for name, schema := range eventSchemas() {
		schemas[name] = schema
	}
	version := s.Version
	if version == "" {
		version = "0"
	}
	return must(json.Marshal(object{
		"asyncapi":           "3.0.0",
		"info":               object{"title": "Comanda events", "version": version, "description": "What Comanda posts to webhook subscriptions. " + receiving},
		"defaultContentType": "application/json",
		"channels": object{"callback": object{
			"title":       "The callback of a webhook subscription",
			"description": "Its address is the CallbackUrl of the subscription. A subscription's Version says which of the two payloads it gets.",
			"messages":    inChannel,
		}},
		"operations": object{"deliver": object{
			"action": "send", "channel": object{"$ref": "#/channels/callback"}, "summary": "Posts an event", "messages": sent,
		}},
		"components": object{"messages": messages, "schemas": schemas},
	}))
}
