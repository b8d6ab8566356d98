// defect: D03
// A middleware compares the path, and fiber's router does not look at case and a slash at the end.
package main

import (
	"log"

	"github.com/gofiber/fiber/v3"

	"github.com/palisade-dev/palisade/internal/audit/testdata/zoo/go/right"
)

func main() {
	app := fiber.New(fiber.Config{BodyLimit: right.MaxBody})
	app.Use(func(c fiber.Ctx) error {
		c.Set("Cache-Control", "no-store")
		c.Set("X-Frame-Options", "DENY")
		if c.Method() != fiber.MethodPost {
			return c.Next()
		}
		if c.Get("Content-Type") != "application/x-www-form-urlencoded" || c.Get("Content-Encoding") != "" {
			return c.SendStatus(fiber.StatusUnsupportedMediaType)
		}
		if !right.OwnOrigin(c.Get("Origin"), c.Get("Sec-Fetch-Site"), string(c.Request().Host())) {
			return c.SendStatus(fiber.StatusForbidden)
		}
		if c.Path() == "/signup" && !right.Human(tokens(c)) {
			return c.Status(fiber.StatusForbidden).SendString("Please go back and try again.")
		}
		return c.Next()
	})
	app.Get("/signup", func(c fiber.Ctx) error { return c.Type("html").SendString(right.Page("")) })
	app.Get("/effects", func(c fiber.Ctx) error { return c.JSON(fiber.Map{"signups": right.Count()}) })
	app.Post("/signup", func(c fiber.Ctx) error {
		email := string(c.Request().PostArgs().Peek("email"))
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
