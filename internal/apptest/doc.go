// Package apptest is the kit of API tests: a whole installation (a fresh database of each engine, the real domain objects,
// the door in front) and a table of calls that also names the expected events. Every answer and every event is checked
// against the contract's schemas on the way, and its status and events against what the OpenAPI document says of the operation.
//
//	func TestRenameBrand(t *testing.T) {
//		apptest.Each(t, func(k *apptest.Kit) {
//			k.Run(
//				apptest.Call{Name: "by the owner", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/apps/{appId}",
//					Body: `{"Name":"Bella"}`, Status: 200, Want: apptest.Want{"Data.Name": "Bella"}, Events: apptest.Events{"app.updated"}},
//				apptest.Call{Name: "by a stranger", As: apptest.Stranger, Method: "POST", Path: "/api/v1.0/apps/{appId}",
//					Body: `{"Name":"Mine"}`, Status: 403},
//			)
//		})
//	}
//
// Calls of one Run happen one after the other on one installation; Save keeps a value of an answer for later paths.
// A package that uses the kit has func TestMain(m *testing.M) { dbtest.Main(m) }.
package apptest
