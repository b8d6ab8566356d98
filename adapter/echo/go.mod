module github.com/palisade-dev/palisade/adapter/echo

go 1.25.0

require github.com/palisade-dev/palisade v0.0.0

require github.com/labstack/echo/v5 v5.4.5

require golang.org/x/text v0.41.0 // indirect

replace github.com/palisade-dev/palisade => ../..
