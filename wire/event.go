package wire

// Event is what a contract event class knows of itself: its name and its base members.
type Event interface {
	Name() string
	Base() *EventBase
}

// EventBase are the members that every event of the contract shares, without Position: the log alone knows that, and
// puts it in front when it writes the bytes. The log fills EventName, FlipdishEventId, CreateTime and AppId.
type EventBase struct {
	EventName       string  `json:"EventName"`
	FlipdishEventId UUID    `json:"FlipdishEventId" format:"uuid"`
	CreateTime      Time    `json:"CreateTime"`
	AppId           string  `json:"AppId"`
	OrgId           *string `json:"OrgId"`
	IpAddress       *string `json:"IpAddress"`
	ActivityId      *string `json:"ActivityId"`
	ActivityType    *string `json:"ActivityType"`
}

// Base returns the base itself, so that every event class has it by embedding.
func (b *EventBase) Base() *EventBase { return b }

// CatalogueEntry is one publicly known event: the contract's group, its name on the wire, its schema, an empty one.
type CatalogueEntry struct {
	Group, Name, Class string
	New                func() Event
}
