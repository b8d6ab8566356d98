module github.com/palisade-dev/palisade/bench

go 1.25.0

require github.com/palisade-dev/palisade v0.0.0

replace github.com/palisade-dev/palisade => ../
