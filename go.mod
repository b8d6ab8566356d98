module github.com/palisade-dev/palisade

go 1.25.0

require (
	golang.org/x/crypto v0.55.0
	golang.org/x/net v0.58.0
	golang.org/x/text v0.41.0
)

require golang.org/x/sys v0.47.0 // indirect
