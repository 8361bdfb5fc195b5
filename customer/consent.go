package customer

import (
	"context"
	"fmt"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/wire"
)

// Consent is what a customer said of marketing.
type Consent struct {
	Marketing bool      `json:"MarketingEnabled" doc:"True where the customer agreed to marketing, false where they took that back."`
	Said      wire.Time `json:"Time" doc:"When, by the brand's clock."`
	Source    string    `json:"Source" doc:"Where: the order that they said it with, or the API."`
	Account   int       `json:"RecordedByUserId" format:"int32" doc:"Who recorded it; 0 where the customer said it themselves."`
}

// consent stores what a customer says of marketing now, who said something else before.
func (cs *Customers) consent(tx *db.Tx, brand account.Brand, by *account.Caller, c *Customer, marketing bool, source string) error {
	c.Marketing = marketing
	c.version++
	if _, err := tx.Exec(sqlSet, c.ID, c.Cash, c.Card, c.Marketing); err != nil {
		return err
	}
	_, err := tx.Exec(sqlInsertConsent, c.ID, c.version, c.Brand, marketing, source, by.Account, clock.Micros(brand.Now()))
	if err != nil {
		return err
	}
	said := "no"
	if marketing {
		said = "yes"
	}
	return cs.tell(tx, brand, by, c.ID, &wire.CustomerConsentUpdatedEvent{
		Enabled: marketing, User: c.user(), Description: fmt.Sprintf("%s noted that customer %d says %s to marketing (%s).", by.EventName(), c.ID, said, source),
	})
}

// Consents lists what a customer said of marketing, the last first. A customer who said nothing agreed to nothing. Right:
// ReadCustomers.
func (cs *Customers) Consents(ctx context.Context, caller *account.Caller, appID string, id int) (out []Consent, err error) {
	c, _, err := cs.open(ctx, caller, appID, id, account.ReadCustomers)
	if err != nil {
		return nil, err
	}
	err = cs.db.Read(ctx, func(tx *db.Tx) error {
		out = []Consent{}
		rows, err := tx.Query(sqlConsents, c.ID)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var one Consent
			var said int64
			if err := rows.Scan(&one.Marketing, &one.Source, &one.Account, &said); err != nil {
				return err
			}
			one.Said = wire.At(clock.FromMicros(said))
			out = append(out, one)
		}
		return rows.Err()
	})
	return out, err
}
