// Package developers is the developer hub: guides to read, a search over them and the operations, the API reference, where to
// find help, and /llms.txt for readers that are programs. It needs nobody to be signed in; who is can try the operations out.
//
//	guides/*.md   the guides, with their title and the day of their last change at the top; guides.go has them in sequence
//	render.go     from Markdown to the parts that a page draws
//	reference.go  the API reference: drawn by Scalar where there is script, else a list; tokens to try it with
//	search.go     the words of each section of a guide, and of each operation
//
// Every command in a guide is run in its sequence by test/guides. A fenced block that names an event (```event order.created)
// shows a sample that is made from the event's Go type. https://eat.example stands for the address of the server that shows
// the guide.
package developers
