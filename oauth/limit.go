package oauth

import (
	"time"

	"comanda/internal/backoff"
)

// clientPatience is for clients that fail to authenticate: an OAuth app from an address, and an address whatever it asks
// for; never an app from everywhere, so that nobody can lock out an integration from elsewhere.
var clientPatience = backoff.Rule{
	Free: 5, FreeAddress: 50, First: time.Second, Longest: 5 * time.Minute, Forget: 15 * time.Minute, Size: 10_000,
}

// codePatience is for people who type the codes of devices: from one address, whatever they type.
var codePatience = backoff.Rule{
	FreeAddress: 10, First: time.Second, Longest: 5 * time.Minute, Forget: 15 * time.Minute, Size: 10_000,
}

// startPatience is for sign-ins at the command line: from one address, whatever becomes of them.
var startPatience = backoff.Rule{
	FreeAddress: 30, First: time.Second, Longest: time.Minute, Forget: 10 * time.Minute, Size: 10_000,
}
