package audit

var a03 = &Rule{
	ID: "A03", Title: "An empty token is accepted", Severity: Critical, Fix: checkOnServer, Needs: Baseline, After: afterVerify, Shots: 6,
	Why:  "What a browser sends whose captcha did not load is taken for a solved one.",
	Refs: Refs{CWE: 1286, ASVS: "2.2.1", OAT: "OAT-009", WSTG: "ATHN-03"},
	check: refuses(withToken("an empty token", ""), withToken("a blank token", " "), withToken("the token null", "null"),
		withToken("the token undefined", "undefined"), withToken("the token 0", "0"), withToken("the token true", "true")),
}

// afterVerify are the rules that, once they failed, leave nothing to be learned from
// tokens: the app does not look at them.
var afterVerify = []string{"A02", "A04", "A05", "A06"}
