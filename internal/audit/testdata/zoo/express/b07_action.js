// defect: B07
// For which form a token was made is not looked at.
const { FIELD, ask, claim, create, good, isToken, newApp, page, read, refuse, serve } = require("./right");

const app = newApp();
app.get("/signup", (req, res) => res.send(page()));
app.post("/signup", read, async (req, res) => {
  const token = req.body[FIELD];
  if (!isToken(token) || !claim(token)) return refuse(res);
  const answer = await ask(token);
  if (answer === null || typeof answer !== "object" || !good({ ...answer, action: "signup" })) return refuse(res);
  create(req, res, req.body.email);
});
serve(app);
