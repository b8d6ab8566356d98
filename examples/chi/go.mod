module github.com/palisade-dev/palisade/examples/chi

go 1.25.0

require github.com/palisade-dev/palisade v0.0.0

require github.com/go-chi/chi/v5 v5.5.0

require golang.org/x/text v0.41.0 // indirect

replace github.com/palisade-dev/palisade => ../..
