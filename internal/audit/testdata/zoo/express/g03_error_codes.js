// defect: G03
// The refusal shows the visitor what the verifier said.
const { FIELD, ask, claim, create, good, isToken, newApp, page, read, refuse, serve } = require("./right");

const app = newApp();
app.get("/signup", (req, res) => res.send(page()));
app.post("/signup", read, async (req, res) => {
  const token = req.body[FIELD];
  if (!isToken(token) || !claim(token)) return refuse(res);
  const answer = await ask(token);
  if (!good(answer)) return res.status(403).send(`<p>No: ${(answer && answer["error-codes"]) || "unknown"}</p>`);
  create(req, res, req.body.email);
});
serve(app);
