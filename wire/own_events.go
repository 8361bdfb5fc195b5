package wire

// OwnGroup is the heading of Comanda's own events.
const OwnGroup = "Webhook delivery"

// groupCustomer is the contract's heading of events about customers.
const groupCustomer = "Customer"

// Own are the events that the contract does not have. They are in the log and can be subscribed to like the others.
var Own = []CatalogueEntry{
	{groupCustomer, "customer.redacted", "CustomerRedactedEvent", func() Event { return new(CustomerRedactedEvent) }},
	{OwnGroup, "webhook_subscription.disabled", "WebhookSubscriptionDisabledEvent", func() Event { return new(WebhookSubscriptionDisabledEvent) }},
	{OwnGroup, "webhook_subscription.expired", "WebhookSubscriptionExpiredEvent", func() Event { return new(WebhookSubscriptionExpiredEvent) }},
	{OwnGroup, "webhook_subscription.failing", "WebhookSubscriptionFailingEvent", func() Event { return new(WebhookSubscriptionFailingEvent) }},
	{OwnGroup, "webhook_subscription.recovered", "WebhookSubscriptionRecoveredEvent", func() Event { return new(WebhookSubscriptionRecoveredEvent) }},
}

// WebhookSubscriptionFailingEvent says that an endpoint has answered nothing with 2xx for five minutes although events wait.
type WebhookSubscriptionFailingEvent struct {
	EventBase
	WebhookSubscriptionEventInfo *WebhookSubscriptionEventInfo `json:"WebhookSubscriptionEventInfo"`
	FailingSince                 Time                          `json:"FailingSince" doc:"When the first attempt failed."`
	LastStatus                   int                           `json:"LastStatus" doc:"The status of the last answer; 0 = there was none."`
	LastError                    string                        `json:"LastError" doc:"Why there was no answer, or what was wrong with it; may be empty."`
	Description                  string                        `json:"Description"`
}

// Name returns "webhook_subscription.failing".
func (*WebhookSubscriptionFailingEvent) Name() string { return "webhook_subscription.failing" }

// WebhookSubscriptionRecoveredEvent says that an endpoint reported as failing has answered with 2xx.
type WebhookSubscriptionRecoveredEvent struct {
	EventBase
	WebhookSubscriptionEventInfo *WebhookSubscriptionEventInfo `json:"WebhookSubscriptionEventInfo"`
	FailingSince                 Time                          `json:"FailingSince" doc:"When the first attempt failed."`
	Description                  string                        `json:"Description"`
}

// Name returns "webhook_subscription.recovered".
func (*WebhookSubscriptionRecoveredEvent) Name() string { return "webhook_subscription.recovered" }

// WebhookSubscriptionExpiredEvent says that events were given up; it is told once an hour at most.
type WebhookSubscriptionExpiredEvent struct {
	EventBase
	WebhookSubscriptionEventInfo *WebhookSubscriptionEventInfo `json:"WebhookSubscriptionEventInfo"`
	FromPosition                 int64                         `json:"FromPosition" doc:"The first position given up since the last such event."`
	ToPosition                   int64                         `json:"ToPosition" doc:"The last one; those between may have been delivered."`
	Description                  string                        `json:"Description"`
}

// Name returns "webhook_subscription.expired".
func (*WebhookSubscriptionExpiredEvent) Name() string { return "webhook_subscription.expired" }

// WebhookSubscriptionDisabledEvent says that a subscription was disabled because its endpoint answered 410.
type WebhookSubscriptionDisabledEvent struct {
	EventBase
	WebhookSubscriptionEventInfo *WebhookSubscriptionEventInfo `json:"WebhookSubscriptionEventInfo"`
	ReplayFrom                   int64                         `json:"ReplayFrom" doc:"The first position that was not delivered."`
	Description                  string                        `json:"Description"`
}

// Name returns "webhook_subscription.disabled".
func (*WebhookSubscriptionDisabledEvent) Name() string { return "webhook_subscription.disabled" }

// CustomerRedactedEvent says that a customer was erased: who keeps copies of their orders and events erases the person there.
type CustomerRedactedEvent struct {
	EventBase
	User        *UserEventInfo `json:"User" doc:"The customer: the id, and Redacted for the rest."`
	OrderIds    []int          `json:"OrderIds" doc:"The customer's orders, which are redacted too, as are all events about them."`
	Description string         `json:"Description"`
}

// Name returns "customer.redacted".
func (*CustomerRedactedEvent) Name() string { return "customer.redacted" }
