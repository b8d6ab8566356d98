package audit

// Published is how a proof in a file is looked for: no test has a public address.
var Published = published
