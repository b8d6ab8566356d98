package signal

// Reasons of the signal "ticket".
const (
	ReasonAgentChanged   Reason = "agent-changed"   // another user agent than at minting
	ReasonNetworkChanged Reason = "network-changed" // another network than at minting
)

// inspectTicket notes changes between minting and submitting. People change networks and
// browsers update, so it is evidence and never a condition.
func inspectTicket(e *Evidence, list []Finding) []Finding {
	if e.AgentChanged {
		list = append(list, Finding{Reason: ReasonAgentChanged})
	}
	if e.NetworkChanged {
		list = append(list, Finding{Reason: ReasonNetworkChanged})
	}
	return list
}
