package palisadegin_test

import (
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/palisade-dev/palisade"
	palisadegin "github.com/palisade-dev/palisade/adapter/gin"
	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/adaptertest"
)

type signup struct {
	Email string `form:"email" json:"email" binding:"required"`
}

func app(s *adaptertest.Shop) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.POST("/signup", palisadegin.Guard(s.Signup), func(c *gin.Context) {
		var in signup
		if err := c.ShouldBind(&in); err != nil {
			_ = c.AbortWithError(400, err)
			return
		}
		s.Effect(in.Email, palisadegin.Pass(c))
		c.Redirect(303, "/welcome")
	})
	router.POST("/taken", palisadegin.Guard(s.Taken), func(c *gin.Context) {
		s.Effect(c.PostForm("email"), palisadegin.Pass(c))
		c.AbortWithStatus(409)
	})
	palisadegin.Mount(router, s.Guard)
	return router
}

func TestLaws(t *testing.T) {
	adaptertest.Run(t, func(t *testing.T, s *adaptertest.Shop) string {
		server := httptest.NewServer(app(s))
		t.Cleanup(server.Close)
		return server.URL
	})
}

func TestEveryRouteIsGuarded(t *testing.T) {
	s := adaptertest.NewShop(t)
	router := app(s)
	captchatest.AssertGuarded(t, router, palisadegin.Routes(router))
}

func Example() {
	var guard *palisade.Guard // from palisade.New
	var form *palisade.Form   // from guard.Form
	router := gin.Default()
	router.POST("/signup", palisadegin.Guard(form), func(c *gin.Context) {
		c.String(200, "welcome, says decision %s", palisadegin.Pass(c).Decision().ID)
	})
	palisadegin.Mount(router, guard)
}
