// defect: C05
// Whatever is not false counts as success, as it does in scripting languages.
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/palisade-dev/palisade/internal/audit/testdata/zoo/go/right"
)

func good(body []byte) bool {
	var answer map[string]any
	if json.Unmarshal(body, &answer) != nil || strings.Count(strings.ToLower(string(body)), `"success"`) != 1 {
		return false
	}
	made, err := time.Parse(time.RFC3339, fmt.Sprint(answer["challenge_ts"]))
	success := answer["success"]
	return success != nil && success != false && right.Bound(answer) && err == nil && time.Since(made) < 5*time.Minute
}

func main() {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.RedirectTrailingSlash = false
	router.GET("/signup", func(c *gin.Context) { c.Data(http.StatusOK, "text/html; charset=utf-8", []byte(right.Page(""))) })
	router.GET("/effects", func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"signups": right.Count()}) })
	router.POST("/signup", func(c *gin.Context) {
		form, status := right.Form(c.Writer, c.Request)
		if status != 0 {
			c.AbortWithStatus(status)
			return
		}
		tokens := form[right.Field]
		if len(tokens) != 1 || tokens[0] == "" || len(tokens[0]) > 2048 || !right.Claim(tokens[0]) {
			c.AbortWithStatus(http.StatusForbidden)
			return
		}
		if body, err := right.Ask(tokens[0]); err != nil || !good(body) {
			c.AbortWithStatus(http.StatusForbidden)
			return
		}
		right.Welcome(c.Writer, c.Request, form.Get("email"))
	})
	right.Serve(router)
}
