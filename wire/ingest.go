package wire

// The schemas of order ingest. Of all sources of the contract the TypeScript client alone has them, so they are written here and
// not generated; what one of them is called where its name is taken is said at the type.

// OrderIngestSubmitOrderRequest is an order that another channel has sold.
type OrderIngestSubmitOrderRequest struct {
	AppType              *AppType           `json:"AppType,omitempty" enum:"Unknown,Ios,Android,Web,Kiosk,Pos,TelephoneCall,Sms,PwaAndroid,PwaIos,Google" nullable:"true" required:"false" doc:"Where the customer ordered; Unknown when left out."`
	StoreId              int                `json:"StoreId" format:"int32" doc:"The store that is to make the order."`
	CurrencyCode         *Currency          `json:"CurrencyCode,omitempty" nullable:"true" required:"false" doc:"When given, it has to be the store's."`
	Cart                 *IngestCart        `json:"Cart" doc:"What was sold."`
	FulfillmentInfo      *FulfillmentInfo   `json:"FulfillmentInfo" doc:"How and when the customer gets it."`
	ChannelOrderId       string             `json:"ChannelOrderId" doc:"The channel's own id of the order, of at most 255 visible ASCII characters. The same one is the same order, for good."`
	ChannelPublicOrderId *string            `json:"ChannelPublicOrderId,omitempty" nullable:"true" required:"false" doc:"What the customer and the channel's couriers call the order; ChannelOrderDisplayId of the order."`
	OrderDateUtc         *Time              `json:"OrderDateUtc,omitempty" nullable:"true" required:"false" doc:"When the customer ordered: not more than a day ago. The order is placed when it is submitted."`
	PaymentInfo          *IngestPaymentInfo `json:"PaymentInfo" doc:"Whether it is paid."`
	Contact              *IngestContact     `json:"Contact" doc:"Who ordered: a phone number or an e-mail address at least, and their own, because it is what customers are told apart by."`
	TipAmount            *Decimal           `json:"TipAmount,omitempty" nullable:"true" required:"false" doc:"The tip; the same as Tip of Cart where both are given."`
}

// IngestCart is the contract's Cart.
type IngestCart struct {
	LineItems  []IngestLineItem `json:"LineItems" maxItems:"100"`
	CartAmount *IngestPrice     `json:"CartAmount,omitempty" required:"false" doc:"When given, the lines have to come to its Amount, and where the menu's prices exclude tax their tax to its Tax."`
	Tip        *IngestPrice     `json:"Tip,omitempty" required:"false" doc:"The tip; its Tax has to be 0."`
}

// IngestPrice is the contract's Price.
type IngestPrice struct {
	Amount *Decimal `json:"Amount,omitempty" nullable:"true" required:"false" doc:"As the store's menu states prices: with tax or without."`
	Tax    *Decimal `json:"Tax,omitempty" nullable:"true" required:"false" doc:"The channel's tax. Taxes of an order are calculated by the rates of the menu."`
}

// IngestLineItem is the contract's LineItem.
type IngestLineItem struct {
	Id         *int               `json:"Id,omitempty" format:"int32" nullable:"true" required:"false" doc:"MenuItemId of the item on the store's menu."`
	ExternalId *string            `json:"ExternalId,omitempty" nullable:"true" required:"false" doc:"PublicId of the item, instead of Id."`
	Name       *string            `json:"Name,omitempty" nullable:"true" required:"false" doc:"The channel's name of the item; the order has the menu's."`
	Section    *string            `json:"SectionName,omitempty" nullable:"true" required:"false" doc:"The channel's name of the section; the order has the menu's."`
	Quantity   *int               `json:"Quantity,omitempty" format:"int32" minimum:"1" maximum:"99" nullable:"true" required:"false" doc:"1 when left out."`
	Price      *IngestPrice       `json:"Price,omitempty" required:"false" doc:"What one unit was sold for without its options, a deposit included; the menu's price when left out."`
	Notes      *string            `json:"Notes,omitempty" nullable:"true" required:"false" doc:"For the kitchen, where the store allows notes; all notes together have at most 500 characters."`
	Options    []IngestLineOption `json:"Options,omitempty" required:"false" maxItems:"50" doc:"One of each, for every unit of the line."`
	Metadata   map[string]string  `json:"Metadata,omitempty" required:"false" doc:"Comes back in Metadata of the order's items; at most 20 pairs."`
}

// IngestLineOption is the contract's LineItemOption.
type IngestLineOption struct {
	Id         *int              `json:"Id,omitempty" format:"int32" nullable:"true" required:"false" doc:"MenuItemOptionSetItemId of the option of the item."`
	ExternalId *string           `json:"ExternalId,omitempty" nullable:"true" required:"false" doc:"PublicId of the option, instead of Id."`
	Name       *string           `json:"Name,omitempty" nullable:"true" required:"false"`
	Price      *IngestPrice      `json:"Price,omitempty" required:"false" doc:"What it adds to one unit; the menu's price when left out."`
	Metadata   map[string]string `json:"Metadata,omitempty" required:"false"`
}

// FulfillmentInfo says how the customer of an ingested order gets it.
type FulfillmentInfo struct {
	DispatchType    DeliveryType    `json:"DispatchType" enum:"Delivery,Pickup"`
	RequestedForUtc *Time           `json:"RequestedForUtc,omitempty" nullable:"true" required:"false" doc:"When the order is wanted; null is as soon as possible."`
	Location        *IngestLocation `json:"Location,omitempty" required:"false" doc:"Where a delivery goes."`
	DispatchAmount  *IngestPrice    `json:"DispatchAmount,omitempty" required:"false" doc:"What was charged for the delivery; the fee of the store's zone when left out."`
}

// IngestLocation is the contract's Location.
type IngestLocation struct {
	AddressLine1     *string      `json:"AddressLine1,omitempty" nullable:"true" required:"false" doc:"The street; needed for a delivery."`
	AddressLine2     *string      `json:"AddressLine2,omitempty" nullable:"true" required:"false" doc:"The building or the flat."`
	FormattedAddress *string      `json:"FormattedAddress,omitempty" nullable:"true" required:"false"`
	PostalCode       *string      `json:"PostalCode,omitempty" nullable:"true" required:"false" doc:"It or City is needed for a delivery."`
	City             *string      `json:"City,omitempty" nullable:"true" required:"false"`
	Coordinates      *Coordinates `json:"Coordinates,omitempty" required:"false" doc:"Needed without a DispatchAmount, whose fee they tell; when given they have to be within one of the store's zones."`
	Notes            *string      `json:"Notes,omitempty" nullable:"true" required:"false" doc:"For the courier."`
}

// IngestPaymentInfo is the contract's PaymentInfo.
type IngestPaymentInfo struct {
	Paid        bool    `json:"Paid" required:"false" doc:"The channel has the money. Otherwise the store takes it when it hands the order over."`
	PaymentType *string `json:"PaymentType,omitempty" nullable:"true" required:"false" doc:"How the customer paid, such as Card or PayPal: a PaymentAccountType where it is one of those, and PaymentAccountDescription in any case."`
}

// IngestContact is the contract's Contact.
type IngestContact struct {
	Email       *string `json:"Email,omitempty" nullable:"true" required:"false"`
	PhoneNumber *string `json:"PhoneNumber,omitempty" nullable:"true" required:"false" doc:"International (+353 1 234 5678), or as dialled in the store's country."`
	FirstName   *string `json:"FirstName,omitempty" nullable:"true" required:"false"`
	LastName    *string `json:"LastName,omitempty" nullable:"true" required:"false"`
}

// OrderIngestSubmitOrderResponse is what became of an order that another channel submitted.
type OrderIngestSubmitOrderResponse struct {
	OrderId               int         `json:"OrderId" format:"int32"`
	ReceiptUrl            *string     `json:"ReceiptUrl" nullable:"true" doc:"Always null: a receipt is read with GetReceipt."`
	CurrencyCode          Currency    `json:"CurrencyCode"`
	TotalPrice            IngestPrice `json:"TotalPrice" doc:"All that the order comes to, and the tax in it."`
	DeliveryFee           IngestPrice `json:"DeliveryFee" doc:"What of it is for the delivery."`
	EstimatedDeliveryTime Time        `json:"EstimatedDeliveryTime" doc:"When the store reckons to have the order ready, for a delivery at the door."`
	ChannelOrderId        string      `json:"ChannelOrderId"`
}
