package browsertest

// Button is an expression for the first button inside an element whose text begins so.
func Button(text, inside string) string {
	return `[...document.querySelectorAll("` + inside + ` button")].find(b => b.textContent.trim().startsWith("` + text + `"))`
}

// Try sends the request of an operation from the API reference, which is open, and waits until its answer says something.
func (t *Tab) Try(tag, operation, said string) {
	t.Helper()
	at := "[id$='/" + operation + "']"
	t.Until("the reference", `document.querySelector("#scalar h1")`)
	Eval[bool](t, `location.hash = "#tag/`+tag+`/`+operation+`", true`)
	for _, press := range []string{Button("Test Request", at), Button("Send", "[role=dialog]")} {
		t.Until(press, press)
		Eval[bool](t, press+".click(), true")
	}
	t.Until(said, `document.querySelector("[role=dialog]").textContent.includes("`+said+`")`)
}
