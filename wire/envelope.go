package wire

// Result is the contract's RestApiResult, RestApiArrayResult, RestApiStringResult and RestApiIntegerResult: {Data}.
type Result[T any] struct {
	Data T `json:"Data"`
}

// Page is the contract's RestApiPaginationResult, members in the contract's order.
type Page[T any] struct {
	Page             int `json:"Page" format:"int32"`
	Limit            int `json:"Limit" format:"int32"`
	TotalRecordCount int `json:"TotalRecordCount" format:"int32"`
	Data             []T `json:"Data"`
}

// RestApiEventSearchPaginationResult is the contract's schema of that name: a page of events, grouped by their classes.
type RestApiEventSearchPaginationResult struct {
	Data             EventSearchResult `json:"Data"`
	Page             int               `json:"Page" format:"int32"`
	Limit            int               `json:"Limit" format:"int32"`
	TotalRecordCount int               `json:"TotalRecordCount" format:"int32"`
}
