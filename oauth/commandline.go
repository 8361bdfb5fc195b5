package oauth

import (
	"time"

	"comanda/account"
	"comanda/internal/db"
	"comanda/wire"
)

// CommandLine is the client_id of Comanda's own command line: a public client that every installation has, without a row in
// the database. It begins with 0, which no OAuth app's id does.
const CommandLine = "0000000000000000000001"

// commandLineLife is how long a person stays signed in at the command line, as long as in a browser. There are no refresh
// tokens: they would lie in the same file.
const commandLineLife = 14 * 24 * time.Hour

// commandLine is what its row would say. It belongs to no brand and has no redirect URI, so that the device flow is the only
// way in; what it may then do is what the person may who let it in, on the brand that they chose.
var commandLine = app{
	id: CommandLine, name: "Comanda command line", flow: wire.FlowAuthorizationCode, refreshUsage: wire.RefreshTokenUsageOneTimeOnly,
	accessSeconds: int(commandLineLife.Seconds()), refreshSeconds: int(commandLineLife.Seconds()), settings: settings{Public: true}, version: 1,
}

// findApp reads an OAuth app of any brand, or the command line; sql.ErrNoRows when there is none.
func findApp(tx *db.Tx, id string) (app, error) {
	if id == CommandLine {
		return commandLine, nil
	}
	return scanApp(tx.QueryRow(sqlApp, id))
}

// byHand reports whether a person acts themselves, in a browser or at the command line, and not an app that they let in.
func byHand(c *account.Caller) bool {
	return c.Kind == account.Person && (c.OAuthApp == "" || c.OAuthApp == CommandLine)
}
