package audit

import (
	"slices"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/rule/gateway"
	"github.com/palisade-dev/palisade/internal/audit/rule/limit"
	"github.com/palisade-dev/palisade/internal/audit/rule/outage"
	"github.com/palisade-dev/palisade/internal/audit/rule/protocol"
	"github.com/palisade-dev/palisade/internal/audit/rule/replay"
	"github.com/palisade-dev/palisade/internal/audit/rule/request"
	"github.com/palisade-dev/palisade/internal/audit/rule/setup"
	"github.com/palisade-dev/palisade/internal/audit/rule/trap"
	"github.com/palisade-dev/palisade/internal/audit/rule/verify"
	"github.com/palisade-dev/palisade/internal/audit/rule/web"
)

// rules are all rules, in the order in which an audit runs them. Rules about the check
// itself come first: if the check is broken, later rules can show little.
var rules = slices.Concat(
	verify.Rules,
	replay.Rules,
	outage.Rules,
	request.Rules,
	limit.Rules,
	trap.Rules,
	web.Rules,
	setup.Rules,
	protocol.Rules,
	gateway.Rules,
)

// Catalogue returns all rules, in the order in which an audit runs them.
func Catalogue() []*engine.Rule { return slices.Clone(rules) }

// Absent lists the entries of the catalogue of known mistakes that have no rule, with the
// reason. A user must not believe that the audit looked for them.
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
