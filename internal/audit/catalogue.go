package audit

import "slices"

// catalogue is every rule, in the order in which they are run: what is wrong with the
// check itself comes first, since it leaves little to be learned behind it.
var catalogue = []*Rule{
	a01, a05, a04, a06, a02, a03, a07, a08, a09, a10, a11, a12, a13, a14, a15, a16,
	b01, b02, b03, b04, b05, b06, b07, b08, b09, b10, b11, b12, b13, b14, b15, b16, b17, b18, b19, b20,
	c01, c02, c03, c04, c05, c06, c07, c08, c10, c11, c12, c13,
	d01, d02, d03, d04, d05, d06, d07, d08, d09, d10, d11, d12,
	e01, e02, e03, e04, e07, e10, e12,
	f01, f02, f03, f04, f07, f08, f09, f11, f12,
	g01, g02, g03, g04, g05, g06, g07, g08, g09, g10,
	h01, h02, h03, h04, h05, h06, h07, h08,
	i01, i02, i04, i07,
	j01, j02,
}

// Catalogue returns every rule, in the order in which they are run.
func Catalogue() []*Rule { return slices.Clone(catalogue) }

// Absent are the entries of the catalogue of known mistakes for which there is no
// rule, and why: nobody should think that they were looked for.
var Absent = map[string]string{
	"C09": "the verifier in the middle is reached over plain HTTP, so that there is no certificate to refuse",
	"D13": "a redirect with status 307 is followed by the client, which sends the guarded request itself",
	"E05": "needs a network of IPv6 addresses, which a loopback target does not have",
	"E06": "which addresses are one mailbox is a matter of the app's own rules",
	"E08": "takes two windows of the limit, which are minutes to hours",
	"E09": "stops a store of the app's, which an audit does not do",
	"E11": "fills the memory of the app, which an audit does not do",
	"F05": "whether a field must be bound to a form or a visitor is the app's to say",
	"F06": "whether a field is good once is the app's to say; tokens are tried by B01 and B02",
	"F10": "how a script makes its proof is not known from outside",
	"H09": "what is watched is not seen from outside, nor in settings",
	"H10": "needs the app's table of routes: captchatest.AssertGuarded compares it in a test",
	"I03": "which messages of a WebSocket do the same is the app's to say",
	"I05": "which calls of a procedure protocol do the same is the app's to say",
	"I06": "endpoints of frameworks carry names made by their builds; A07 tries those that the scripts name",
	"J03": "a verdict is seen only between gateway and app",
	"J04": "needs an app that repeats what it got; the gateway's own tests do it",
	"J05": "tried by D09, D10 and D11, from outside",
	"J06": "fills the memory of the gateway, which an audit does not do",
	"J07": "tried by E01 and E02",
}
