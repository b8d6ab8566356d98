// defect: D06
// A middleware checks forms, and lets pass what is none. The handler also reads JSON that is sent as text.
package main

import (
	"encoding/json"
	"log"

	"github.com/gofiber/fiber/v3"

	"github.com/palisade-dev/palisade/internal/audit/testdata/zoo/go/right"
)

func main() {
	app := fiber.New(fiber.Config{BodyLimit: right.MaxBody, CaseSensitive: true, StrictRouting: true})
	app.Use(func(c fiber.Ctx) error {
		c.Set("Cache-Control", "no-store")
		c.Set("X-Frame-Options", "DENY")
		if c.Method() == fiber.MethodPost && !right.OwnOrigin(c.Get("Origin"), c.Get("Sec-Fetch-Site"), string(c.Request().Host())) {
			return c.SendStatus(fiber.StatusForbidden)
		}
		return c.Next()
	})
	app.Get("/signup", func(c fiber.Ctx) error { return c.Type("html").SendString(right.Page("")) })
	app.Get("/effects", func(c fiber.Ctx) error { return c.JSON(fiber.Map{"signups": right.Count()}) })
	app.Post("/signup", func(c fiber.Ctx) error {
		var email string
		switch {
		case c.Get("Content-Encoding") != "":
			return c.SendStatus(fiber.StatusUnsupportedMediaType)
		case c.Get("Content-Type") == "text/plain":
			var user struct{ Email string }
			if json.Unmarshal(c.Body(), &user) != nil {
				return c.SendStatus(fiber.StatusBadRequest)
			}
			email = user.Email
		case c.Get("Content-Type") != "application/x-www-form-urlencoded":
			return c.SendStatus(fiber.StatusUnsupportedMediaType)
		case !right.Human(tokens(c)):
			return c.Status(fiber.StatusForbidden).SendString("Please go back and try again.")
		default:
			email = string(c.Request().PostArgs().Peek("email"))
		}
		if len(email) < 3 {
			return c.SendStatus(fiber.StatusBadRequest)
		}
		right.Create(email)
		return c.Redirect().Status(fiber.StatusSeeOther).To("/welcome")
	})
	log.Fatal(app.Listen(right.Address(), fiber.ListenConfig{DisableStartupMessage: true}))
}

func tokens(c fiber.Ctx) (list []string) {
	for _, token := range c.Request().PostArgs().PeekMulti(right.Field) {
		list = append(list, string(token))
	}
	return list
}
