// defect: B17
// A token of any length is sent on to the verifier.
package main

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/palisade-dev/palisade/internal/audit/testdata/zoo/go/right"
)

func main() {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.RedirectTrailingSlash = false
	router.GET("/signup", func(c *gin.Context) { c.Data(http.StatusOK, "text/html; charset=utf-8", []byte(right.Page(""))) })
	router.GET("/effects", func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"signups": right.Count()}) })
	router.POST("/signup", func(c *gin.Context) {
		r := c.Request
		if r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || len(r.Header.Values("Content-Type")) != 1 || r.Header.Get("Content-Encoding") != "" {
			c.AbortWithStatus(http.StatusUnsupportedMediaType)
			return
		}
		if !right.OwnOrigin(r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site"), r.Host) {
			c.AbortWithStatus(http.StatusForbidden)
			return
		}
		tokens := c.PostFormArray(right.Field)
		if len(tokens) != 1 || tokens[0] == "" || !right.Claim(tokens[0]) {
			c.AbortWithStatus(http.StatusForbidden)
			return
		}
		if body, err := right.Ask(tokens[0]); err != nil || !right.Good(body) {
			c.AbortWithStatus(http.StatusForbidden)
			return
		}
		right.Welcome(c.Writer, r, c.PostForm("email"))
	})
	right.Serve(router)
}
