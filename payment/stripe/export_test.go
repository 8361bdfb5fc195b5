package stripe

// For the tests.
var (
	Minor    = minor
	AmountOf = amountOf
)
