package api

import "comanda/wire"

// Paging is the contract's pair of parameters, to be embedded in the input of a paged list. Its name begins with a capital,
// like that of every struct to embed in an input, because huma passes over the others.
type Paging struct {
	Page  int `query:"page" default:"1" minimum:"1" doc:"Counted from 1."`
	Limit int `query:"limit" default:"20" minimum:"1" doc:"Entries a page; more than 100 is taken as 100."`
}

// paged cuts the page out of a whole list and shows each entry of it.
func paged[T, U any](p Paging, all []T, show func(T) U) wire.Page[U] {
	limit := min(p.Limit, 100)
	out := wire.Page[U]{Page: p.Page, Limit: limit, TotalRecordCount: len(all), Data: []U{}}
	if p.Page-1 > len(all)/limit {
		return out
	}
	start := min((p.Page-1)*limit, len(all))
	for _, v := range all[start:min(start+limit, len(all))] {
		out.Data = append(out.Data, show(v))
	}
	return out
}
